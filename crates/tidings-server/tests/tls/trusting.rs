//! The verbs against a hub under TLS: whom they trust.

use std::process::{Command, Output, Stdio};

use crate::hub::{Certificate, Hub, within_patience};

fn verb(hub: &Hub, ca_file: Option<&std::path::Path>, arguments: &[&str]) -> Output {
    let mut verb = Command::new(env!("CARGO_BIN_EXE_tidings"));
    verb.args(arguments)
        .env("TIDINGS_URL", hub.url())
        .env_remove("TIDINGS_TOKEN")
        .env_remove("TIDINGS_CA_FILE");
    if let Some(file) = ca_file {
        verb.env("TIDINGS_CA_FILE", file);
    }
    within_patience(verb.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()))
}

#[test]
fn verbs_speak_tls_to_whom_they_are_told_to_trust() {
    let hub = Hub::start_sealed(&[]);
    let file = hub.certificate.as_ref().expect("it speaks TLS").certificate_file();
    let published = verb(&hub, Some(&file), &["publish", "jobs", "7"]);
    assert!(published.status.success(), "{}", String::from_utf8_lossy(&published.stderr));
    let tailed =
        verb(&hub, Some(&file), &["tail", "jobs", "--since-beginning", "--exit-after", "1", "--raw"]);
    assert!(tailed.status.success(), "{}", String::from_utf8_lossy(&tailed.stderr));
    assert!(String::from_utf8_lossy(&tailed.stdout).contains("data: 7\n"));
    hub.assert_books_balance();
}

#[test]
fn a_certificate_that_is_not_trusted_is_told_with_what_to_do() {
    let hub = Hub::start_sealed(&[]);
    let dir = tempfile::tempdir().expect("a place");
    let other = Certificate::write(dir.path()).certificate_file();
    let refused = verb(&hub, Some(&other), &["stats"]);
    let error = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(3), "{error}");
    assert!(error.contains("certificate") && error.contains("--ca-file"), "{error}");
    let absent = verb(&hub, Some(&dir.path().join("absent.pem")), &["stats"]);
    let error = String::from_utf8_lossy(&absent.stderr);
    assert_eq!(absent.status.code(), Some(2), "{error}");
    assert!(error.contains("--ca-file: cannot read"), "{error}");
}
