//! The hub's own channels: what an operator would poll for, pushed once a second for as long as anybody reads it.

mod connections;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use tidings_core::channel::{ChannelName, HUBS_OWN, Selector};
use tidings_core::log::{BoardInfo, News, Posting};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, sleep_until};

use self::connections::ShownPage;
use super::{BadQuery, ConnectionQuery, FastMap, Hub, Inner};

/// What is pushed is read anew this often.
const PERIOD: Duration = Duration::from_secs(1);
/// Newcomers to a channel that shows nothing yet wait so long, so that many who come at once cost one look.
const NEWCOMER_PAUSE: Duration = Duration::from_millis(20);

/// How many of the hub's own channels can be read at a time: each is a look at the books each second.
const HUB_CHANNELS_MAX: usize = 64;

/// A channel of the hub's own.
#[derive(Clone, Debug)]
enum HubChannel {
    /// The books.
    Stats,
    /// A page of the live connections.
    Connections(Box<ConnectionQuery>),
}

/// Why a channel of the hub's own can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HubChannelError {
    /// There is none of that name.
    #[error("the hub has no channel `{channel}` of its own: it has `$hub/stats` and `$hub/connections?…`")]
    Unknown {
        /// What was asked for.
        channel: ChannelName,
    },
    /// A query that can't be.
    #[error("channel `{channel}`: {error}")]
    Query {
        /// What was asked for.
        channel: ChannelName,
        /// What is wrong with it.
        error: BadQuery,
    },
    /// So many are read as can be.
    #[error("{hub_channels_max} of the hub's own channels are read, as many as can be: leave one")]
    TooMany {
        /// The bound.
        hub_channels_max: usize,
    },
}

impl HubChannelError {
    /// What is wrong with the name of a channel that another hub does not have.
    pub(super) fn of(channel: ChannelName) -> Self {
        HubChannel::parse(&channel).err().unwrap_or(Self::Unknown { channel })
    }
}

impl HubChannel {
    fn parse(channel: &ChannelName) -> Result<Self, HubChannelError> {
        let name = channel.as_str().strip_prefix(HUBS_OWN).unwrap_or_default();
        match name.split_once('?').map_or((name, ""), |(name, query)| (name, query)) {
            ("stats", "") => Ok(Self::Stats),
            ("connections", query) => match ConnectionQuery::parse(query) {
                Ok(query) => Ok(Self::Connections(Box::new(query))),
                Err(error) => Err(HubChannelError::Query { channel: channel.clone(), error }),
            },
            _ => Err(HubChannelError::Unknown { channel: channel.clone() }),
        }
    }
}

/// What was last shown on the channels that show changes.
type Shown = FastMap<ChannelName, ShownPage>;

/// Posts for as long as somebody reads, and waits while nobody does.
pub(super) fn start(hub: &Hub, runtime: &Handle, mut readers: watch::Receiver<()>) {
    let hub = Arc::downgrade(&hub.0);
    runtime.spawn(async move {
        while readers.changed().await.is_ok() {
            sleep(NEWCOMER_PAUSE).await;
            post_while_read(&hub, &mut readers).await;
        }
    });
}

async fn post_while_read(hub: &Weak<Inner>, readers: &mut watch::Receiver<()>) {
    let mut shown = Shown::default();
    let mut due = Instant::now();
    loop {
        let Some(hub) = hub.upgrade().map(Hub) else { return };
        let began = Instant::now();
        let all = began >= due;
        // A look that panics must not leave operators in the dark.
        let is_read = AssertUnwindSafe(hub.post_boards(&mut shown, all)).catch_unwind().await;
        if is_read.is_err() {
            tracing::error!("the hub's own channels could not be posted; the next turn goes on");
        }
        if !is_read.unwrap_or(true) {
            return;
        }
        drop(hub);
        let rest = began.elapsed();
        due = next_due(due, all, began, rest);
        tokio::select! {
            () = sleep_until(due) => {}
            came = readers.changed() => match came {
                Ok(()) => sleep(NEWCOMER_PAUSE.max(rest)).await,
                Err(_) => return,
            }
        }
    }
}

/// When all is read anew. A look that took long is followed by a rest as long, so that however much is asked for, half of
/// the time is everybody else's.
fn next_due(due: Instant, all: bool, began: Instant, took: Duration) -> Instant {
    let due = if all { began + PERIOD } else { due };
    due.max(began + 2 * took)
}

impl Hub {
    /// Whether what is asked for of the hub's own channels can be read: each is one that there is, and they are not
    /// too many.
    pub fn check_hub_channels(&self, asked: &[Selector]) -> Result<(), HubChannelError> {
        let asked = asked.iter().filter_map(|selector| match selector {
            Selector::Channel(name) if name.is_hubs_own() => Some(name),
            _ => None,
        });
        let mut asked = asked.peekable();
        if asked.peek().is_none() {
            return Ok(());
        }
        let read = self.0.log().boards();
        let mut new = 0;
        for channel in asked {
            HubChannel::parse(channel)?;
            new += usize::from(read.iter().all(|board| board.channel != *channel));
        }
        if new > 0 && read.len() + new > HUB_CHANNELS_MAX {
            return Err(HubChannelError::TooMany { hub_channels_max: HUB_CHANNELS_MAX });
        }
        Ok(())
    }

    /// Somebody began to read these: if the hub's own are among them, there is something to do.
    pub(super) fn attend_to(&self, selectors: &[Selector]) {
        if selectors.iter().any(Selector::is_hubs_own) {
            self.0.board_readers.send_replace(());
        }
    }

    /// Posts what is read: all of it, or where nothing is shown yet. Answers whether anything is read. Each is a look at
    /// all connections, and between two of them others have their turn.
    async fn post_boards(&self, shown: &mut Shown, all: bool) -> bool {
        let boards = self.0.log().boards();
        shown.retain(|channel, _| boards.iter().any(|board| board.is_posted && board.channel == *channel));
        for BoardInfo { channel, .. } in boards.iter().filter(|board| all || !board.is_posted) {
            let posting = match HubChannel::parse(channel) {
                Ok(HubChannel::Stats) => {
                    self.look_at_cluster().await;
                    Posting { ty: "stats", whole: self.stats().to_string(), news: News::Whole }
                }
                Ok(HubChannel::Connections(query)) => shown
                    .entry(channel.clone())
                    .or_default()
                    .posting(self.connections_everywhere(&query).await),
                Err(_) => continue,
            };
            self.post(channel, posting);
            yield_now().await;
        }
        !boards.is_empty()
    }

    fn post(&self, channel: &ChannelName, posting: Posting) {
        let mut roused = Vec::new();
        let now_ms = self.0.clock.log_ms();
        self.0.log().post(now_ms, channel, posting, &mut |outlet| roused.push(Arc::clone(outlet)));
        let now_us = self.0.clock.now_us();
        roused.iter().for_each(|outlet| outlet.rouse(now_us));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_takes_long_is_followed_by_a_rest_as_long() {
        let began = Instant::now();
        let ms = Duration::from_millis;
        assert_eq!(next_due(began, true, began, ms(7)), began + PERIOD);
        assert_eq!(next_due(began, true, began, ms(900)), began + ms(1_800));
        let due = began + ms(400);
        assert_eq!(next_due(due, false, began, ms(7)), due, "a newcomer's look puts nothing off");
        assert_eq!(next_due(due, false, began, ms(300)), began + ms(600), "but where it takes long");
    }
}
