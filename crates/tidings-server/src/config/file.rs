//! The TOML file: which setting each key is, and where it stands.

use toml::de::{DeTable, DeValue};

use super::input::Input;
use super::layers::Layers;
use super::nearest::{Name, nearest};
use super::problem::{Problem, Source, shown_name};
use super::sections::{RULES, Rule};
use super::setting::{Setting, plain_settings};

/// Beyond so many, a file is not a configuration, and the rest would tell nothing more.
const PROBLEMS_MAX: usize = 100;
/// How many tables of one kind (`[[channel]]`) a file may have.
const RULES_MAX: usize = 1000;

/// What a file gives.
#[derive(Debug, Default)]
pub(super) struct FileSettings {
    pub(super) layers: Layers,
    /// One entry for each `[[table]]`, in the order of the file.
    pub(super) rules: Vec<GivenRule>,
}

#[derive(Debug)]
pub(super) struct GivenRule {
    pub(super) table: &'static str,
    pub(super) number: usize,
    pub(super) source: Source,
    pub(super) layers: Layers,
}

/// Reads a whole file. `path` is what errors call it.
pub(super) fn read(path: &str, text: &str, problems: &mut Vec<Problem>) -> FileSettings {
    let places = Places::new(path, text);
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // Only the parser's own words: the line that it would quote may hold a secret.
        problems.extend(errors.iter().take(PROBLEMS_MAX).map(|error| {
            let at = error.span().map_or(0, |span| span.start);
            Problem::new(places.at(at), format!("not TOML: {}", error.message().replace('\n', ", ")))
        }));
        return FileSettings::default();
    }
    let mut file = FileSettings::default();
    let known: Vec<_> = plain_settings().collect();
    let mut walk = Walk { places: &places, known: &known, rules: RULES, problems, found: Vec::new() };
    walk.table("", table.get_ref(), &mut file.layers);
    for (rule, number, source, table) in walk.found {
        file.rules.push(read_rule(rule, number, source, table, &places, problems));
    }
    file
}

fn read_rule(
    rule: Rule,
    number: usize,
    source: Source,
    table: &DeTable<'_>,
    places: &Places<'_>,
    problems: &mut Vec<Problem>,
) -> GivenRule {
    let known: Vec<_> = rule.settings.iter().collect();
    let mut layers = Layers::default();
    let mut walk = Walk { places, known: &known, rules: &[], problems, found: Vec::new() };
    walk.table(rule.name, table, &mut layers);
    GivenRule { table: rule.name, number, source, layers }
}

struct Walk<'a, 't> {
    places: &'a Places<'a>,
    known: &'a [&'static Setting],
    rules: &'static [Rule],
    problems: &'a mut Vec<Problem>,
    found: Vec<(Rule, usize, Source, &'t DeTable<'t>)>,
}

impl<'t> Walk<'_, 't> {
    fn table(&mut self, path: &str, table: &'t DeTable<'t>, layers: &mut Layers) {
        for (key, value) in table {
            if self.problems.len() >= PROBLEMS_MAX {
                return;
            }
            let name =
                if path.is_empty() { key.get_ref().to_string() } else { format!("{path}.{}", key.get_ref()) };
            let source = self.places.at(key.span().start);
            if let Some(rule) = self.rules.iter().find(|rule| rule.name == name) {
                self.rule(*rule, value.get_ref(), source);
            } else if let Some(setting) = self.known.iter().find(|setting| setting.name == name) {
                let source = self.places.at(value.span().start);
                layers.add(setting, Input::from_toml(value.get_ref()), source);
            } else if self.is_section(&name) {
                match value.get_ref() {
                    DeValue::Table(section) => self.table(&name, section, layers),
                    _ => {
                        let reason =
                            format!("is a section, not a setting: write [{name}], and its keys below it");
                        self.problems.push(Problem::new(source, reason).about(name));
                    }
                }
            } else {
                self.unknown(&name, value.get_ref(), source);
            }
        }
    }

    fn rule(&mut self, rule: Rule, value: &'t DeValue<'t>, source: Source) {
        let tables: Option<Vec<_>> = value.as_array().and_then(|items| {
            items.iter().map(|item| Some((item.span().start, item.get_ref().as_table()?))).collect()
        });
        match tables {
            Some(tables) if tables.len() <= RULES_MAX => {
                for (number, (at, table)) in tables.into_iter().enumerate() {
                    self.found.push((rule, number, self.places.at(at), table));
                }
            }
            Some(_) => {
                let reason = format!("there may be at most {RULES_MAX} of them");
                self.problems.push(Problem::new(source, reason).about(rule.name));
            }
            None => {
                let reason = format!("stands in the file once for each rule: write [[{}]]", rule.name);
                self.problems.push(Problem::new(source, reason).about(rule.name));
            }
        }
    }

    fn is_section(&self, name: &str) -> bool {
        let above = |known: &str| known.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
        self.known.iter().any(|setting| above(setting.name)) || self.rules.iter().any(|rule| above(rule.name))
    }

    fn unknown(&mut self, name: &str, value: &DeValue<'_>, source: Source) {
        let rules = self.rules.iter().map(|rule| rule.name);
        let settings = self.known.iter().map(|setting| setting.name);
        let reason = match (name, value) {
            ("dev" | "server.dev", _) => "is a flag and nothing else: start with --dev".to_owned(),
            (_, DeValue::Table(_) | DeValue::Array(_)) => {
                let sections = settings.clone().filter_map(|name| Some(name.rsplit_once('.')?.0));
                missing("section", name, sections.chain(rules).chain(settings))
            }
            _ => missing("setting", name, settings.chain(rules)),
        };
        self.problems.push(Problem::new(source, reason).about(shown_name(name)));
    }
}

fn missing<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let hint = nearest(Name::dotted(name), known.map(Name::dotted)).unwrap_or_default();
    format!("there is no such {what}; the nearest is {hint}")
}

/// Turns byte offsets into lines and columns.
struct Places<'a> {
    path: &'a str,
    line_starts: Vec<usize>,
}

impl<'a> Places<'a> {
    fn new(path: &'a str, text: &str) -> Self {
        let after_newlines = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1);
        Self { path, line_starts: std::iter::once(0).chain(after_newlines).collect() }
    }

    fn at(&self, offset: usize) -> Source {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = self.line_starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        Source::Place { path: self.path.to_owned(), line, column: offset - start + 1 }
    }
}
