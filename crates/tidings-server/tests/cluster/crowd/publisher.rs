//! Publishes while hubs go: to those who have to move, and now and then to all.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::Method;
use serde_json::json;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::words::{ALL, News, Numbers, channel_of, now_us};
use crate::streams::request;

/// How many events for one part come before one for all.
const PART_EVENTS: u64 = 10;
/// Before an event is sent again whose fate is unknown, or that was not taken.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

pub(super) struct Publisher {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Published>,
}

/// What was published, each 1, 2, 3, …
#[derive(Default)]
pub(super) struct Published {
    pub(super) numbers: Numbers,
    pub(super) for_all: u64,
    pub(super) again: usize,
}

impl Publisher {
    /// Goes on from the last number for all.
    pub(super) fn start(to: SocketAddr, part: usize, all: u64, pace: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let task = Handle::current().spawn(async move {
            let mut clock = interval(pace);
            clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut published = Published { numbers: Numbers { all, part: 0 }, ..Published::default() };
            while !told.load(Ordering::Relaxed) {
                clock.tick().await;
                published.numbers.part += 1;
                published.publish(to, &channel_of(part), false).await;
                if published.numbers.part % PART_EVENTS == 1 {
                    published.numbers.all += 1;
                    published.for_all += 1;
                    published.publish(to, ALL, true).await;
                }
            }
            published
        });
        Self { stop, task }
    }

    pub(super) fn finish(self) -> Published {
        self.stop.store(true, Ordering::Relaxed);
        Handle::current().block_on(self.task).expect("it publishes")
    }
}

impl Published {
    async fn publish(&mut self, to: SocketAddr, channel: &str, for_all: bool) {
        let n = if for_all { self.numbers.all } else { self.numbers.part };
        let news = News { for_all, n, at_us: now_us() };
        let event = json!({ "channel": channel, "data": news, "id": format!("{channel}-{n}") }).to_string();
        loop {
            let answer = request(to, Method::POST, "/api/sse/publish", &event).await.expect("an answer");
            match answer.status {
                200 => return,
                503 | 504 => self.again += 1,
                _ => panic!("{answer:?}"),
            }
            sleep(AGAIN_AFTER).await;
        }
    }
}
