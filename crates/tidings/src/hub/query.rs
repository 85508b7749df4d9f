//! What an operator asks of a list, as text: the query of a request, or the end of a channel's name.

use serde::Deserialize;
use tidings_core::channel::ChannelName;

use super::{ConnectionQuery, ConnectionSort, RowMark, SortBy};
use crate::urlencoded;

/// Rows of a page that asks for no number of them.
const PAGE_ROWS: usize = 100;
/// Rows of a page at most.
const PAGE_ROWS_MAX: usize = 1000;

/// Why a query can't be answered. Tells what to ask instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadQuery(String);

#[derive(Deserialize)]
struct ConnectionsAsked {
    user: Option<String>,
    channel: Option<String>,
    r#type: Option<String>,
    client_id: Option<String>,
    sort: Option<String>,
    limit: Option<String>,
    after: Option<String>,
}

impl ConnectionQuery {
    /// Reads `user=&channel=&type=&client_id=&sort=&limit=&after=`, urlencoded. What is empty is as if it were not
    /// there.
    pub fn parse(query: &str) -> Result<Self, BadQuery> {
        let asked: ConnectionsAsked =
            urlencoded::fields(query).map_err(|error| BadQuery(error.to_string()))?;
        let channel = given(asked.channel).as_deref().map(ChannelName::parse).transpose();
        let sort = ConnectionSort::parse(&asked.sort.unwrap_or_default())?;
        let after = given(asked.after).map(|after| RowMark::parse(&after, sort.by).ok_or_else(wrong_page));
        Ok(Self {
            user: given(asked.user),
            channel: channel.map_err(|error| BadQuery(format!("channel {error}")))?,
            kind: given(asked.r#type),
            client_id: given(asked.client_id),
            sort,
            limit: rows(asked.limit.as_deref(), PAGE_ROWS_MAX)?,
            after: after.transpose()?,
        })
    }
}

impl ConnectionSort {
    fn parse(text: &str) -> Result<Self, BadQuery> {
        let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
        let by = match name {
            "" | "connected_at" => SortBy::ConnectedAt,
            "user" => SortBy::User,
            "type" => SortBy::Kind,
            "events_sent" => SortBy::Events,
            "bytes_sent" => SortBy::Bytes,
            "last_write_at" => SortBy::LastWrite,
            _ => {
                let names = "connected_at, user, type, events_sent, bytes_sent, last_write_at";
                return Err(BadQuery(format!("sort is one of {names}, with - before it for descending")));
            }
        };
        Ok(Self { by, descending })
    }
}

fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn rows(asked: Option<&str>, most: usize) -> Result<usize, BadQuery> {
    let Some(text) = asked.filter(|text| !text.is_empty()) else { return Ok(PAGE_ROWS) };
    let number = text.parse().ok().filter(|limit| (1..=most).contains(limit));
    number.ok_or_else(|| BadQuery(format!("limit is from 1 to {most}")))
}

fn wrong_page() -> BadQuery {
    BadQuery("after is what the page before gave as next, under the same sort".to_owned())
}
