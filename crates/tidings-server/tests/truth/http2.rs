//! HTTP/2 by hand (RFC 9113): a client that can be as rude as it likes with its frames and its window.

use std::io::{self, Read, Write};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub const DATA: u8 = 0x0;
pub const HEADERS: u8 = 0x1;
pub const RST_STREAM: u8 = 0x3;
pub const SETTINGS: u8 = 0x4;
pub const PING: u8 = 0x6;
pub const CONTINUATION: u8 = 0x9;
pub const WINDOW_UPDATE: u8 = 0x8;
const ACK: u8 = 0x1;
const END_STREAM: u8 = 0x1;
pub const END_HEADERS: u8 = 0x4;
const SETTINGS_INITIAL_WINDOW_SIZE: u16 = 0x4;
const FRAME_HEAD_BYTES: usize = 9;
const CANCEL: u32 = 0x8;

/// A frame that came in.
pub struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    pub payload: Vec<u8>,
}

impl Frame {
    pub fn is_data(&self) -> bool {
        self.kind == DATA
    }

    /// Whether it is the last of a stream.
    pub fn ends(&self, stream: u32) -> bool {
        self.stream == stream && matches!(self.kind, DATA | HEADERS) && self.flags & END_STREAM != 0
    }

    pub fn is_reset_of(&self, stream: u32) -> bool {
        self.kind == RST_STREAM && self.stream == stream
    }
}

/// Says hello; the window is what each stream may send before it is granted more.
pub fn hello(io: &mut impl Write, initial_window_bytes: u32) -> io::Result<()> {
    let mut setting = SETTINGS_INITIAL_WINDOW_SIZE.to_be_bytes().to_vec();
    setting.extend_from_slice(&initial_window_bytes.to_be_bytes());
    let mut out = PREFACE.to_vec();
    out.extend(frame(SETTINGS, 0, 0, &setting));
    io.write_all(&out)
}

/// Only the preface, and not all of it.
pub fn half_a_hello(io: &mut impl Write) -> io::Result<()> {
    io.write_all(&PREFACE[..PREFACE.len() / 2])
}

/// Lets all streams together send so many bytes more.
pub fn grant(io: &mut impl Write, bytes: u32) -> io::Result<()> {
    io.write_all(&frame(WINDOW_UPDATE, 0, 0, &bytes.to_be_bytes()))
}

/// Lets one stream send so many bytes more.
pub fn grant_one(io: &mut impl Write, stream: u32, bytes: u32) -> io::Result<()> {
    io.write_all(&frame(WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes()))
}

/// `GET path`, with nothing to follow: literals without indexing (RFC 7541 §6.2.2), the methods from the static table.
pub fn get(io: &mut impl Write, stream: u32, authority: &str, path: &str) -> io::Result<()> {
    io.write_all(&frame(HEADERS, END_STREAM | END_HEADERS, stream, &asking(authority, path)))
}

/// The fields of `GET path`.
pub fn asking(authority: &str, path: &str) -> Vec<u8> {
    const METHOD_GET: u8 = 0x82;
    const SCHEME_HTTP: u8 = 0x86;
    const AUTHORITY: u8 = 0x01;
    const PATH: u8 = 0x04;
    let mut block = vec![METHOD_GET, SCHEME_HTTP];
    for (name, value) in [(PATH, path), (AUTHORITY, authority)] {
        let length = u8::try_from(value.len()).ok().filter(|len| *len < 0x7f).expect("a short one");
        block.extend([name, length]);
        block.extend_from_slice(value.as_bytes());
    }
    block
}

/// Resets a stream, as a browser does when its reader is closed.
pub fn reset(io: &mut impl Write, stream: u32) -> io::Result<()> {
    io.write_all(&frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes()))
}

/// Reads one frame, and answers it where the protocol wants an answer.
pub fn next(io: &mut (impl Read + Write)) -> io::Result<Frame> {
    let mut head = [0; FRAME_HEAD_BYTES];
    io.read_exact(&mut head)?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]) & 0x7fff_ffff;
    let mut payload = vec![0; length];
    io.read_exact(&mut payload)?;
    let (kind, flags) = (head[3], head[4]);
    if flags & ACK == 0 && kind == SETTINGS {
        io.write_all(&frame(SETTINGS, ACK, 0, &[]))?;
    }
    if flags & ACK == 0 && kind == PING {
        io.write_all(&frame(PING, ACK, 0, &payload))?;
    }
    Ok(Frame { kind, flags, stream, payload })
}

/// A frame, sound or not.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    out.extend([kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
    out
}
