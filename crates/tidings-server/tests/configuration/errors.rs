//! Every error names its place, the value, and what to do.

use tidings_server::config::{ConfigArgs, parse_text};

use crate::{errors_of, from_env, lines, load_with};

#[test]
fn values_that_do_not_fit() {
    for (toml, error) in [
        ("server.listen = \"3000\"", "1:17: server.listen = \"3000\": expected an IP address and a port"),
        ("server.data_dir = \"\"", "1:19: server.data_dir = \"\": expected a path"),
        ("server.data_dir = 1", "1:19: server.data_dir = 1: expected a path"),
        ("[log]\nformat = \"xml\"", "2:10: log.format = \"xml\": expected text or json"),
        ("[log]\n  level = true", "2:11: log.level = true: expected error or warn or info or debug or trace"),
        ("limits.on_full = \"drop\"", "limits.on_full = \"drop\": expected refuse or replace_oldest"),
        (
            "limits.connections = -1",
            "limits.connections = -1: expected a whole number of connections, at least 0",
        ),
        (
            "limits.connections = 1.5",
            "limits.connections = a number with a fraction: expected a whole number",
        ),
        (
            "limits.connections = \"8\"",
            "expected a whole number of connections, at least 0 and at most 4294967295 (0: no limit) without quotes",
        ),
        ("limits.connections = 99999999999", "limits.connections = 99999999999: expected"),
        (
            "limits.connections = 99999999999999999999",
            "limits.connections = an integer beyond 64 bits: expected",
        ),
        ("limits.connections = {}", "limits.connections = a table: expected"),
        ("limits.connections = 1979-05-27", "limits.connections = a date: expected"),
        ("stream.soft_refusal = \"true\"", "expected `true` or `false` without quotes"),
        ("stream.soft_refusal = 1", "stream.soft_refusal = 1: expected `true` or `false`"),
        ("server.trusted_proxies = [\"10.0.0.0/8\", \"x\"]", "not \"x\""),
        (
            "server.trusted_proxies = [\"10.1.0.0/8\"]",
            "expected the network's first address: 10.0.0.0/8, not \"10.1.0.0/8\"",
        ),
        (
            "server.trusted_proxies = 8",
            "server.trusted_proxies = 8: expected a list, of which each is an IP address",
        ),
        ("server.trusted_proxies = [[\"::1\"]]", "not an array"),
        ("cors.origins = [\"https://a.example/\"]", "expected an origin as a browser sends it"),
        ("auth.algorithms = [\"none\"]", "not \"none\""),
        ("auth.cookie = \"a=b\"", "expected a cookie name"),
        ("cluster.node = \"two words\"", "expected a name of 1 to 64 letters"),
        ("channel = 1", "1:1: channel: stands in the file once for each rule: write [[channel]]"),
        ("[channel]\nmatch = \"a\"", "channel: stands in the file once for each rule: write [[channel]]"),
        ("[[channel]]\nslow = \"gap\"", "1:1: channel[0].match: is required"),
        (
            "[[channel]]\nmatch = \"a*b\"",
            "2:9: channel[0].match = \"a*b\": expected channel name or pattern: a `*` stands",
        ),
        ("[[webhook]]\nsecret = \"x\"", "webhook[0].url: is required"),
        ("[[auth.issuers]]\n", "auth.issuers[0].issuer: is required"),
        ("limits = 5", "1:1: limits: is a section, not a setting: write [limits]"),
        ("[[channel]]\nmatch = \"a\"\nhistory = 5", "channel.history: is a section"),
        ("[limits", "1:8: not TOML: "),
        ("limits.connections = 1\nlimits.connections = 2", "2:8: not TOML: duplicate key"),
    ] {
        let errors = errors_of(toml);
        assert_eq!(errors.len(), 1, "{toml}: {errors:#?}");
        assert!(errors[0].starts_with("tidings.toml:"), "{toml}: {errors:#?}");
        assert!(errors[0].contains(error), "{toml}:\n{}\nwants\n{error}", errors[0]);
    }
}

