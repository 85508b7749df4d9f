//! The ways of leaving, what is promised of each, and how each is done.

use std::any::Any;
use std::thread;

use crate::client::{Client, Curl, Speaks, Target};
use crate::hub::Hub;
use crate::place::Place;
use crate::watch::wall_ms;

/// Small, so that the whole table takes seconds.
pub const HEARTBEAT_MS: u64 = 300;
/// Well after a stall is noticed, also by a hub that has to wait for its processor: the kernel gives up a shut window too.
pub const USER_TIMEOUT_MS: u64 = 2_500;
pub const STALL_MS: u64 = 1_000;
pub const SWEEP_MS: u64 = 100;
pub const MAX_AGE_MS: u64 = 2_500;
const LEASE_MS: u64 = 1_000;
const LEASE: &str = "&lease=1";
/// What is seen at once is told within this.
const AT_ONCE_MS: u64 = 100;
/// Beyond heartbeat and user timeout: a retransmission's own timer.
const RETRANSMIT_MS: u64 = 2_000;
/// Of a promise that is kept at once, room for a busy machine.
const ROOM_AT_ONCE_MS: u64 = 900;
const ROOM_MS: u64 = 2_000;
/// Published to one who stops reading: more than the kernel takes for both ends.
const FLOOD_EVENTS: usize = 14;
const FLOOD_EVENT_BYTES: usize = 60_000;

/// How a client goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Fin,
    Rst,
    StrayByteFin,
    StrayByteRst,
    PipelinedFin,
    HalfClose,
    Killed,
    StreamReset,
    StopsReading,
    ShutsWindow,
    NeverOpensWindow,
    Vanishes,
    /// The goodbye of TLS, the socket left open.
    SaysGoodbye,
    /// Bytes that are no TLS.
    BreaksSeal,
}

/// What stands between the client and the hub, and what bounds a client that vanishes there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Through {
    Nothing,
    Nginx,
    NginxWithLease,
    NginxWithMaxAge,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Ghost {
    pub speaks: Speaks,
    pub way: Way,
    pub through: Through,
}

/// When it was done, and what has to stay as it is until it is noticed.
pub struct Deed {
    pub at_ms: u64,
    pub _kept: Box<dyn Any + Send>,
}

impl Ghost {
    pub const fn new(speaks: Speaks, way: Way) -> Self {
        Self { speaks, way, through: Through::Nothing }
    }

    pub const fn behind(self, through: Through) -> Self {
        Self { through, ..self }
    }

    pub fn what(&self) -> String {
        let what = match self.way {
            Way::Fin => "FIN",
            Way::Rst => "RST",
            Way::StrayByteFin => "stray byte, then FIN",
            Way::StrayByteRst => "stray byte, then RST",
            Way::PipelinedFin => "pipelined request, then FIN",
            Way::HalfClose => "half-close",
            Way::Killed => "`kill -9` of curl",
            Way::StreamReset => "stream reset",
            Way::StopsReading => "stops reading",
            Way::ShutsWindow => "window used up, never granted",
            Way::NeverOpensWindow => "window of 0 from the start",
            Way::Vanishes => "vanishes (blackholed)",
            Way::SaysGoodbye => "`close_notify`",
            Way::BreaksSeal => "bytes that are no TLS",
        };
        let through = match self.through {
            Through::Nothing => "",
            Through::Nginx => " behind nginx",
            Through::NginxWithLease => " behind nginx, with a lease",
            Through::NginxWithMaxAge => " behind nginx, with a maximum age",
        };
        format!("{what}{through}")
    }

