//! The users with live connections.

use std::sync::Arc;

use serde::Serialize;
use tidings_core::grant::ANONYMOUS;

use super::order::{Cut, SortValue, cut};
use super::{ListQuery, RowMark, SortKey};
use crate::hub::cluster::Look;
use crate::hub::{FastMap, Hub};

/// Which users, in what order. Searched is the name.
pub type UserQuery = ListQuery<UserBy>;

/// What users can be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UserBy {
    /// The name.
    #[default]
    Name,
    /// Live connections.
    Connections,
}

impl SortKey for UserBy {
    const NAMES: &'static [(&'static str, Self, bool)] =
        &[("user", Self::Name, false), ("connections", Self::Connections, false)];
    const IS_TOLD_BY_TEXT: bool = true;

    fn is_text(self) -> bool {
        false
    }
}

/// A user with live connections.
#[derive(Clone, Debug, Serialize)]
pub struct UserInfo {
    /// The name.
    pub user: Arc<str>,
    /// Live connections.
    pub connections: usize,
    /// How many there may be; 0 is no limit.
    pub limit: u32,
}

/// A page of users.
#[derive(Clone, Debug, Serialize)]
pub struct UserPage {
    /// The users.
    pub users: Vec<UserInfo>,
    /// How many match in all.
    pub total: usize,
    /// What to pass as `after` for the next page.
    pub next: Option<String>,
}

impl Hub {
    /// A page of the users with live connections.
    pub fn users(&self, query: &UserQuery) -> UserPage {
        let is_found = |user: &str| query.search.as_ref().is_none_or(|search| search.is_in(user));
        let marked: Vec<(RowMark, Arc<str>)> = {
            let books = self.0.books();
            let found = books.users().filter(|(user, _)| is_found(user));
            let marked = found.map(|(user, connections)| {
                let value: SortValue = match query.sort.by {
                    UserBy::Name => SortValue::Number(0),
                    UserBy::Connections => connections.into(),
                };
                (RowMark::new(value, user), Arc::clone(user))
            });
            marked.collect()
        };
        let page = cut(marked, query);
        let users = page.rows.into_iter().filter_map(|user| self.user(user)).collect();
        UserPage { users, total: page.total, next: page.next }
    }

    /// A page of the users with live connections at any hub.
    pub async fn users_everywhere(&self, query: &UserQuery) -> UserPage {
        if !self.is_clustered() {
            return self.users(query);
        }
        let mut counts: FastMap<Arc<str>, usize> = FastMap::default();
        for info in self.rows_of_others(Look::OPERATORS).await.iter() {
            *counts.entry(Arc::clone(&info.user)).or_default() += 1;
        }
        for (user, connections) in self.0.books().users() {
            *counts.entry(Arc::clone(user)).or_default() += connections;
        }
        let is_found = |user: &str| query.search.as_ref().is_none_or(|search| search.is_in(user));
        let marked = counts.into_iter().filter(|(user, _)| is_found(user)).map(|(user, connections)| {
            let value: SortValue = match query.sort.by {
                UserBy::Name => SortValue::Number(0),
                UserBy::Connections => connections.into(),
            };
            (RowMark::new(value, &user), (Arc::clone(&user), connections))
        });
        let Cut { total, next, rows } = cut(marked.collect(), query);
        let users = rows.into_iter().map(|(user, connections)| {
            let limit = self.user(Arc::clone(&user)).map(|here| here.limit);
            // What a grant at another hub allows is not known here.
            let limit = limit.unwrap_or(self.0.options.limits.connections_per_user);
            UserInfo { limit: if &*user == ANONYMOUS { 0 } else { limit }, user, connections }
        });
        UserPage { users: users.collect(), total, next }
    }

    /// A user as an operator sees it; nothing if it has gone.
    fn user(&self, user: Arc<str>) -> Option<UserInfo> {
        let books = self.0.books();
        let (mut connections, mut newest) = (0, None);
        for entry in books.of_user(&user) {
            connections += 1;
            newest = newest.max(Some((entry.key.serial(), entry.connections_max)));
        }
        let (_, granted) = newest?;
        let default = self.0.options.limits.connections_per_user;
        let limit = if &*user == ANONYMOUS { 0 } else { granted.unwrap_or(default) };
        Some(UserInfo { user, connections, limit })
    }
}
