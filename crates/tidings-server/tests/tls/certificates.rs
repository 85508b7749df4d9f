//! Certificates that can't be used are told of before the hub listens, and new ones are taken in while it runs.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::hub::{Certificate, Hub, PATIENCE, Wire, now, signal, within_patience};

const LOOKED_AT_OFTEN: (&str, &str) = ("TIDINGS_TLS_RELOAD_INTERVAL_MS", "50");
const NEVER_LOOKED_AT: (&str, &str) = ("TIDINGS_TLS_RELOAD_INTERVAL_MS", "0");

/// `tidings check` with these two files.
fn check(certificate_file: &Path, key_file: &Path) -> Output {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut verb = Command::new(env!("CARGO_BIN_EXE_tidings"));
    verb.args(["check", "--dev"]).current_dir(dir.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    verb.env("TIDINGS_TLS_CERTIFICATE_FILE", certificate_file).env("TIDINGS_TLS_KEY_FILE", key_file);
    within_patience(&mut verb)
}

#[test]
fn files_that_cannot_be_used_are_configuration_errors() {
    let (one, other) = (tempfile::tempdir().expect("a place"), tempfile::tempdir().expect("a place"));
    let (certificate, stranger) = (Certificate::write(one.path()), Certificate::write(other.path()));
    let (chain, key) = (certificate.certificate_file(), certificate.key_file());
    assert!(check(&chain, &key).status.success());
    for (chain, key, setting, said) in [
        (&chain, &stranger.key_file(), "tls.key_file", "is not that of the first certificate"),
        (&chain, &chain, "tls.key_file", "the wrong way round"),
        (&key, &key, "tls.certificate_file", "BEGIN CERTIFICATE"),
        (&one.path().join("absent.pem"), &key, "tls.certificate_file", "cannot read"),
        (&chain, &one.path().join("absent.pem"), "tls.key_file", "cannot read"),
    ] {
        let output = check(chain, key);
        assert_eq!(output.status.code(), Some(2));
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains(setting) && error.contains(said), "{error}");
    }
}

#[test]
fn an_expired_certificate_is_shown_all_the_same_and_warned_of_with_its_date() {
    let dir = tempfile::tempdir().expect("a place");
    let expired = Certificate::valid_through(dir.path(), 2020);
    let settings = expired.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let hub = Hub::start_with(&settings);
    let log = hub.log();
    assert!(log.contains("WARN") && log.contains("has expired"), "{log}");
    assert!(log.contains("Thu, 31 Dec 2020 00:00:00 GMT"), "{log}");
}

#[test]
fn a_new_certificate_is_shown_from_the_next_handshake_on_and_streams_stay() {
    let hub = Hub::start_sealed(&[LOOKED_AT_OFTEN]);
    let first = hub.certificate.as_ref().expect("it speaks TLS");
    let mut stream = Wire::connect(hub.address(), None, Some(first.trusted(&["http/1.1"])));
    stream.write_all(b"GET /api/sse/stream?channels=a HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("taken");
    read_until(&mut stream, "event: connected");
    let second = Certificate::write(first.dir());
    shows(&hub, &second);
    let hub = hub.showing(second);
    hub.post("/api/sse/publish", r#"{"channel":"a","data":"under the old one"}"#);
    read_until(&mut stream, "under the old one");
    assert_eq!(hub.stats()["connections"]["active"], 1);
    hub.assert_books_balance();
}

#[test]
fn a_broken_pair_is_told_of_and_the_one_before_is_kept() {
    let hub = Hub::start_sealed(&[LOOKED_AT_OFTEN]);
    let first = hub.certificate.as_ref().expect("it speaks TLS");
    let key = fs::read(first.key_file()).expect("a key");
    fs::write(first.key_file(), "no key").expect("written");
    let start = now();
    while !hub.log().contains("the one before is still shown") {
        assert!(start.elapsed() < PATIENCE, "{}", hub.log());
        hub.stats();
    }
    let log = hub.log();
    let told = log.lines().find(|line| line.contains("is still shown")).expect("it is there");
    assert!(told.contains("ERROR") && told.contains("no private key"), "{told}");
    fs::write(first.key_file(), key).expect("written");
    let second = Certificate::write(first.dir());
    shows(&hub, &second);
    hub.showing(second).assert_books_balance();
}

#[test]
fn sighup_has_the_files_read() {
    let hub = Hub::start_sealed(&[NEVER_LOOKED_AT]);
    let second = Certificate::write(hub.certificate.as_ref().expect("it speaks TLS").dir());
    signal(hub.pid(), "HUP");
    shows(&hub, &second);
    hub.showing(second).assert_books_balance();
}

#[test]
fn sighup_without_tls_ends_nothing() {
    let mut hub = Hub::start();
    signal(hub.pid(), "HUP");
    let start = now();
    while !hub.log().contains("nothing to reload") {
        assert!(start.elapsed() < PATIENCE, "{}", hub.log());
        hub.stats();
    }
    signal(hub.pid(), "HUP");
    hub.assert_books_balance();
    assert!(hub.stop().success());
}

/// Shakes hands until this one is shown; who trusts it alone is refused until then.
fn shows(hub: &Hub, certificate: &Certificate) {
    let start = now();
    while !Wire::shakes_hands(hub.address(), certificate.trusted(&["http/1.1"])) {
        assert!(start.elapsed() < PATIENCE, "never shown: {}", hub.log());
    }
}

fn read_until(stream: &mut impl Read, wished: &str) {
    let mut seen = String::new();
    while !seen.contains(wished) {
        let mut bytes = [0; 4096];
        let n = stream.read(&mut bytes).expect("it goes on");
        assert!(n > 0, "the stream ended after {seen}");
        seen.push_str(&String::from_utf8_lossy(&bytes[..n]));
    }
}
