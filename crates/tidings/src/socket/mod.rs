//! Sockets: the only place that knows a TCP stream. It accepts, sees the far end leave, bounds the kernel's buffers
//! and can kill.

mod accept;
mod door;
mod entrance;
mod http1;
mod http2;
mod introduction;
mod line;
mod listener;
mod patience;
#[cfg(feature = "tls")]
mod sealed;
mod sys;
mod turned_away;
mod writer;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use foldhash::fast::RandomState;
use tidings_core::close::CloseReason;
use tokio::runtime::Handle;

pub use self::accept::{serve, serve_through};
pub use self::entrance::Entrance;
use self::http2::StreamKill;
pub use self::listener::{bind, listener_options, passed};
pub use self::sys::raise_open_files;
pub(crate) use self::turned_away::TurnedAwayCounts;

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
    inode: u64,
    timed_out: AtomicBool,
    /// A proxy told where the far end is: what the socket shows is the proxy's life.
    told: AtomicBool,
    /// When bytes or an end of them last came in, in milliseconds of the hub's clock; 0 is never.
    heard_ms: AtomicU64,
    /// What `last_ack_age_ms` was when the socket was closed.
    final_ack_age_ms: AtomicU64,
}

impl Peer {
    /// A far end whose socket nobody shows us: inside somebody else's server.
    pub(crate) fn unseen(address: SocketAddr) -> Self {
        Self { address, socket: Arc::default(), kill: None }
    }

    fn new(address: SocketAddr, fd: RawFd) -> io::Result<Self> {
        let socket = Socket { fd: Mutex::new(Some(fd)), inode: sys::inode(fd)?, ..Socket::default() };
        Ok(Self { address, socket: Arc::new(socket), kill: None })
    }

    /// Takes a proxy's word for where the far end is.
    fn introduce(&mut self, address: SocketAddr) {
        self.address = address;
        self.socket.told.store(true, Relaxed);
    }

    /// Whether a proxy told where it is.
    pub(crate) fn is_told(&self) -> bool {
        self.socket.told.load(Relaxed)
    }

    fn of_stream(&self, kill: StreamKill) -> Self {
        Self { kill: Some(kill), ..self.clone() }
    }

    /// Milliseconds since the far end's kernel last acknowledged anything; `None` where nobody can tell.
    pub(crate) fn last_ack_age_ms(&self) -> Option<u64> {
        let fd = self.socket.fd.lock().unwrap_or_else(PoisonError::into_inner);
        fd.and_then(|fd| sys::tcp_info(fd).ok()).map(|info| u64::from(info.last_ack_age_ms))
    }

    /// The socket's number, if it is one of ours and still open.
    pub(crate) fn inode(&self) -> Option<u64> {
        let fd = self.socket.fd.lock().unwrap_or_else(PoisonError::into_inner);
        fd.map(|_| self.socket.inode)
    }

    /// Why a stream ended that nobody ended here. Whoever leaves is heard leaving: an end, a reset, a frame. Where
    /// nothing was heard, the kernel or HTTP/2's pings gave up on a far end that is silent, or on one that answers
    /// and takes nothing; they differ in when it last acknowledged anything.
    pub(crate) fn departure(&self, now_ms: u64, user_timeout_ms: u64) -> CloseReason {
        let silence_ms = user_timeout_ms / 4 * 3;
        let heard_ms = self.socket.heard_ms.load(Relaxed);
        let given_up = self.socket.timed_out.load(Relaxed)
            || heard_ms > 0 && now_ms.saturating_sub(heard_ms) >= silence_ms;
        if !given_up {
            return CloseReason::ClientLeft;
        }
        let final_age_ms = || self.socket.final_ack_age_ms.load(Relaxed);
        match self.last_ack_age_ms().unwrap_or_else(final_age_ms) {
            age_ms if age_ms < silence_ms => CloseReason::Stalled,
            _ => CloseReason::Lost,
        }
    }

    /// Ends the HTTP/2 stream, where this is one, when its last words had `patience` to go out.
    pub(crate) fn kill_stream(&self, patience: Duration, runtime: &Handle) {
        let Some(kill) = self.kill.clone() else { return };
        runtime.spawn(async move {
            tokio::time::sleep(patience).await;
            kill.kill();
        });
    }

    fn note_timeout(&self) {
        self.socket.timed_out.store(true, Relaxed);
    }

    fn note_heard(&self, now_ms: u64) {
        self.socket.heard_ms.store(now_ms, Relaxed);
    }

    fn gone(&self) {
        let age_ms = self.last_ack_age_ms().unwrap_or_default();
        self.socket.final_ack_age_ms.store(age_ms, Relaxed);
        *self.socket.fd.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// The sockets that were accepted and are not yet closed, by their number: what the audit holds against the kernel's
/// list. Not by their far end, which may be another socket's a moment later.
#[derive(Debug)]
pub(crate) struct Doors {
    open: Mutex<Open>,
    most: usize,
}

/// Files that a full house leaves for the data directory, for operators' listeners and for calls to others.
const FILES_KEPT: usize = 64;
/// Those of them that are for the sockets of operators' listeners.
const SOCKETS_KEPT: usize = FILES_KEPT / 2;

#[derive(Debug, Default)]
struct Open {
    inodes: HashSet<u64, RandomState>,
    /// How many each address has, of those that are bounded.
    of_ip: HashMap<IpAddr, u32, RandomState>,
}

impl Open {
    fn count(&mut self, ip: IpAddr, most: u32) -> bool {
        let has = self.of_ip.entry(ip).or_default();
        let fits = *has < most;
        *has += u32::from(fits);
        fits
    }
}

/// Why a socket is not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Crowded {
    /// Its address has as many as it may.
    Address,
    /// There are as many as there may be.
    Node,
}

impl Doors {
    /// For so many at a time; 0 is as many as the process may have files.
    pub(crate) fn new(most: usize) -> Self {
        let files = || sys::open_files_max().ok().and_then(|files| usize::try_from(files).ok());
        let most = match most {
            0 => files().map_or(usize::MAX, |files| files.saturating_sub(FILES_KEPT).max(1)),
            most => most,
        };
        Self { open: Mutex::default(), most }
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().inodes.len()
    }

    pub(crate) fn inodes(&self) -> Vec<u64> {
        self.lock().inodes.iter().copied().collect()
    }

    /// Enters a socket, unless its address or the node has so many already. There is room for operators beyond what
    /// everybody fills.
    fn enter(&self, inode: u64, for_operators: bool, bounded: Option<(IpAddr, u32)>) -> Result<(), Crowded> {
        let mut open = self.lock();
        let most = self.most.saturating_add(if for_operators { SOCKETS_KEPT } else { 0 });
        if open.inodes.len() >= most {
            return Err(Crowded::Node);
        }
        if let Some((ip, most)) = bounded
            && !open.count(ip, most)
        {
            return Err(Crowded::Address);
        }
        open.inodes.insert(inode);
        Ok(())
    }

    /// Counts a socket that is here already for the address that it turned out to have, unless that has so many.
    fn count(&self, (ip, most): (IpAddr, u32)) -> bool {
        self.lock().count(ip, most)
    }

    fn leave(&self, inode: u64, counted: Option<IpAddr>) {
        let mut open = self.lock();
        open.inodes.remove(&inode);
        let Some(ip) = counted else { return };
        if let Entry::Occupied(mut has) = open.of_ip.entry(ip) {
            *has.get_mut() -= 1;
            if *has.get() == 0 {
                has.remove();
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
