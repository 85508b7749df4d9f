//! A hub as its engine sees it: one that publishes, and follows the log.

#![allow(dead_code, reason = "each test file uses what it needs")]

use std::sync::Arc;
use std::time::Duration;

use tidings_core::conformance::{Bench, Reader, offer};
use tidings_core::engine::{Answer, AppendError, Engine, Head};
use tidings_core::history::Retention;
use tidings_redis::{RedisEngine, RedisOptions};
use tokio::time::Instant;

use crate::server::{Server, until};

pub(crate) const BOUND: Duration = Duration::from_secs(15);
pub(crate) const EVERYTHING: Retention = Retention { count: 0, age_ms: 0, bytes: 0 };

/// Its engine, and one that follows by it.
pub(crate) struct Hub {
    pub(crate) engine: Arc<RedisEngine>,
    pub(crate) reader: Reader,
    /// What was acknowledged to it, with its place.
    pub(crate) acknowledged: Vec<(Head, String)>,
    published: u64,
}

/// Time as it passes.
pub(crate) struct Clock;

impl Bench for Clock {
    fn fresh(&self, _: usize, _: usize) -> Answer<'_, Vec<Arc<dyn Engine>>> {
        unreachable!("its logs are made by the test")
    }

    fn pause(&self, ms: u64) -> Answer<'_, ()> {
        Box::pin(tokio::time::sleep(Duration::from_millis(ms)))
    }
}

/// Bounds that a test has time for.
pub(crate) fn options(server: &Server) -> RedisOptions {
    RedisOptions { append_ms: 500, read_ms: 2_000, ..RedisOptions::new(server.url()) }
}

impl Hub {
    pub(crate) async fn start(server: &Server) -> Self {
        Self::with(options(server)).await
    }

    pub(crate) async fn with(options: RedisOptions) -> Self {
        let (engine, _advice) = RedisEngine::open(options).await.expect("a Redis");
        let engine = Arc::new(engine);
        let reader = Reader::follow(engine.clone()).await;
        Self { engine, reader, acknowledged: Vec::new(), published: 0 }
    }

    /// Publishes one event with an id of its own.
    pub(crate) async fn publish(&mut self) -> Result<Head, AppendError> {
        self.published += 1;
        let id = format!("{:p}/{}", Arc::as_ptr(&self.engine), self.published);
        self.publish_as(&id).await
    }

    /// Publishes one event with this id.
    pub(crate) async fn publish_as(&mut self, id: &str) -> Result<Head, AppendError> {
        let offer = offer("c", &format!("\"{id}\""), Some(id), None, EVERYTHING);
        let appended = self.engine.append(Some(self.reader.at), vec![offer]).await?;
        let head = Head { epoch: appended.epoch, seq: appended.placed[0].seq };
        self.acknowledged.push((head, id.to_owned()));
        Ok(head)
    }

    /// Publishes until it succeeds. Answers how long that took.
    pub(crate) async fn publish_at_last(&mut self) -> (Head, Duration) {
        let mut head = None;
        let took = until("a publish succeeds", BOUND, async || {
            head = self.publish().await.ok();
            head.is_some()
        })
        .await;
        (head.expect("published"), took)
    }

    /// Listens until it has everything up to there. Answers how long that took.
    pub(crate) async fn reach(&mut self, head: Head) -> Duration {
        let since = Instant::now();
        self.reader.reach(&Clock, head).await;
        since.elapsed()
    }

    /// Everything acknowledged in the epoch of now is there, at its place, and in order.
    pub(crate) fn assert_has_what_was_acknowledged_to(&self, publisher: &Self) {
        let now = self.reader.at;
        let entries = &self.reader.entries;
        assert!(entries.is_sorted_by(|a, b| a.seq < b.seq));
        for (head, id) in publisher.acknowledged.iter().filter(|(head, _)| head.epoch == now.epoch) {
            let entry = entries.iter().find(|entry| entry.seq == head.seq);
            assert_eq!(entry.and_then(|entry| entry.event.id()), Some(&**id), "{head:?}");
        }
    }
}
