//! What no setting can tell by itself: settings that need, exclude or repeat each other.

use super::Config;
use super::layers::rule_name;
use super::problem::{Problem, Source};
use super::sections::{CHANNEL, ISSUER, OPERATOR};
use super::value::{EngineKind, ProxyProtocol};

/// The problems of a configuration whose settings are all sound by themselves.
pub(super) fn across(config: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    if config.engine.kind == EngineKind::Redis && config.engine.url.is_none() {
        problems.push(config.problem("engine.kind", "\"redis\" needs engine.url, as redis://127.0.0.1:6379"));
    }
    if config.engine.kind == EngineKind::Memory && config.engine.url.is_some() {
        problems.push(config.problem("engine.url", "has no use with engine.kind = \"memory\""));
    }
    if config.engine.kind == EngineKind::Memory && config.engine.ca_file.is_some() {
        problems.push(config.problem("engine.ca_file", "has no use with engine.kind = \"memory\""));
    }
    if config.engine.kind == EngineKind::Memory && !config.engine.fan_out_urls.is_empty() {
        problems.push(config.problem("engine.fan_out_urls", "has no use with engine.kind = \"memory\""));
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
    problems.extend(acme(config));
    if config.server.proxy_protocol == ProxyProtocol::V2 && config.server.trusted_proxies.is_empty() {
        let reason =
            "needs server.trusted_proxies: only they may say whose a connection is, and nobody else gets in";
        problems.push(config.problem("server.proxy_protocol", reason).given("\"v2\""));
    }
    problems.extend(one_key(config));
    problems.extend(issuers(config));
    let by_cookie = config.auth.cookie.is_some() || config.hook.hook_url.is_some();
    if by_cookie && config.cors.origins.iter().any(|origin| origin.to_string() == "*") {
        let reason = "with auth.cookie or auth.hook_url, \"*\" would let any page on the web read as its visitor: name the origins";
        problems.push(config.problem("cors.origins", reason));
    }
    if config.hook.hook_url.is_none() && config.hook.hook_ca_file.is_some() {
        problems.push(config.problem("auth.hook_ca_file", "is about auth.hook_url, which is not set"));
    }
    problems.extend(idle_channels(config));
    problems.extend(listeners(config));
    problems.extend(operators(config));
    problems
}

/// An authority is asked for what it can give, by whoever agrees to its terms, and not beside files.
fn acme(config: &Config) -> Vec<Problem> {
    let acme = &config.acme;
    let mut problems = Vec::new();
    if acme.domains.is_empty() {
        return problems;
    }
    if config.tls.certificate_file.is_some() {
        let reason = "the certificate is in tls.certificate_file: leave one of the two out";
        problems.push(config.problem("tls.acme.domains", reason));
    }
    if !acme.accept_terms {
        let reason = "has to be true before an authority is asked: read its terms of service first";
        problems.push(config.problem("tls.acme.accept_terms", reason).given("false"));
    }
    let bad = |domain: &str| {
        let label = |label: &str| {
            !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        domain.parse::<std::net::IpAddr>().is_ok() || !domain.split('.').all(label)
    };
    for domain in acme.domains.iter().filter(|domain| bad(domain.as_str())) {
        let reason = "a domain's name, as hub.example.org: neither an address nor a pattern can be shown by a handshake";
        problems.push(config.problem("tls.acme.domains", reason).given(domain.to_string()));
    }
    if !acme.directory_url.as_str().starts_with("https://") {
        let reason = "an authority's directory is at https://";
        problems.push(config.problem("tls.acme.directory_url", reason).given(acme.directory_url.to_string()));
    }
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

/// What is said of an issuer counts, and each has a name of its own where there are several.
fn issuers(config: &Config) -> Vec<Problem> {
    let auth = &config.auth;
    let mut problems = Vec::new();
    let has_key = auth.key.is_some() || auth.key_file.is_some() || auth.jwks_url.is_some();
    let idle = [
        ("auth.algorithms", !auth.algorithms.is_empty()),
        ("auth.issuer", auth.issuer.is_some()),
        ("auth.audience", !auth.audience.is_empty()),
    ];
    for (setting, _) in idle.into_iter().filter(|(_, given)| *given && !has_key) {
        let reason =
            "is about tokens that auth.key, auth.key_file or auth.jwks_url checks, and there is none of them";
        problems.push(config.problem(setting, reason));
    }
    if has_key && auth.issuer.is_none() && !config.issuers.is_empty() {
        let reason =
            "is required where [[auth.issuers]] has others: whose tokens does the key of [auth] check?";
        problems.push(config.problem("auth.issuer", reason));
    }
    let mut names: Vec<_> = auth.issuer.iter().filter(|_| has_key).collect();
    for (number, issuer) in config.issuers.iter().enumerate() {
        if names.contains(&&issuer.issuer) {
            let name = format!("{}.issuer", rule_name(ISSUER.name, number));
            problems.push(config.problem(&name, "is another's name too: their keys would be mixed up"));
        }
        names.push(&issuer.issuer);
    }
    problems
}

/// Each surface that has an address of its own has one.
fn listeners(config: &Config) -> Vec<Problem> {
    let server = &config.server;
    let mut taken = vec![("server.listen", server.listen)];
    let others =
        [("server.admin_listen", server.admin_listen), ("server.metrics_listen", server.metrics_listen)];
    let mut problems = Vec::new();
    for (setting, listen) in others.into_iter().filter_map(|(setting, listen)| Some((setting, listen?))) {
        // Any free port is another one each time.
        if let Some((other, _)) = taken.iter().find(|(_, one)| *one == listen && listen.port() != 0) {
            problems.push(config.problem(setting, &format!("is {other} too: take another port")));
        }
        taken.push((setting, listen));
    }
    problems
}

/// Of two of one name it would be luck which one logs in.
fn operators(config: &Config) -> Vec<Problem> {
    let named_before = |number: usize| {
        config.operators[..number].iter().any(|one| one.name == config.operators[number].name)
    };
    (0..config.operators.len())
        .filter(|number| named_before(*number))
        .map(|number| {
            let setting = format!("{}.name", rule_name(OPERATOR.name, number));
            config.problem(&setting, "is another operator's name too")
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
