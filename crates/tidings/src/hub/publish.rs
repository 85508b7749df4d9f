//! Publishing: checked, appended, woken; and the log read back as history.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tidings_core::channel::{ChannelName, NameError, Selector};
use tidings_core::event::{Draft, Event, EventError};
use tidings_core::grant::Grant;
use tidings_core::log::{Log, Page, Published};
use tidings_core::position::Cursor;

use super::{Hub, locked};
use crate::gate;
use crate::outlet::Outlet;
use crate::schema::Violations;

/// Why an event was not published.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The event is not valid.
    #[error(transparent)]
    Invalid(#[from] EventError),
    /// The channel is none to publish to.
    #[error(transparent)]
    Channel(#[from] NameError),
    /// The data is not as the channel's rule wants it.
    #[error(transparent)]
    Schema(#[from] Violations),
    /// The publisher is too fast.
    #[error("more than {limit} events a second: come again in {retry_ms} ms")]
    Rate {
        /// The limit.
        limit: u32,
        /// When to come again.
        retry_ms: u64,
    },
    /// The engine that several hubs share is away, and nothing was published.
    #[error("the engine is away and nothing was published: come again in {retry_ms} ms")]
    Away {
        /// When to come again.
        retry_ms: u64,
    },
    /// The engine did not answer in time.
    #[error(
        "the engine did not answer in time, and it is unknown whether this was published: send it again with the same \
         `id`, which publishes nothing twice"
    )]
    Unknown,
    /// The hub is about to stop and has put its rings away.
    #[error("the hub is stopping: publish to its successor")]
    Stopping,
}

/// A publisher inside the application: no subscriber is no error, and a slow one holds nobody up.
#[derive(Clone, Debug)]
pub struct Publisher(Hub);

/// An event that was checked, and where it goes.
#[derive(Clone, Debug)]
pub struct Checked {
    pub(super) channels: Vec<ChannelName>,
    pub(super) event: Event,
}

impl Publisher {
    /// Publishes an event whose data is anything that serializes.
    pub async fn publish<T: serde::Serialize + ?Sized>(
        &self,
        channel: &ChannelName,
        ty: &str,
        data: &T,
    ) -> Result<Published, PublishError> {
        let data = serde_json::value::to_raw_value(data).map_err(|_| EventError::NotJson)?;
        let draft = Draft { ty: Some(ty).filter(|ty| !ty.is_empty()), data: &data, id: None, key: None };
        self.publish_draft(channel, draft).await
    }

    /// Publishes it without waiting, from wherever the application is: see [`Hub::enqueue`].
    pub fn enqueue<T: serde::Serialize + ?Sized>(
        &self,
        channel: &ChannelName,
        ty: &str,
        data: &T,
    ) -> Result<(), PublishError> {
        let data = serde_json::value::to_raw_value(data).map_err(|_| EventError::NotJson)?;
        let draft = Draft { ty: Some(ty).filter(|ty| !ty.is_empty()), data: &data, id: None, key: None };
        self.0.enqueue(self.0.check(vec![channel.clone()], draft)?)
    }

    /// Publishes an event with all that one can have.
    pub async fn publish_draft(
        &self,
        channel: &ChannelName,
        draft: Draft<'_>,
    ) -> Result<Published, PublishError> {
        self.0.publish(channel, draft).await
    }
}

fn offset(since: &str) -> Option<u64> {
    since.bytes().all(|byte| byte.is_ascii_digit()).then(|| since.parse().ok())?
}

/// Which part of a channel's history.
#[derive(Clone, Copy, Debug)]
pub struct HistoryQuery<'a> {
    /// Events after this cursor or offset; from the beginning without one.
    pub since: Option<&'a str>,
    /// Events at most.
    pub limit: usize,
}

impl Hub {
    /// A publisher for the application that the hub lives in.
    pub fn publisher(&self) -> Publisher {
        Publisher(self.clone())
    }

    /// Checks an event and publishes it. No subscriber is no error. With the memory engine it is done at once; with one
    /// that several hubs share, it waits for that one's answer.
    pub async fn publish(&self, channel: &ChannelName, draft: Draft<'_>) -> Result<Published, PublishError> {
        let checked = self.check(vec![channel.clone()], draft)?;
        let mut results = self.publish_all(vec![checked]).await;
        results.pop().unwrap_or(Err(PublishError::Stopping))?.pop().ok_or(PublishError::Stopping)
    }

    /// Checks an event for all the channels that it is to go to.
    pub fn check(&self, channels: Vec<ChannelName>, draft: Draft<'_>) -> Result<Checked, PublishError> {
        let options = &self.0.options;
        channels.iter().try_for_each(ChannelName::check_publishable)?;
        gate::check(&options.gates, &channels, draft.data.get(), options.bounds.event_bytes)?;
        Ok(Checked { channels, event: Event::new(draft, options.bounds.event_bytes)? })
    }