#[test]
fn bounds_hold_at_both_ends() {
    for (name, inside, outside) in [
        ("stream.heartbeat_ms", &[10, 31_536_000_000_u64][..], &[0, 9, 31_536_000_001][..]),
        ("stream.user_timeout_ms", &[100, 2_147_483_647], &[0, 99, 2_147_483_648]),
        ("stream.stall_ms", &[100], &[0, 99]),
        ("stream.header_timeout_ms", &[100], &[0, 99]),
        ("stream.max_age_ms", &[0, 1], &[31_536_000_001]),
        ("stream.max_age_jitter_percent", &[0, 90], &[91]),
        ("stream.lease_max_seconds", &[1, 31_536_000], &[0, 31_536_001]),
        ("limits.connections_per_user", &[0, 4_294_967_295], &[4_294_967_296]),
        ("limits.event_bytes", &[0, 1_099_511_627_776], &[1_099_511_627_777]),
        ("limits.request_line_bytes", &[256, 1_048_576], &[0, 255, 1_048_577]),
        ("limits.head_bytes", &[1024, 1_048_576], &[0, 1023, 1_048_577]),
        ("cleanup.interval_ms", &[10], &[0, 9]),
        ("cleanup.batch_size", &[1, 4_294_967_295], &[0, 4_294_967_296]),
        ("cleanup.shutdown_iterations_max", &[1], &[0]),
        ("cluster.lease_ms", &[100], &[0, 99]),
        ("history.count", &[0], &[4_294_967_296]),
        ("drain.window_ms", &[0], &[31_536_000_001]),
    ] {
        for number in inside {
            let errors = errors_of(&format!("{name} = {number}"));
            assert!(errors.is_empty(), "{errors:#?}");
        }
        let (low, high) = outside.split_at(outside.iter().filter(|number| **number < inside[0]).count());
        for number in low.iter().chain(high) {
            let errors = errors_of(&format!("{name} = {number}"));
            assert_eq!(errors.len(), 1, "{name} = {number}");
            assert!(errors[0].contains(&format!("at least {}", inside[0])), "{errors:#?}");
        }
    }
}

#[test]
fn a_batch_of_nothing_or_less_is_an_error_that_says_so() {
    for value in ["0", "-1", "-10"] {
        let from_file = errors_of(&format!("[cleanup]\nbatch_size = {value}"));
        let from_variable = lines(from_env(&[("TIDINGS_CLEANUP_BATCH_SIZE", value)]));
        for errors in [from_file, from_variable] {
            assert_eq!(errors.len(), 1);
            assert!(errors[0].contains("cleanup.batch_size"), "{errors:#?}");
            assert!(errors[0].contains("at least 1"), "{errors:#?}");
        }
    }
}

#[test]
fn unknown_keys_name_the_nearest_known_one() {
    for (toml, place, nearest) in [
        (
            "[limits]\nconnections_per_usr = 3",
            "2:1: limits.connections_per_usr",
            "limits.connections_per_user",
        ),
        ("[limit]\nconnections = 3", "1:2: limit", "limits"),
        ("heartbeat_ms = 3", "1:1: heartbeat_ms", "stream.heartbeat_ms"),
        ("[server]\nheartbeat_ms = 3", "2:1: server.heartbeat_ms", "stream.heartbeat_ms"),
        ("[history]\nage = 3", "history.age", "history.age_ms"),
        ("[[channels]]\nmatch = \"a\"", "1:3: channels", "channel"),
        ("[[channel]]\nmatch = \"a\"\nslwo = \"gap\"", "3:1: channel.slwo", "channel.slow"),
        (
            "[[channel]]\nmatch = \"a\"\nhistory.cont = 1",
            "3:9: channel.history.cont",
            "channel.history.count",
        ),
        ("[[auth.issuers]]\nissuer = \"a\"\nkye = \"b\"", "auth.issuers.kye", "auth.issuers.key"),
        ("[[webhooks]]\nurl = \"https://a\"", "webhooks", "webhook"),
    ] {
        let errors = errors_of(toml);
        assert_eq!(errors.len(), 1, "{toml}: {errors:#?}");
        let ending = format!("; the nearest is {nearest}");
        assert!(errors[0].contains(&format!("{place}: there is no such ")), "{}\nwants\n{place}", errors[0]);
        assert!(errors[0].ends_with(&ending), "{}\nwants\n{ending}", errors[0]);
    }
}

