//! A socket under TLS: the handshake, and the HTTP that it agreed on.

mod hands;
mod session;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

pub(super) use self::session::Sealed;
use super::accept::Guest;
use super::door::Door;
use super::line::Wire;
use super::turned_away::{TurnedAway, TurnedAwayCounts};
use super::{http1, http2};
use crate::hub::Hub;
use crate::tls::{ACME_PROTOCOL, SPEAK_TLS, Tls};

/// For the last words to a far end that may not take them.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// The type of a TLS record that a handshake begins with (RFC 8446 §5.1).
const HANDSHAKE_RECORD: u8 = 22;

/// Shakes hands within the deadline, and serves what was agreed on.
pub(super) async fn serve(door: Door, tls: Arc<Tls>, app: Router, hub: Hub, guest: Guest) {
    let turned_away = &hub.inner().turned_away;
    let shaken = timeout(tls.handshake_timeout(), shake_hands(door, &tls, turned_away));
    // Boxed, so that the room for it is given back when it is done.
    let sealed = match Box::pin(shaken).await {
        Ok(Some(sealed)) => sealed,
        Ok(None) => return,
        Err(_) => return turned_away.note(TurnedAway::HandshakeTimeout),
    };
    tls.note_handshake(sealed.handshake_kind());
    match sealed.protocol() {
        Some(b"h2") => http2::serve(sealed, app, hub, guest).await,
        Some(protocol) if protocol == ACME_PROTOCOL => sealed.close().await,
        // Without ALPN, no HTTP/2 (RFC 9113 §3.2).
        _ => http1::serve(sealed, app, hub, guest).await,
    }
}

async fn shake_hands(mut door: Door, tls: &Tls, turned_away: &TurnedAwayCounts) -> Option<Box<Sealed>> {
    let mut first = [0];
    match door.io().peek(&mut first).await {
        Ok(1..) if first[0] == HANDSHAKE_RECORD => {}
        Ok(1..) => {
            turned_away.note(TurnedAway::PlainText);
            if first[0].is_ascii_uppercase() {
                answer_in_the_clear(&mut door).await;
            }
            return None;
        }
        // It left before it said anything.
        _ => return None,
    }
    let remote = door.peer().address;
    let shaken = Sealed::shake_hands(door, Arc::clone(tls.config())).await;
    shaken
        .inspect_err(|error| {
            turned_away.note(TurnedAway::HandshakeFailed);
            tracing::debug!(%error, %remote, "a TLS handshake failed");
        })
        .ok()
}

/// Whoever it is speaks HTTP: a person behind it would see nothing but a closed socket.
async fn answer_in_the_clear(door: &mut Door) {
    let _ = door.write_all(SPEAK_TLS).await;
    let _ = door.shutdown().await;
    // Closed with bytes unread, the kernel would reset, and the answer be lost.
    let _ = timeout(CLOSE_TIMEOUT, tokio::io::copy(door, &mut tokio::io::sink())).await;
}

/// What was received is no TLS of this session, or it is the far end's word that it failed there.
fn broken(error: rustls::Error) -> io::Error {
    let kind = match error {
        rustls::Error::AlertReceived(_) => io::ErrorKind::ConnectionReset,
        _ => io::ErrorKind::InvalidData,
    };
    io::Error::new(kind, error)
}
