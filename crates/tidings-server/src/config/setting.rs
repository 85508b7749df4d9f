//! The table: one row for each setting.

use super::sections::{RULES, SECTIONS};
use super::value::{Bounds, Value};

/// Every setting, in the order of the documentation: the sections first, then the keys of the rule tables.
pub fn settings() -> impl Iterator<Item = &'static Setting> {
    plain_settings().chain(RULES.iter().flat_map(|rule| rule.settings))
}

/// The settings of the sections: those that the environment can give.
pub(super) fn plain_settings() -> impl Iterator<Item = &'static Setting> {
    SECTIONS.iter().copied().flatten()
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its one name, `section.key`.
    pub name: &'static str,
    /// What it takes, in words.
    pub kind: &'static str,
    /// The default as the environment would give it; `None` where there is none.
    pub default: Option<&'static str>,
    /// The unit of its number, or empty.
    pub unit: &'static str,
    /// The flag that sets it.
    pub flag: Option<&'static str>,
    /// Whether its value is never shown.
    pub secret: bool,
    pub(super) effect: &'static str,
    /// The least number it takes.
    pub min: u64,
    /// The largest number it takes; `u64::MAX` where it takes no number.
    pub max: u64,
    pub(super) show_default: fn(&Setting) -> String,
}

impl Setting {
    /// What it does, as one paragraph.
    pub fn effect(&self) -> String {
        self.effect.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The environment variable that sets it. The keys of rule tables have none: they live in the file.
    pub fn variable(&self) -> Option<String> {
        let in_rule = RULES.iter().any(|rule| rule.settings.iter().any(|row| row.name == self.name));
        (!in_rule).then(|| format!("TIDINGS_{}", self.name.replace('.', "_").to_uppercase()))
    }

    /// What it takes, with the bounds of a number.
    pub fn takes(&self) -> String {
        match self.max {
            u64::MAX => self.kind.to_owned(),
            max => format!("{}, {} to {max}", self.kind, self.min),
        }
    }

    /// The default as TOML writes it, or `none`.
    pub fn default_toml(&self) -> String {
        (self.show_default)(self)
    }

    pub(super) fn bounds(&self) -> Bounds {
        Bounds { min: self.min, max: self.max, unit: self.unit }
    }
}

pub(super) fn show_default<T: Value>(setting: &Setting) -> String {
    let none = || "none".to_owned();
    match setting.default {
        None => none(),
        Some(_) => T::default_of(setting).and_then(|value| value.to_toml()).unwrap_or_else(none),
    }
}
