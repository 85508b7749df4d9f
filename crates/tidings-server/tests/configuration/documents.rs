//! `docs/configuration.md` and `tidings.example.toml` say what the table says, and nothing else.
//!
//! After a change of the table: `UPDATE_DOCUMENTS=1 cargo test -p tidings-server --test configuration documents`.

use std::fmt::Write as _;
use std::path::PathBuf;

use tidings_server::config::{ConfigArgs, ConfigErrors, Setting, parse_text, settings};

use crate::{load_with, value_of};

const HEAD: &str = "| setting | takes | default | unit | effect | environment | flag |\n\
                    | --- | --- | --- | --- | --- | --- | --- |\n";
const RULE_TABLES: [&str; 4] = ["channel", "auth.issuers", "webhook", "admin.operators"];
const COMMENT_WIDTH: usize = 100;

#[test]
fn the_documentation_has_every_setting_and_no_other() {
    let path = root().join("docs/configuration.md");
    let written = documentation();
    let true_to_code = with_tables(&written);
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        std::fs::write(&path, true_to_code).expect("docs/configuration.md is written");
        return;
    }
    let rows = |text: &str| {
        let rows = text.lines().filter(|line| line.starts_with("| `"));
        rows.map(str::to_owned).collect::<Vec<_>>()
    };
    let expected: Vec<_> = settings().map(row).collect();
    let found = rows(&written);
    for row in &expected {
        assert!(found.contains(row), "docs/configuration.md lacks this row:\n{row}");
    }
    for row in &found {
        assert!(expected.contains(row), "docs/configuration.md has a row that the code has not:\n{row}");
    }
    assert_eq!(found, expected, "the rows stand in the order of the code");
}

#[test]
fn the_example_is_the_defaults() {
    let path = root().join("tidings.example.toml");
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        std::fs::write(&path, example()).expect("tidings.example.toml is written");
        return;
    }
    let written = std::fs::read_to_string(&path).expect("tidings.example.toml is there");
    let config = parse_text(&written).unwrap_or_else(|errors| panic!("{errors}"));
    let defaults = parse_text("").expect("the defaults are sound");
    for shown in defaults.shown() {
        assert_eq!(value_of(&config, &shown.name), shown.value, "{}", shown.name);
    }
    assert!(written == example(), "tidings.example.toml is not what the table makes");
}

#[test]
fn what_the_example_leaves_out_can_be_put_in() {
    let whole: String =
        example().lines().map(|line| line.strip_prefix("#: ").unwrap_or(line).to_owned() + "\n").collect();
    let left = lines_that_matter(&whole);
    for setting in settings() {
        let key = key_of(setting);
        assert!(left.iter().any(|line| line.starts_with(&format!("{key} ="))), "{}", setting.name);
    }
    // Placeholders stand where a value has to come from its user; everything else must be known and sound.
    let errors = parse_text(&whole).err();
    let problems: Vec<_> = errors.iter().flat_map(ConfigErrors::iter).map(ToString::to_string).collect();
    assert!(problems.iter().all(|problem| !problem.contains("no such setting")), "{problems:#?}");
    assert!(problems.iter().all(|problem| !problem.contains("not TOML")), "{problems:#?}");
}

#[test]
fn the_examples_of_the_documentation_are_true() {
    let text = documentation();
    let files = blocks(&text, "toml");
    assert!(!files.is_empty());
    for file in files {
        parse_text(file).unwrap_or_else(|errors| panic!("{file}\n{errors}"));
    }
    let args = ConfigArgs { listen: Some("3000".to_owned()), ..ConfigArgs::default() };
    let env = [("TIDINGS_CLEANUP_BATCH_SIZE", "0")];
    let errors = load_with("[limits]\nconnections_per_usr = 3", &env, &args).expect_err("there are three");
    assert_eq!(blocks(&text, "text"), [format!("{errors}\n")]);
}

fn documentation() -> String {
    std::fs::read_to_string(root().join("docs/configuration.md")).expect("docs/configuration.md is there")
}

fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let start = format!("```{language}\n");
    text.split(start.as_str()).skip(1).filter_map(|rest| Some(rest.split_once("```")?.0)).collect()
}

fn lines_that_matter(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

/// The text with each table of settings, after its marker, made anew.
fn with_tables(text: &str) -> String {
    let mut out = String::new();
    let mut in_table = false;
    for line in text.lines() {
        in_table &= line.starts_with('|');
        if !in_table {
            writeln!(out, "{line}").expect("text takes text");
        }
        if let Some(section) =
            line.strip_prefix("<!-- settings of ").and_then(|rest| rest.strip_suffix(" -->"))
        {
            out.push_str(HEAD);
            for setting in settings().filter(|setting| section_of(setting) == section) {
                writeln!(out, "{}", row(setting)).expect("text takes text");
            }
            in_table = true;
        }
    }
    out
}

fn row(setting: &Setting) -> String {
    let or_dash = |text: Option<String>| text.map_or("–".to_owned(), |text| format!("`{text}`"));
    format!(
        "| `{}` | {} | `{}` | {} | {} | {} | {} |",
        setting.name,
        setting.takes(),
        setting.default_toml(),
        if setting.unit.is_empty() { "–" } else { setting.unit },
        setting.effect(),
        or_dash(setting.variable()),
        or_dash(setting.flag.map(str::to_owned)),
    )
}

/// A file of all settings at their defaults; what has none is commented out with `#: `.
fn example() -> String {
    let mut out = "# Every setting of Tidings at its default: copy what you change into tidings.toml.\n\
                   # docs/configuration.md tells more. Lines with `#: ` have no default.\n"
        .to_owned();
    let mut section = "";
    for setting in settings() {
        let rule = RULE_TABLES.contains(&section_of(setting));
        if section_of(setting) != section {
            section = section_of(setting);
            let header = if rule { format!("#: [[{section}]]") } else { format!("[{section}]") };
            write!(out, "\n{header}\n").expect("text takes text");
        }
        out.push_str(&comment(&setting.effect()));
        let (key, default) = (key_of(setting), setting.default_toml());
        let line = match default.as_str() {
            "none" => format!(
                "#: {key} = {}",
                if setting.max == u64::MAX { "\"\"".to_owned() } else { setting.min.to_string() }
            ),
            value if rule => format!("#: {key} = {value}"),
            value => format!("{key} = {value}"),
        };
        writeln!(out, "{line}").expect("text takes text");
    }
    out
}

fn comment(text: &str) -> String {
    let mut out = String::new();
    let mut line = String::from("#");
    for word in text.split(' ') {
        if line.chars().count() + 1 + word.chars().count() > COMMENT_WIDTH {
            writeln!(out, "{line}").expect("text takes text");
            line = String::from("#");
        }
        write!(line, " {word}").expect("text takes text");
    }
    writeln!(out, "{line}").expect("text takes text");
    out
}

fn section_of(setting: &Setting) -> &'static str {
    let rule = RULE_TABLES.into_iter().find(|rule| setting.name.starts_with(&format!("{rule}.")));
    rule.unwrap_or_else(|| setting.name.split_once('.').map_or("", |(section, _)| section))
}

fn key_of(setting: &Setting) -> &'static str {
    &setting.name[section_of(setting).len() + 1..]
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}
