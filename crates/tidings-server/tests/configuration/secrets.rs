//! A secret is in no error, no listing and no debug output, whatever is wrong with it.

use tidings_server::config::{ConfigArgs, settings};

use crate::{load_with, value_of};

const CANARY: &str = "canary-7d1e";

#[test]
fn the_settings_that_hold_secrets_are_known() {
    let secret: Vec<_> = settings().filter(|setting| setting.secret).map(|setting| setting.name).collect();
    let expected = [
        "engine.url",
        "engine.fan_out_urls",
        "auth.key",
        "auth.jwks_url",
        "auth.hook_url",
        "auth.issuers.key",
        "auth.issuers.jwks_url",
        "webhook.url",
        "webhook.secret",
        "admin.operators.password",
    ];
    assert_eq!(secret, expected);
}

#[test]
fn a_sound_configuration_hides_its_secrets() {
    let toml = format!(
        "engine = {{ kind = \"redis\", url = \"redis://u:{CANARY}@cache/{CANARY}\", \
         fan_out_urls = [\"redis://u:{CANARY}@fan\"] }}\n\
         [auth]\nissuer = \"o\"\nkey = \"{CANARY}\"\nhook_url = \"https://{CANARY}@app.example/?t={CANARY}\"\n\
         [[auth.issuers]]\nissuer = \"i\"\nkey = \"{CANARY}\"\n\
         [[webhook]]\nurl = \"https://app.example/{CANARY}\"\nsecret = \"{CANARY}\"\n"
    );
    let config = load_with(&toml, &[], &ConfigArgs::default()).expect("it is sound");
    assert_eq!(config.auth.key.as_ref().map(|key| key.expose()), Some(CANARY));
    assert_eq!(value_of(&config, "auth.key").as_deref(), Some("\"***\""));
    assert_eq!(value_of(&config, "engine.fan_out_urls").as_deref(), Some("[\"redis://***@fan\"]"));
    assert_eq!(value_of(&config, "engine.url").as_deref(), Some("\"redis://***@cache/***\""));

    let listed: String = config.shown().iter().map(|shown| format!("{shown}\n{shown:?}\n")).collect();
    let start = config.check_start().err().map(|errors| errors.to_string()).unwrap_or_default();
    for text in [format!("{config:?}"), format!("{config:#?}"), listed, start] {
        assert!(!text.contains(CANARY), "{text}");
    }
}

#[test]
fn errors_hide_what_they_are_about_when_it_is_secret() {
    for toml in [
        format!("[auth]\nkey = [\"{CANARY}\"]"),
        format!("[auth]\nkey = \"{CANARY}"),
        format!("[auth]\nkey = {CANARY}"),
        format!("[auth]\nkey = '{CANARY}' '"),
        format!("[auth]\nkey = \"\\q{CANARY}\""),
        format!("[auth]\nkey = \"a\"\nkey = \"{CANARY}\""),
        format!("[auth]\nkey {CANARY}"),
        format!("[auth]\nkeys = \"{CANARY}\""),
        format!("auth = \"{CANARY}\""),
        format!("[auth]\nhook_url = \"{CANARY}\""),
        format!("[auth]\nhook_url = \"ftp://u:{CANARY}@a\""),
        format!("[engine]\nurl = \"http://u:{CANARY}@a\""),
        format!("[engine]\nurl = \"redis://u:{CANARY}@a\""),
        format!("[engine]\nfan_out_urls = [\"redis://u:{CANARY}@a\""),
        format!("[[webhook]]\nsecret = \"{CANARY}\""),
        format!("[[webhook]]\nurl = \"{CANARY}\""),
    ] {
        let errors = load_with(&toml, &[], &ConfigArgs::default()).expect_err(&toml);
        for text in [errors.to_string(), format!("{errors:?}")] {
            assert!(!text.contains(CANARY), "{toml}\n{text}");
        }
    }
    for name in ["TIDINGS_AUTH_HOOK_URL", "TIDINGS_ENGINE_URL", "TIDINGS_AUTH_KEYS"] {
        let errors = load_with("", &[(name, CANARY)], &ConfigArgs::default()).expect_err(name);
        assert!(!format!("{errors} {errors:?}").contains(CANARY), "{errors}");
    }
}
