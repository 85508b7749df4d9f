//! Who is shut out.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use serde::Serialize;

use super::order::{SortValue, cut};
use super::{ListQuery, RowMark, SortKey};
use crate::hub::revocations::Shut;
use crate::hub::{FastMap, Hub, locked};

/// Which revocations, in what order. Searched is the name.
pub type RevocationQuery = ListQuery<RevocationBy>;

/// What revocations can be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RevocationBy {
    /// When somebody was shut out.
    #[default]
    RevokedAt,
    /// Until when.
    Until,
}

impl SortKey for RevocationBy {
    const NAMES: &'static [(&'static str, Self, bool)] =
        &[("revoked_at", Self::RevokedAt, false), ("until", Self::Until, false)];
    const IS_TOLD_BY_TEXT: bool = true;

    fn is_text(self) -> bool {
        false
    }
}

/// A user or a token that is shut out.
#[derive(Clone, Debug, Serialize)]
pub struct RevocationInfo {
    /// The user, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Arc<str>>,
    /// The token's id, if it is one.
    #[serde(rename = "jti", skip_serializing_if = "Option::is_none")]
    pub token_id: Option<Arc<str>>,
    /// When, in milliseconds since 1970.
    pub revoked_at: u64,
    /// Until when, in seconds since 1970.
    pub until: u64,
}

/// A page of them.
#[derive(Clone, Debug, Serialize)]
pub struct RevocationPage {
    /// The revocations.
    pub revocations: Vec<RevocationInfo>,
    /// How many match in all.
    pub total: usize,
    /// What to pass as `after` for the next page.
    pub next: Option<String>,
}

impl Hub {
    /// Counts a request that was refused because somebody is shut out.
    pub fn note_revoked(&self) {
        self.0.revoked_refused.fetch_add(1, Relaxed);
    }

    /// Requests that were refused so.
    pub fn revoked_refused(&self) -> u64 {
        self.0.revoked_refused.load(Relaxed)
    }

    /// How many users and how many tokens are shut out.
    pub fn revocation_count(&self) -> (usize, usize) {
        let now_ms = self.0.clock.wall_ms();
        let permissions = locked(&self.0.permissions);
        let revoked = &permissions.revoked;
        let held = |table: &FastMap<_, Shut>, is_user| {
            table.values().filter(|shut| shut.holds(is_user, now_ms)).count()
        };
        (held(&revoked.users, true), held(&revoked.tokens, false))
    }

    /// A page of who is shut out.
    pub fn revocations(&self, query: &RevocationQuery) -> RevocationPage {
        let now_ms = self.0.clock.wall_ms();
        let is_found = |name: &str| query.search.as_ref().is_none_or(|search| search.is_in(name));
        let marked: Vec<_> = {
            let permissions = locked(&self.0.permissions);
            let revoked = &permissions.revoked;
            let users = revoked.users.iter().map(|(name, shut)| (name, shut, true));
            let all = users.chain(revoked.tokens.iter().map(|(name, shut)| (name, shut, false)));
            let found = all.filter(|(name, shut, is_user)| shut.holds(*is_user, now_ms) && is_found(name));
            let marked = found.map(|(name, shut, is_user)| {
                let value: SortValue = match query.sort.by {
                    RevocationBy::RevokedAt => shut.made_ms.into(),
                    RevocationBy::Until => shut.until_ms.into(),
                };
                // A user and a token may have one name.
                let own: Arc<str> = format!("{}{name}", if is_user { 'u' } else { 't' }).into();
                let row = RevocationInfo {
                    user: is_user.then(|| Arc::clone(name)),
                    token_id: (!is_user).then(|| Arc::clone(name)),
                    revoked_at: shut.made_ms,
                    until: shut.until_ms / 1000,
                };
                (RowMark::new(value, &own), row)
            });
            marked.collect()
        };
        let page = cut(marked, query);
        RevocationPage { revocations: page.rows, total: page.total, next: page.next }
    }
}
