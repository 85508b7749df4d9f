//! What the hubs of the whole suite left behind, searched by the shape of what is secret: `KEPT_HUBS=DIR` has each fixture
//! put its hub's log and data there, and `SEARCH_HUBS=DIR`, when the suite is over, has them searched.

use std::path::{Path, PathBuf};

use crate::hub::SECRET;

/// What a secret looks like, whatever it says.
fn secret_in(text: &str) -> Option<String> {
    if text.contains(SECRET) {
        return Some("the key that tokens are checked with".to_owned());
    }
    // As JSON has it.
    let named = text.split("\"ticket\":\"").skip(1);
    if let Some(id) = named.filter_map(|rest| rest.split('"').next()).find(|id| is_a_ticket(id)) {
        return Some(format!("a ticket: {id}"));
    }
    let apart = |c: char| !(c.is_ascii_alphanumeric() || "-_.$=".contains(c));
    text.split(apart).find_map(|word| {
        let what = if is_token(word) {
            "a token"
        } else if is_connection_id(word) {
            "a connection's secret id"
        } else if is_session(word) {
            "a session"
        } else if is_ticket(word) {
            "a ticket"
        } else if word.contains("$argon2id$") {
            "a password's hash"
        } else {
            return None;
        };
        Some(format!("{what}: {word}"))
    })
}

/// `{"` in base64, and two more parts.
fn is_token(word: &str) -> bool {
    let Some(at) = word.find("eyJ") else { return false };
    let parts: Vec<&str> = word[at..].split('.').collect();
    parts.len() >= 3 && parts[..2].iter().all(|part| part.len() >= 10)
}

fn is_connection_id(word: &str) -> bool {
    word.split_once('.').is_some_and(|(public, code)| {
        public.split('-').count() >= 3
            && code.len() >= 32
            && code[..32].bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

fn is_session(word: &str) -> bool {
    word.split_once("tidings-admin=").is_some_and(|(_, id)| id.len() >= 43)
}

fn is_ticket(word: &str) -> bool {
    word.split_once("ticket=").is_some_and(|(_, id)| is_a_ticket(id))
}

/// Of one hub, or of several: with the name of that which made it, and a code.
fn is_a_ticket(id: &str) -> bool {
    let id = id.split_once('-').map_or(id, |(_, id)| id);
    let secret = id.split_once('.').map_or(id, |(secret, _)| secret);
    secret.len() == 32 && is_hex(secret)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

pub(crate) fn files_below(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

#[test]
fn no_hub_of_the_suite_left_a_secret_behind() {
    let Some(dir) = std::env::var_os("SEARCH_HUBS") else { return };
    let files = files_below(Path::new(&dir));
    let logs = files.iter().filter(|file| file.ends_with("hub.log")).count();
    assert!(logs >= 100, "the logs of {logs} hubs: was the suite run with KEPT_HUBS={}?", dir.display());
    for file in &files {
        let text = String::from_utf8_lossy(&std::fs::read(file).expect("a file")).into_owned();
        if let Some(found) = secret_in(&text) {
            panic!("{} has {found}", file.display());
        }
    }
}

#[test]
fn each_kind_of_secret_is_known_by_its_shape() {
    let code = "0123456789abcdef0123456789abcdef";
    for leak in [
        format!("key={SECRET}"),
        "token refused token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl".to_owned(),
        format!("beacon id=k3j2-1a-2.{code} ok"),
        format!("GET /api/sse/stream?ticket={code} 200"),
        format!("{{\"ticket\":\"{code}\",\"expires_in\":30}}"),
        format!("GET /api/sse/stream?ticket=k3j2-{code}.{code} 200"),
        format!("{{\"ticket\":\"k3j2-{code}.{code}\",\"expires_in\":30}}"),
        format!("cookie: a=b; __Host-tidings-admin={}", "x".repeat(43)),
        "password=$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned(),
    ] {
        assert!(secret_in(&leak).is_some(), "{leak}");
    }
    for harmless in [
        "client connected user=1 channels=room:1 total=1",
        "kicked id=k3j2-1a-2",
        "cursor eyJ.a.b 0123456789abcdef0123456789abcdef",
        "ticket=used",
    ] {
        assert_eq!(secret_in(harmless), None, "{harmless}");
    }
}
