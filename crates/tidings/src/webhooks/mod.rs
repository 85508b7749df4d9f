//! Webhooks: the application is told of connections and channels that come and go. Signed (Standard Webhooks), in order,
//! at least once, and kept in the data directory until then: by an orderly stop and by a crash nothing is lost.

mod backoff;
mod batch;
mod cursor;
mod deliver;
mod journal;
mod options;
mod outbox;
mod record;
mod sign;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::timeout;

use self::backoff::Backoff;
pub use self::batch::BATCH_EVENTS_MAX;
use self::cursor::{At, Cursor};
use self::deliver::{Delivery, Progress};
use self::journal::{Found, Journal};
pub use self::options::{OutboxOptions, WebhookEvent, WebhookOptions, WebhookOptionsError};
use self::outbox::Outbox;
use self::record::Happened;
pub use self::sign::SecretError;
use crate::clock::Clock;
use crate::hub::{Hub, OBSERVED_MAX, Observed, Observer, OutboxReadings};
use crate::outbound::Client;

/// The directory within the data directory.
const DIRECTORY: &str = "outbox";

/// Why nobody is told.
#[derive(Debug, thiserror::Error)]
pub enum WebhooksError {
    /// One can't be told. `webhook` is its place in the list.
    #[error("webhook {webhook}: {error}")]
    Options {
        /// Which one.
        webhook: usize,
        /// Why.
        error: WebhookOptionsError,
    },
    /// The hub keeps nothing.
    #[error("webhooks need a data directory, for what is not told yet")]
    NoDataDir,
    /// The hub has them already.
    #[error("the hub has its webhooks: start them once")]
    Twice,
    /// The journal can't be kept.
    #[error("the outbox: {0}")]
    Io(#[from] io::Error),
}

/// A hub's webhooks. They go on when this is dropped, for as long as there is the hub.
pub struct Webhooks {
    queue: mpsc::Sender<Observed>,
    written: watch::Receiver<u64>,
    all: Arc<Vec<Arc<Progress>>>,
    hurry: Vec<Arc<Notify>>,
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks").field("webhooks", &self.all.len()).finish_non_exhaustive()
    }
}

impl Webhooks {
    /// Takes up what an earlier start left, and tells from here on. Before anybody connects.
    pub fn start(
        hub: &Hub,
        webhooks: Vec<WebhookOptions>,
        options: OutboxOptions,
    ) -> Result<Self, WebhooksError> {
        WebhookOptions::check_all(&webhooks)
            .map_err(|(webhook, error)| WebhooksError::Options { webhook, error })?;
        let runtime = Handle::try_current().map_err(io::Error::other)?;
        let dir = hub.data_dir().ok_or(WebhooksError::NoDataDir)?.join(DIRECTORY);
        let clock = Clock::start();
        let Found { mut journal, left, damaged } = Journal::open(&dir, hub.node(), options.bytes_max)?;
        let head = journal.next();
        let mut first = outbox::lost_ones(left, clock.wall_ms());
        if damaged {
            first.push_front((clock.wall_ms(), Happened::Overflow { lost: None }));
        }
        if !first.is_empty() {
            tracing::info!(events = first.len(), "webhooks: those whom a crash cut off are told to be gone");
            journal.append(&mut first, u64::MAX)?;
        }
        let (written, reads) = watch::channel(journal.next());
        let all: Vec<Arc<Progress>> = webhooks.iter().map(|_| Arc::default()).collect();
        let all = Arc::new(all);
        let mut hurry = Vec::new();
        let mut deliveries = Vec::new();
        for (place, one) in webhooks.into_iter().enumerate() {
            let named = |error| WebhooksError::Options { webhook: place, error };
            let (target, client, signer) = one.target().map_err(named)?;
            let cursor = Cursor::of(&one, &dir, journal.epoch());
            let next = match cursor.read() {
                At::Next(next) if next <= head => next,
                // One that is new here was never told of those before it.
                At::Nowhere if !damaged => head,
                // Nobody knows: rather all that is kept once more than some of it never.
                _ => 1,
            };
            cursor.write(next)?;
            all[place].next.store(next, Relaxed);
            hurry.push(Arc::<Notify>::default());
            deliveries.push(Delivery {
                options: one,
                client: Client::new(target, client),
                signer,
                cursor,
                reader: journal.reader(next),
                epoch: journal.epoch().to_owned(),
                node: hub.node().to_owned(),
                backoff: Backoff::new(options.retry_ms, options.retry_max_ms),
                written: reads.clone(),
                progress: Arc::clone(&all[place]),
                all: Arc::clone(&all),
                hurry: Arc::clone(&hurry[place]),
                clock,
            });
        }
        let (queue, observed) = mpsc::channel(OBSERVED_MAX);
        let (missed, lost) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let observer = Observer {
            queue: queue.clone(),
            missed: Arc::clone(&missed),
            readings: readings(Arc::clone(&all), reads.clone(), Arc::clone(&lost), clock),
        };
        hub.set_observer(observer).map_err(|_| WebhooksError::Twice)?;
        let outbox = Outbox { journal, queue: observed, missed, written, lost, all: Arc::clone(&all), clock };
        std::thread::Builder::new().name("outbox".to_owned()).spawn(move || outbox.run())?;
        deliveries.into_iter().for_each(|delivery| drop(runtime.spawn(delivery.run())));
        Ok(Self { queue, written: reads, all, hurry })
    }

    /// Waits until all that happened is on the disk and told, or the time is over: what is not told yet is when the hub
    /// is started again. Answers whether all was told.
    pub async fn flush(&self, within: Duration) -> bool {
        let told = async {
            let (mark, marked) = oneshot::channel();
            let _ = self.queue.send(Observed::Mark(mark)).await;
            let _ = marked.await;
            self.hurry.iter().for_each(|hurry| hurry.notify_one());
            let until = *self.written.borrow();
            for progress in self.all.iter() {
                loop {
                    let moved = progress.moved.notified();
                    if progress.next.load(Relaxed) >= until {
                        break;
                    }
                    moved.await;
                }
            }
        };
        timeout(within, told).await.is_ok()
    }
}

fn readings(
    all: Arc<Vec<Arc<Progress>>>,
    written: watch::Receiver<u64>,
    lost: Arc<AtomicU64>,
    clock: Clock,
) -> Box<dyn Fn() -> OutboxReadings + Send + Sync> {
    let sum = |all: &[Arc<Progress>], of: fn(&Progress) -> u64| all.iter().map(|one| of(one)).sum();
    Box::new(move || {
        let until = *written.borrow();
        let waiting = |one: &Arc<Progress>| until.saturating_sub(one.next.load(Relaxed));
        let oldest = all.iter().map(|one| one.oldest_ms.load(Relaxed)).filter(|at_ms| *at_ms > 0).min();
        OutboxReadings {
            delivered: sum(&all, |one| one.delivered.load(Relaxed)),
            failed: sum(&all, |one| one.failed.load(Relaxed)),
            pending: all.iter().map(waiting).sum(),
            oldest_age_seconds: oldest.map_or(0, |at_ms| clock.wall_ms().saturating_sub(at_ms) / 1_000),
            lost: lost.load(Relaxed),
        }
    })
}
