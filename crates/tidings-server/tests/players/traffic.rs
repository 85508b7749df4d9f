//! Channels, and what is published to them.

use serde_json::{Value, json};

/// Channels that let go of nothing while the test runs. What is published to the boards has keys.
pub(crate) const WIDE: [&str; 8] =
    ["jobs", "room:1", "room:2", "room:3", "site.a.log", "site.b.log", "board:1", "board:2"];
const KEYS: u64 = 6;
/// Events that a narrow channel keeps.
pub(crate) const NARROW_EVENTS: usize = 8;
const NARROW_PAD_BYTES: u64 = 6_000;
const WIDE_PAD_BYTES: u64 = 160;

/// What readers ask for.
pub(crate) const SELECTORS: [&str; 13] = [
    "jobs",
    "room:1",
    "room:2",
    "room:*",
    "site.*.log",
    "site.a.log",
    "board:*",
    "board:2",
    "narrow:0",
    "narrow:1",
    "narrow:*",
    "room:3",
    "all",
];

pub(crate) fn hub_file() -> String {
    format!(
        "[history]\ncount = 1000000\nage_ms = 0\nbytes = 0\ntotal_bytes = 0\n\n\
         [[channel]]\nmatch = \"narrow:*\"\nhistory.count = {NARROW_EVENTS}\n"
    )
}

/// A channel that keeps few events. It has one publisher, so that nothing comes between an event and its repeat.
pub(crate) fn narrow(publisher: u64) -> String {
    format!("narrow:{publisher}")
}

pub(crate) fn held_events(channel: &str) -> usize {
    if channel.starts_with("narrow:") { NARROW_EVENTS } else { usize::MAX }
}

/// An event that goes to one channel, or to several.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) channels: Vec<String>,
    pub(crate) n: u64,
    pub(crate) id: Option<String>,
    /// Its type is one that publishers may not use.
    pub(crate) refused: bool,
    /// The last of its channel.
    pub(crate) last: bool,
}

impl Item {
    pub(crate) fn key(&self) -> Option<String> {
        let keyed = self.channels.iter().any(|channel| channel.starts_with("board:"));
        let k = self.n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        (keyed && !self.last && !k.is_multiple_of(4)).then(|| format!("k{}", k % KEYS))
    }

    pub(crate) fn json(&self) -> Value {
        let mut event = json!({ "data": data(&self.channels, self.n, self.last) });
        match self.channels.as_slice() {
            [one] => event["channel"] = json!(one),
            many => event["channels"] = json!(many),
        }
        if let Some(id) = &self.id {
            event["id"] = json!(id);
        }
        if let Some(key) = self.key() {
            event["key"] = json!(key);
        }
        if self.refused {
            event["type"] = json!("gap");
        } else if self.n.is_multiple_of(3) {
            event["type"] = json!("tested");
        }
        event
    }
}

fn data(channels: &[String], n: u64, last: bool) -> Value {
    let narrow = channels.iter().any(|channel| channel.starts_with("narrow:"));
    let pad = if narrow { NARROW_PAD_BYTES + n * 7 % NARROW_PAD_BYTES } else { n * 13 % WIDE_PAD_BYTES };
    let pad: String = (0..pad).map(|at| char::from(b'a' + ((n + at) % 26) as u8)).collect();
    json!({ "channels": channels, "n": n, "last": last, "pad": pad })
}

/// What a reader was given, read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    /// Empty where the data alone doesn't tell.
    pub(crate) channel: String,
    /// `u64::MAX` where it is not what was published, to the last letter.
    pub(crate) n: u64,
    pub(crate) last: bool,
}

/// Reads an event's data, in its envelope if it has one.
pub(crate) fn read(text: &str, offset: u64, envelope: bool) -> Given {
    let whole: Value = serde_json::from_str(text).unwrap_or_default();
    let inner = if envelope { &whole["data"] } else { &whole };
    let list = inner["channels"].as_array().into_iter().flatten();
    let channels: Vec<String> = list.filter_map(Value::as_str).map(str::to_owned).collect();
    let n = inner["n"].as_u64().unwrap_or(u64::MAX);
    let last = inner["last"] == true;
    let channel = match channels.as_slice() {
        _ if envelope => whole["channel"].as_str().unwrap_or_default().to_owned(),
        [one] => one.clone(),
        _ => String::new(),
    };
    let is_mine = channel.is_empty() || channels.contains(&channel);
    let is_placed = !envelope || whole["offset"].as_u64() == Some(offset);
    let is_same = n < u64::MAX && *inner == data(&channels, n, last) && is_mine && is_placed;
    Given { channel, n: if is_same { n } else { u64::MAX }, last }
}

#[test]
fn what_was_changed_on_the_way_is_not_taken_for_what_was_published() {
    let text = data(&["jobs".to_owned()], 7, false).to_string();
    assert_eq!(read(&text, 1, false), Given { channel: "jobs".to_owned(), n: 7, last: false });
    assert_eq!(read(&text.replace("\"n\":7", "\"n\":8"), 1, false).n, u64::MAX);
    assert_eq!(read(&text.replacen('a', "b", 1), 1, false).n, u64::MAX);
}
