//! What is to be published by whoever can't wait for it: in order, in its own time.

use std::sync::Weak;
use std::time::Duration;

use tidings_core::channel::ChannelName;
use tidings_core::event::Event;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::sleep;

use super::publish::{Checked, PublishError};
use super::{Hub, Inner};

/// Events that wait for an engine that is away or slow.
pub const QUEUED_EVENTS_MAX: usize = 10_000;
const EVENTS_PER_TURN_MAX: usize = 128;
/// How long what the engine refused waits until it is tried again.
const AWAY_PAUSE: Duration = Duration::from_millis(250);

/// Where they wait.
#[derive(Debug)]
pub(super) struct Queue(Sender<Checked>);

impl Queue {
    pub(super) fn new() -> (Self, Receiver<Checked>) {
        let (sender, receiver) = channel(QUEUED_EVENTS_MAX);
        (Self(sender), receiver)
    }
}

impl Hub {
    /// Publishes an event without waiting: at once with the memory engine, and else in the order of these calls as soon as
    /// the engine takes it. What it can't take for long is let go of once [`QUEUED_EVENTS_MAX`] wait, and the caller told.
    pub fn enqueue(&self, checked: Checked) -> Result<(), PublishError> {
        match &self.0.shared {
            None => self.publish_now(&checked).map(drop),
            Some(shared) => {
                shared.queue.0.try_send(checked).map_err(|_| PublishError::Away { retry_ms: 1_000 })
            }
        }
    }

    /// An event of the hub's own.
    pub(super) fn enqueue_event(&self, channel: &ChannelName, event: Event) {
        if let Err(error) = self.enqueue(Checked { channels: vec![channel.clone()], event }) {
            tracing::warn!(%channel, %error, "not published");
        }
    }
}

/// Publishes what is enqueued for as long as the hub is held.
pub(super) async fn publish(hub: Weak<Inner>, mut queued: Receiver<Checked>) {
    let mut waiting: Vec<Checked> = Vec::new();
    loop {
        if waiting.is_empty() && queued.recv_many(&mut waiting, EVENTS_PER_TURN_MAX).await == 0 {
            return;
        }
        let Some(hub) = hub.upgrade().map(Hub) else { return };
        let Some(shared) = &hub.0.shared else { return };
        let results = hub.publish_shared(shared, waiting.clone(), true).await;
        let is_away = |result: &Result<_, _>| matches!(result, Err(PublishError::Away { .. }));
        // The rest stays in order: what comes behind what was refused is not tried before it.
        let done = results.iter().take_while(|result| !is_away(result)).count();
        for error in results.into_iter().take(done).filter_map(Result::err) {
            tracing::warn!(%error, "an event that was enqueued is not known to be published");
        }
        let is_held_up = done < waiting.len();
        waiting.drain(..done);
        drop(hub);
        if is_held_up {
            sleep(AWAY_PAUSE).await;
        }
    }
}
