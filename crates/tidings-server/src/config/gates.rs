//! From the rules of `[[channel]]` to what may be published where.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use tidings::core::channel::Selector;
use tidings::{Gate, SCHEMA_BYTES_MAX, Schema};

use super::Config;
use super::layers::rule_name;
use super::problem::Problem;
use super::sections::CHANNEL;
use super::value::{PublishRule, WhileAway};

impl Config {
    /// What may be published to which channels, in the order of the rules, with the schemas as they are now. The first
    /// problem with them otherwise.
    pub fn gates(&self) -> Result<Vec<(Selector, Gate)>, Problem> {
        let gates = self.channels.iter().enumerate().map(|(number, rule)| {
            let schema = rule.schema.as_deref().map(|path| self.schema(number, path)).transpose()?;
            let gate = Gate {
                is_closed: rule.publish == PublishRule::Nobody,
                schema,
                accepts_while_away: rule.while_away == WhileAway::Accept,
            };
            Ok((rule.channels.clone(), gate))
        });
        let gates: Vec<(Selector, Gate)> = gates.collect::<Result<_, _>>()?;
        let says_nothing = gates.iter().all(|(_, gate)| gate.says_nothing());
        Ok(if says_nothing { Vec::new() } else { gates })
    }

    fn schema(&self, number: usize, path: &Path) -> Result<Schema, Problem> {
        let name = format!("{}.schema", rule_name(CHANNEL.name, number));
        let text = text_of(path)
            .map_err(|error| self.problem(&name, &format!("cannot read {}: {error}", path.display())))?;
        Schema::parse(&text).map_err(|error| self.problem(&name, &format!("{}: {error}", path.display())))
    }
}

fn text_of(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(SCHEMA_BYTES_MAX as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}
