//! A live stream as its writer sees it: what to write next, and the seat that is settled when the writer goes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use serde_json::json;
use tidings_core::close::CloseReason;
use tidings_core::history::Envelope;
use tidings_core::log::{Piece, Taken, control};
use tidings_core::registry::Seat;
use tidings_core::wire::{self, Framed};

use crate::hub::{Happening, Hub};
use crate::outlet::Outlet;

/// Bytes taken from the log at a time: what a writer holds of the log is bounded by this and one event.
const TAKE_BYTES: usize = 16 * 1024;

/// How long an ended stream's last words may wait for room.
pub(crate) const FAREWELL_TIMEOUT: Duration = Duration::from_secs(1);

/// Something to write.
#[derive(Clone, Debug)]
pub(crate) enum Chunk {
    Piece(Piece),
    Greeting(Arc<Framed>),
    Heartbeat,
}

/// A heartbeat as an HTTP/1.1 chunk (RFC 9112 §7.1).
const HEARTBEAT_CHUNK: &[u8] = b"d\r\n: heartbeat\n\n\r\n";

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Write the chunks, then ask again.
    Write,
    /// The stream is over and everything that was to be said is said.
    Finished,
}

/// The writing end of a connection. It owns the seat: whatever happens to the writer, a panic included, dropping it
/// settles the connection.
#[derive(Debug)]
pub(crate) struct Stream {
    hub: Hub,
    seat: Seat,
    outlet: Arc<Outlet>,
    greeting: Option<Arc<Framed>>,
    envelope: Envelope,
    /// The log holds more than was taken last.
    more: bool,
    /// What was handed out has events that were published while the stream was there: their way is timed.
    timed: bool,
    farewell_said: bool,
}

impl Stream {
    pub(crate) fn new(hub: Hub, seat: Seat, outlet: Arc<Outlet>, envelope: Envelope) -> Self {
        hub.inner().writers.fetch_add(1, Ordering::AcqRel);
        Self { hub, seat, outlet, greeting: None, envelope, more: false, timed: false, farewell_said: false }
    }

    /// Sets the first event.
    pub(crate) fn greet(&mut self, greeting: Framed) {
        self.greeting = Some(Arc::new(greeting));
    }

    pub(crate) fn outlet(&self) -> &Outlet {
        &self.outlet
    }

