//! The channels.

use serde::Serialize;
use tidings_core::channel::ChannelName;
use tidings_core::log::ChannelInfo;

use super::order::{SortValue, cut};
use super::{ListQuery, RowMark, SortKey};
use crate::hub::Hub;

/// Which channels, in what order. Searched is the name.
pub type ChannelQuery = ListQuery<ChannelBy>;

/// What channels can be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChannelBy {
    /// The name.
    #[default]
    Name,
    /// Subscribers.
    Subscribers,
    /// Events of the last ten seconds.
    Rate,
    /// Events kept.
    Events,
    /// Bytes kept.
    Bytes,
}

impl SortKey for ChannelBy {
    const NAMES: &'static [(&'static str, Self, bool)] = &[
        ("channel", Self::Name, false),
        ("subscribers", Self::Subscribers, false),
        ("rate", Self::Rate, false),
        ("events", Self::Events, false),
        ("bytes", Self::Bytes, false),
    ];
    const IS_TOLD_BY_TEXT: bool = true;

    fn is_text(self) -> bool {
        false
    }
}

/// A page of channels.
#[derive(Clone, Debug, Serialize)]
pub struct ChannelPage {
    /// The channels.
    pub channels: Vec<ChannelInfo>,
    /// How many match in all.
    pub total: usize,
    /// What to pass as `after` for the next page.
    pub next: Option<String>,
}

impl Hub {
    /// A page of the channels that have subscribers or events, without the hub's own.
    pub fn channels(&self, query: &ChannelQuery) -> ChannelPage {
        let now_ms = self.0.clock.log_ms();
        let is_found =
            |name: &ChannelName| query.search.as_ref().is_none_or(|search| search.is_in(name.as_str()));
        let marked: Vec<(RowMark, ChannelName)> = {
            let log = self.0.log();
            let channels = log.channels(now_ms);
            let found = channels.iter().filter(|channel| is_found(channel.name()));
            let marked = found.map(|channel| {
                let value: SortValue = match query.sort.by {
                    ChannelBy::Name => SortValue::Number(0),
                    ChannelBy::Subscribers => channel.subscribers().into(),
                    ChannelBy::Rate => channel.events_lately().into(),
                    ChannelBy::Events => channel.events().into(),
                    ChannelBy::Bytes => channel.bytes().into(),
                };
                (RowMark::new(value, channel.name().as_arc()), channel.name().clone())
            });
            marked.collect()
        };
        let page = cut(marked, query);
        let log = self.0.log();
        let now = log.channels(now_ms);
        let channels = page.rows.iter().filter_map(|name| Some(now.get(name)?.info())).collect();
        ChannelPage { channels, total: page.total, next: page.next }
    }
}
