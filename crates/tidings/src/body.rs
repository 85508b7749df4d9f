//! A stream as a response body: the way out over HTTP/2 and inside somebody else's server.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http::Response;
use http::header::{self, HeaderMap, HeaderValue};
use http_body::Frame;

use crate::stream::{Chunk, Stream, Turn};

pub(crate) const EVENT_STREAM: &str = "text/event-stream";

/// A stream as a response. Our own server takes the stream out of it and writes the socket itself; any other sends the
/// body.
pub(crate) fn response(stream: Stream) -> Response<Body> {
    let handoff = Handoff(Arc::new(Mutex::new(Some(stream))));
    let mut response = Response::new(Body::new(StreamBody::new(handoff.clone())));
    stream_headers(response.headers_mut());
    response.extensions_mut().insert(handoff);
    response
}

/// The headers of every stream: nobody on the way may keep it, change it or hold it back.
pub(crate) fn stream_headers(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store, no-transform"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
}

/// A stream on its way from the handler to whoever writes it: the server that takes the socket over, or else the
/// body.
#[derive(Clone, Debug)]
pub(crate) struct Handoff(Arc<Mutex<Option<Stream>>>);

impl Handoff {
    /// The stream, for the first who asks.
    pub(crate) fn take(&self) -> Option<Stream> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Yields a stream's bytes. Dropping it ends the connection.
#[derive(Debug)]
struct StreamBody {
    handoff: Option<Handoff>,
    stream: Option<Stream>,
    turn: Vec<Chunk>,
}

impl StreamBody {
    fn new(handoff: Handoff) -> Self {
        Self { handoff: Some(handoff), stream: None, turn: Vec::new() }
    }
}

impl http_body::Body for StreamBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        if let Some(handoff) = this.handoff.take() {
            this.stream = handoff.take();
        }
        let Some(stream) = &mut this.stream else { return Poll::Ready(None) };
        match stream.poll_next(cx, &mut this.turn) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Turn::Finished) => {
                this.stream = None;
                Poll::Ready(None)
            }
            Poll::Ready(Turn::Write) => {
                let mut joined = Vec::new();
                for chunk in this.turn.drain(..) {
                    joined.extend_from_slice(stream.bytes(&chunk, false));
                }
                // Being asked for more is how the layer below says that it has room.
                stream.wrote(joined.len(), true);
                Poll::Ready(Some(Ok(Frame::data(Bytes::from(joined)))))
            }
        }
    }
}
