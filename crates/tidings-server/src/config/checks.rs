//! What no setting can tell by itself: settings that need, exclude or repeat each other.

use super::Config;
use super::layers::rule_name;
use super::problem::{Problem, Source};
use super::sections::CHANNEL;
use super::value::EngineKind;

/// The problems of a configuration whose settings are all sound by themselves.
pub(super) fn across(config: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    if config.engine.kind == EngineKind::Redis && config.engine.url.is_none() {
        problems.push(config.problem("engine.kind", "\"redis\" needs engine.url, as redis://127.0.0.1:6379"));
    }
    if config.engine.kind == EngineKind::Memory && config.engine.url.is_some() {
        problems.push(config.problem("engine.url", "has no use with engine.kind = \"memory\""));
    }
    match (&config.tls.certificate_file, &config.tls.key_file) {
        (Some(_), None) => {
            problems.push(config.problem("tls.certificate_file", "needs tls.key_file with it"))
        }
        (None, Some(_)) => {
            problems.push(config.problem("tls.key_file", "needs tls.certificate_file with it"))
        }
        _ => {}
    }
    problems.extend(one_key(config));
    problems.extend(idle_channels(config));
    problems
}

/// A key may come from one place only, or it would be luck which one counts.
fn one_key(config: &Config) -> Vec<Problem> {
    let auth = &config.auth;
    let own = ("auth".to_owned(), [auth.key.is_some(), auth.key_file.is_some(), auth.jwks_url.is_some()]);
    let issuers = config.issuers.iter().enumerate().map(|(number, issuer)| {
        let given = [issuer.key.is_some(), issuer.key_file.is_some(), issuer.jwks_url.is_some()];
        (rule_name("auth.issuers", number), given)
    });
    std::iter::once(own)
        .chain(issuers)
        .filter(|(_, given)| given.iter().filter(|given| **given).count() > 1)
        .map(|(place, given)| {
            let keys = ["key", "key_file", "jwks_url"].iter().zip(given).filter(|(_, given)| *given);
            let names: Vec<_> = keys.map(|(key, _)| format!("{place}.{key}")).collect();
            config.problem(
                &names[0],
                &format!("is one of several keys, of which only one may be set: {}", names.join(", ")),
            )
        })
        .collect()
}

/// The first rule that fits a channel is its rule, so one whose channels all have a rule already says nothing.
fn idle_channels(config: &Config) -> Vec<Problem> {
    let earlier = |number: usize| {
        let channels = &config.channels[number].channels;
        config.channels[..number].iter().position(|rule| rule.channels.covers(channels))
    };
    (0..config.channels.len())
        .filter_map(|number| Some((number, earlier(number)?)))
        .map(|(number, first)| {
            let name = |number| format!("{}.match", rule_name(CHANNEL.name, number));
            let source = config.origins.get(&name(first)).unwrap_or(&Source::Default);
            let (channels, by) = (&config.channels[number].channels, &config.channels[first].channels);
            let reason = format!(
                "never counts, since the first rule that fits is taken: move it before {by:?} at {source}"
            );
            config.problem(&name(number), &reason).given(format!("{channels:?}"))
        })
        .collect()
}

impl Config {
    /// A problem with a setting, where it was given.
    pub(super) fn problem(&self, setting: &str, reason: &str) -> Problem {
        let source = self.origins.get(setting).cloned().unwrap_or(Source::Default);
        Problem::new(source, reason).about(setting)
    }
}
