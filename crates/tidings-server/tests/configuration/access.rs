//! A hub that must not start says why, and what it needs.

use tidings_server::config::{Access, ConfigArgs, ConfigErrors, parse_text};

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
    for part in
        ["auth.key", "auth.key_file", "auth.jwks_url", "auth.hook_url", "--dev", "This version has no tokens"]
    {
        assert!(errors.contains(part), "{errors}\nwants\n{part}");
    }
}

#[test]
fn what_this_version_lacks_is_refused_by_name() {
    for (toml, setting, feature) in [
        ("auth.algorithms = [\"HS256\"]", "auth.algorithms = [\"HS256\"]", "tokens and hooks"),
        ("auth.key = \"k\"", "auth.key = \"***\"", "tokens and hooks"),
        ("auth.key_file = \"k\"", "auth.key_file", "tokens and hooks"),
        ("auth.jwks_url = \"https://a\"", "auth.jwks_url", "tokens and hooks"),
        ("auth.issuer = \"i\"", "auth.issuer", "tokens and hooks"),
        ("auth.audience = [\"a\"]", "auth.audience", "tokens and hooks"),
        ("auth.cookie = \"c\"", "auth.cookie", "tokens and hooks"),
        ("auth.query_token = true", "auth.query_token", "tokens and hooks"),
        ("auth.require_exp = false", "auth.require_exp", "tokens and hooks"),
        ("auth.leeway_ms = 1", "auth.leeway_ms", "tokens and hooks"),
        ("auth.hook_url = \"https://a\"", "auth.hook_url", "tokens and hooks"),
        ("[[auth.issuers]]\nissuer = \"i\"", "auth.issuers[0].issuer", "tokens and hooks"),
        ("tls = { certificate_file = \"c\", key_file = \"k\" }", "tls.certificate_file", "TLS"),
        ("server.admin_listen = \"127.0.0.1:1\"", "server.admin_listen", "a separate admin listener"),
        ("engine = { kind = \"redis\", url = \"redis://a\" }", "engine.kind = \"redis\"", "the Redis engine"),
        ("[[channel]]\nmatch = \"a\"\nschema = \"s\"", "channel[0].schema", "event schemas"),
        ("[[channel]]\nmatch = \"a\"\npublish = \"nobody\"", "channel[0].publish", "publish rules"),
        ("[[webhook]]\nurl = \"https://a\"", "webhook[0].url", "webhooks"),
    ] {
        for dev in [true, false] {
            let errors = start(toml, dev).expect_err(toml).to_string();
            assert!(errors.contains(setting), "{errors}\nwants\n{setting}");
            assert!(
                errors.contains(&format!("needs {feature}, which this version does not have")),
                "{errors}"
            );
        }
    }
}

#[test]
fn every_setting_that_needs_a_later_version_passes_at_its_default() {
    let config =
        parse_text("engine.kind = \"memory\"\nauth.require_exp = true\nauth.audience = []").expect("sound");
    assert_eq!(config.unsupported(), []);
}
