//! HTTP/1: hyper parses, the application routes and authorizes, and when the answer is a stream of the hub, the
//! socket leaves hyper and is written by a task of its own.
//!
//! hyper stops reading while it writes a response if the client sent even one byte too many, and then sees neither
//! FIN nor RST; and it keeps two buffers of 8 KiB for each connection. A socket that is taken over has neither fault.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, Response, Version, response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tower::ServiceExt;

use super::accept::Guest;
use super::line::Wire;
use super::patience::PatientBody;
use super::writer::{Framing, Writer};
use crate::body::Handoff;
use crate::hub::Hub;
use crate::options::Bounds;
use crate::stream::Stream;

/// hyper's own bound on a request's head, where the hub has none.
const READ_BUFFER_BYTES_MAX: usize = 128 * 1024;
/// Where it has, so much more than the hub's own, which answers with a problem.
const READ_BUFFER_SPARE_BYTES: usize = 4 * 1024;
/// hyper takes no less.
const READ_BUFFER_BYTES_MIN: usize = 8 * 1024;
const HEADERS_MAX: usize = 100;

/// A stream that is to leave hyper, with the head of its response.
struct Parting {
    head: response::Parts,
    stream: Stream,
    version: Version,
}

type Slot = Arc<Mutex<Option<Parting>>>;
type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, std::convert::Infallible>> + Send>>;

pub(super) async fn serve<W: Wire>(wire: W, app: Router, hub: Hub, guest: Guest) {
    let header_timeout = Duration::from_millis(hub.options().stream.header_timeout_ms);
    let patience = Duration::from_millis(hub.options().stream.stall_ms);
    let slot = Slot::default();
    let peer = wire.door().peer().clone();
    let service = {
        let slot = Arc::clone(&slot);
        let guest = Mutex::new(Some(guest));
        hyper::service::service_fn(move |mut request: Request<Incoming>| -> Answer {
            request.extensions_mut().insert(peer.clone());
            let version = request.version();
            let answer = app.clone().oneshot(request.map(|body| Body::new(PatientBody::new(body, patience))));
            let slot = Arc::clone(&slot);
            let guest = guest.lock().unwrap_or_else(PoisonError::into_inner).take();
            Box::pin(async move {
                let response = answer.await?;
                drop(guest);
                let Some(response) = park(response, version, &slot) else { return pending().await };
                Ok(response)
            })
        })
    };
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(read_buffer_bytes(&hub.options().bounds))
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(wire), service);
    let parting = std::future::poll_fn(|cx: &mut Context<'_>| {
        let done = connection.poll_without_shutdown(cx);
        match taken(&slot) {
            Some(parting) => Poll::Ready(Some(parting)),
            None => done.map(|_| None),
        }
    })
    .await;
    let wire = connection.into_parts().io.into_inner();
    let Some(Parting { head, stream, version }) = parting else { return wire.close().await };
    // HTTP/1.0 knows no chunks: the end of the connection is the end of the body (RFC 9112 §6.3).
    let framing = if version == Version::HTTP_11 { Framing::Chunked } else { Framing::UntilClose };
    // A task of its own, so that what hyper needed is given back.
    tokio::spawn(Writer::new(wire.into_line(), stream, head_bytes(&head, framing), framing));
}

/// What half a head may hold: no more than a whole one may have.
fn read_buffer_bytes(bounds: &Bounds) -> usize {
    match (bounds.request_line_bytes, bounds.head_bytes) {
        (0, _) | (_, 0) => READ_BUFFER_BYTES_MAX,
        (line, head) => {
            line.saturating_add(head).saturating_add(READ_BUFFER_SPARE_BYTES).max(READ_BUFFER_BYTES_MIN)
        }
    }
}

/// Puts a stream of the hub aside for the connection's driver, which the parked answer then never troubles again.
fn park(mut response: Response<Body>, version: Version, slot: &Slot) -> Option<Response<Body>> {
    let stream = response.extensions_mut().remove::<Handoff>().and_then(|handoff| handoff.take());
    let Some(stream) = stream else { return Some(response) };
    let (head, _) = response.into_parts();
    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(Parting { head, stream, version });
    None
}

fn taken(slot: &Slot) -> Option<Parting> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// The response's head as it goes on the wire, with what hyper would have added.
fn head_bytes(head: &response::Parts, framing: Framing) -> Vec<u8> {
    let mut out = b"HTTP/1.1 200 OK\r\n".to_vec();
    for (name, value) in &head.headers {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    if !head.headers.contains_key(http::header::DATE) {
        out.extend_from_slice(format!("date: {}\r\n", crate::clock::http_date()).as_bytes());
    }
    if framing == Framing::Chunked {
        out.extend_from_slice(b"transfer-encoding: chunked\r\n");
    }
    out.extend_from_slice(b"connection: close\r\n\r\n");
    out
}
