//! What an operator asks of a list, as text: the query of a request, or the end of a channel's name.

use serde::Deserialize;
use tidings_core::channel::ChannelName;
use tidings_core::close::CloseReason;

use super::{
    ChannelQuery, ClosedQuery, ConnectionQuery, RevocationQuery, RowMark, Search, Sort, SortKey, UserQuery,
};
use crate::urlencoded;

/// Rows of a page that asks for no number of them.
const PAGE_ROWS: usize = 100;
/// Rows of a page at most.
const PAGE_ROWS_MAX: usize = 1_000;
/// Of those that left, as many as are remembered.
const CLOSED_ROWS_MAX: usize = tidings_core::registry::CLOSED_RING_LEN;

/// Why a query can't be answered. Tells what to ask instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadQuery(String);

/// Which rows, in what order, and which page of them.
#[derive(Clone, Debug, Default)]
pub struct ListQuery<By> {
    /// Those that have this somewhere.
    pub search: Option<Search>,
    /// The order.
    pub sort: Sort<By>,
    /// Rows of the page; 0 for all.
    pub limit: usize,
    /// Those after this row of the page before.
    pub after: Option<RowMark>,
}

/// All that any list can be asked. What is empty is as if it were not there.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    user: String,
    channel: String,
    r#type: String,
    client_id: String,
    reason: String,
    q: String,
    sort: String,
    limit: String,
    after: String,
}

impl ConnectionQuery {
    /// Reads `user=&channel=&type=&client_id=&q=&sort=&limit=&after=`, urlencoded.
    pub fn parse(query: &str) -> Result<Self, BadQuery> {
        let asked = Asked::read(query)?;
        let channel = given(&asked.channel).map(|name| ChannelName::parse(&name)).transpose();
        Ok(Self {
            user: given(&asked.user),
            channel: channel.map_err(|error| BadQuery(format!("channel {error}")))?,
            kind: given(&asked.r#type),
            client_id: given(&asked.client_id),
            list: asked.list()?,
        })
    }
}

impl ClosedQuery {
    /// Reads `user=&type=&client_id=&reason=&q=&limit=&after=`, urlencoded.
    pub fn parse(query: &str) -> Result<Self, BadQuery> {
        let asked = Asked::read(query)?;
        let reason = given(&asked.reason).map(|name| {
            CloseReason::parse(&name).ok_or_else(|| {
                let names = CloseReason::ALL.map(CloseReason::as_str).join(", ");
                BadQuery(format!("reason is one of {names}"))
            })
        });
        let after = given(&asked.after).map(|after| after.parse().map_err(|_| wrong_page()));
        Ok(Self {
            user: given(&asked.user),
            kind: given(&asked.r#type),
            client_id: given(&asked.client_id),
            reason: reason.transpose()?,
            search: asked.search(),
            limit: asked.limit(CLOSED_ROWS_MAX)?,
            after: after.transpose()?,
        })
    }
}

impl ChannelQuery {
    /// Reads `q=&sort=&limit=&after=`, urlencoded.
    pub fn parse(query: &str) -> Result<Self, BadQuery> {
        Asked::read(query)?.list()
    }
}

impl UserQuery {
    /// Reads `q=&sort=&limit=&after=`, urlencoded.
    pub fn parse(query: &str) -> Result<Self, BadQuery> {
        Asked::read(query)?.list()
    }
}

impl RevocationQuery {
    /// Reads `q=&sort=&limit=&after=`, urlencoded.
    pub fn parse(query: &str) -> Result<Self, BadQuery> {
        Asked::read(query)?.list()
    }
}

impl Asked {
    fn read(query: &str) -> Result<Self, BadQuery> {
        urlencoded::fields(query).map_err(|error| BadQuery(error.to_string()))
    }

    fn list<By: SortKey>(&self) -> Result<ListQuery<By>, BadQuery> {
        let sort = Sort::parse(&self.sort)?;
        let after = given(&self.after).map(|after| RowMark::parse(&after, sort.by).ok_or_else(wrong_page));
        let limit = self.limit(PAGE_ROWS_MAX)?;
        Ok(ListQuery { search: self.search(), sort, limit, after: after.transpose()? })
    }

    fn search(&self) -> Option<Search> {
        given(&self.q).map(|text| Search::new(&text))
    }

    fn limit(&self, most: usize) -> Result<usize, BadQuery> {
        let Some(text) = given(&self.limit) else { return Ok(PAGE_ROWS) };
        let number = text.parse().ok().filter(|limit| (1..=most).contains(limit));
        number.ok_or_else(|| BadQuery(format!("limit is from 1 to {most}")))
    }
}

impl<By: SortKey> Sort<By> {
    fn parse(text: &str) -> Result<Self, BadQuery> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
        let found = By::NAMES.iter().find(|(own, ..)| *own == name);
        found.map(|&(_, by, turned)| Self { by, descending: descending != turned }).ok_or_else(|| {
            let names: Vec<_> = By::NAMES.iter().map(|(name, ..)| *name).collect();
            BadQuery(format!("sort is one of {}, with - before it for descending", names.join(", ")))
        })
    }
}

fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn wrong_page() -> BadQuery {
    BadQuery("after is what the page before gave as next, under the same sort".to_owned())
}
