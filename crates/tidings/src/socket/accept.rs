//! The accept loop: takes sockets in, finds out which HTTP they speak, and hands them on.

use std::io;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use super::door::Door;
use super::{Entrance, http1, http2, introduction};
use crate::hub::Hub;

/// When no descriptor is left, accepting pauses for this long rather than spin.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(50);
/// How long to wait for the rest of an HTTP/2 preface that came in pieces: this at first, then twice as long each time.
const PREFACE_PAUSE_FIRST: Duration = Duration::from_millis(5);
const PREFACE_PAUSE_MAX: Duration = Duration::from_millis(320);
/// RFC 9113 §3.4.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Serves an application on a listener with the hub's full guarantees: streams of the hub are taken over from HTTP,
/// so that every way of leaving is seen; everything else is HTTP as usual.
///
/// It accepts until `stop` is done, and closes the listener; streams that are open go on until they are ended, by
/// [`Hub::drain`] or otherwise. To drain while still accepting, so that newcomers are told 503, drain within `stop`.
///
/// The listener should come from [`bind`](super::bind) or have [`listener_options`](super::listener_options).
pub async fn serve(listener: TcpListener, app: Router, hub: Hub, stop: impl Future) {
    serve_through(listener, Entrance::default(), app, hub, stop).await;
}

/// As [`serve`], with something before HTTP on each socket.
pub async fn serve_through(
    listener: TcpListener,
    entrance: Entrance,
    app: Router,
    hub: Hub,
    stop: impl Future,
) {
    entrance.enter_into(&hub);
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut stop => return,
        };
        match accepted {
            // Closed as it is: what is refused must cost less than what it keeps out.
            Ok((_, address)) if hub.take_socket(address.ip()).is_err() => {}
            Ok((io, _)) => {
                let (app, hub, guest) = (app.clone(), hub.clone(), Guest::new(&hub));
                if entrance.is_plain() {
                    tokio::spawn(welcome(io, entrance.for_operators, app, hub, guest));
                } else {
                    tokio::spawn(welcome_through(io, entrance.clone(), app, hub, guest));
                }
            }
            Err(error) if is_exhausted(&error) => {
                tracing::error!(%error, "can't accept: raise LimitNOFILE or limits.connections lower");
                sleep(EXHAUSTED_PAUSE).await;
            }
            // The far end left between the handshake and the accept: its loss.
            Err(error) => tracing::debug!(%error, "accept"),
        }
    }
}

fn is_exhausted(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM))
}

/// Lets a socket in that has to go through something before HTTP. A task of another shape than in the clear, where no
/// room is kept for it.
async fn welcome_through(
    io: TcpStream,
    entrance: Entrance,
    app: Router,
    hub: Hub,
    guest: Guest,
) -> Option<std::convert::Infallible> {
    let door = taken_in(io, entrance.for_operators, &hub)?;
    let door = introduction::expect(door, entrance.proxy_protocol, &hub).await?;
    #[cfg(feature = "tls")]
    if let Some(tls) = entrance.tls {
        super::sealed::serve(door, tls, app, hub, guest).await;
        return None;
    }
    match begins_http2(&door, &hub).await? {
        true => http2::serve(door, app, hub, guest).await,
        false => http1::serve(door, app, hub, guest).await,
    }
    None
}

/// In the list from here on: one that never says anything is open, too.
fn taken_in(io: TcpStream, for_operators: bool, hub: &Hub) -> Option<Door> {
    let door = Door::new(io, for_operators, hub.clone());
    door.inspect_err(|error| tracing::debug!(%error, "a socket is not taken in")).ok()
}

async fn welcome(io: TcpStream, for_operators: bool, app: Router, hub: Hub, guest: Guest) {
    let Some(door) = taken_in(io, for_operators, &hub) else { return };
    match begins_http2(&door, &hub).await {
        Some(true) => http2::serve(door, app, hub, guest).await,
        Some(false) => http1::serve(door, app, hub, guest).await,
        None => {}
    }
}

/// Which HTTP it is, unless it doesn't say so in time.
async fn begins_http2(door: &Door, hub: &Hub) -> Option<bool> {
    let header_timeout = Duration::from_millis(hub.options().stream.header_timeout_ms);
    timeout(header_timeout, speaks_http2(door.io())).await.ok()?.ok()
}

/// Whether the client begins with the HTTP/2 preface, all of which is waited for, since hyper would wait for its rest
/// without end. No method begins with `PRI`.
async fn speaks_http2(io: &TcpStream) -> io::Result<bool> {
    let mut first = [0; PREFACE.len()];
    let mut pauses = preface_pauses();
    loop {
        let n = io.peek(&mut first).await?;
        if n == PREFACE.len() || !PREFACE.starts_with(&first[..n]) {
            return Ok(first == *PREFACE);
        }
        if n == 0 || io.ready(Interest::READABLE).await?.is_read_closed() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        sleep(pauses.next().unwrap_or(PREFACE_PAUSE_MAX)).await;
    }
}

/// Without end: whoever sends a letter and no more is asked seldom.
fn preface_pauses() -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(PREFACE_PAUSE_FIRST), |pause| Some((*pause * 2).min(PREFACE_PAUSE_MAX)))
}

/// A socket that was taken in and whose first request is not answered yet: a hub that stops waits a moment for it.
pub(super) struct Guest(Hub);

impl Guest {
    fn new(hub: &Hub) -> Self {
        hub.inner().guests.fetch_add(1, Ordering::AcqRel);
        Self(hub.clone())
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.0.inner().guests.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_sends_a_letter_and_no_more_is_asked_seldom() {
        let header_timeout = Duration::from_secs(5);
        let mut waited = Duration::ZERO;
        let asked = preface_pauses().take_while(|pause| {
            waited += *pause;
            waited < header_timeout
        });
        let asked: Vec<_> = asked.collect();
        assert_eq!(
            asked[..3],
            [5, 10, 20].map(Duration::from_millis),
            "a preface in two pieces is seen soon"
        );
        assert!(asked.len() < 25, "{} times", asked.len());
    }
}
