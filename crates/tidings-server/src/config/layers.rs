//! The layers that values come from, and how one value is drawn from them.

use std::collections::BTreeMap;

use super::input::Input;
use super::problem::{Problem, Source};
use super::setting::Setting;
use super::value::{MASK, Value};

/// Where each value came from, by name.
pub(super) type Origins = BTreeMap<String, Source>;

#[derive(Debug)]
pub(super) struct Given {
    pub(super) input: Input,
    pub(super) source: Source,
}

/// What was given for each setting, the weakest layer first.
#[derive(Debug, Default)]
pub(super) struct Layers(BTreeMap<&'static str, Vec<Given>>);

impl Layers {
    pub(super) fn add(&mut self, setting: &'static Setting, input: Input, source: Source) {
        self.0.entry(setting.name).or_default().push(Given { input, source });
    }
}

/// One `[[table]]` of several.
pub(super) struct RulePlace {
    /// The table's name, as the rows of the table of settings start.
    pub(super) table: &'static str,
    /// The name of this one among them.
    pub(super) name: String,
    pub(super) source: Source,
}

/// What the rule with a number, from 0, is called.
pub(super) fn rule_name(table: &str, number: usize) -> String {
    format!("{table}[{number}]")
}

/// Draws values from the layers, and notes what is wrong with them.
pub(super) struct Reader<'a> {
    layers: Layers,
    rule: Option<RulePlace>,
    problems: &'a mut Vec<Problem>,
    origins: &'a mut Origins,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        layers: Layers,
        rule: Option<RulePlace>,
        problems: &'a mut Vec<Problem>,
        origins: &'a mut Origins,
    ) -> Self {
        Self { layers, rule, problems, origins }
    }

    /// The strongest layer's value, or the default. A layer that is overruled is checked all the same.
    pub(super) fn value<T: Value>(&mut self, setting: &'static Setting) -> Option<T> {
        let name = self.name_of(setting);
        let mut strongest = None;
        let mut sound = true;
        for given in self.layers.0.remove(setting.name).unwrap_or_default() {
            match T::from_input(&given.input, setting.bounds()) {
                Ok(value) => strongest = Some((value, given.source)),
                Err(allowed) => {
                    sound = false;
                    let shown = if setting.secret { MASK.to_owned() } else { given.input.to_string() };
                    let reason = format!("expected {allowed}");
                    self.problems.push(Problem::new(given.source, reason).about(&name).given(shown));
                }
            }
        }
        match strongest {
            _ if !sound => None,
            Some((value, source)) => {
                self.origins.insert(name, source);
                Some(value)
            }
            None => self.default_of(setting, name),
        }
    }

    fn default_of<T: Value>(&mut self, setting: &'static Setting, name: String) -> Option<T> {
        let value = T::default_of(setting);
        if value.is_none() {
            let source = self.rule.as_ref().map_or(Source::Default, |rule| rule.source.clone());
            self.problems.push(Problem::new(source, "is required").about(name));
        }
        value
    }

    fn name_of(&self, setting: &Setting) -> String {
        match &self.rule {
            None => setting.name.to_owned(),
            Some(rule) => setting.name.replacen(rule.table, &rule.name, 1),
        }
    }
}
