//! Publishing in the log that hubs share: the engine gives each event its place, and this hub takes it in at once.

use std::sync::Arc;
use std::time::Duration;

use tidings_core::channel::ChannelName;
use tidings_core::engine::{AppendError, Head, Offer, Placed};
use tidings_core::position::Cursor;
use tokio::time::timeout;

use super::group_commit::in_one_call;
use super::publish::{Checked, PublishError, tell};
use super::shared::Shared;
use super::{Hub, Published, orders};
use crate::gate;
use crate::outlet::Outlet;

/// How long an answer waits for what lies before its own events in the log. The events are stored whatever comes of it.
const TAKEN_IN: Duration = Duration::from_secs(1);

impl Hub {
    /// Publishes in the shared log. What `waits` is tried again by the caller while the engine is away, whatever the rules
    /// of its channels say.
    pub(super) async fn publish_shared(
        &self,
        shared: &Shared,
        events: Vec<Checked>,
        waits: bool,
    ) -> Vec<Result<Vec<Published>, PublishError>> {
        let mut results = Vec::with_capacity(events.len());
        let mut rest = events.as_slice();
        while !rest.is_empty() {
            let sizes = rest
                .iter()
                .map(|checked| (checked.channels.len(), checked.channels.len() * checked.event.data().len()));
            let (part, others) = rest.split_at(in_one_call(sizes));
            results.extend(self.append_shared(shared, part, waits).await);
            rest = others;
        }
        results
    }

    /// Appends what goes in one call, with what others publish in the same moment.
    async fn append_shared(
        &self,
        shared: &Shared,
        part: &[Checked],
        waits: bool,
    ) -> Vec<Result<Vec<Published>, PublishError>> {
        let since_us = self.0.clock.now_us();
        let offers: Vec<Offer> = part.iter().flat_map(|checked| self.offers(checked)).collect();
        let appended = match self.append(shared, offers.clone()).await {
            Ok(appended) => appended,
            Err(error) => {
                return part.iter().map(|checked| self.not_appended(checked, &error, waits)).collect();
            }
        };
        let new = || offers.iter().zip(&appended.placed).filter(|(_, placed)| !placed.duplicate);
        let count = new().filter(|(offer, _)| !orders::is_order(&offer.channel)).count() as u64;
        if let Some(last) = new().next_back().map(|(_, placed)| placed.seq) {
            let is_there =
                |at: &Option<Head>| at.is_some_and(|at| at.epoch == appended.epoch && at.seq >= last);
            // What lies before them is on its way, or will be fetched.
            let _ = timeout(TAKEN_IN, shared.taken_in.subscribe().wait_for(is_there)).await;
            self.0.publish_queue.observe(self.0.clock.now_us() - since_us);
        }
        let mut answers = offers.iter().zip(&appended.placed);
        let mut log = self.0.log();
        log.note_published(count);
        let answer = |(offer, placed): (&Offer, &Placed)| {
            let recipients = log.recipients(&offer.channel);
            if !orders::is_order(&offer.channel) {
                tell(&offer.channel, &offer.event, recipients);
            }
            let Placed { seq, duplicate, .. } = *placed;
            let first = || log.recipients_of(&offer.channel, offer.event.id()?);
            let cursor = Cursor { epoch: appended.epoch, seq, owed: false };
            Published {
                id: offer.event.id().map_or_else(|| cursor.to_string(), str::to_owned),
                offset: seq,
                recipients: if duplicate { first().unwrap_or_default() } else { recipients },
                duplicate,
                accepted: false,
            }
        };
        let of = |checked: &Checked| Ok(answers.by_ref().take(checked.channels.len()).map(answer).collect());
        part.iter().map(of).collect()
    }

    /// What becomes of an event that has no place: where nothing was stored, and the rules of all its channels let it, it
    /// reaches the subscribers of this hub.
    fn not_appended(
        &self,
        checked: &Checked,
        error: &AppendError,
        waits: bool,
    ) -> Result<Vec<Published>, PublishError> {
        let accepts =
            |channel| gate::of(&self.0.options.gates, channel).is_some_and(|g| g.accepts_while_away);
        let is_away = matches!(error, AppendError::Away { .. });
        if waits || !is_away || !checked.channels.iter().all(accepts) {
            return Err(error.clone().into());
        }
        let made = || format!("{}-{:x}", self.0.secrets.incarnation(), rand::random::<u64>());
        let id = checked.event.id().map_or_else(made, str::to_owned);
        let mut roused = Vec::new();
        let pass = |channel: &ChannelName| {
            let now_ms = self.0.clock.log_ms();
            let mut wake = |outlet: &Arc<Outlet>| roused.push(Arc::clone(outlet));
            let recipients = self.0.log().pass_by(now_ms, channel, (&id, &checked.event), &mut wake);
            tell(channel, &checked.event, recipients);
            Published { id: id.clone(), offset: 0, recipients, duplicate: false, accepted: true }
        };
        let passed = checked.channels.iter().map(pass).collect();
        self.rouse(roused);
        Ok(passed)
    }

    fn offers<'a>(&'a self, checked: &'a Checked) -> impl Iterator<Item = Offer> + 'a {
        checked.channels.iter().map(|channel| Offer {
            channel: channel.clone(),
            event: checked.event.clone(),
            retention: match orders::is_order(channel) {
                true => orders::retention(channel),
                false => self.0.options.rules.keep(channel).retention,
            },
        })
    }
}

impl From<AppendError> for PublishError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Away { retry_ms } => Self::Away { retry_ms },
            AppendError::Unknown => Self::Unknown,
        }
    }
}
