//! A hub beside this process. What it is to be told waits in a queue with a bound, and one task sends it, in order. Where
//! the hub is away, the task tries again; where the queue is full, an event is dropped with a line in the log, and its
//! board is told, once the hub is back, to fetch itself anew. A right, and who or what is shut out, is never dropped.

mod courier;

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::Uri;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use self::courier::Courier;
use super::Telling;
use crate::clock;
use crate::event::{Event, EventType, GroupId, Shown};
use crate::issuer::Issuer;

/// Events that wait for a hub that is away.
const EVENTS_WAITING_MAX: usize = 1_000;
/// Least time between two lines of the log about dropped events.
const LINES_EVERY_MS: u64 = 1_000;
/// What waits at a stop has this long.
const LAST_WITHIN: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub(crate) struct Beside(Arc<Queue>);

/// The task that sends.
pub(crate) struct Sending {
    queue: Arc<Queue>,
    task: JoinHandle<()>,
}

impl Sending {
    /// What waits is sent, if the hub is there to take it.
    pub(crate) async fn finish(self) {
        self.queue.waiting().closing = true;
        self.queue.more.notify_one();
        let abort = self.task.abort_handle();
        if timeout(LAST_WITHIN, self.task).await.is_err() {
            abort.abort();
            let waiting = self.queue.waiting().tellings.len();
            tracing::warn!(waiting, "the hub is away: the next start tells it anew");
        }
    }

    /// What waits is told to nobody.
    #[cfg(test)]
    pub(crate) fn crash(self) {
        self.task.abort();
    }
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    more: Notify,
}

#[derive(Default)]
struct Waiting {
    tellings: VecDeque<Telling>,
    /// Groups that an event was dropped of.
    stale: BTreeSet<GroupId>,
    dropped: u64,
    /// When the log was last told of that.
    told_at_ms: u64,
    /// Nothing more comes.
    closing: bool,
}

impl Beside {
    /// With a task that sends until it is told to stop.
    pub(crate) fn start(hub: Uri, issuer: Arc<Issuer>, token_ms: u64) -> (Self, Sending) {
        let queue = Arc::new(Queue::default());
        let courier = Courier::new(hub, issuer, token_ms);
        let task = tokio::spawn(courier.run(Arc::clone(&queue)));
        (Self(Arc::clone(&queue)), Sending { queue, task })
    }

    pub(crate) fn tell(&self, telling: Telling) {
        let mut waiting = self.0.waiting();
        match telling {
            Telling::Event(event) if waiting.events() >= EVENTS_WAITING_MAX => waiting.drop_event(&event),
            Telling::Rights { user, .. } => {
                // The later one says all.
                waiting
                    .tellings
                    .retain(|before| !matches!(before, Telling::Rights { user: of, .. } if *of == user));
                waiting.tellings.push_back(telling);
            }
            other => waiting.tellings.push_back(other),
        }
        drop(waiting);
        self.0.more.notify_one();
    }

    /// How much waits.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.0.waiting().tellings.len()
    }
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first ones that go in one request: a run of events, or one other.
    fn take(&self, most: usize) -> Vec<Telling> {
        let mut waiting = self.waiting();
        let run =
            waiting.tellings.iter().take(most).take_while(|one| matches!(one, Telling::Event(_))).count();
        let count = run.max(1).min(waiting.tellings.len());
        if count > 0 {
            return waiting.tellings.drain(..count).collect();
        }
        let stale = std::mem::take(&mut waiting.stale).into_iter();
        let anew = |group| Event {
            ty: EventType::BoardStale,
            active_group_id: group,
            data: Shown::Nothing {},
            timestamp: clock::now_ms(),
        };
        stale.map(|group| Telling::Event(anew(group))).collect()
    }
}

impl Waiting {
    fn events(&self) -> usize {
        self.tellings.iter().filter(|telling| matches!(telling, Telling::Event(_))).count()
    }

    fn drop_event(&mut self, event: &Event) {
        self.stale.insert(event.active_group_id);
        self.dropped += 1;
        let now_ms = clock::now_ms();
        if now_ms >= self.told_at_ms + LINES_EVERY_MS {
            let dropped = std::mem::take(&mut self.dropped);
            self.told_at_ms = now_ms;
            tracing::warn!(channel = %event.channel(), r#type = event.ty.name(), dropped, "the hub is away: events dropped");
        }
    }
}
