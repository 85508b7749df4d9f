//! Marked secrets, and the search for them.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// Everything that was secret.
#[derive(Debug, Default)]
pub(crate) struct Marks(Vec<(String, Vec<String>)>);

impl Marks {
    /// Remembers a secret, and how it would look in disguise.
    pub(crate) fn add(&mut self, what: &str, secret: &str) {
        assert!(secret.len() >= 12, "{what} is too short to be told from chance: {secret}");
        self.0.push((what.to_owned(), disguises(secret)));
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// What of them stands in a text, and around it what gives it away.
    pub(crate) fn found_in(&self, text: &str) -> Option<String> {
        let lower = text.to_ascii_lowercase();
        self.0.iter().find_map(|(what, disguises)| {
            let found = disguises.iter().find_map(|disguise| lower.find(&disguise.to_ascii_lowercase()))?;
            let line = lower[..found].rfind('\n').map_or(0, |at| at + 1);
            let end = lower[found..].find('\n').map_or(lower.len(), |at| found + at);
            Some(format!("{what} in: {}", &text[line..end]))
        })
    }

    #[track_caller]
    pub(crate) fn assert_absent(&self, place: &str, text: &str) {
        if let Some(found) = self.found_in(text) {
            panic!("{place} has {found}");
        }
    }
}

fn disguises(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
    let reserved = |c: char| !c.is_ascii_alphanumeric() && !"-._~".contains(c);
    let encode = |space: &str| -> String {
        let each = secret.chars().map(|c| match c {
            ' ' => space.to_owned(),
            c if reserved(c) => c.to_string().bytes().map(|byte| format!("%{byte:02x}")).collect(),
            c => c.to_string(),
        });
        each.collect()
    };
    let mut all = vec![secret.to_owned(), hex, percent, encode("%20"), encode("+"), format!("{secret:?}")];
    // As it would stand in the middle of something longer that is encoded: at each of three places in a group.
    for engine in [&STANDARD, &URL_SAFE] {
        for before in 0..3 {
            let longer = [&vec![b'x'; before], bytes].concat();
            let text = engine.encode(longer);
            let inner = text.trim_end_matches('=');
            all.push(inner[(before * 8).div_ceil(6)..inner.len() - 2].to_owned());
        }
    }
    all
}

#[test]
fn a_mark_is_found_in_each_disguise_and_not_where_it_is_not() {
    let mut marks = Marks::default();
    let secret = "canary key+of/41 ";
    marks.add("the key", secret);
    let form = "canary+key%2Bof%2F41+";
    for disguise in [
        format!("a {secret} b"),
        format!("key={form}&x"),
        "canary%20key%2bof%2f41%20".to_owned(),
        STANDARD.encode(secret),
        STANDARD.encode(format!("{{\"key\":\"{secret}\"}}")),
        URL_SAFE.encode(format!("1{secret}2")),
        URL_SAFE.encode(format!("12{secret}34")),
        secret.bytes().map(|byte| format!("{byte:02X}")).collect(),
        format!("first\n{}\nlast", secret.to_uppercase()),
    ] {
        assert!(marks.found_in(&disguise).is_some(), "{disguise}");
    }
    for other in ["", "canary key", "canary key of 41", &STANDARD.encode("canary key+of/4")] {
        assert_eq!(marks.found_in(other), None, "{other}");
    }
}
