//! A socket under TLS: the handshake, which HTTP it agreed on, and the same two hands as in the clear.

use std::io::{self, IoSlice, Read, Write};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use rustls::ServerConnection;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::accept::Guest;
use super::door::Door;
use super::line::{Line, Wire};
use super::turned_away::TurnedAway;
use super::{http1, http2};
use crate::hub::Hub;
use crate::tls::Tls;

/// Encrypted bytes that wait for a far end that takes none: one full record, so that a reader who stalls costs no more.
const WAITING_BYTES_MAX: usize = 16 * 1024;
/// What is read and thrown away at a time.
const SCRATCH_BYTES: usize = 512;
/// For the goodbye of TLS to a far end that may not take it.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// The type of a TLS record that a handshake begins with (RFC 8446 §5.1).
const HANDSHAKE_RECORD: u8 = 22;

/// Shakes hands within the deadline, and serves the HTTP that was agreed on.
pub(super) async fn serve(door: Door, tls: Arc<Tls>, app: Router, hub: Hub, guest: Guest) {
    let turned_away = &hub.inner().turned_away;
    let shaken = timeout(tls.handshake_timeout(), shake_hands(door, &tls, turned_away)).await;
    let stream = match shaken {
        Ok(Some(stream)) => stream,
        Ok(None) => return,
        Err(_) => return turned_away.note(TurnedAway::HandshakeTimeout),
    };
    let session = stream.get_ref().1;
    tls.note_handshake(session.handshake_kind());
    match session.alpn_protocol() {
        Some(b"h2") => http2::serve(stream, app, hub, guest).await,
        Some(protocol) if protocol == crate::tls::ACME_PROTOCOL => stream.close().await,
        // Without ALPN, no HTTP/2 (RFC 9113 §3.2).
        _ => http1::serve(stream, app, hub, guest).await,
    }
}

async fn shake_hands(
    mut door: Door,
    tls: &Tls,
    turned_away: &super::TurnedAwayCounts,
) -> Option<TlsStream<Door>> {
    let mut first = [0];
    match door.io().peek(&mut first).await {
        Ok(1..) if first[0] == HANDSHAKE_RECORD => {}
        Ok(1..) => {
            turned_away.note(TurnedAway::PlainText);
            if first[0].is_ascii_uppercase() {
                // Whoever it is speaks HTTP: a person behind it would see nothing but a closed socket.
                let _ = door.write_all(crate::tls::SPEAK_TLS).await;
                let _ = door.shutdown().await;
                linger(&mut door).await;
            }
            return None;
        }
        // It left before it said anything.
        _ => return None,
    }
    let remote = door.peer().address;
    let acceptor = TlsAcceptor::from(Arc::clone(tls.config()));
    let accept = acceptor.accept_with(door, |session| session.set_buffer_limit(Some(WAITING_BYTES_MAX)));
    match accept.await {
        Ok(stream) => Some(stream),
        Err(error) => {
            turned_away.note(TurnedAway::HandshakeFailed);
            tracing::debug!(%error, %remote, "a TLS handshake failed");
            None
        }
    }
}

/// Reads what still comes, for a moment: closed with bytes unread, the kernel resets, and the answer is lost.
async fn linger(door: &mut Door) {
    let mut sink = tokio::io::sink();
    let _ = timeout(CLOSE_TIMEOUT, tokio::io::copy(door, &mut sink)).await;
}

impl Wire for TlsStream<Door> {
    type Line = SealedLine;

    fn door(&self) -> &Door {
        self.get_ref().0
    }

    fn into_line(self) -> SealedLine {
        let (door, session) = self.into_inner();
        SealedLine { door, session, taken: 0 }
    }

    async fn close(mut self) {
        // A far end that is gone hears nothing, and needn't.
        let _ = timeout(CLOSE_TIMEOUT, self.shutdown()).await;
    }
}

/// A stream's socket under TLS.
pub(super) struct SealedLine {
    door: Door,
    session: ServerConnection,
    /// Bytes of the stream that the session took and that are not all sent: they are told as written when they are.
    taken: usize,
}

impl SealedLine {
    /// Throws away what the session made out of what came. 0 is the end that the far end said.
    fn discard_opened(&mut self) -> io::Result<Option<usize>> {
        let mut scratch = [0; SCRATCH_BYTES];
        let mut opened = 0;
        loop {
            match self.session.reader().read(&mut scratch) {
                Ok(0) => return Ok(Some(0)),
                Ok(n) => opened += n,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(Some(opened).filter(|opened| *opened > 0));
                }
                // Gone without the goodbye that TLS wants, as many clients go: gone all the same.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(Some(0)),
                Err(error) => return Err(error),
            }
        }
    }
}

impl Line for SealedLine {
    fn door(&self) -> &Door {
        &self.door
    }

    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        // What came with the request was opened before.
        if let Some(opened) = self.discard_opened()? {
            return Poll::Ready(Ok(opened));
        }
        loop {
            ready!(self.door.io().poll_read_ready(cx))?;
            match self.session.read_tls(&mut Socket(&self.door)) {
                Ok(0) => return Poll::Ready(Ok(0)),
                Ok(came) => {
                    self.session.process_new_packets().map_err(broken)?;
                    // Records that carry nothing count too: whoever sends those without end is no reader.
                    let is_end = self.discard_opened()? == Some(0);
                    return Poll::Ready(Ok(if is_end { 0 } else { came }));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn try_write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut progressed = false;
        loop {
            while self.session.wants_write() {
                match self.session.write_tls(&mut Socket(&self.door)) {
                    Ok(_) => progressed = true,
                    Err(error) if progressed && error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
                    Err(error) => return Err(error),
                }
            }
            if self.taken > 0 {
                return Ok(std::mem::take(&mut self.taken));
            }
            self.taken = self.session.writer().write_vectored(slices)?;
            if self.taken == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
    }

    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.door.io().poll_write_ready(cx)
    }

    fn say_last(&mut self, last: &[u8]) {
        let _ = self.session.writer().write(last);
        self.session.send_close_notify();
        while self.session.wants_write() {
            if self.session.write_tls(&mut Socket(&self.door)).is_err() {
                return;
            }
        }
    }
}

/// What was received is no TLS of this session, or it is the far end's word that it failed there.
fn broken(error: rustls::Error) -> io::Error {
    let kind = match error {
        rustls::Error::AlertReceived(_) => io::ErrorKind::ConnectionReset,
        _ => io::ErrorKind::InvalidData,
    };
    io::Error::new(kind, error)
}

/// The socket as rustls reads and writes it.
struct Socket<'a>(&'a Door);

impl Read for Socket<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.io().try_read(buf)
    }
}

impl Write for Socket<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.io().try_write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.io().try_write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