#[test]
fn unknown_variables_name_the_nearest_known_one() {
    for (name, nearest) in [
        ("TIDINGS_LIMITS_CONNECTIONS_PER_USR", "TIDINGS_LIMITS_CONNECTIONS_PER_USER"),
        ("TIDINGS_HEARTBEAT_MS", "TIDINGS_STREAM_HEARTBEAT_MS"),
        ("TIDINGS_LISTEN", "TIDINGS_SERVER_LISTEN"),
        ("TIDINGS_SERVER_HEARTBEAT_MS", "TIDINGS_STREAM_HEARTBEAT_MS"),
        ("TIDINGS_DATA_DIR", "TIDINGS_SERVER_DATA_DIR"),
        ("TIDINGS_TOKENS", "TIDINGS_TOKEN"),
        ("TIDINGS_CONFIG_FILE", "TIDINGS_CONFIG"),
    ] {
        let errors = lines(from_env(&[(name, "canary")]));
        assert_eq!(
            errors,
            [format!("environment {name}: there is no such setting; the nearest is {nearest}")]
        );
    }
}

#[test]
fn variables_that_are_no_settings_are_left_alone() {
    let env = [
        ("TIDINGS_TOKEN", "t"),
        ("TIDINGS_URL", "http://127.0.0.1:3000"),
        ("TIDINGS_SERVICE_HOST", "10.0.0.7"),
        ("TIDINGS_PORT", "tcp://10.0.0.7:3000"),
        ("PATH", "/bin"),
        ("tidings_limits_connections", "x"),
    ];
    assert!(lines(from_env(&env)).is_empty());
}

#[test]
fn dev_is_a_flag_and_nothing_else() {
    for errors in
        [errors_of("dev = true"), errors_of("[server]\ndev = true"), lines(from_env(&[("TIDINGS_DEV", "1")]))]
    {
        assert_eq!(errors.len(), 1);
        assert!(errors[0].ends_with("is a flag and nothing else: start with --dev"), "{errors:#?}");
    }
}

#[test]
fn settings_that_need_or_exclude_each_other() {
    for (toml, error) in [
        ("engine.kind = \"redis\"", "1:15: engine.kind: \"redis\" needs engine.url"),
        ("engine.url = \"redis://a\"", "engine.url: has no use with engine.kind = \"memory\""),
        (
            "engine.fan_out_urls = [\"redis://a\"]",
            "engine.fan_out_urls: has no use with engine.kind = \"memory\"",
        ),
        ("engine.fan_out_urls = [\"a:6379\"]", "engine.fan_out_urls = ***: expected each to be a URL"),
        ("tls.key_file = \"k\"", "tls.key_file: needs tls.certificate_file"),
        ("tls.certificate_file = \"c\"", "tls.certificate_file: needs tls.key_file"),
        (
            "[auth]\nkey = \"k\"\nkey_file = \"f\"",
            "auth.key: is one of several keys, of which only one may be set: auth.key, auth.key_file",
        ),
        (
            "[[auth.issuers]]\nissuer = \"i\"\nkey = \"k\"\njwks_url = \"https://a\"",
            "auth.issuers[0].key: is one of several keys",
        ),
        (
            "[[channel]]\nmatch = \"a:*\"\n[[channel]]\nmatch = \"a:b\"",
            "tidings.toml:4:9: channel[1].match = \"a:b\": never counts, since the first rule that fits is taken: \
             move it before \"a:*\" at tidings.toml:2:9",
        ),
        ("[[channel]]\nmatch = \"a\"\n[[channel]]\nmatch = \"a\"", "channel[1].match = \"a\": never counts"),
    ] {
        let errors = errors_of(toml);
        assert_eq!(errors.len(), 1, "{toml}: {errors:#?}");
        assert!(errors[0].contains(error), "{}\nwants\n{error}", errors[0]);
    }
    assert!(errors_of("[[channel]]\nmatch = \"a:b\"\n[[channel]]\nmatch = \"a:*\"").is_empty());
}

