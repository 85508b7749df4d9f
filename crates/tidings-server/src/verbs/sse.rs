//! Reads `text/event-stream`, strictly as WHATWG HTML §9.2.6 says. Written apart from the hub's encoder, so that each
//! can find the other's mistakes.

/// What a stream says, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    Event(Event),
    /// The hub's wish for the time before a reconnect.
    Retry {
        wait_ms: u64,
    },
}

/// A dispatched event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// `message` where the stream named none.
    pub(crate) name: String,
    pub(crate) data: String,
    /// The last event id as of this event, which may be an earlier event's.
    pub(crate) last_id: String,
}

pub(crate) const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;
pub(crate) const EVENT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The stream asks for more memory than anybody should give it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stream holds {what} of more than {bytes_max} bytes")]
pub(crate) struct TooLong {
    what: &'static str,
    bytes_max: usize,
}

/// An incremental parser: bytes in any portions in, items out.
#[derive(Debug)]
pub(crate) struct Parser {
    line_bytes_max: usize,
    event_bytes_max: usize,
    line: Vec<u8>,
    at_start: bool,
    after_cr: bool,
    name: String,
    data: String,
    id: String,
    last_id: String,
}

impl Parser {
    /// `last_id` is what an earlier connection of the same stream came to.
    pub(crate) fn new(last_id: String) -> Self {
        Self {
            line_bytes_max: LINE_BYTES_MAX,
            event_bytes_max: EVENT_BYTES_MAX,
            line: Vec::new(),
            at_start: true,
            after_cr: false,
            name: String::new(),
            data: String::new(),
            id: last_id.clone(),
            last_id,
        }
    }

    /// The id that a reconnect sends: that of the last block that ended, with data or without.
    pub(crate) fn last_id(&self) -> &str {
        &self.last_id
    }

    /// Reads a portion. What is incomplete when the stream ends is dropped with the parser: \[spec\] "once the end of
    /// the file is reached, any pending data must be discarded".
    pub(crate) fn push(&mut self, mut bytes: &[u8], out: &mut Vec<Item>) -> Result<(), TooLong> {
        while !bytes.is_empty() {
            // [spec] CR, LF and CRLF each end a line; the LF of a CRLF may come with the next portion.
            if std::mem::take(&mut self.after_cr) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                return self.keep(bytes);
            };
            self.keep(&bytes[..end])?;
            self.after_cr = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            let line = std::mem::take(&mut self.line);
            self.read_line(&line, out)?;
            self.line = line;
            self.line.clear();
        }
        Ok(())
    }

    fn keep(&mut self, part: &[u8]) -> Result<(), TooLong> {
        if self.line.len() + part.len() > self.line_bytes_max {
            return Err(TooLong { what: "a line", bytes_max: self.line_bytes_max });
        }
        self.line.extend_from_slice(part);
        Ok(())
    }

    fn read_line(&mut self, mut line: &[u8], out: &mut Vec<Item>) -> Result<(), TooLong> {
        // [spec] "the UTF-8 decode algorithm strips one leading UTF-8 byte order mark, if any".
        if std::mem::take(&mut self.at_start) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        if line.is_empty() {
            self.dispatch(out);
            return Ok(());
        }
        let line = String::from_utf8_lossy(line);
        let (field, value) = match line.split_once(':') {
            // [spec] a line that starts with a colon is ignored.
            Some(("", _)) => return Ok(()),
            // [spec] one space after the colon is not part of the value.
            Some((field, value)) => (field, value.strip_prefix(' ').unwrap_or(value)),
            None => (&*line, ""),
        };
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => self.add_data(value)?,
            // [spec] an id that contains NUL is ignored.
            "id" if !value.contains('\0') => value.clone_into(&mut self.id),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                out.push(Item::Retry { wait_ms: value.parse().unwrap_or(u64::MAX) });
            }
            _ => {}
        }
        Ok(())
    }

    fn add_data(&mut self, value: &str) -> Result<(), TooLong> {
        if self.data.len() + value.len() > self.event_bytes_max {
            return Err(TooLong { what: "an event", bytes_max: self.event_bytes_max });
        }
        self.data.push_str(value);
        self.data.push('\n');
        Ok(())
    }

    fn dispatch(&mut self, out: &mut Vec<Item>) {
        // [spec] the id counts from here on even where no event is dispatched for want of data.
        self.id.clone_into(&mut self.last_id);
        let name = std::mem::take(&mut self.name);
        if self.data.is_empty() {
            return;
        }
        let mut data = std::mem::take(&mut self.data);
        data.pop();
        let name = if name.is_empty() { "message".to_owned() } else { name };
        out.push(Item::Event(Event { name, data, last_id: self.last_id.clone() }));
    }
}

#[cfg(test)]
#[path = "sse_tests.rs"]
mod tests;
