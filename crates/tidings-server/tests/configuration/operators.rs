//! Who looks after the hub, and where: what a configuration may say of it.

use tidings_server::config::{ConfigArgs, OperatorRole, PasswordHash};

use crate::load_with;

fn operator(name: &str, role: &str) -> String {
    let hash = PasswordHash::of("canary-3c1f").expect("made");
    format!("[[admin.operators]]\nname = \"{name}\"\nrole = \"{role}\"\npassword = \"{hash}\"\n")
}

fn problems(toml: &str, dev: bool) -> String {
    let args = ConfigArgs { dev, ..ConfigArgs::default() };
    let loaded = load_with(toml, &[], &args).and_then(|config| config.check_start());
    loaded.expect_err(toml).to_string()
}

#[test]
fn operators_are_read_and_each_has_a_name_of_its_own() {
    let two = operator("ann", "operator") + &operator("bob", "read");
    let config = load_with(&two, &[], &ConfigArgs::default()).expect("sound");
    let found: Vec<_> = config.operators.iter().map(|one| (one.name.as_str(), one.role)).collect();
    assert_eq!(found, [("ann", OperatorRole::Operator), ("bob", OperatorRole::Read)]);
    assert!(config.operators[0].password.is("canary-3c1f"));
    let text = format!("{config:?} {:?}", config.shown());
    assert!(!text.contains("argon2id$"), "{text}");

    let twice = operator("ann", "operator") + &operator("ann", "read");
    assert!(problems(&twice, true).contains("admin.operators[1].name"));
    assert!(problems(&operator("anonymous", "read"), true).contains("admin.operators[0].name"));
    assert!(problems(&operator("ann", "admin"), true).contains("read or operator"));
    let plain = "[[admin.operators]]\nname = \"ann\"\npassword = \"canary-3c1f\"\n";
    let told = problems(plain, true);
    assert!(told.contains("tidings password") && !told.contains("canary"), "{told}");
}

#[test]
fn each_surface_has_an_address_of_its_own() {
    let listen = |listen: &str, admin: &str, metrics: &str| {
        let toml = format!(
            "[server]\nlisten = \"{listen}\"\nadmin_listen = \"{admin}\"\nmetrics_listen = \"{metrics}\"\n"
        );
        let args = ConfigArgs { dev: true, ..ConfigArgs::default() };
        let config = load_with(&toml, &[], &args).and_then(|config| config.check_start());
        config.map_err(|errors| errors.to_string())
    };
    assert_eq!(listen("127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"), Ok(()));
    assert_eq!(
        listen("127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"),
        Ok(()),
        "any free one is another each time"
    );
    for (all, setting) in [
        (["127.0.0.1:1", "127.0.0.1:1", "127.0.0.1:3"], "server.admin_listen"),
        (["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:2"], "server.metrics_listen"),
        (["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:1"], "server.metrics_listen"),
    ] {
        let told = listen(all[0], all[1], all[2]).expect_err(setting);
        assert!(told.contains(setting) && told.contains("another port"), "{told}");
    }
    for all in [["127.0.0.1:1", "0.0.0.0:2", "127.0.0.1:3"], ["127.0.0.1:1", "127.0.0.1:2", "10.0.0.1:3"]] {
        let told = listen(all[0], all[1], all[2]).expect_err("--dev");
        assert!(told.contains("loopback"), "--dev is on loopback at every address: {told}");
    }
}

#[test]
fn where_a_browser_sends_cookies_not_every_page_may_read() {
    for by_cookie in ["cookie = \"session\"", "hook_url = \"https://app.example/\""] {
        let toml = format!("[cors]\norigins = [\"*\"]\n[auth]\n{by_cookie}\n");
        assert!(problems(&toml, false).contains("cors.origins"), "{by_cookie}");
    }
}
