//! An accepted socket: it is in the list of doors for exactly as long as it is open.

use std::io::{self, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tidings_core::registry::group_ip;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::{Crowded, Peer};
use crate::hub::Hub;
use crate::options::HubOptions;

/// Sockets of one address for each stream that it may have (`limits.connections_per_ip`): a stream takes one, and its
/// client's requests beside it another …
const DOORS_PER_STREAM: u32 = 2;
/// … and these for whoever has few.
const DOORS_SPARE: u32 = 64;

/// A socket, and what the hub knows of it.
#[derive(Debug)]
pub(super) struct Door {
    io: TcpStream,
    peer: Peer,
    /// Whether it counts against what its address may have.
    counts: bool,
    hub: Hub,
}

impl Door {
    pub(super) fn new(io: TcpStream, for_operators: bool, hub: Hub) -> io::Result<Self> {
        let address = io.peer_addr()?;
        let peer = Peer::new(address, io.as_raw_fd())?;
        let bounded = bound(address.ip(), hub.options());
        if let Err(crowded) = hub.inner().doors.enter(peer.socket.inode, for_operators, bounded) {
            return Err(turned_away(&hub, crowded));
        }
        Ok(Self { io, peer, counts: bounded.is_some(), hub })
    }

    /// Takes a trusted proxy's word for where the far end is, unless that has as many sockets as it may.
    pub(super) fn introduce(&mut self, address: SocketAddr) -> io::Result<()> {
        if self.hub.take_socket(address.ip()).is_err() {
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, "the address opens sockets too often"));
        }
        let bounded = bound(address.ip(), self.hub.options());
        if bounded.is_some_and(|bounded| !self.hub.inner().doors.count(bounded)) {
            return Err(turned_away(&self.hub, Crowded::Address));
        }
        self.counts = bounded.is_some();
        self.peer.introduce(address);
        Ok(())
    }

    pub(super) fn peer(&self) -> &Peer {
        &self.peer
    }

    pub(super) fn io(&self) -> &TcpStream {
        &self.io
    }

    /// Closes with a reset: what is in the kernel's buffers for a far end that takes nothing is thrown away.
    pub(super) fn reset_on_close(&self) {
        let _ = socket2::SockRef::from(&self.io).set_linger(Some(std::time::Duration::ZERO));
    }

    /// Notes what a read says of the far end.
    fn heard(&self, result: &io::Result<()>) {
        match result {
            Err(error) if is_timeout(error) => self.peer.note_timeout(),
            _ => self.peer.note_heard(self.hub.inner().clock.now_ms()),
        }
    }

    /// Notes what an error says of the far end.
    pub(super) fn witness(&self, error: &io::Error) {
        if is_timeout(error) {
            self.peer.note_timeout();
        }
    }
}

fn turned_away(hub: &Hub, crowded: Crowded) -> io::Error {
    let (kind, reason) = match crowded {
        Crowded::Address => ("limit", "the address has as many sockets as it may"),
        Crowded::Node => ("full", "there are as many sockets as there may be"),
    };
    hub.note_refusal(kind);
    io::Error::new(io::ErrorKind::QuotaExceeded, reason)
}

/// How many sockets an address may have, streams or not. A proxy that is trusted has those of all its clients.
fn bound(ip: IpAddr, options: &HubOptions) -> Option<(IpAddr, u32)> {
    let streams = options.limits.connections_per_ip;
    let is_trusted = options.trusted_proxies.iter().any(|network| network.contains(ip.to_canonical()));
    let most = streams.saturating_mul(DOORS_PER_STREAM).saturating_add(DOORS_SPARE);
    (streams > 0 && !is_trusted).then(|| (group_ip(ip), most))
}

/// Whether an error says that the far end is silently gone.
pub(super) fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::TimedOut | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable
    )
}

impl Drop for Door {
    fn drop(&mut self) {
        // Before the descriptor is closed: afterwards both belong to whoever comes next.
        self.peer.gone();
        let counted = self.counts.then(|| group_ip(self.peer.address.ip()));
        self.hub.inner().doors.leave(self.peer.socket.inode, counted);
    }
}

impl AsyncRead for Door {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let result = ready!(Pin::new(&mut self.io).poll_read(cx, buf));
        self.heard(&result);
        Poll::Ready(result)
    }
}

impl AsyncWrite for Door {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.io).poll_write(cx, buf));
        Poll::Ready(result.inspect_err(|error| self.witness(error)))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, bufs));
        Poll::Ready(result.inspect_err(|error| self.witness(error)))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}