    pub fn query(&self) -> &'static str {
        if self.through == Through::NginxWithLease { LEASE } else { "" }
    }

    /// The reason that the books give.
    pub fn reason(&self) -> &'static str {
        match (self.way, self.through) {
            (_, Through::NginxWithLease) => "lease",
            (_, Through::NginxWithMaxAge) => "max_age",
            (Way::Vanishes, _) => "lost",
            (Way::BreaksSeal, _) if self.speaks != Speaks::Http2 => "error",
            (Way::StopsReading | Way::ShutsWindow | Way::NeverOpensWindow, _) => "stalled",
            _ => "client_left",
        }
    }

    /// Milliseconds within which it is gone from the books.
    pub fn promised_ms(&self) -> u64 {
        match self.reason() {
            "lease" => LEASE_MS + SWEEP_MS,
            "max_age" => MAX_AGE_MS + SWEEP_MS,
            "lost" => HEARTBEAT_MS + USER_TIMEOUT_MS + RETRANSMIT_MS,
            "stalled" => HEARTBEAT_MS + STALL_MS + SWEEP_MS,
            _ => AT_ONCE_MS,
        }
    }

    pub fn is_at_once(&self) -> bool {
        self.promised_ms() == AT_ONCE_MS
    }

    pub fn asserted_ms(&self) -> u64 {
        let room = if self.is_at_once() { ROOM_AT_ONCE_MS } else { ROOM_MS };
        self.promised_ms() + room
    }

    /// Opens a stream and leaves it.
    pub fn haunt(&self, hub: &Hub, place: Option<&Place>, target: &Target) -> Deed {
        match self.way {
            Way::Fin => leave(self.open(target), |_| {}, Client::fin),
            Way::Rst => leave(self.open(target), |_| {}, Client::rst),
            Way::StrayByteFin => leave(self.open(target), Client::stray_byte, Client::fin),
            Way::StrayByteRst => leave(self.open(target), Client::stray_byte, Client::rst),
            Way::PipelinedFin => leave(self.open(target), Client::pipeline, Client::fin),
            Way::HalfClose => stay(self.open(target), |client| client.half_close()),
            Way::StreamReset => stay(self.open(target), Client::reset_stream),
            Way::SaysGoodbye => stay(self.open(target), Client::say_goodbye),
            Way::BreaksSeal => stay(self.open(target), Client::break_seal),
            Way::Killed => stay(Curl::open(self.speaks, target), Curl::kill),
            Way::StopsReading => {
                let client = Client::open_small(self.speaks, target);
                flood(hub, &target.user);
                stay(client, |_| {})
            }
            Way::ShutsWindow => self.starve(hub, target),
            Way::NeverOpensWindow => never_opened(target),
            Way::Vanishes => {
                let place = place.expect("a network of one's own");
                stay(self.open(target), |client| place.swallow(&client.io.tcp))
            }
        }
    }

    fn open(&self, target: &Target) -> Client {
        Client::open(self.speaks, target)
    }

    /// Reads, and answers pings, but grants nothing beyond what `connected` needs.
    fn starve(&self, hub: &Hub, target: &Target) -> Deed {
        const WINDOW_BYTES: u32 = 4_096;
        let client = Client::open_with_window(target, WINDOW_BYTES);
        reading(client, || flood(hub, &target.user))
    }
}

fn never_opened(target: &Target) -> Deed {
    let at_ms = wall_ms();
    let mut client = Client::ask_with_window(target, 0);
    let end = thread::spawn(move || (client.read_to_end(), client));
    Deed { at_ms, _kept: Box::new(Reset(Some(end))) }
}

fn reading(mut client: Client, deed: impl FnOnce()) -> Deed {
    let end = thread::spawn(move || (client.read_to_end(), client));
    deed();
    let at_ms = wall_ms();
    Deed { at_ms, _kept: Box::new(Reset(Some(end))) }
}

/// A reader whose stream has to end by a reset, the connection left standing: only then may it go.
struct Reset(Option<thread::JoinHandle<(bool, Client)>>);

impl Drop for Reset {
    fn drop(&mut self) {
        let Some(end) = self.0.take().filter(|_| !thread::panicking()) else { return };
        let (was_reset, _client) = end.join().expect("reads");
        assert!(was_reset, "the stalled stream was not reset");
    }
}

fn leave(mut client: Client, first: impl FnOnce(&mut Client), then: impl FnOnce(Client)) -> Deed {
    first(&mut client);
    let at_ms = wall_ms();
    then(client);
    Deed { at_ms, _kept: Box::new(()) }
}

/// What the deed answers is kept for as long as the client.
fn stay<T: Send + 'static, K: Send + 'static>(mut client: T, deed: impl FnOnce(&mut T) -> K) -> Deed {
    let at_ms = wall_ms();
    let kept = deed(&mut client);
    Deed { at_ms, _kept: Box::new((client, kept)) }
}

/// Publishes to a channel, in one request, more than a reader who does not read can be sent.
fn flood(hub: &Hub, channel: &str) {
    let data = "x".repeat(FLOOD_EVENT_BYTES);
    let event = format!(r#"{{"channel":"{channel}","data":"{data}"}}"#);
    let body = format!("[{}]", vec![event; FLOOD_EVENTS].join(","));
    let answer = hub.post("/api/sse/publish", &body);
    assert!(answer.contains("\"offset\""), "not published: {answer}");
}
