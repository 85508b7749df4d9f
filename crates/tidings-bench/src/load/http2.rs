//! Many streams over one HTTP/2 connection (cleartext, prior knowledge): just the frames a reader of streams needs.

use super::witness::Witness;
use super::{Fed, Target};
use crate::scan::Scanner;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const WINDOW_MAX: u32 = (1 << 31) - 1;
const WINDOW_DEFAULT: u32 = 65_535;
const PAYLOAD_BYTES_MAX: usize = 1 << 16;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

const ACK: u8 = 0x1;
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;

/// `:status: 200` in HPACK's static table, which every encoder uses and sends first.
const STATUS_200: u8 = 0x88;

struct Stream {
    opened: bool,
    greeted: bool,
    /// Line feeds in a row, while the first event is awaited.
    line_feeds: u8,
    scanner: Scanner,
    events: u32,
}

/// The client's end of one connection.
pub(crate) struct Http2 {
    streams: Vec<Stream>,
    header: Vec<u8>,
    frame: Option<Frame>,
    payload: Vec<u8>,
    pub(crate) witness: Option<Box<Witness>>,
}

#[derive(Clone, Copy)]
struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    left: usize,
}

impl Http2 {
    pub(crate) fn new(target: &Target, witnessed: bool) -> (Self, Vec<u8>) {
        let count = target.streams_per_connection.max(1);
        let stream = || Stream {
            opened: false,
            greeted: target.greets,
            line_feeds: 0,
            scanner: Scanner::default(),
            events: 0,
        };
        let http2 = Self {
            streams: (0..count).map(|_| stream()).collect(),
            header: Vec::with_capacity(9),
            frame: None,
            payload: Vec::new(),
            witness: witnessed.then(|| Box::new(Witness::new(false))),
        };
        (http2, requests(target, count))
    }

    pub(crate) fn events(&self) -> impl Iterator<Item = u32> {
        self.streams.iter().map(|stream| stream.events)
    }

    pub(crate) fn streams(&self) -> usize {
        self.streams.len()
    }

    /// `answer` takes what has to be sent back.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], answer: &mut Vec<u8>) -> Result<Fed, String> {
        let mut fed = Fed::default();
        loop {
            let Some(frame) = &mut self.frame else {
                let Some((byte, rest)) = bytes.split_first() else { return Ok(fed) };
                bytes = rest;
                self.header.push(*byte);
                if self.header.len() == 9 {
                    self.frame = Some(parse_header(&self.header)?);
                    self.header.clear();
                }
                continue;
            };
            let taken = frame.left.min(bytes.len());
            let (payload, rest) = bytes.split_at(taken);
            bytes = rest;
            frame.left -= taken;
            let frame = *frame;
            if frame.kind == DATA {
                self.data(frame.stream, payload, &mut fed)?;
            } else {
                self.payload.extend_from_slice(payload);
            }
            if frame.left > 0 {
                return Ok(fed);
            }
            self.frame = None;
            let payload = std::mem::take(&mut self.payload);
            self.complete(frame, &payload, &mut fed, answer)?;
        }
    }

    fn data(&mut self, id: u32, payload: &[u8], fed: &mut Fed) -> Result<(), String> {
        if let Some(witness) = self.witness.as_mut().filter(|_| id == 1) {
            witness.feed(payload)?;
        }
        let stream = self.stream(id)?;
        if !stream.opened && stream.greeted {
            for byte in payload {
                stream.line_feeds = if *byte == b'\n' { stream.line_feeds + 1 } else { 0 };
                if stream.line_feeds == 2 {
                    stream.opened = true;
                    fed.opened += 1;
                    break;
                }
            }
        }
        let events = stream.scanner.feed(payload);
        stream.events += events;
        fed.events += events;
        Ok(())
    }

    fn complete(
        &mut self,
        frame: Frame,
        payload: &[u8],
        fed: &mut Fed,
        answer: &mut Vec<u8>,
    ) -> Result<(), String> {
        match frame.kind {
            DATA | HEADERS if frame.flags & END_STREAM != 0 => {
                return Err(format!(
                    "stream {} was ended: {}",
                    frame.stream,
                    String::from_utf8_lossy(payload)
                ));
            }
            HEADERS if payload.first() != Some(&STATUS_200) => {
                return Err(format!("stream {} was refused, header block {payload:02x?}", frame.stream));
            }
            HEADERS => {
                let stream = self.stream(frame.stream)?;
                if !stream.greeted && !stream.opened {
                    stream.opened = true;
                    fed.opened += 1;
                }
            }
            SETTINGS if frame.flags & ACK == 0 => answer.extend(frame_bytes(SETTINGS, ACK, 0, &[])),
            PING if frame.flags & ACK == 0 => answer.extend(frame_bytes(PING, ACK, 0, payload)),
            RST_STREAM => return Err(format!("stream {} was reset, code {payload:02x?}", frame.stream)),
            GOAWAY => return Err(format!("the connection was told to go: {payload:02x?}")),
            _ => {}
        }
        Ok(())
    }

    fn stream(&mut self, id: u32) -> Result<&mut Stream, String> {
        let index = (id as usize).wrapping_sub(1) / 2;
        self.streams.get_mut(index).ok_or_else(|| format!("frame for stream {id}, which nobody opened"))
    }
}

