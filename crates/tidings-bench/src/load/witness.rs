//! One connection of each load is parsed in full, to prove what the fast path only counts.

use crate::scan::MARKER;

/// Decodes chunk framing and server-sent events, and holds the events to their sequence.
pub(crate) struct Witness {
    framing: Framing,
    line: Vec<u8>,
    event: Vec<u8>,
    data: Vec<u8>,
    kind: Vec<u8>,
    next_seq: Option<u64>,
    events: u32,
    sample: Vec<u8>,
}

#[derive(PartialEq)]
enum Framing {
    Plain,
    Size(usize),
    SizeExtension(usize),
    Data(usize),
    DataEnd,
}

impl Witness {
    pub(crate) fn new(chunked: bool) -> Self {
        Self {
            framing: if chunked { Framing::Size(0) } else { Framing::Plain },
            line: Vec::new(),
            event: Vec::new(),
            data: Vec::new(),
            kind: Vec::new(),
            next_seq: None,
            events: 0,
            sample: Vec::new(),
        }
    }

    /// Complete events of ours so far.
    pub(crate) fn events(&self) -> u32 {
        self.events
    }

    /// The bytes of the last event of ours, without chunk framing.
    pub(crate) fn sample(&self) -> &[u8] {
        &self.sample
    }

    /// Body bytes as they came from the socket.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<(), String> {
        for byte in bytes {
            self.framed(*byte)?;
        }
        Ok(())
    }

    fn framed(&mut self, byte: u8) -> Result<(), String> {
        self.framing = match self.framing {
            Framing::Plain => return self.body(byte),
            Framing::Size(size) => match (byte as char).to_digit(16) {
                Some(digit) => Framing::Size(size * 16 + digit as usize),
                None if byte == b'\n' => return self.size_read(size),
                None if byte == b'\r' || byte == b';' => Framing::SizeExtension(size),
                None => return Err(format!("byte {byte:#04x} stands in a chunk's size")),
            },
            Framing::SizeExtension(size) if byte == b'\n' => return self.size_read(size),
            Framing::SizeExtension(size) => Framing::SizeExtension(size),
            Framing::Data(left) => {
                self.framing = if left == 1 { Framing::DataEnd } else { Framing::Data(left - 1) };
                return self.body(byte);
            }
            Framing::DataEnd if byte == b'\r' => Framing::DataEnd,
            Framing::DataEnd if byte == b'\n' => Framing::Size(0),
            Framing::DataEnd => return Err(format!("byte {byte:#04x} follows a chunk")),
        };
        Ok(())
    }

    fn size_read(&mut self, size: usize) -> Result<(), String> {
        if size == 0 {
            return Err("the stream ended".into());
        }
        self.framing = Framing::Data(size);
        Ok(())
    }

    fn body(&mut self, byte: u8) -> Result<(), String> {
        self.event.push(byte);
        if byte != b'\n' {
            self.line.push(byte);
            return Ok(());
        }
        if self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        let line = std::mem::take(&mut self.line);
        let outcome = if line.is_empty() { self.dispatch() } else { self.field(&line) };
        self.line = line;
        self.line.clear();
        outcome
    }

    fn field(&mut self, line: &[u8]) -> Result<(), String> {
        let (name, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => {
                (&line[..colon], line[colon + 1..].strip_prefix(b" ").unwrap_or(&line[colon + 1..]))
            }
            None => (line, &[][..]),
        };
        match name {
            b"data" => {
                self.data.extend_from_slice(value);
                self.data.push(b'\n');
            }
            b"event" => self.kind = value.to_vec(),
            // An empty name is a comment.
            b"" | b"id" | b"retry" => {}
            other => return Err(format!("unknown field {:?}", String::from_utf8_lossy(other))),
        }
        Ok(())
    }

    fn dispatch(&mut self) -> Result<(), String> {
        let event = std::mem::take(&mut self.event);
        let data = std::mem::take(&mut self.data);
        let kind = std::mem::take(&mut self.kind);
        if kind == b"gap" {
            return Err(format!("the server announced a gap: {}", String::from_utf8_lossy(&data)));
        }
        if !data.windows(MARKER.len()).any(|window| window == MARKER) {
            return Ok(());
        }
        let seq = sequence(&data)
            .ok_or_else(|| format!("an event without its sequence: {}", String::from_utf8_lossy(&data)))?;
        if let Some(expected) = self.next_seq.filter(|expected| *expected != seq) {
            return Err(format!("event {seq} came where {expected} was due"));
        }
        self.next_seq = Some(seq + 1);
        self.events += 1;
        self.sample = event;
        Ok(())
    }
}

/// The number that opens the data string: `"0000000042:xxx…~tb~"`.
fn sequence(data: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(data).ok()?.trim_start_matches('"');
    text.split_once(':')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Witness;

    fn event(seq: u64) -> String {
        format!("id: a-{seq}\nevent: tick\ndata: \"{seq:010}:xx~tb~\"\n\n")
    }

    fn chunk(body: &str) -> String {
        format!("{:x}\r\n{body}\r\n", body.len())
    }

    #[test]
    fn reads_chunked_events_over_every_split() {
        let stream = [
            chunk("event: connected\ndata: {}\n\n"),
            chunk(&event(1)),
            chunk(": heartbeat\n\n"),
            chunk(&[event(2), event(3)].concat()),
        ]
        .concat();
        for size in 1..stream.len() {
            let mut witness = Witness::new(true);
            for piece in stream.as_bytes().chunks(size) {
                witness.feed(piece).expect("well-formed");
            }
            assert_eq!(witness.events(), 3);
            assert_eq!(witness.sample(), event(3).as_bytes());
        }
    }

    #[test]
    fn reads_a_body_without_chunks() {
        let mut witness = Witness::new(false);
        witness.feed([event(8), event(9)].concat().as_bytes()).expect("well-formed");
        assert_eq!(witness.events(), 2);
    }

    #[test]
    fn tells_of_a_lost_event_a_repeated_one_and_a_gap() {
        for second in [1, 3] {
            let mut witness = Witness::new(true);
            witness.feed(chunk(&event(1)).as_bytes()).expect("the first is any");
            let error = witness.feed(chunk(&event(second)).as_bytes()).expect_err("out of sequence");
            assert_eq!(error, format!("event {second} came where 2 was due"));
        }
        let gap = chunk("event: gap\ndata: {\"channel\":\"bench\"}\n\n");
        assert!(Witness::new(true).feed(gap.as_bytes()).expect_err("gap").contains("gap"));
    }

    #[test]
    fn tells_of_broken_framing_and_of_the_end() {
        assert!(Witness::new(true).feed(b"zz\r\n").is_err());
        assert!(Witness::new(true).feed(b"2\r\nabc").is_err());
        assert!(Witness::new(true).feed(b"0\r\n\r\n").expect_err("end").contains("ended"));
    }
}
