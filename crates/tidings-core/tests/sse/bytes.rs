use super::{Message, Stream};

/// Reads a whole stream by feeding a [`Reader`] one byte at a time.
pub(crate) fn read(bytes: &[u8]) -> Stream {
    let mut reader = Reader::default();
    for byte in bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes) {
        reader.feed(*byte);
    }
    reader.stream
}

#[derive(Clone, Copy, Default, PartialEq)]
enum State {
    #[default]
    Name,
    ValueStart,
    Value,
    Comment,
}

#[derive(Default)]
struct Reader {
    stream: Stream,
    state: State,
    after_cr: bool,
    name: Vec<u8>,
    value: Vec<u8>,
    // Buffers of the event under way; `data` ends in a newline for each of its lines.
    data: Vec<u8>,
    ty: Vec<u8>,
    id: Vec<u8>,
}

impl Reader {
    fn feed(&mut self, byte: u8) {
        let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
        match (byte, self.state) {
            (b'\n', _) if after_cr => {}
            (b'\n' | b'\r', _) => self.end_line(),
            (b':', State::Name) if self.name.is_empty() => self.state = State::Comment,
            (b':', State::Name) => self.state = State::ValueStart,
            (_, State::Name) => self.name.push(byte),
            (b' ', State::ValueStart) => self.state = State::Value,
            (_, State::ValueStart | State::Value) => {
                self.state = State::Value;
                self.value.push(byte);
            }
            (_, State::Comment) => {}
        }
    }

    fn end_line(&mut self) {
        let comment = self.state == State::Comment;
        self.state = State::Name;
        let (name, value) = (std::mem::take(&mut self.name), std::mem::take(&mut self.value));
        match &name[..] {
            _ if comment => {}
            b"" => self.dispatch(),
            b"event" => self.ty = value,
            b"id" if !value.contains(&0) => self.id = value,
            b"data" => {
                self.data.extend(value);
                self.data.push(b'\n');
            }
            b"retry" => self.retry(&value),
            _ => {}
        }
    }

    fn retry(&mut self, value: &[u8]) {
        let number = value.iter().try_fold(0u64, |number, byte| match byte {
            b'0'..=b'9' => number.checked_mul(10)?.checked_add(u64::from(byte - b'0')),
            _ => None,
        });
        if let (Some(number), false) = (number, value.is_empty()) {
            self.stream.retry_ms = Some(number);
        }
    }

    fn dispatch(&mut self) {
        let (data, ty) = (std::mem::take(&mut self.data), std::mem::take(&mut self.ty));
        let Some((_, data)) = data.split_last() else { return };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let ty = if ty.is_empty() { "message".to_owned() } else { text(&ty) };
        self.stream.messages.push(Message { ty, id: text(&self.id), data: text(data) });
    }
}