fn parse_header(header: &[u8]) -> Result<Frame, String> {
    let left = header[..3].iter().fold(0, |length, byte| (length << 8) | usize::from(*byte));
    let stream = u32::from_be_bytes([header[5] & 0x7f, header[6], header[7], header[8]]);
    let frame = Frame { kind: header[3], flags: header[4], stream, left };
    if frame.kind != DATA && left > PAYLOAD_BYTES_MAX {
        return Err(format!("a frame of kind {} with {left} bytes", frame.kind));
    }
    if matches!(frame.kind, DATA | HEADERS) && frame.flags & PADDED != 0 {
        return Err("padded frames are not read here".into());
    }
    Ok(frame)
}

fn frame_bytes(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(0).to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// Preface, windows as wide as they go (so that none has to be granted again), and one request per stream.
fn requests(target: &Target, count: usize) -> Vec<u8> {
    const INITIAL_WINDOW_SIZE: [u8; 2] = [0, 4];
    let mut bytes = PREFACE.to_vec();
    let window = [INITIAL_WINDOW_SIZE.as_slice(), &WINDOW_MAX.to_be_bytes()].concat();
    bytes.extend(frame_bytes(SETTINGS, 0, 0, &window));
    bytes.extend(frame_bytes(WINDOW_UPDATE, 0, 0, &(WINDOW_MAX - WINDOW_DEFAULT).to_be_bytes()));
    let mut block = vec![0x82, 0x86];
    for (name, value) in [
        ([0x04].as_slice(), target.stream_path()),
        (&[0x01], target.addr.to_string()),
        (&[0x0f, 0x04], "text/event-stream".to_owned()),
    ] {
        block.extend(name);
        // A length below 127 is one byte; all three are.
        block.push(u8::try_from(value.len()).unwrap_or(0) & 0x7f);
        block.extend(value.bytes());
    }
    for index in 0..count {
        let id = u32::try_from(2 * index + 1).unwrap_or(0);
        bytes.extend(frame_bytes(HEADERS, END_STREAM | END_HEADERS, id, &block));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::{ACK, DATA, END_HEADERS, GOAWAY, HEADERS, Http2, PING, SETTINGS, frame_bytes};
    use crate::load::Target;

    fn client() -> Http2 {
        let addr = "127.0.0.1:1".parse().expect("an address");
        Http2::new(&Target { addr, greets: true, streams_per_connection: 3, tls: None }, true).0
    }

    fn opening() -> Vec<u8> {
        let mut bytes = frame_bytes(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 200]);
        for id in [1, 3, 5] {
            bytes.extend(frame_bytes(HEADERS, END_HEADERS, id, &[0x88, 0x5f, 0x01, b'x']));
            bytes.extend(frame_bytes(DATA, 0, id, b"event: connected\ndata: {}\n\n"));
        }
        bytes.extend(frame_bytes(PING, 0, 0, b"12345678"));
        bytes
    }

    #[test]
    fn opens_counts_and_answers_over_every_split() {
        let mut bytes = opening();
        for id in [5, 1, 3, 1] {
            bytes.extend(frame_bytes(DATA, 0, id, b"data: \"1:~t"));
            bytes.extend(frame_bytes(DATA, 0, id, b"b~\"\n\n: beat\n\n"));
        }
        // Stream 1 got the same event twice, which the witness would tell; give it a sequence instead.
        let second = bytes.windows(4).rposition(|window| window == b"\"1:~").expect("there are four");
        bytes[second + 1] = b'2';
        for size in 1..80 {
            let (mut http2, mut answer) = (client(), Vec::new());
            let (mut opened, mut events) = (0, 0);
            for piece in bytes.chunks(size) {
                let fed = http2.feed(piece, &mut answer).expect("well-formed");
                opened += fed.opened;
                events += fed.events;
            }
            assert_eq!((opened, events), (3, 4));
            assert_eq!(http2.events().collect::<Vec<_>>(), [2, 1, 1]);
            let pong = frame_bytes(PING, ACK, 0, b"12345678");
            assert_eq!(answer, [frame_bytes(SETTINGS, ACK, 0, &[]), pong].concat());
        }
    }

    #[test]
    fn an_ended_stream_a_refusal_and_a_goaway_are_errors() {
        for frame in [
            frame_bytes(DATA, 1, 1, b""),
            frame_bytes(HEADERS, END_HEADERS, 1, &[0x8c]),
            frame_bytes(GOAWAY, 0, 0, &[0; 8]),
            frame_bytes(DATA, 0, 7, b"x"),
        ] {
            assert!(client().feed(&frame, &mut Vec::new()).is_err(), "{frame:02x?}");
        }
    }
}
