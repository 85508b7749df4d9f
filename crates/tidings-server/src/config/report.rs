//! What the configuration came to, setting by setting: for `tidings check`, and for what is refused at start.

use std::fmt;

use super::Config;
use super::layers::rule_name;
use super::problem::{ConfigErrors, Source};
use super::sections::{CHANNEL, ISSUER, OPERATOR, Rule, Section, WEBHOOK};
use super::setting::Setting;

/// One setting as it came out.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Its name; a rule's has a number, from 0: `channel[0].match`.
    pub name: String,
    /// Its row of the table.
    pub setting: &'static Setting,
    /// Its value as TOML writes it, masked where it is secret; `None` where it is not set.
    pub value: Option<String>,
    /// Where the value came from.
    pub source: Source,
}

impl Config {
    /// Every setting with its value and where that came from, in the order of the documentation.
    pub fn shown(&self) -> Vec<Shown> {
        let sections = [
            self.server.shown(),
            self.log.shown(),
            self.stream.shown(),
            self.limits.shown(),
            self.drain.shown(),
            self.cleanup.shown(),
            self.history.shown(),
            self.engine.shown(),
            self.cluster.shown(),
            self.auth.shown(),
            self.hook.shown(),
            self.cors.shown(),
            self.tls.shown(),
            self.acme.shown(),
            self.admin.shown(),
            self.outbox.shown(),
        ];
        let plain = sections.into_iter().flatten();
        let plain = plain.map(|(setting, value)| self.one(setting.name.to_owned(), setting, value));
        let rules = [
            self.rules(CHANNEL, &self.channels),
            self.rules(ISSUER, &self.issuers),
            self.rules(WEBHOOK, &self.webhooks),
            self.rules(OPERATOR, &self.operators),
        ];
        plain.chain(rules.into_iter().flatten()).collect()
    }

    /// Whether a hub may be started with this: it is settled who may connect, and the keys that settle it and the schemas can be used.
    pub fn check_start(&self) -> Result<(), ConfigErrors> {
        let mut problems = Vec::new();
        match self.access() {
            Ok(access) => {
                problems.extend(access.has_tokens().then(|| self.token_verifier().err()).flatten());
                problems.extend(access.has_hook().then(|| self.hook_authorizer().err()).flatten());
            }
            Err(problem) => problems.push(problem),
        }
        problems.extend(self.gates().err());
        problems.extend(self.webhook_options().err());
        problems.extend(self.open_tls().err());
        ConfigErrors::check(problems)
    }

    fn rules<T: Section>(&self, rule: Rule, given: &[T]) -> Vec<Shown> {
        let each = given.iter().enumerate().flat_map(|(number, one)| {
            let this = rule_name(rule.name, number);
            one.shown()
                .into_iter()
                .map(move |(setting, value)| (setting.name.replacen(rule.name, &this, 1), setting, value))
        });
        each.map(|(name, setting, value)| self.one(name, setting, value)).collect()
    }

    fn one(&self, name: String, setting: &'static Setting, value: Option<String>) -> Shown {
        let source = self.origins.get(&name).cloned().unwrap_or(Source::Default);
        Shown { name, setting, value, source }
    }
}

/// One line of `tidings check`: what the file would say, and who said it.
impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{} = {value}  # {}", self.name, self.source),
            None => write!(f, "# {} is not set", self.name),
        }
    }
}
