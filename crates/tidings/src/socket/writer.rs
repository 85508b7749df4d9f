//! One task a socket: reads and discards, so that every way of leaving is seen, and writes what the stream has.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use smallvec::SmallVec;
use tidings_core::close::CloseReason;
use tidings_core::wire::LAST_CHUNK;
use tokio::time::{Sleep, sleep};

use super::door::is_timeout;
use super::line::Line;
use crate::stream::{Chunk, FAREWELL_TIMEOUT, Stream, Turn};

/// Buffers of one write. Beyond 8 (`UIO_FASTIOV`) the kernel allocates for their list, which costs less than a second
/// call.
const SLICES_MAX: usize = 32;
/// Bytes that a client may send on its stream before it is taken for broken: a pipelined request, not an upload.
const DISCARDED_BYTES_MAX: usize = 64 * 1024;

/// How a body's end is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Chunked,
    UntilClose,
}

/// Writes one stream until it is over.
pub(super) struct Writer<L> {
    // The stream before the line: its end is settled while the socket is still open.
    stream: Stream,
    line: L,
    /// The response's head, until it is written.
    head: Vec<u8>,
    chunks: Vec<Chunk>,
    /// Bytes written of the first thing that is not written.
    offset: usize,
    discarded: usize,
    framing: Framing,
    last_words: Option<Pin<Box<Sleep>>>,
}

impl<L: Line> Writer<L> {
    pub(super) fn new(line: L, stream: Stream, head: Vec<u8>, framing: Framing) -> Self {
        Self { stream, line, head, chunks: Vec::new(), offset: 0, discarded: 0, framing, last_words: None }
    }

    /// Reads whatever the client sends and throws it away. An end of it, in whatever way, is the client leaving;
    /// half-closing is leaving too, since nobody who still wants events closes his sending side.
    fn poll_departure(&mut self, cx: &mut Context<'_>) -> Poll<CloseReason> {
        loop {
            match ready!(self.line.poll_discard(cx)) {
                Ok(0) => return Poll::Ready(CloseReason::ClientLeft),
                Ok(n) => {
                    self.discarded += n;
                    if self.discarded > DISCARDED_BYTES_MAX {
                        tracing::info!(remote = %self.stream.outlet().remote, "a client uploads on its stream");
                        return Poll::Ready(CloseReason::Error);
                    }
                }
                Err(error) => return Poll::Ready(self.reason_of(&error)),
            }
        }
    }

    /// Writes until nothing waits or the kernel takes no more.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), CloseReason>> {
        while self.waits() {
            self.drop_void();
            if !self.waits() {
                break;
            }
            match self.try_write() {
                Ok(n) => self.advance(n),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    match self.line.poll_writable(cx) {
                        Poll::Pending => return Poll::Pending,
                        Poll::Ready(Err(error)) => return Poll::Ready(Err(self.reason_of(&error))),
                        Poll::Ready(Ok(())) => {}
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(self.reason_of(&error))),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn waits(&self) -> bool {
        !self.head.is_empty() || !self.chunks.is_empty()
    }

    /// Throws away the events of a grant that is gone, but for those of which a part is written, or is on its way and
    /// can't be taken back.
    fn drop_void(&mut self) {
        if !self.stream.is_void() {
            return;
        }
        let (stream, framed) = (&self.stream, self.framing == Framing::Chunked);
        let begun = self.offset + self.line.committed();
        let mut at = self.head.len();
        self.chunks.retain(|chunk| {
            let is_begun = at < begun;
            at += stream.bytes(chunk, framed).len();
            is_begun || !matches!(chunk, Chunk::Piece(_))
        });
    }

    fn try_write(&mut self) -> io::Result<usize> {
        if let Some(error) = crate::fault::error("write", || self.stream.user()) {
            return Err(error);
        }
        let framed = self.framing == Framing::Chunked;
        let head = (!self.head.is_empty()).then_some(self.head.as_slice());
        let chunks = self.chunks.iter().map(|chunk| self.stream.bytes(chunk, framed));
        let mut slices: SmallVec<[IoSlice<'_>; SLICES_MAX]> = SmallVec::new();
        let mut skip = self.offset;
        for bytes in head.into_iter().chain(chunks).take(SLICES_MAX) {
            slices.push(IoSlice::new(&bytes[skip..]));
            skip = 0;
        }
        self.line.try_write(&slices)
    }

    /// Takes what was written off what waits.
    fn advance(&mut self, written: usize) {
        let framed = self.framing == Framing::Chunked;
        let mut left = self.offset + written;
        if !self.head.is_empty() {
            if left < self.head.len() {
                self.offset = left;
                return self.stream.wrote(written, false);
            }
            left -= self.head.len();
            self.head = Vec::new();
        }
        let mut done = 0;
        for chunk in &self.chunks {
            let len = self.stream.bytes(chunk, framed).len();
            if left < len {
                break;
            }
            left -= len;
            done += 1;
        }
        self.offset = left;
        self.chunks.drain(..done);
        if self.chunks.is_empty() {
            // An idle connection holds no buffer.
            self.chunks = Vec::new();
        }
        self.stream.wrote(written, self.chunks.is_empty());
    }

    fn reason_of(&self, error: &io::Error) -> CloseReason {
        self.line.door().witness(error);
        let reason = match error.kind() {
            // No route to it is never slowness.
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => CloseReason::Lost,
            _ if is_timeout(error) => self.stream.departure(),
            io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset | io::ErrorKind::NotConnected => {
                CloseReason::ClientLeft
            }
            _ => CloseReason::Error,
        };
        let (user, remote) = (self.stream.user().unwrap_or_default(), self.stream.outlet().remote);
        tracing::info!(%error, %reason, %user, %remote, "a stream's socket failed");
        reason
    }

    /// Once the end is decided, its last words have a moment to go out; what is stuck is then thrown away.
    fn poll_give_up(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(ending) = self.stream.outlet().ending() else { return Poll::Pending };
        if !ending.reason.told() {
            return Poll::Ready(());
        }
        self.last_words.get_or_insert_with(|| Box::pin(sleep(FAREWELL_TIMEOUT))).as_mut().poll(cx)
    }

    /// Says that the body is complete and closes, unless nobody is there to hear it.
    fn finish(&mut self) {
        let reason = self.stream.outlet().ending().map(|ending| ending.reason);
        if matches!(reason, Some(CloseReason::Stalled | CloseReason::Lost | CloseReason::Error)) {
            self.line.door().reset_on_close();
        } else {
            self.line.say_last(if self.framing == Framing::Chunked { LAST_CHUNK } else { &[] });
        }
    }
}

impl<L: Line> Future for Writer<L> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if let Poll::Ready(reason) = this.poll_departure(cx) {
            this.stream.settle(reason);
            return Poll::Ready(());
        }
        loop {
            match this.poll_write(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(reason)) => {
                    this.stream.settle(reason);
                    return Poll::Ready(());
                }
                Poll::Pending => {
                    // The end may be decided while we wait for room.
                    this.stream.outlet().register(cx.waker());
                    if this.poll_give_up(cx).is_pending() {
                        return Poll::Pending;
                    }
                    this.line.door().reset_on_close();
                    return Poll::Ready(());
                }
            }
            match this.stream.poll_next(cx, &mut this.chunks) {
                Poll::Ready(Turn::Write) => {}
                Poll::Ready(Turn::Finished) => {
                    this.finish();
                    return Poll::Ready(());
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

#[cfg(all(test, feature = "outbound", feature = "tls"))]
mod tests;
