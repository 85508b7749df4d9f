//! What the hub holds of a live stream: how to wake it, how to end it, and what is known of it.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;

use atomic_waker::AtomicWaker;
use serde::Serialize;
use serde_json::value::RawValue;
use tidings_core::channel::Selector;
use tidings_core::close::CloseReason;
use tidings_core::grant::Held;
use tidings_core::log::SubscriberKey;
use tidings_core::registry::ConnKey;

use crate::net::{Remote, RemoteAddress};
use crate::socket::Peer;

/// How a stream was ended, once it is decided.
#[derive(Clone, Debug, Serialize)]
pub struct Ending {
    /// Why.
    pub reason: CloseReason,
    /// Whether the client should come again.
    pub reconnect: bool,
    /// When, at the earliest, in milliseconds from now.
    pub retry_ms: u64,
    /// An operator's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Box<str>>,
}

/// So long before a grant ends its client is told, or, where it is short, when a quarter of it is left.
pub(crate) const EXPIRING_BEFORE_MS: u64 = 60_000;

/// The part of a stream that is shared between the hub and whoever writes it. Times are milliseconds of the hub's
/// monotonic clock; 0 is never.
#[derive(Debug)]
pub(crate) struct Outlet {
    pub(crate) key: ConnKey,
    pub(crate) peer: Peer,
    pub(crate) remote: RemoteAddress,
    pub(crate) through_proxy: bool,
    waker: AtomicWaker,
    subscriber: OnceLock<SubscriberKey>,
    /// What its grant allows; nothing where that is everything. Changed under the log's lock.
    held: Mutex<Option<Box<Held>>>,
    ending: OnceLock<Box<Ending>>,
    beat: AtomicBool,
    /// When something to write was first announced that is not yet written, in microseconds.
    pending_since_us: AtomicU64,
    last_write_ms: AtomicU64,
    last_ping_ms: AtomicU64,
    alive_ms: AtomicU64,
    pub(crate) lease_ms: AtomicU32,
    /// When the stream is ended for its age.
    pub(crate) aged_at_ms: AtomicU64,
    expires_at_ms: AtomicU64,
    /// When the client is told that this is soon; 0 once it was.
    expiring_at_ms: AtomicU64,
    events: AtomicU64,
    bytes: AtomicU64,
}

