//! A stream, read as the standard says (WHATWG HTML §9.2.6), and asked what it carried.

use std::io::{BufRead, BufReader};

use serde_json::{Value, json};

use crate::http::{Chunked, Headers, ask_at, header, read_head};
use crate::hub::Hub;

type Lines = Box<dyn BufRead + Send>;

/// What a browser's own `EventSource` sends.
pub(crate) const EVENT_SOURCE: [(&str, &str); 2] =
    [("accept", "text/event-stream"), ("sec-fetch-mode", "cors")];

pub(crate) struct Stream {
    lines: Lines,
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) connected: Value,
    /// The id of the last event that had one.
    pub(crate) cursor: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    Event { ty: String, id: Option<String>, data: Value },
    Comment(String),
    Retry(u64),
}

impl Stream {
    /// Opens a stream and reads its first event.
    #[track_caller]
    pub(crate) fn open(hub: &Hub, query: &str) -> Self {
        Self::open_with(hub, query, &[])
    }

    #[track_caller]
    pub(crate) fn open_with(hub: &Hub, query: &str, headers: &[(&str, &str)]) -> Self {
        let mut stream = Self::ask(hub, query, headers);
        assert_eq!(stream.status, 200, "{query}");
        let Some(Item::Event { ty, id, data }) = stream.item() else { panic!("no first event: {query}") };
        assert_eq!(ty, "connected", "{data}");
        stream.cursor = id.expect("the first event has a cursor");
        stream.connected = data;
        stream
    }

    /// Asks for a stream and reads the head alone.
    #[track_caller]
    pub(crate) fn ask(hub: &Hub, query: &str, headers: &[(&str, &str)]) -> Self {
        Self::ask_at(&hub.address().to_string(), query, headers)
    }

    /// At another address than the hub's first.
    #[track_caller]
    pub(crate) fn ask_at(address: &str, query: &str, headers: &[(&str, &str)]) -> Self {
        let path = format!("/api/sse/stream?{query}");
        let mut socket = BufReader::new(ask_at(address, "GET", &path, headers, ""));
        let (status, headers) = read_head(&mut socket);
        let lines: Lines = match header(&headers, "transfer-encoding") {
            Some("chunked") => Box::new(BufReader::new(Chunked::new(socket))),
            _ => Box::new(socket),
        };
        if status == 200 {
            assert_eq!(header(&headers, "content-type"), Some("text/event-stream"), "{headers:?}");
        }
        Self { lines, status, headers, connected: Value::Null, cursor: String::new() }
    }

    /// The next thing on the stream; `None` at its end.
    pub(crate) fn item(&mut self) -> Option<Item> {
        let mut item = self.raw_item();
        if let Some(Item::Event { data, .. }) = &mut item {
            let text = data.as_str().expect("as it came");
            *data = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text:?}"));
        }
        item
    }

    /// The same, where an event's data is the text that came.
    fn raw_item(&mut self) -> Option<Item> {
        let (mut ty, mut id, mut data) = ("message".to_owned(), None, Vec::new());
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).expect("a line or the end") == 0 {
                assert!(data.is_empty(), "cut in the middle of an event");
                return None;
            }
            let line = line.strip_suffix('\n').expect("whole lines");
            if line.is_empty() {
                if data.is_empty() {
                    continue;
                }
                return Some(Item::Event { ty, id, data: Value::String(data.join("\n")) });
            }
            let (name, value) = line.split_once(':').expect("a field");
            let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
            match name {
                "" => return Some(Item::Comment(value)),
                "retry" => return Some(Item::Retry(value.parse().expect("digits"))),
                "event" => ty = value,
                "id" => {
                    self.cursor.clone_from(&value);
                    id = Some(value);
                }
                "data" => data.push(value),
                _ => panic!("an unknown field: {line:?}"),
            }
        }
    }

    /// The next event, past comments: its type and data.
    #[track_caller]
    pub(crate) fn event(&mut self) -> (String, Value) {
        loop {
            match self.item() {
                Some(Item::Event { ty, data, .. }) => return (ty, data),
                Some(_) => {}
                None => panic!("the stream ended"),
            }
        }
    }

    /// The next event's data to the byte: no parser keeps all numbers as they were written.
    #[track_caller]
    pub(crate) fn raw_data(&mut self) -> String {
        loop {
            match self.raw_item() {
                Some(Item::Event { data: Value::String(text), .. }) => return text,
                Some(_) => {}
                None => panic!("the stream ended"),
            }
        }
    }

    /// The next event must be of this type.
    #[track_caller]
    pub(crate) fn expect(&mut self, wanted: &str) -> Value {
        let (ty, data) = self.event();
        assert_eq!(ty, wanted, "{data}");
        data
    }

    /// `closing` with this reason, then the end of the stream.
    #[track_caller]
    pub(crate) fn expect_closing(&mut self, reason: &str) -> Value {
        let closing = self.expect("closing");
        assert_eq!(closing["reason"], reason, "{closing}");
        assert!(closing["retry_ms"].is_u64() && closing["reconnect"].is_boolean(), "{closing}");
        assert_eq!(self.item(), None, "nothing follows `closing`");
        closing
    }

    pub(crate) fn connection_id(&self) -> &str {
        self.connected["connection_id"].as_str().expect("a secret id")
    }

    pub(crate) fn id(&self) -> &str {
        self.connected["id"].as_str().expect("a public id")
    }

    /// Everything that the hub has for this stream, up to now: a marker is published behind it.
    #[track_caller]
    pub(crate) fn drain(&mut self, hub: &Hub, channel: &str) -> Vec<(String, Value)> {
        let marker = json!({ "channel": channel, "type": "marker", "data": null });
        assert_eq!(crate::http::publish(hub, &marker).status, 200);
        let mut events = Vec::new();
        loop {
            let (ty, data) = self.event();
            if ty == "marker" {
                return events;
            }
            events.push((ty, data));
        }
    }
}
