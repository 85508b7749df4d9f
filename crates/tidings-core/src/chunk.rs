//! Chunks of HTTP/1.1's chunked coding, RFC 9112 §7.1. Exported by [`crate::wire`].

use std::fmt;

/// What ends a chunked body.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

const END: &[u8] = b"\r\n";
const HEAD_BYTES_MAX: usize = 18;

/// A payload kept once, as a complete chunk, of which a transport that frames by itself takes the middle.
#[derive(Clone, PartialEq, Eq)]
pub struct Framed {
    bytes: Box<[u8]>,
    head_bytes: u8,
}

impl Framed {
    /// Frames a payload. An empty one has an empty chunk, since one of size 0 would end the body.
    pub fn new(payload: &[u8]) -> Framed {
        let bytes = chunked(payload).into_boxed_slice();
        let head_bytes = bytes.len().saturating_sub(payload.len() + END.len()) as u8;
        Framed { bytes, head_bytes }
    }

    /// The payload alone.
    pub fn payload(&self) -> &[u8] {
        let end = self.bytes.len().saturating_sub(END.len());
        &self.bytes[usize::from(self.head_bytes)..end]
    }

    /// The payload with the chunk's head and tail.
    pub fn chunk(&self) -> &[u8] {
        &self.bytes
    }
}

/// The payload as one chunk; nothing for an empty payload.
pub fn chunked(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    chunk_into(&mut out, payload);
    out
}

/// Appends the payload as one chunk; nothing for an empty payload.
pub fn chunk_into(out: &mut Vec<u8>, payload: &[u8]) {
    if payload.is_empty() {
        return;
    }
    let mut head = [0; HEAD_BYTES_MAX];
    let head = chunk_head(payload.len(), &mut head);
    out.reserve(head.len() + payload.len() + END.len());
    out.extend_from_slice(head);
    out.extend_from_slice(payload);
    out.extend_from_slice(END);
}

fn chunk_head(mut size: usize, head: &mut [u8; HEAD_BYTES_MAX]) -> &[u8] {
    let mut start = HEAD_BYTES_MAX - END.len();
    head[start..].copy_from_slice(END);
    while size > 0 {
        start -= 1;
        head[start] = b"0123456789abcdef"[size % 16];
        size /= 16;
    }
    &head[start..]
}

impl fmt::Debug for Framed {
    // No payload in any log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Framed").field("payload_bytes", &self.payload().len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_is_its_size_in_hex_and_the_payload() {
        assert_eq!(chunked(b"data: 1\n\n"), b"9\r\ndata: 1\n\n\r\n");
        for size in [1, 15, 16, 255, 256, 4095, 4096, 65_536, 1 << 20] {
            let payload = vec![b'x'; size];
            let framed = Framed::new(&payload);
            assert_eq!(framed.payload(), payload);
            let head = format!("{size:x}\r\n");
            assert!(framed.chunk().starts_with(head.as_bytes()));
            assert_eq!(framed.chunk().len(), head.len() + size + 2);
            assert!(framed.chunk().ends_with(b"\r\n"));
        }
    }

    #[test]
    fn an_empty_payload_never_ends_the_body() {
        let framed = Framed::new(b"");
        assert_eq!((framed.payload(), framed.chunk()), (&b""[..], &b""[..]));
    }
}