impl Outlet {
    pub(crate) fn new(key: ConnKey, peer: Peer, remote: Remote, now_ms: u64) -> Self {
        Self {
            key,
            peer,
            remote: remote.address,
            through_proxy: remote.through_proxy,
            waker: AtomicWaker::new(),
            subscriber: OnceLock::new(),
            held: Mutex::new(None),
            ending: OnceLock::new(),
            beat: AtomicBool::new(false),
            pending_since_us: AtomicU64::new(0),
            last_write_ms: AtomicU64::new(now_ms),
            last_ping_ms: AtomicU64::new(0),
            alive_ms: AtomicU64::new(now_ms),
            lease_ms: AtomicU32::new(0),
            aged_at_ms: AtomicU64::new(0),
            expires_at_ms: AtomicU64::new(0),
            expiring_at_ms: AtomicU64::new(0),
            events: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    pub(crate) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// Wakes the writer: there is something to write since `now_us`, if there was nothing before.
    pub(crate) fn rouse(&self, now_us: u64) {
        self.announce(now_us);
        self.waker.wake();
    }

    /// There is something to write since `now_us`, if there was nothing before.
    pub(crate) fn announce(&self, now_us: u64) {
        let _ = self.pending_since_us.compare_exchange(0, now_us, Relaxed, Relaxed);
    }

    /// Something of what waits was written, and something still waits.
    pub(crate) fn progressed(&self, now_us: u64) {
        self.pending_since_us.store(now_us, Relaxed);
    }

    /// Everything announced so far is written. Answers since when it was waiting.
    pub(crate) fn caught_up(&self) -> Option<u64> {
        match self.pending_since_us.swap(0, Relaxed) {
            0 => None,
            since => Some(since),
        }
    }

    /// Since when, in milliseconds, something is waiting to be written.
    pub(crate) fn pending_since_ms(&self) -> Option<u64> {
        match self.pending_since_us.load(Relaxed) {
            0 => None,
            since => Some(since / 1000),
        }
    }

    pub(crate) fn subscriber(&self) -> Option<SubscriberKey> {
        self.subscriber.get().copied()
    }

    pub(crate) fn seat_subscriber(&self, key: SubscriberKey) {
        let _ = self.subscriber.set(key);
    }

    /// From now on its grant allows this.
    pub(crate) fn hold_to(&self, held: Option<Box<Held>>) {
        *self.held() = held;
    }

    /// Whether its grant allows it to read this.
    pub(crate) fn may_subscribe(&self, asked: &Selector) -> bool {
        self.held().as_ref().is_none_or(|held| held.may_subscribe(asked))
    }

    /// Whether its grant comes from this token.
    pub(crate) fn is_of_token(&self, token_id: &str) -> bool {
        self.held().as_ref().is_some_and(|held| held.token_id.as_deref() == Some(token_id))
    }

    /// What the application wants shown with its user's presence.
    pub(crate) fn info(&self) -> Option<Box<RawValue>> {
        self.held().as_ref().and_then(|held| held.info.clone())
    }

    fn held(&self) -> MutexGuard<'_, Option<Box<Held>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the writer that the stream is over. The books are closed already.
    pub(crate) fn end(&self, ending: Ending) {
        let _ = self.ending.set(Box::new(ending));
        self.waker.wake();
    }

    pub(crate) fn ending(&self) -> Option<&Ending> {
        self.ending.get().map(AsRef::as_ref)
    }

    /// Asks the writer for a heartbeat.
    pub(crate) fn ask_beat(&self, now_us: u64) {
        self.beat.store(true, Relaxed);
        self.rouse(now_us);
    }

    pub(crate) fn take_beat(&self) -> bool {
        self.beat.swap(false, Relaxed)
    }

    /// Sets when the grant ends, so long from now; `None` is never.
    pub(crate) fn expire_in(&self, left_ms: Option<u64>, now_ms: u64) {
        let (ends, warns) = match left_ms {
            None => (0, 0),
            Some(left) => (now_ms + left, now_ms + left - EXPIRING_BEFORE_MS.min(left / 4)),
        };
        self.expires_at_ms.store(ends, Relaxed);
        self.expiring_at_ms.store(warns, Relaxed);
    }

    /// When the grant ends, where it does.
    pub(crate) fn expires_at_ms(&self) -> Option<u64> {
        Some(self.expires_at_ms.load(Relaxed)).filter(|at| *at > 0)
    }

    /// Whether the grant is over.
    pub(crate) fn has_expired(&self, now_ms: u64) -> bool {
        self.expires_at_ms().is_some_and(|at| now_ms >= at)
    }

    /// Whether the client is to be told that the grant ends soon, and was not.
    pub(crate) fn warning_is_due(&self, now_ms: impl FnOnce() -> u64) -> bool {
        self.due_warning(now_ms).is_some()
    }

    /// The same, for whoever tells it then: it is told once for each grant.
    pub(crate) fn take_warning(&self, now_ms: impl FnOnce() -> u64) -> bool {
        let due = self.due_warning(now_ms);
        due.is_some_and(|at| self.expiring_at_ms.compare_exchange(at, 0, Relaxed, Relaxed).is_ok())
    }

    fn due_warning(&self, now_ms: impl FnOnce() -> u64) -> Option<u64> {
        Some(self.expiring_at_ms.load(Relaxed)).filter(|at| *at > 0 && now_ms() >= *at)
    }

    /// Bytes went out, and with them so many events.
    pub(crate) fn wrote(&self, bytes: u64, now_ms: u64) {
        self.bytes.fetch_add(bytes, Relaxed);
        self.last_write_ms.store(now_ms, Relaxed);
    }

    pub(crate) fn count_events(&self, events: u64) {
        self.events.fetch_add(events, Relaxed);
    }

    pub(crate) fn pinged(&self, now_ms: u64) {
        self.last_ping_ms.store(now_ms, Relaxed);
    }

    /// The client itself said that it is there.
    pub(crate) fn attest(&self, now_ms: u64) {
        self.alive_ms.store(now_ms, Relaxed);
    }

    pub(crate) fn attested_ms(&self) -> u64 {
        self.alive_ms.load(Relaxed)
    }

    /// When the lease ends, where there is one.
    pub(crate) fn lease_ends_ms(&self) -> Option<u64> {
        match self.lease_ms.load(Relaxed) {
            0 => None,
            lease => Some(self.attested_ms() + u64::from(lease)),
        }
    }

    pub(crate) fn last_write_ms(&self) -> u64 {
        self.last_write_ms.load(Relaxed)
    }

    pub(crate) fn last_ping_ms(&self) -> u64 {
        self.last_ping_ms.load(Relaxed)
    }

    pub(crate) fn events(&self) -> u64 {
        self.events.load(Relaxed)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }
}
