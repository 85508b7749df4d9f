//! An entry as Redis keeps and tells it: seven lines, of place, time, channel, type, id, key and data.
//!
//! No name and no label has a control character, and the data of an event is on one line, so that nothing needs to be
//! escaped, and what is kept can be read by eye. An absent type, id or key is an empty line: none of them is ever empty.

use serde_json::value::RawValue;
use tidings_core::channel::ChannelName;
use tidings_core::engine::{Appended, Entry, Offer, Placed};
use tidings_core::event::{Draft, Event};
use tidings_core::position::Epoch;

const LINES: usize = 7;

/// The lines of an event that has no place yet: type, id, key and data.
pub(crate) fn tail(event: &Event) -> Vec<u8> {
    let fields = [event.ty(), event.id(), event.key()].map(Option::unwrap_or_default);
    let bytes = fields.iter().map(|field| field.len() + 1).sum::<usize>() + event.data().len();
    let mut tail = Vec::with_capacity(bytes);
    for field in fields {
        tail.extend_from_slice(field.as_bytes());
        tail.push(b'\n');
    }
    tail.extend_from_slice(event.data().as_bytes());
    tail
}

/// What the bus is told of what was appended; nothing where nothing was.
pub(crate) fn told(offers: &[Offer], appended: &Appended) -> Option<Vec<u8>> {
    let mut told = appended.epoch.get().to_string().into_bytes();
    let new = || offers.iter().zip(&appended.placed).filter(|(_, placed)| !placed.duplicate);
    for (Offer { channel, event, .. }, Placed { seq, time_ms, .. }) in new() {
        told.extend(format!("\n{seq}\n{time_ms}\n{channel}\n").into_bytes());
        told.extend(tail(event));
    }
    new().next().map(|_| told)
}

/// Reads one entry.
pub(crate) fn parse(text: &str) -> Option<Entry> {
    let mut lines = text.split('\n');
    let entry = take(&mut lines)?;
    lines.next().is_none().then_some(entry)
}

/// Reads what is told on the bus: the epoch's line, and entries one behind the other.
pub(crate) fn parse_told(bytes: &[u8]) -> Option<(Epoch, Vec<Entry>)> {
    let mut lines = std::str::from_utf8(bytes).ok()?.split('\n').peekable();
    let epoch = Epoch::from(lines.next()?.parse::<u64>().ok()?);
    let mut entries = Vec::with_capacity(1);
    while lines.peek().is_some() {
        entries.push(take(&mut lines)?);
    }
    Some((epoch, entries))
}

fn take<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Option<Entry> {
    let mut fields = [""; LINES];
    for field in &mut fields {
        *field = lines.next()?;
    }
    let [seq, time_ms, channel, ty, id, key, data] = fields;
    let present = |text: &'a str| (!text.is_empty()).then_some(text);
    let data: &RawValue = serde_json::from_str(data).ok()?;
    let draft = Draft { ty: present(ty), data, id: present(id), key: present(key) };
    Some(Entry {
        seq: seq.parse().ok()?,
        time_ms: time_ms.parse().ok()?,
        channel: ChannelName::parse(channel).ok()?,
        event: Event::kept(draft).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn label() -> impl Strategy<Value = Option<String>> {
        proptest::option::of("[^\\p{Cc}]{1,40}")
    }

    fn entry() -> impl Strategy<Value = Entry> {
        let data = any::<String>().prop_map(|text| serde_json::json!([text, { "a": 1.5 }]));
        let name = "[^\\p{Cc},*]{1,40}".prop_filter("a name", |name| ChannelName::parse(name).is_ok());
        (any::<u64>(), any::<u64>(), name, label(), label(), label(), data, any::<bool>()).prop_map(
            |(seq, time_ms, channel, ty, id, key, data, pretty)| {
                let data =
                    if pretty { serde_json::to_string_pretty(&data) } else { serde_json::to_string(&data) };
                let data = RawValue::from_string(data.expect("JSON")).expect("JSON");
                let draft = Draft { ty: ty.as_deref(), data: &data, id: id.as_deref(), key: key.as_deref() };
                let event = Event::kept(draft).expect("an event");
                Entry { seq, time_ms, channel: ChannelName::parse(&channel).expect("a name"), event }
            },
        )
    }

    fn written(entry: &Entry) -> String {
        let tail = String::from_utf8(tail(&entry.event)).expect("UTF-8");
        format!("{}\n{}\n{}\n{tail}", entry.seq, entry.time_ms, entry.channel)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(entries in proptest::collection::vec(entry(), 1..4), epoch: u64) {
            for entry in &entries {
                prop_assert_eq!(&parse(&written(entry)), &Some(entry.clone()));
            }
            let lines: Vec<_> = entries.iter().map(written).collect();
            let told = format!("{epoch}\n{}", lines.join("\n"));
            prop_assert_eq!(parse_told(told.as_bytes()), Some((Epoch::from(epoch), entries)));
        }

        #[test]
        fn anything_else_is_no_entry_and_no_harm(bytes: Vec<u8>, text: String) {
            _ = parse(&text);
            _ = parse_told(&bytes);
        }

        #[test]
        fn what_lacks_a_line_or_has_one_too_many_is_no_entry(entry in entry()) {
            let text = written(&entry);
            prop_assert_eq!(parse(&format!("{text}\n")), None);
            prop_assert_eq!(parse(text.split_once('\n').expect("lines").1), None);
            let told = format!("1\n{text}\n{}", entry.seq);
            prop_assert_eq!(parse_told(told.as_bytes()), None);
        }
    }

    #[test]
    fn what_is_empty_or_of_nobody_is_not_told() {
        assert_eq!(parse_told(b""), None);
        assert_eq!(parse_told(b"x"), None);
        assert_eq!(parse_told(b"1"), Some((Epoch::from(1), vec![])));
    }
}
