//! One stream over HTTP/1.1, read no further than needed.

use super::witness::Witness;
use super::{Fed, Target};
use crate::scan::Scanner;

const HEAD_BYTES_MAX: usize = 16 * 1024;

/// The client's end of one stream.
pub(crate) struct Http1 {
    /// What came before the stream stood open; `None` from then on.
    opening: Option<Vec<u8>>,
    greeted: bool,
    scanner: Scanner,
    pub(crate) events: u32,
    pub(crate) witness: Option<Box<Witness>>,
}

impl Http1 {
    pub(crate) fn new(target: &Target, witnessed: bool) -> (Self, Vec<u8>) {
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n\r\n",
            target.stream_path(),
            target.addr
        );
        let http1 = Self {
            opening: Some(Vec::new()),
            greeted: target.greets,
            scanner: Scanner::default(),
            events: 0,
            witness: witnessed.then(|| Box::new(Witness::new(false))),
        };
        (http1, request.into_bytes())
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<Fed, String> {
        let Some(opening) = &mut self.opening else {
            return self.body(bytes);
        };
        opening.extend_from_slice(bytes);
        let Some(body_at) = opened(opening, self.greeted)? else {
            return Ok(Fed::default());
        };
        let opening = self.opening.take().unwrap_or_default();
        if self.witness.is_some() {
            self.witness = Some(Box::new(Witness::new(is_chunked(&opening[..body_at]))));
        }
        let fed = self.body(&opening[body_at..])?;
        Ok(Fed { opened: 1, ..fed })
    }

    fn body(&mut self, bytes: &[u8]) -> Result<Fed, String> {
        if let Some(witness) = &mut self.witness {
            witness.feed(bytes)?;
        }
        let events = self.scanner.feed(bytes);
        self.events += events;
        Ok(Fed { opened: 0, events })
    }
}

/// Where the body begins, once the head is complete and, where the server greets, so is its first event.
fn opened(bytes: &[u8], greeted: bool) -> Result<Option<usize>, String> {
    let Some(body_at) = after(bytes, b"\r\n\r\n") else {
        if bytes.len() > HEAD_BYTES_MAX {
            return Err(format!("the response's head is longer than {HEAD_BYTES_MAX} bytes"));
        }
        return Ok(None);
    };
    if !bytes.starts_with(b"HTTP/1.1 200 ") {
        return Err(format!("the stream was refused: {}", String::from_utf8_lossy(bytes)));
    }
    let complete = !greeted || after(&bytes[body_at..], b"\n\n").is_some();
    Ok(complete.then_some(body_at))
}

fn after(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|window| window == pattern).map(|at| at + pattern.len())
}

fn is_chunked(head: &[u8]) -> bool {
    after(&head.to_ascii_lowercase(), b"\r\ntransfer-encoding: chunked").is_some()
}

#[cfg(test)]
mod tests {
    use super::Http1;
    use crate::load::Target;

    fn target(greets: bool) -> Target {
        Target {
            addr: "127.0.0.1:1".parse().expect("an address"),
            greets,
            streams_per_connection: 0,
            tls: None,
        }
    }

    const STREAM: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
        1b\r\nevent: connected\ndata: {}\n\n\r\n1d\r\ndata: \"0000000001:xx~tb~\"\n\n\n\r\n";

    #[test]
    fn opens_once_with_the_first_event_over_every_split() {
        for size in 1..STREAM.len() {
            let (mut stream, _) = Http1::new(&target(true), true);
            let mut opened = 0;
            for piece in STREAM.as_bytes().chunks(size) {
                opened += stream.feed(piece).expect("well-formed").opened;
            }
            assert_eq!((opened, stream.events), (1, 1));
            assert_eq!(stream.witness.as_ref().map(|witness| witness.events()), Some(1));
        }
    }

    #[test]
    fn waits_for_the_greeting_only_where_there_is_one() {
        let head = b"HTTP/1.1 200 OK\r\n\r\n";
        assert_eq!(Http1::new(&target(true), false).0.feed(head).expect("fine").opened, 0);
        assert_eq!(Http1::new(&target(false), false).0.feed(head).expect("fine").opened, 1);
    }

    #[test]
    fn a_refusal_is_told_whole() {
        let refusal = b"HTTP/1.1 429 Too Many\r\n\r\n{\"limit\":\"connections_per_ip\"}";
        let error = Http1::new(&target(true), false).0.feed(refusal).expect_err("refused");
        assert!(error.contains("429") && error.contains("connections_per_ip"), "{error}");
    }
}
