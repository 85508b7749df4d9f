//! Bodies that are waited for no longer than a stream's reader is: those of requests, and over HTTP/2 those of answers.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body::{Body, Frame, SizeHint};
use hyper::body::{Bytes, Incoming};
use tokio::time::{Sleep, sleep};

use super::http2::StreamKill;

/// An answer is handed down in pieces, the next when there is room for it: patience is with each of them.
const PIECE_BYTES: usize = 4 * 1024;
/// The last piece, behind which nobody waits: of an answer that is never taken, no more is kept than this.
const LAST_PIECE_BYTES: usize = 1024;

/// A request's body that fails when nothing of it came for too long.
#[derive(Debug)]
pub(super) struct PatientBody {
    body: Incoming,
    patience: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl PatientBody {
    /// With a patience of 0 it is waited for without end.
    pub(super) fn new(body: Incoming, patience: Duration) -> Self {
        Self { body, patience, waiting: None }
    }
}

impl Body for PatientBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            this.waiting = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        if this.patience.is_zero() {
            return Poll::Pending;
        }
        let patience = this.patience;
        let waiting = this.waiting.get_or_insert_with(|| Box::pin(sleep(patience)));
        waiting.as_mut().poll(cx).map(|()| Some(Err(io::Error::from(io::ErrorKind::TimedOut).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer that is no stream, in pieces: each that is asked for is a sign that the one before found room.
#[derive(Debug)]
pub(super) struct PatientAnswer {
    body: axum::body::Body,
    rest: Bytes,
    kill: StreamKill,
}

impl PatientAnswer {
    /// The answer on a stream that is ended by its own task when nothing of it is taken for too long.
    pub(super) fn new(body: axum::body::Body, kill: StreamKill) -> Self {
        Self { body, rest: Bytes::new(), kill }
    }

    fn piece(&mut self) -> Bytes {
        if !self.body.is_end_stream() {
            return self.rest.split_to(self.rest.len().min(PIECE_BYTES));
        }
        match self.rest.len() {
            // Copied, or it would keep the whole of what it was cut from.
            ..=LAST_PIECE_BYTES => Bytes::copy_from_slice(&std::mem::take(&mut self.rest)),
            more => self.rest.split_to((more - LAST_PIECE_BYTES).min(PIECE_BYTES)),
        }
    }
}

impl Body for PatientAnswer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        this.kill.note_piece();
        if this.rest.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => this.rest = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                end => return Poll::Ready(end),
            }
        }
        Poll::Ready(Some(Ok(Frame::data(this.piece()))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, mut hint) = (self.rest.len() as u64, self.body.size_hint());
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + rest);
        }
        hint.set_lower(hint.lower() + rest);
        hint
    }
}