    /// Publishes several events, one after the other, and answers for each what became of it on each of its channels:
    /// all of them take it, or none does. Their readers are woken once, for all.
    pub async fn publish_all(&self, events: Vec<Checked>) -> Vec<Result<Vec<Published>, PublishError>> {
        match &self.0.shared {
            Some(shared) => self.publish_shared(shared, events, false).await,
            None => {
                let mut burst = self.burst();
                events.iter().map(|checked| burst.publish(checked)).collect()
            }
        }
    }

    /// Whether the channel's rule lets anybody publish to it over HTTP.
    pub fn is_open(&self, channel: &ChannelName) -> bool {
        gate::of(&self.0.options.gates, channel).is_none_or(|gate| !gate.is_closed)
    }

    /// Takes `count` events off a publisher's rate.
    pub fn take_publish_rate(&self, publisher: &Arc<str>, count: u32) -> Result<(), PublishError> {
        let verdict = locked(&self.0.publish_rate).take(Arc::clone(publisher), count, self.0.clock.now_ms());
        let limit = self.0.options.bounds.publishes_per_second;
        verdict.map_err(|retry_ms| PublishError::Rate { limit, retry_ms })
    }

    fn burst(&self) -> Burst<'_> {
        Burst { hub: self, roused: Vec::new(), appended: false, since_us: self.0.clock.now_us() }
    }

    /// Publishes an event in this hub's own log.
    pub(super) fn publish_now(&self, checked: &Checked) -> Result<Vec<Published>, PublishError> {
        self.burst().publish(checked)
    }

    /// Events of a channel after a position, or from the oldest that is held.
    pub fn history(&self, channel: &ChannelName, query: HistoryQuery<'_>) -> Page {
        page(&self.0.log(), channel, 0, query)
    }

    /// The same for one who asks under a grant: what of it may be read now. Nothing where the channel may not.
    pub fn history_for(&self, grant: &Grant, channel: &ChannelName, query: HistoryQuery<'_>) -> Option<Page> {
        let log = self.0.log();
        let rights = self.rights(grant, &grant.user);
        let asked = Selector::Channel(channel.clone());
        let may_read = rights.may_read(&asked) && !self.is_revoked(grant);
        may_read.then(|| page(&log, channel, rights.since(&asked, log.began()), query))
    }
}

fn page(log: &Log<Arc<Outlet>>, channel: &ChannelName, floor: u64, query: HistoryQuery<'_>) -> Page {
    // An offset, as `publish` answers it, means this life of the log; a cursor says which it means.
    let offset = query.since.and_then(offset).map(|seq| Cursor { seq, ..log.head() });
    let since = offset.map(|cursor| cursor.to_string());
    log.history(channel, floor, since.as_deref().or(query.since), query.limit)
}

/// Events that are published one after the other. Each is in the log when its call returns; their readers are woken when
/// the burst is dropped, outside the log's lock, so that a reader takes all of it in one turn.
#[derive(Debug)]
struct Burst<'a> {
    hub: &'a Hub,
    roused: Vec<Arc<Outlet>>,
    appended: bool,
    since_us: u64,
}

impl Burst<'_> {
    fn publish(&mut self, checked: &Checked) -> Result<Vec<Published>, PublishError> {
        let append = |channel| self.append(channel, &checked.event).ok_or(PublishError::Stopping);
        checked.channels.iter().map(append).collect()
    }

    /// `None` once the rings are put away. That is asked under the log's lock: an event is in the rings that are
    /// kept, or it is refused.
    fn append(&mut self, channel: &ChannelName, event: &Event) -> Option<Published> {
        let inner = &*self.hub.0;
        let roused = &mut self.roused;
        let published = {
            let mut log = inner.log();
            if inner.publishing_over.load(Ordering::Acquire) {
                return None;
            }
            log.publish(inner.clock.log_ms(), channel, event, &mut |outlet| roused.push(Arc::clone(outlet)))
        };
        self.appended |= !published.duplicate;
        tell(channel, event, published.recipients);
        Some(published)
    }
}

/// Tells whoever reads the log of the process, never with data.
pub(super) fn tell(channel: &ChannelName, event: &Event, recipients: usize) {
    let ty = event.ty().unwrap_or("message");
    if recipients == 0 {
        tracing::debug!(%channel, r#type = %ty, "no subscribers");
    } else {
        tracing::debug!(%channel, r#type = %ty, recipients, "event published");
    }
}

impl Drop for Burst<'_> {
    fn drop(&mut self) {
        for outlet in &self.roused {
            outlet.rouse(self.since_us);
        }
        let inner = &*self.hub.0;
        if self.appended {
            inner.publish_queue.observe(inner.clock.now_us() - self.since_us);
        }
    }
}
