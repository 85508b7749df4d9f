//! A hub that must not start says why, and what it needs.

use tidings_server::config::{Access, ConfigArgs, ConfigErrors};

use crate::load_with;

fn start(toml: &str, dev: bool) -> Result<Access, ConfigErrors> {
    let args = ConfigArgs { dev, ..ConfigArgs::default() };
    let config = load_with(toml, &[], &args)?;
    config.check_start().map(|()| config.access().expect("the start was allowed"))
}

#[test]
fn dev_starts_on_loopback_and_nowhere_else() {
    for listen in ["127.0.0.1:3000", "127.0.0.1:0", "[::1]:3000", "localhost:3000"] {
        assert_eq!(start(&format!("server.listen = \"{listen}\""), true), Ok(Access::Dev), "{listen}");
    }
    for listen in ["0.0.0.0:3000", "[::]:3000", "192.0.2.1:3000", "[::ffff:192.0.2.1]:3000"] {
        let errors = start(&format!("server.listen = \"{listen}\""), true).expect_err(listen).to_string();
        assert!(errors.contains("tidings.toml:1:17: server.listen = "), "{errors}");
        assert!(errors.contains("--dev grants everything to everyone"), "{errors}");
    }
}

#[test]
fn without_dev_and_without_a_key_the_refusal_says_what_to_set() {
    let errors = start("", false).expect_err("nobody could be let in").to_string();
    for part in ["auth.key", "auth.key_file", "auth.jwks_url", "auth.hook_url", "--dev", "`tidings token`"] {
        assert!(errors.contains(part), "{errors}\nwants\n{part}");
    }
}

const SECRET: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn a_hook_lets_the_hub_start_alone_and_beside_tokens() {
    let hook = "hook_url = \"http://127.0.0.1:8080/hook\"";
    assert_eq!(start(&format!("[auth]\n{hook}"), false), Ok(Access::Hook));
    assert_eq!(start(&format!("[auth]\n{hook}\nkey = \"{SECRET}\""), false), Ok(Access::TokensAndHook));
    assert_eq!(start(&format!("[auth]\n{hook}"), true), Ok(Access::Dev));
}

#[test]
fn a_key_lets_the_hub_start_on_any_address() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("secret");
    std::fs::write(&file, format!("{SECRET}\n")).expect("written");
    for toml in [
        format!("auth.key = \"{SECRET}\""),
        format!("auth.key_file = {file:?}"),
        "auth.jwks_url = \"http://127.0.0.1:1/keys\"".to_owned(),
        "auth = { jwks_url = \"http://keys.internal/\", jwks_plain_http = true }".to_owned(),
        format!("[[auth.issuers]]\nissuer = \"a\"\nkey = \"{SECRET}\""),
        format!(
            "[auth]\nkey = \"{SECRET}\"\nissuer = \"a\"\nalgorithms = [\"HS256\"]\naudience = [\"h\"]\n\
             cookie = \"__Host-hub\"\nquery_token = true\nrequire_exp = false\nleeway_ms = 0\n\
             [[auth.issuers]]\nissuer = \"b\"\nkey_file = {file:?}"
        ),
    ] {
        let everywhere = format!("server.listen = \"0.0.0.0:3000\"\n{toml}");
        assert_eq!(start(&everywhere, false), Ok(Access::Tokens), "{toml}");
        assert_eq!(start(&toml, true), Ok(Access::Dev), "{toml}");
    }
}

#[test]
fn keys_that_can_not_be_meant_are_told_where_they_stand() {
    let issuer = format!("[[auth.issuers]]\nissuer = \"b\"\nkey = \"{SECRET}\"\n");
    for (toml, place, advice) in [
        (
            "auth.key = \"short\"".to_owned(),
            "tidings.toml:1:12: auth.key: is 5 bytes",
            "openssl rand -hex 32",
        ),
        (
            format!("auth = {{ key = \"{SECRET}\", algorithms = [\"HS512\"] }}"),
            "auth.key: is 32 bytes",
            "at least 64",
        ),
        (
            format!("auth = {{ key = \"{SECRET}\", algorithms = [\"RS256\"] }}"),
            "auth.key: is a secret",
            "RS256",
        ),
        ("auth.key_file = \"missing\"".to_owned(), "auth.key_file: cannot read \"missing\"", "No such file"),
        (
            "auth.jwks_url = \"http://a.example/\"".to_owned(),
            "auth.jwks_url: ",
            "auth.jwks_plain_http = true",
        ),
        (
            "auth = { jwks_url = \"http://[::1]/\", algorithms = [\"HS256\"] }".to_owned(),
            "auth.algorithms: ",
            "secret",
        ),
        ("auth.algorithms = [\"HS256\"]".to_owned(), "auth.algorithms: ", "there is none of them"),
        (format!("auth.audience = [\"h\"]\n{issuer}"), "auth.audience: ", "there is none of them"),
        (format!("auth.issuer = \"a\"\n{issuer}"), "auth.issuer: ", "there is none of them"),
        (format!("auth.key = \"{SECRET}\"\n{issuer}"), "auth.issuer: is required", "[[auth.issuers]]"),
        (format!("{issuer}{issuer}"), "auth.issuers[1].issuer: ", "mixed up"),
        (
            format!(
                "auth = {{ key = \"{SECRET}\", issuer = \"b\", issuers = [{{ issuer = \"b\", key = \"k\" }}] }}"
            ),
            "auth.issuers[0].issuer: ",
            "mixed up",
        ),
        ("[[auth.issuers]]\nissuer = \"a\"".to_owned(), "auth.issuers[0]: ", "jwks_url"),
        ("[[auth.issuers]]\nissuer = \"a\"\nkey = \"k\"".to_owned(), "auth.issuers[0].key: is 1 bytes", "32"),
        (
            format!("auth = {{ key = \"{SECRET}\", cookie = \"c\" }}\ncors.origins = [\"*\"]"),
            "cors.origins: ",
            "name the origins",
        ),
    ] {
        let errors = start(&toml, false).expect_err(&toml).to_string();
        assert!(
            errors.contains(place) && errors.contains(advice),
            "{toml}\n{errors}\nwants\n{place} … {advice}"
        );
        assert!(!errors.contains(SECRET), "{errors}");
    }
}
