//! One TLS session and its socket. rustls keeps the keys, and the buffers are here, each for as long as there is
//! something in it: a session that is idle has none.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncryptError, InsufficientSizeError, UnbufferedStatus, WriteTraffic,
};
use rustls::{HandshakeKind, ServerConfig};

use tokio::io::{AsyncRead, ReadBuf};

use super::super::door::Door;
use super::broken;

/// Bytes that are encrypted at a time, one full record: what waits for a far end that takes nothing is no more.
pub(super) const SEAL_BYTES_MAX: usize = 16 * 1024;
/// What a record takes beside its content, and what may have to go before it.
const RECORD_OVERHEAD_BYTES: usize = 128;
/// What is read at a time.
const READ_BYTES: usize = 16 * 1024;

/// A socket under TLS.
pub(in super::super) struct Sealed {
    door: Door,
    session: UnbufferedServerConnection,
    /// Records that came and are not whole yet.
    incoming: Vec<u8>,
    /// What records said, and how much of it was read.
    opened: (Vec<u8>, usize),
    /// Records to be sent, and how much of them is.
    outgoing: (Vec<u8>, usize),
    /// The far end said that nothing follows, or the socket did.
    over: bool,
    said_goodbye: bool,
    /// What came was no TLS of this session: nothing more is read of it or said to it.
    failed: bool,
    /// Bytes of a stream that were encrypted and are not all sent: they are told as written when they are.
    pub(super) taken: usize,
}

impl Sealed {
    /// Until hands are shaken, which nothing but the caller puts an end to.
    pub(in super::super) async fn shake_hands(
        door: Door,
        config: Arc<ServerConfig>,
    ) -> io::Result<Box<Self>> {
        let mut sealed = Box::new(Self {
            door,
            session: UnbufferedServerConnection::new(config).map_err(io::Error::other)?,
            incoming: Vec::new(),
            opened: (Vec::new(), 0),
            outgoing: (Vec::new(), 0),
            over: false,
            said_goodbye: false,
            failed: false,
            taken: 0,
        });
        while sealed.session.is_handshaking() {
            if poll_fn(|cx| sealed.poll_fill(cx)).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let absorbed = sealed.absorb();
            // What went wrong is told the far end, too.
            poll_fn(|cx| sealed.poll_send(cx)).await?;
            absorbed?;
        }
        Ok(sealed)
    }

    pub(super) fn handshake_kind(&self) -> Option<HandshakeKind> {
        self.session.handshake_kind()
    }

    /// What was agreed on by ALPN.
    pub(super) fn protocol(&self) -> Option<&[u8]> {
        self.session.alpn_protocol()
    }

    pub(super) fn door(&self) -> &Door {
        &self.door
    }

    pub(super) fn door_mut(&mut self) -> &mut Door {
        &mut self.door
    }

    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// What was said and not yet read.
    pub(super) fn opened(&self) -> &[u8] {
        &self.opened.0[self.opened.1..]
    }

    pub(super) fn consume(&mut self, bytes: usize) {
        self.opened.1 += bytes;
        if self.opened().is_empty() {
            self.opened = (Vec::new(), 0);
        }
    }

