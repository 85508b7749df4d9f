//! Sockets: the only place that knows a TCP stream. It accepts, sees the far end leave, bounds the kernel's buffers
//! and can kill.

mod accept;
mod door;
mod http1;
mod http2;
mod listener;
mod sys;
mod writer;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use self::accept::serve;
use self::http2::StreamKill;
pub use self::listener::{bind, listener_options, passed};

/// The far end of a stream, as far as the hub may touch it.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// Where it is.
    pub(crate) address: SocketAddr,
    socket: Arc<Socket>,
    /// On HTTP/2, what ends one stream and leaves the others.
    kill: Option<StreamKill>,
}

/// What is known of a socket, shared by all streams on it.
#[derive(Debug, Default)]
struct Socket {
    /// The descriptor, for as long as it is open. Whoever uses it holds the lock, so that it can't be closed and
    /// given to another file meanwhile.
    fd: Mutex<Option<RawFd>>,
    timed_out: AtomicBool,
}

impl Peer {
    /// A far end whose socket nobody shows us: inside somebody else's server.
    pub(crate) fn unseen(address: SocketAddr) -> Self {
        Self { address, socket: Arc::default(), kill: None }
    }

    fn new(address: SocketAddr, fd: RawFd) -> Self {
        let socket = Socket { fd: Mutex::new(Some(fd)), timed_out: AtomicBool::new(false) };
        Self { address, socket: Arc::new(socket), kill: None }
    }

    fn of_stream(&self, kill: StreamKill) -> Self {
        Self { kill: Some(kill), ..self.clone() }
    }

    /// Milliseconds since the far end's kernel last acknowledged anything; `None` where nobody can tell.
    pub(crate) fn last_ack_age_ms(&self) -> Option<u64> {
        let fd = self.socket.fd.lock().unwrap_or_else(PoisonError::into_inner);
        fd.and_then(|fd| sys::tcp_info(fd).ok()).map(|info| u64::from(info.last_ack_age_ms))
    }

    /// Whether the socket is one of ours, and still open.
    pub(crate) fn is_seen(&self) -> bool {
        self.socket.fd.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Whether the kernel gave the far end up.
    pub(crate) fn timed_out(&self) -> bool {
        self.socket.timed_out.load(Relaxed)
    }

    /// Ends the HTTP/2 stream, where this is one, when its last words had `patience` to go out.
    pub(crate) fn kill_stream(&self, patience: Duration) {
        let Some(kill) = self.kill.clone() else { return };
        tokio::spawn(async move {
            tokio::time::sleep(patience).await;
            kill.kill();
        });
    }

    fn note_timeout(&self) {
        self.socket.timed_out.store(true, Relaxed);
    }

    fn gone(&self) {
        *self.socket.fd.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// The sockets that were accepted and are not yet closed, by their far end: what the audit holds against the
/// kernel's list.
#[derive(Debug, Default)]
pub(crate) struct Doors {
    open: Mutex<HashSet<SocketAddr, foldhash::fast::RandomState>>,
}

impl Doors {
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.lock().iter().copied().collect()
    }

    fn enter(&self, address: SocketAddr) {
        self.lock().insert(address);
    }

    fn leave(&self, address: &SocketAddr) {
        self.lock().remove(address);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<SocketAddr, foldhash::fast::RandomState>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
