//! `$hub/connections?…`: a page of the live connections, and what of it changed.

use serde::Serialize;
use tidings_core::log::{News, Posting};

use crate::hub::{ConnectionInfo, ConnectionPage, FastMap};

/// What was shown last.
#[derive(Debug, Default)]
pub(super) struct ShownPage {
    order: Vec<String>,
    rows: FastMap<String, ConnectionInfo>,
    total: usize,
    next: Option<String>,
}

#[derive(Serialize)]
struct Told<'a> {
    total: usize,
    next: &'a Option<String>,
    order: &'a [String],
    rows: Vec<&'a ConnectionInfo>,
    full: bool,
}

impl ShownPage {
    /// Takes the page as it is now, and says what is to be posted of it.
    pub(super) fn posting(&mut self, page: ConnectionPage) -> Posting {
        let order: Vec<String> = page.connections.iter().map(|row| row.id.clone()).collect();
        let is_news = |row: &&ConnectionInfo| self.rows.get(&row.id).is_none_or(|old| !row.is_as(old));
        let changed: Vec<&ConnectionInfo> = page.connections.iter().filter(is_news).collect();
        let is_as_before =
            changed.is_empty() && (self.total, &self.next, &self.order) == (page.total, &page.next, &order);
        let tell = |rows, full| {
            let told = Told { total: page.total, next: &page.next, order: &order, rows, full };
            serde_json::to_string(&told).unwrap_or_default()
        };
        let whole = tell(page.connections.iter().collect(), true);
        let news = if is_as_before { News::None } else { News::Change(tell(changed, false)) };
        let rows = page.connections.into_iter().map(|row| (row.id.clone(), row)).collect();
        *self = Self { order, rows, total: page.total, next: page.next };
        Posting { ty: "connections", whole, news }
    }
}