    /// Reads from the socket, and opens what is whole. 0 is the end.
    pub(super) fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let came = ready!(self.poll_fill(cx))?;
        if came == 0 {
            // Without the goodbye that TLS wants, as many clients go. HTTP itself says where a request ends.
            self.over = true;
        } else if let Err(error) = self.absorb() {
            let _ = self.poll_send(cx);
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(came))
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        // On the stack, so that the heap has what came and no more.
        let mut scratch = [MaybeUninit::uninit(); READ_BYTES];
        let mut read = ReadBuf::uninit(&mut scratch);
        ready!(Pin::new(&mut self.door).poll_read(cx, &mut read))?;
        self.incoming.extend_from_slice(read.filled());
        Poll::Ready(Ok(read.filled().len()))
    }

    fn let_go(&mut self) {
        if self.incoming.is_empty() {
            self.incoming = Vec::new();
        }
    }

    /// Has rustls look at what came, until it waits for more.
    fn absorb(&mut self) -> io::Result<()> {
        if self.failed {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        loop {
            let UnbufferedStatus { mut discard, state } =
                self.session.process_tls_records(&mut self.incoming);
            let mut waits = false;
            match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record.map_err(broken)?;
                        discard += record.discard;
                        self.opened.0.extend_from_slice(record.payload);
                    }
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    append(&mut self.outgoing.0, 0, |room| match data.encode(room) {
                        Err(EncodeError::InsufficientSize(error)) => Err(Some(error)),
                        encoded => encoded.map_err(|_| None),
                    })?;
                }
                // It is sent in its order, and kept until then.
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::PeerClosed) => self.over = true,
                Ok(_) => waits = true,
                Err(error) => {
                    self.incoming.drain(..discard);
                    self.take_alert();
                    return Err(broken(error));
                }
            }
            self.incoming.drain(..discard);
            if waits {
                self.let_go();
                return Ok(());
            }
        }
    }

    /// What rustls has to say of an error to the far end. It is not asked again afterwards.
    fn take_alert(&mut self) {
        self.failed = true;
        if !self.session.wants_write() {
            return;
        }
        let status = self.session.process_tls_records(&mut self.incoming);
        if let Ok(ConnectionState::EncodeTlsData(mut data)) = status.state {
            let room_bytes = RECORD_OVERHEAD_BYTES;
            let _ = append(&mut self.outgoing.0, room_bytes, |room| data.encode(room).map_err(|_| None));
        }
    }

    /// Encrypts, to be sent. At most [`SEAL_BYTES_MAX`] at a time.
    pub(super) fn seal(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.with_traffic(bytes.len() + RECORD_OVERHEAD_BYTES, |traffic, room| traffic.encrypt(bytes, room))
    }

    /// Says that nothing follows.
    pub(super) fn seal_goodbye(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.said_goodbye, true) {
            return Ok(());
        }
        self.with_traffic(RECORD_OVERHEAD_BYTES, |traffic, room| traffic.queue_close_notify(room))
    }

    fn with_traffic(
        &mut self,
        room_bytes: usize,
        mut write: impl FnMut(
            &mut WriteTraffic<'_, rustls::server::ServerConnectionData>,
            &mut [u8],
        ) -> Result<usize, EncryptError>,
    ) -> io::Result<()> {
        // What has to go first, as the answer to new keys.
        self.absorb()?;
        let status = self.session.process_tls_records(&mut self.incoming);
        let Ok(ConnectionState::WriteTraffic(mut traffic)) = status.state else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        append(&mut self.outgoing.0, room_bytes, |room| match write(&mut traffic, room) {
            Err(EncryptError::InsufficientSize(error)) => Err(Some(error)),
            written => written.map_err(|_| None),
        })
    }

    /// Sends what waits to be sent.
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.has_unsent() {
            match self.try_send() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.door.io().poll_write_ready(cx))?;
                }
                sent => drop(sent?),
            }
        }
        Poll::Ready(Ok(()))
    }

    pub(super) fn has_unsent(&self) -> bool {
        self.outgoing.1 < self.outgoing.0.len()
    }

    /// Sends as much as there is room for.
    pub(super) fn try_send(&mut self) -> io::Result<()> {
        let (records, sent) = &mut self.outgoing;
        *sent += self.door.io().try_write(&records[*sent..]).inspect_err(|error| self.door.witness(error))?;
        if *sent == records.len() {
            self.outgoing = (Vec::new(), 0);
        }
        Ok(())
    }
}

/// Lets something be written at the end of what waits, with more room where it says that it needs that.
fn append(
    records: &mut Vec<u8>,
    room_bytes: usize,
    mut write: impl FnMut(&mut [u8]) -> Result<usize, Option<InsufficientSizeError>>,
) -> io::Result<()> {
    let at = records.len();
    records.resize(at + room_bytes, 0);
    let written = match write(&mut records[at..]) {
        Err(Some(InsufficientSizeError { required_size })) => {
            records.resize(at + required_size, 0);
            write(&mut records[at..])
        }
        written => written,
    };
    records.truncate(at + *written.as_ref().unwrap_or(&0));
    written.map(drop).map_err(|_| io::Error::other("TLS can't write its record"))
}
