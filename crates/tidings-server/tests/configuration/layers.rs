//! Flag beats environment beats file beats default.

use tidings_server::config::{ConfigArgs, ConfigErrors, Source};

use crate::{from_env, lines, load_in, load_with, value_of};

#[test]
fn the_stronger_layer_wins() {
    let file = "[server]\nlisten = \"127.0.0.1:1\"\n";
    let env = [("TIDINGS_SERVER_LISTEN", "127.0.0.1:2")];
    let flag = ConfigArgs { listen: Some("127.0.0.1:3".to_owned()), ..ConfigArgs::default() };
    let none = ConfigArgs::default();
    for (toml, env, args, port) in [
        ("", &[][..], &none, 3000),
        (file, &[], &none, 1),
        ("", &env, &none, 2),
        (file, &env, &none, 2),
        ("", &[], &flag, 3),
        (file, &[], &flag, 3),
        ("", &env, &flag, 3),
        (file, &env, &flag, 3),
    ] {
        let config = load_with(toml, env, args).expect("all are sound");
        assert_eq!(config.server.listen.port(), port);
    }
}

#[test]
fn each_flag_reaches_its_setting() {
    let args = ConfigArgs {
        listen: Some("[::1]:0".to_owned()),
        data_dir: Some("/var/lib/tidings".to_owned()),
        trusted_proxies: Some("10.0.0.0/8, ::1".to_owned()),
        log_format: Some("json".to_owned()),
        log_level: Some("debug".to_owned()),
        heartbeat_ms: Some("100".to_owned()),
        drain_window_ms: Some("0".to_owned()),
        node: Some("node-1".to_owned()),
        ..ConfigArgs::default()
    };
    let config = load_with("", &[], &args).expect("all are sound");
    for (name, value) in [
        ("server.listen", "\"[::1]:0\""),
        ("server.data_dir", "\"/var/lib/tidings\""),
        ("server.trusted_proxies", "[\"10.0.0.0/8\", \"::1/128\"]"),
        ("log.format", "\"json\""),
        ("log.level", "\"debug\""),
        ("stream.heartbeat_ms", "100"),
        ("drain.window_ms", "0"),
        ("cluster.node", "\"node-1\""),
    ] {
        assert_eq!(value_of(&config, name).as_deref(), Some(value), "{name}");
    }
}

#[test]
fn every_value_tells_where_it_came_from() {
    let args = ConfigArgs { node: Some("n".to_owned()), ..ConfigArgs::default() };
    let toml = "[limits]\nconnections = 7\n[[channel]]\nmatch = \"jobs\"\n";
    let config = load_with(toml, &[("TIDINGS_LOG_FORMAT", "json")], &args).expect("all are sound");
    let line = |name: &str| {
        let shown = config.shown();
        shown.iter().find(|shown| shown.name == name).expect(name).to_string()
    };
    assert_eq!(line("limits.connections"), "limits.connections = 7  # tidings.toml:2:15");
    assert_eq!(line("log.format"), "log.format = \"json\"  # environment TIDINGS_LOG_FORMAT");
    assert_eq!(line("cluster.node"), "cluster.node = \"n\"  # flag --node");
    assert_eq!(line("drain.window_ms"), "drain.window_ms = 5000  # default");
    assert_eq!(line("channel[0].match"), "channel[0].match = \"jobs\"  # tidings.toml:4:9");
    assert_eq!(line("auth.key"), "# auth.key is not set");
}

#[test]
fn a_layer_that_is_overruled_is_checked_all_the_same() {
    let args = ConfigArgs { log_format: Some("json".to_owned()), ..ConfigArgs::default() };
    let errors = lines(load_with("log.format = \"xml\"", &[], &args));
    assert_eq!(errors, ["tidings.toml:1:14: log.format = \"xml\": expected text or json"]);
}

#[test]
fn lists_are_parted_by_commas_outside_the_file() {
    let env =
        [("TIDINGS_CORS_ORIGINS", "https://a.example, http://localhost:5173"), ("TIDINGS_AUTH_AUDIENCE", "")];
    let config = from_env(&env).expect("all are sound");
    let origins = value_of(&config, "cors.origins");
    assert_eq!(origins.as_deref(), Some("[\"https://a.example\", \"http://localhost:5173\"]"));
    assert_eq!(value_of(&config, "auth.audience").as_deref(), Some("[]"));
}

#[test]
fn the_file_is_read_when_it_is_there_and_must_be_there_when_it_is_named() {
    let directory = tempfile::tempdir().expect("a directory to work in");
    let load = |env: &[(&str, &str)], args: &ConfigArgs| load_in(directory.path(), env, args);
    let named = |name: &str| ConfigArgs { config: Some(name.into()), ..ConfigArgs::default() };
    let count = |result: Result<tidings_server::config::Config, ConfigErrors>| {
        result.expect("all are sound").limits.connections.get()
    };

    assert_eq!(count(load(&[], &ConfigArgs::default())), None, "no file, no error");
    let missing = load(&[], &named("other.toml")).expect_err("it was named");
    assert!(
        missing.to_string().contains("flag --config: cannot read \"other.toml\": No such file"),
        "{missing}"
    );
    let missing =
        load(&[("TIDINGS_CONFIG", "other.toml")], &ConfigArgs::default()).expect_err("it was named");
    assert!(missing.to_string().contains("environment TIDINGS_CONFIG: cannot read"), "{missing}");

    for (name, connections) in [("tidings.toml", 1), ("other.toml", 2), ("third.toml", 3)] {
        let toml = format!("limits.connections = {connections}");
        std::fs::write(directory.path().join(name), toml).expect("the file is written");
    }
    assert_eq!(count(load(&[], &ConfigArgs::default())), Some(1));
    assert_eq!(count(load(&[("TIDINGS_CONFIG", "other.toml")], &ConfigArgs::default())), Some(2));
    assert_eq!(count(load(&[("TIDINGS_CONFIG", "other.toml")], &named("third.toml"))), Some(3));
}

#[test]
fn what_cannot_be_read_is_an_error_even_when_nobody_named_it() {
    for (write, reason) in
        [(&b"\xff\xfe"[..], "valid UTF-8"), (&vec![b'#'; (1 << 20) + 1], "larger than 1048576 bytes")]
    {
        let directory = tempfile::tempdir().expect("a directory to work in");
        std::fs::write(directory.path().join("tidings.toml"), write).expect("the file is written");
        let errors = load_in(directory.path(), &[], &ConfigArgs::default()).expect_err("unreadable");
        let problem = errors.iter().next().expect("there is one");
        assert_eq!(problem.source, Source::File { path: "tidings.toml".to_owned() });
        assert!(problem.reason.contains(reason), "{problem}");
    }
}
