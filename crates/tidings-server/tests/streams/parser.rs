//! Bytes to events, as a browser does it (WHATWG HTML §9.2.6); what the end cuts short is no event.

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SseEvent {
    /// The last id told, by this event or one before.
    pub id: String,
    pub ty: String,
    pub data: String,
}

#[derive(Debug, Default)]
pub struct Parser {
    rest: Vec<u8>,
    id: String,
    ty: String,
    data: Option<String>,
    retry_ms: Option<u64>,
}

impl Parser {
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<SseEvent> {
        let mut events = Vec::new();
        self.rest.extend_from_slice(bytes);
        let mut start = 0;
        while let Some(end) = self.rest[start..].iter().position(|byte| *byte == b'\n') {
            let line = String::from_utf8(self.rest[start..start + end].to_vec()).expect("UTF-8");
            start += end + 1;
            events.extend(self.line(line.trim_end_matches('\r')));
        }
        self.rest.drain(..start);
        events
    }

    pub fn retry_ms(&self) -> Option<u64> {
        self.retry_ms
    }

    fn line(&mut self, line: &str) -> Option<SseEvent> {
        if line.is_empty() {
            let ty = std::mem::take(&mut self.ty);
            let data = self.data.take()?;
            return Some(SseEvent { id: self.id.clone(), ty, data });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => value.clone_into(&mut self.id),
            "event" => value.clone_into(&mut self.ty),
            "retry" => self.retry_ms = value.parse().ok().or(self.retry_ms),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            _ => {}
        }
        None
    }
}