#[test]
fn all_problems_are_told_at_once() {
    let toml =
        "[limits]\nconections = 1\n[stream]\nheartbeat_ms = 1\n[[channel]]\nmatch = \"\"\nslow = \"x\"\n";
    let env = [("TIDINGS_LOG_FORMAT", "xml"), ("TIDINGS_NOPE", "1")];
    let args = ConfigArgs { listen: Some("nowhere".to_owned()), ..ConfigArgs::default() };
    let errors = load_with(toml, &env, &args).expect_err("there are seven");
    let text = errors.to_string();
    assert!(text.starts_with("the configuration has 7 problems:\n  "), "{text}");
    for part in [
        "tidings.toml:2:1: limits.conections: there is no such setting",
        "tidings.toml:4:16: stream.heartbeat_ms = 1: expected",
        "tidings.toml:6:9: channel[0].match = \"\": expected",
        "tidings.toml:7:8: channel[0].slow = \"x\": expected gap or disconnect",
        "environment TIDINGS_LOG_FORMAT: log.format = \"xml\": expected",
        "environment TIDINGS_NOPE: there is no such setting",
        "flag --listen: server.listen = \"nowhere\": expected",
    ] {
        assert!(text.contains(part), "{text}\nwants\n{part}");
    }
}

#[test]
fn hostile_text_is_shown_short_and_without_control_characters() {
    let long = "x".repeat(100_000);
    for toml in [
        format!("log.format = \"{long}\""),
        format!("{long} = 1"),
        "log.format = \"\\u001b[31m\\n\"".to_owned(),
        "\"\\u001b[31m\\n\" = 1".to_owned(),
    ] {
        let errors = errors_of(&toml);
        assert!(errors[0].len() < 300, "{}", errors[0].len());
        assert!(!errors[0].contains(char::is_control), "{:?}", errors[0]);
    }
}

#[test]
fn a_file_of_nothing_but_errors_is_cut_short() {
    let toml: String = (0..10_000).map(|number| format!("key_{number} = 1\n")).collect();
    assert_eq!(errors_of(&toml).len(), 100);
    let rules: String = (0..1001).map(|number| format!("[[channel]]\nmatch = \"c{number}\"\n")).collect();
    assert_eq!(errors_of(&rules), ["tidings.toml:1:3: channel: there may be at most 1000 of them"]);
    assert!(parse_text("").is_ok());
}

#[test]
fn no_damage_to_a_file_makes_the_reader_panic() {
    const PUNCTUATION: &[u8] = b"=[]{}\"'.,#-\n\x00\xc3";
    let whole = include_bytes!("../../../../tidings.example.toml");
    let mut seed = 7_u64;
    let mut below = |limit: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % limit
    };
    for _ in 0..500 {
        let mut text = whole[..below(whole.len())].to_vec();
        for _ in 0..below(4) {
            let at = below(text.len().max(1)).min(text.len());
            text.insert(at, PUNCTUATION[below(PUNCTUATION.len())]);
        }
        let text = String::from_utf8_lossy(&text);
        match parse_text(&text) {
            Ok(config) => assert!(!config.shown().is_empty()),
            Err(errors) => assert!(!errors.to_string().is_empty()),
        }
    }
}
