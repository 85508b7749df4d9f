//! Tells one webhook, a batch after the other, each until it is taken: so what it is told is in order.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use tokio::sync::{Notify, watch};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::backoff::Backoff;
use super::batch::{Batch, BatchEnd};
use super::cursor::Cursor;
use super::journal::Reader;
use super::options::WebhookOptions;
use super::sign::Signer;
use crate::clock::Clock;
use crate::outbound::Client;

/// Least time between two lines of the log about one webhook that fails.
const LINES_EVERY_MS: u64 = 60_000;
/// After a failure to read what is to be told.
const UNREADABLE_PAUSE: Duration = Duration::from_millis(1_000);

/// One webhook, and how far it has been told.
pub(super) struct Delivery {
    pub(super) options: WebhookOptions,
    pub(super) client: Client,
    pub(super) signer: Signer,
    pub(super) cursor: Cursor,
    pub(super) reader: Reader,
    pub(super) epoch: String,
    pub(super) node: String,
    pub(super) backoff: Backoff,
    pub(super) written: watch::Receiver<u64>,
    pub(super) progress: Arc<Progress>,
    /// Of all webhooks: what each of them has may go.
    pub(super) all: Arc<Vec<Arc<Progress>>>,
    /// The hub is going: what waits is tried at once.
    pub(super) hurry: Arc<Notify>,
    pub(super) clock: Clock,
}

/// What is seen of a delivery from outside.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The number of the first record that is not told yet.
    pub(super) next: AtomicU64,
    pub(super) delivered: AtomicU64,
    pub(super) failed: AtomicU64,
    /// When what is being told happened, in milliseconds since 1970; 0 is nothing.
    pub(super) oldest_ms: AtomicU64,
    pub(super) moved: Notify,
}

impl Delivery {
    /// Tells for as long as the outbox is written.
    pub(super) async fn run(mut self) {
        loop {
            let until = *self.written.borrow_and_update();
            if self.reader.next() >= until {
                if self.written.changed().await.is_err() {
                    return;
                }
                continue;
            }
            let before = self.reader.next();
            let BatchEnd { batch, next } = match self.cut(until) {
                Ok(end) if end.next > before => end,
                other => {
                    let error = other.err().map(|error| error.to_string());
                    let error = error.as_deref().unwrap_or("what was written is not there");
                    tracing::error!(error, host = self.host(), "the outbox can't be read");
                    if timeout(UNREADABLE_PAUSE, gone(&mut self.written)).await.is_ok() {
                        return;
                    }
                    continue;
                }
            };
            if let Some(batch) = batch
                && !self.tell(&batch).await
            {
                return;
            }
            self.passed(next).await;
        }
    }

    fn cut(&mut self, until: u64) -> io::Result<BatchEnd> {
        Batch::cut(&mut self.reader, until, &self.options, &self.epoch, &self.node)
    }

    /// Until it is taken. Answers whether it was: not where the hub is gone meanwhile.
    async fn tell(&mut self, batch: &Batch) -> bool {
        self.progress.oldest_ms.store(batch.oldest_ms, Relaxed);
        let mut told_ms = None;
        loop {
            let mut written = self.written.clone();
            let sent = tokio::select! {
                biased;
                // Where the hub is opened anew, the next start tells it; of two, both would.
                () = gone(&mut written) => return false,
                sent = self.send(batch) => sent,
            };
            let Err((error, asked_ms)) = sent else { break };
            self.progress.failed.fetch_add(1, Relaxed);
            let now_ms = self.clock.now_ms();
            if told_ms.is_none_or(|at_ms| now_ms >= at_ms + LINES_EVERY_MS) {
                told_ms = Some(now_ms);
                tracing::warn!(
                    host = self.host(),
                    error,
                    "a webhook did not take its events: it is tried again"
                );
            }
            let wait_ms = self.backoff.failed(rand::random(), asked_ms);
            tokio::select! {
                _ = timeout(Duration::from_millis(wait_ms), self.hurry.notified()) => {}
                () = gone(&mut self.written) => return false,
            }
        }
        if told_ms.is_some() {
            tracing::info!(host = self.host(), "a webhook takes its events again");
        }
        self.backoff.succeeded();
        self.progress.delivered.fetch_add(batch.events, Relaxed);
        true
    }

    async fn send(&self, batch: &Batch) -> Result<(), (String, Option<u64>)> {
        let timestamp = self.clock.wall_ms() / 1_000;
        let signature = self.signer.sign(&batch.id, timestamp, &batch.body);
        let mut fields = HeaderMap::new();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in [
            ("webhook-id", batch.id.as_str()),
            ("webhook-timestamp", &timestamp.to_string()),
            ("webhook-signature", &signature),
        ] {
            let value = HeaderValue::from_str(value).map_err(|error| (error.to_string(), None))?;
            fields.insert(HeaderName::from_static(name), value);
        }
        let sent = self.client.ask(Method::POST, fields, Bytes::clone(&batch.body)).await;
        let answer = sent.map_err(|error| (error.to_string(), None))?;
        if answer.status.is_success() {
            return Ok(());
        }
        let asked =
            answer.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        Err((format!("answered {}", answer.status), asked.map(|seconds| seconds.saturating_mul(1_000))))
    }

    async fn passed(&self, next: u64) {
        let cursor = self.cursor.clone();
        // A disk may take its time, and whoever else is served here has none.
        let written = spawn_blocking(move || cursor.write(next)).await;
        if let Err(error) = written.map_err(io::Error::other).and_then(|written| written) {
            tracing::warn!(%error, host = self.host(), "how far a webhook was told could not be kept");
        }
        self.progress.next.store(next, Relaxed);
        self.progress.oldest_ms.store(0, Relaxed);
        self.progress.moved.notify_waiters();
        let everybody = self.all.iter().map(|progress| progress.next.load(Relaxed)).min();
        self.reader.release(everybody.unwrap_or(0));
    }

    fn host(&self) -> &str {
        self.options.url.host().unwrap_or_default()
    }
}

/// Waits until nothing will be written any more.
async fn gone(written: &mut watch::Receiver<u64>) {
    while written.changed().await.is_ok() {}
}
