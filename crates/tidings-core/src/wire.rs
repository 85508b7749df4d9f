//! Events as bytes: the event stream of WHATWG HTML §9.2, and the chunks of HTTP/1.1 (RFC 9112 §7.1) around it.
//!
//! Whatever text comes in, what goes out is one event, comment or field: line breaks in data part `data:` lines,
//! and an id or type can't start a line of its own.

use crate::position::Cursor;

pub use crate::chunk::{Framed, LAST_CHUNK, chunk_into, chunked};

/// What an idle stream says: a comment, which no client reads and every proxy forwards.
pub const HEARTBEAT: &[u8] = b": heartbeat\n\n";

/// Appends one event. `id` and `ty` come from validated labels; `data` is any text.
pub fn event(out: &mut Vec<u8>, id: Option<&str>, ty: Option<&str>, data: &str) {
    if let Some(id) = id {
        field(out, b"id: ", id);
    }
    rest(out, ty, data);
}

/// Appends one event whose id is a cursor.
pub fn event_at(out: &mut Vec<u8>, cursor: Cursor, ty: Option<&str>, data: &str) {
    out.extend_from_slice(b"id: ");
    cursor.write_into(out);
    out.push(b'\n');
    rest(out, ty, data);
}

/// Appends a comment, which clients skip.
pub fn comment(out: &mut Vec<u8>, text: &str) {
    lines(out, b": ", text);
    out.push(b'\n');
}

/// Appends how long a client waits before it reconnects.
pub fn retry(out: &mut Vec<u8>, retry_ms: u64) {
    // [spec] "If the field value consists of only ASCII digits, then interpret the field value as an integer".
    out.extend_from_slice(format!("retry: {retry_ms}\n\n").as_bytes());
}

fn rest(out: &mut Vec<u8>, ty: Option<&str>, data: &str) {
    if let Some(ty) = ty {
        field(out, b"event: ", ty);
    }
    lines(out, b"data: ", data);
    // [spec] "If the line is empty (a blank line): Dispatch the event".
    out.push(b'\n');
}

fn field(out: &mut Vec<u8>, name: &[u8], value: &str) {
    // [spec] A line ends at CRLF, LF or CR, and an id with a NUL is ignored.
    let stray = |byte: &u8| matches!(byte, b'\r' | b'\n' | 0);
    debug_assert!(!value.bytes().any(|b| stray(&b)), "not a validated label: {value:?}");
    out.extend_from_slice(name);
    out.extend(value.bytes().filter(|byte| !stray(byte)));
    out.push(b'\n');
}

fn lines(out: &mut Vec<u8>, prefix: &[u8], text: &str) {
    // Each line has its space, since one leading space is taken off by the reader: [spec] "If value starts with a
    // U+0020 SPACE character, remove it from value". An empty text is one empty line, and so still an event.
    let mut rest = text.as_bytes();
    loop {
        let end = rest.iter().position(|b| matches!(b, b'\r' | b'\n'));
        out.extend_from_slice(prefix);
        out.extend_from_slice(&rest[..end.unwrap_or(rest.len())]);
        out.push(b'\n');
        let Some(end) = end else { break };
        let width = if rest[end..].starts_with(b"\r\n") { 2 } else { 1 };
        rest = &rest[end + width..];
    }
}
