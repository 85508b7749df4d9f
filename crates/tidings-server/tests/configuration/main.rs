//! The configuration as those who start a hub meet it: files, variables and flags in, settings or errors out.

mod access;
mod documents;
mod errors;
mod layers;
mod operators;
mod secrets;
mod table;

use std::path::Path;

use tidings_server::config::{Config, ConfigArgs, ConfigErrors, load, parse_text};

/// Loads with a `tidings.toml` of this text, these variables and these flags.
fn load_with(toml: &str, env: &[(&str, &str)], args: &ConfigArgs) -> Result<Config, ConfigErrors> {
    let directory = tempfile::tempdir().expect("a directory to work in");
    std::fs::write(directory.path().join("tidings.toml"), toml).expect("the file is written");
    load_in(directory.path(), env, args)
}

fn load_in(directory: &Path, env: &[(&str, &str)], args: &ConfigArgs) -> Result<Config, ConfigErrors> {
    load(args, env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())), directory)
}

fn from_env(env: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    load_with("", env, &ConfigArgs::default())
}

/// The errors of a text, each on its own line.
fn errors_of(toml: &str) -> Vec<String> {
    lines(parse_text(toml))
}

fn lines(result: Result<Config, ConfigErrors>) -> Vec<String> {
    match result {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

/// The value of a setting as TOML writes it.
fn value_of(config: &Config, name: &str) -> Option<String> {
    let shown = config.shown();
    let found = shown.into_iter().find(|shown| shown.name == name);
    found.unwrap_or_else(|| panic!("{name} is a setting")).value
}
