//! The table of settings is sound in itself.

use std::collections::BTreeSet;

use tidings_server::config::{OTHER_VARIABLES, parse_text, settings};

use crate::{from_env, value_of};

/// What those who run a hub may rely on: these names, with these defaults.
const PROMISED: &[(&str, &str)] = &[
    ("server.listen", "\"127.0.0.1:3000\""),
    ("server.trusted_proxies", "[]"),
    ("log.format", "\"text\""),
    ("log.level", "\"info\""),
    ("stream.heartbeat_ms", "15000"),
    ("stream.user_timeout_ms", "20000"),
    ("stream.stall_ms", "20000"),
    ("stream.max_age_ms", "0"),
    ("stream.soft_refusal", "true"),
    ("limits.connections_per_user", "8"),
    ("limits.connections_per_ip", "256"),
    ("limits.connections", "0"),
    ("limits.channels_per_connection", "100"),
    ("limits.event_bytes", "65536"),
    ("limits.on_full", "\"refuse\""),
    ("limits.publishes_per_second", "0"),
    ("limits.accepts_per_second", "0"),
    ("limits.requests_per_second_per_ip", "0"),
    ("limits.requests_per_second_per_user", "0"),
    ("limits.sockets_per_second_per_ip", "0"),
    ("limits.sockets", "0"),
    ("drain.window_ms", "5000"),
    ("cleanup.interval_ms", "1000"),
    ("cleanup.batch_size", "10"),
    ("cleanup.shutdown_iterations_max", "10"),
    ("history.count", "10000"),
    ("history.age_ms", "3600000"),
    ("history.bytes", "8388608"),
    ("engine.kind", "\"memory\""),
    ("engine.url", "none"),
    ("cluster.node", "none"),
    ("cluster.lease_ms", "15000"),
    ("auth.jwks_plain_http", "false"),
    ("auth.query_token", "false"),
    ("auth.require_exp", "true"),
    ("auth.leeway_ms", "5000"),
];

#[test]
fn the_promised_defaults_are_kept() {
    let config = parse_text("").expect("the defaults are sound");
    for (name, default) in PROMISED {
        let setting = settings().find(|setting| setting.name == *name).expect(name);
        assert_eq!(setting.default_toml(), *default, "{name}");
        assert_eq!(value_of(&config, name).unwrap_or("none".to_owned()), *default, "{name}");
    }
}

#[test]
fn no_name_variable_or_flag_stands_for_two_settings() {
    let names: Vec<_> = settings().map(|setting| setting.name.to_owned()).collect();
    let flags: Vec<_> = settings().filter_map(|setting| Some(setting.flag?.to_owned())).collect();
    let mut variables: Vec<_> = settings().filter_map(|setting| setting.variable()).collect();
    variables.extend(OTHER_VARIABLES.map(str::to_owned));
    for list in [names, flags, variables] {
        assert_eq!(list.iter().collect::<BTreeSet<_>>().len(), list.len(), "{list:?}");
    }
}

#[test]
fn every_default_is_what_its_own_variable_would_take() {
    for setting in settings() {
        let (Some(variable), Some(default)) = (setting.variable(), setting.default) else { continue };
        let config = from_env(&[(&variable, default)]).unwrap_or_else(|errors| panic!("{errors}"));
        let value = value_of(&config, setting.name).unwrap_or("none".to_owned());
        assert_eq!(value, setting.default_toml(), "{variable}");
    }
}

#[test]
fn every_setting_says_what_it_does() {
    for setting in settings() {
        let effect = setting.effect();
        assert!(effect.ends_with('.') && !effect.contains('|'), "{}: {effect}", setting.name);
        assert!(setting.name.ends_with(unit_suffix(setting.unit)), "{}: {}", setting.name, setting.unit);
    }
}

fn unit_suffix(unit: &str) -> &str {
    match unit {
        "ms" => "_ms",
        "s" => "_seconds",
        "bytes" => "bytes",
        "percent" => "_percent",
        "events/s" | "connections/s" => "_per_second",
        _ => "",
    }
}
