//! What is wrong with a configuration, all of it, told so that it can be put right.

use std::fmt;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody gave one.
    Default,
    /// A file as a whole.
    File {
        /// The path as it was named.
        path: String,
    },
    /// A place in a file.
    Place {
        /// The path as it was named.
        path: String,
        /// From 1.
        line: usize,
        /// In bytes, from 1.
        column: usize,
    },
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path } => f.write_str(path),
            Self::Place { path, line, column } => write!(f, "{path}:{line}:{column}"),
            Self::Variable(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// One thing that is wrong: where, what was given, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it was given.
    pub source: Source,
    /// The setting, where it is about one.
    pub setting: Option<String>,
    /// The value as it may be shown: a secret is masked.
    pub value: Option<String>,
    /// What is allowed, or what to do.
    pub reason: String,
}

impl Problem {
    pub(super) fn new(source: Source, reason: impl Into<String>) -> Self {
        Self { source, setting: None, value: None, reason: reason.into() }
    }

    pub(super) fn about(mut self, setting: impl Into<String>) -> Self {
        self.setting = Some(setting.into());
        self
    }

    pub(super) fn given(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.source != Source::Default {
            write!(f, "{}: ", self.source)?;
        }
        match (&self.setting, &self.value) {
            (Some(setting), Some(value)) => write!(f, "{setting} = {value}: ")?,
            (Some(setting), None) => write!(f, "{setting}: ")?,
            (None, _) => {}
        }
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Problem {}

/// Every problem of a configuration: never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(Vec<Problem>);

impl ConfigErrors {
    /// The problems as an error, when there are any.
    pub fn check(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self(problems)) }
    }

    /// Each problem: unknown names first, then settings, then what is wrong between them.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    pub(super) fn new(first: Problem) -> Self {
        Self(vec![first])
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [only] => write!(f, "the configuration has a problem: {only}"),
            several => {
                write!(f, "the configuration has {} problems:", several.len())?;
                several.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
            }
        }
    }
}

impl std::error::Error for ConfigErrors {}

/// A name that somebody made up, as an error shows it: without control characters, and cut short.
pub(super) fn shown_name(name: &str) -> String {
    const CHARS_MAX: usize = 80;
    name.chars().take(CHARS_MAX).flat_map(char::escape_debug).collect()
}