    /// The bytes of a chunk: framed for HTTP/1.1, or bare.
    pub(crate) fn bytes<'a>(&self, chunk: &'a Chunk, framed: bool) -> &'a [u8] {
        let wire = match chunk {
            Chunk::Heartbeat if framed => return HEARTBEAT_CHUNK,
            Chunk::Heartbeat => return wire::HEARTBEAT,
            Chunk::Greeting(greeting) => greeting,
            Chunk::Piece(Piece::Event(frame)) => frame.wire(self.envelope),
            Chunk::Piece(Piece::Control(control)) => control,
        };
        if framed { wire.chunk() } else { wire.payload() }
    }

    /// What comes next. `Pending` once everything is written; the waker is then woken for more.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>, out: &mut Vec<Chunk>) -> Poll<Turn> {
        self.outlet.register(cx.waker());
        crate::fault::point("stream.next", || self.user());
        if let Some(greeting) = self.greeting.take() {
            out.push(Chunk::Greeting(greeting));
        }
        // A turn of the clock may be a moment away: nothing is taken after the grant's end.
        if self.outlet.expires_at_ms().is_some_and(|ends| self.hub.inner().clock.now_ms() >= ends) {
            self.settle(CloseReason::Expired);
        }
        if self.outlet.ending().is_some() {
            return Poll::Ready(self.say_farewell(out));
        }
        let greets = !out.is_empty();
        self.timed |= self.take(out) > 0 && !greets;
        self.warn_of_the_end(out);
        if self.outlet.take_beat() && out.is_empty() {
            out.push(Chunk::Heartbeat);
            self.outlet.pinged(self.hub.inner().clock.now_ms());
        }
        // What was taken may have ended the stream: a reader that fell off a channel whose rule says so.
        match (out.is_empty(), self.outlet.ending().is_some()) {
            (false, _) => {
                self.outlet.announce(self.hub.inner().clock.now_us());
                Poll::Ready(Turn::Write)
            }
            (true, true) => Poll::Ready(self.say_farewell(out)),
            (true, false) => {
                self.outlet.caught_up();
                Poll::Pending
            }
        }
    }

    /// Whether what was handed out and not written is no longer for the client: it may read no more.
    pub(crate) fn is_void(&self) -> bool {
        let reason = self.outlet.ending().map(|ending| ending.reason);
        !self.farewell_said && matches!(reason, Some(CloseReason::Revoked | CloseReason::Expired))
    }

    /// The far end's kernel, or the layer below, took bytes; `done` when it has all that was handed out. Every byte
    /// taken is progress, and starts the stall deadline anew.
    pub(crate) fn wrote(&mut self, bytes: usize, done: bool) {
        let inner = self.hub.inner();
        let now_us = inner.clock.now_us();
        self.outlet.wrote(bytes as u64, now_us / 1000);
        if done
            && let Some(since_us) = self.outlet.caught_up()
            && std::mem::take(&mut self.timed)
        {
            inner.publish_to_write.observe(now_us.saturating_sub(since_us));
        }
        if !done || self.more {
            self.outlet.progressed(now_us);
        }
    }

    /// Closes the books on the connection for a reason that the writer found.
    pub(crate) fn settle(&self, reason: CloseReason) {
        self.hub.settle(self.seat.key(), reason, None);
    }

    /// Whose stream it is, while it is in the books.
    pub(crate) fn user(&self) -> Option<Arc<str>> {
        self.hub.inner().books().get(self.seat.key()).map(|entry| Arc::clone(&entry.user))
    }

    /// Why a stream ended that nobody ended here.
    pub(crate) fn departure(&self) -> CloseReason {
        let inner = self.hub.inner();
        self.outlet.peer.departure(inner.clock.now_ms(), inner.options.stream.user_timeout_ms)
    }

    /// Takes what the log has for it. Answers how many events that is.
    fn take(&mut self, out: &mut Vec<Chunk>) -> usize {
        let Some(subscriber) = self.outlet.subscriber() else { return 0 };
        let mut pieces = Vec::new();
        let Some(taken) = self.hub.inner().log().take(subscriber, TAKE_BYTES, &mut pieces) else { return 0 };
        self.more = taken.more;
        out.extend(pieces.into_iter().map(Chunk::Piece));
        self.outlet.count_events((taken.events + taken.postings) as u64);
        self.note_of(&taken);
        for channel in taken.lagged.iter().chain(&taken.ended_by) {
            self.hub.warn_lagging(self.seat.key(), channel);
        }
        if taken.ended_by.is_some() {
            self.settle(CloseReason::Slow);
        }
        taken.events
    }

    /// What was taken tells of the connection, beside its events.
    fn note_of(&self, taken: &Taken) {
        let lagged = taken.lagged.len() + taken.ended_by.iter().len();
        let told = (taken.gaps as usize).saturating_sub(taken.lagged.len());
        if told > 0 {
            self.hub.note(&self.outlet, Happening::Gap { channels: told });
        }
        if taken.replayed > 0 {
            self.hub.note(&self.outlet, Happening::Replayed { events: taken.replayed });
        }
        if lagged > 0 {
            self.hub.note(&self.outlet, Happening::Lagged { channels: lagged });
        }
    }

    /// Tells the client in time that its grant ends.
    fn warn_of_the_end(&self, out: &mut Vec<Chunk>) {
        let clock = &self.hub.inner().clock;
        if !self.outlet.take_warning(|| clock.now_ms()) {
            return;
        }
        let Some(ends_ms) = self.outlet.expires_at_ms() else { return };
        let left_ms = ends_ms.saturating_sub(clock.now_ms());
        let data = json!({ "expires_at": clock.wall_ms() + left_ms, "expires_in_ms": left_ms });
        out.push(Chunk::Greeting(Arc::new(control(None, "expiring", &data.to_string()))));
    }

    fn say_farewell(&mut self, out: &mut Vec<Chunk>) -> Turn {
        let Some(ending) = self.outlet.ending() else { return Turn::Finished };
        if self.farewell_said || !ending.reason.told() {
            return if out.is_empty() { Turn::Finished } else { Turn::Write };
        }
        self.farewell_said = true;
        let mut text = Vec::new();
        if ending.reconnect {
            wire::retry(&mut text, ending.retry_ms);
        }
        let data = json!(ending).to_string();
        let event = control(None, "closing", &data);
        text.extend_from_slice(event.payload());
        out.push(Chunk::Greeting(Arc::new(Framed::new(&text))));
        Turn::Write
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let reason = if std::thread::panicking() { CloseReason::Error } else { self.departure() };
        self.hub.settle(self.seat.key(), reason, None);
        self.hub.inner().writers.fetch_sub(1, Ordering::AcqRel);
    }
}
