//! Who stands and who gives way, of all that claim a place of one user.

use std::cmp::Reverse;
use std::sync::Arc;

use super::{Holding, Incarnation, OnFull};

/// Why a connection has to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// Its client came back elsewhere.
    Superseded,
    /// The user has more than it may.
    Limit,
}

/// A connection that has to go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Leaving {
    /// Which hub has it.
    pub incarnation: Incarnation,
    /// Its client.
    pub client: Arc<str>,
    /// Which it is.
    pub connection: Arc<str>,
    /// Why.
    pub why: Why,
}

/// One of those that hold a user's limit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Evidence {
    /// The hub that has it.
    pub node: Arc<str>,
    /// Its client.
    pub client: Arc<str>,
    /// Which it is.
    pub connection: Arc<str>,
    /// Since when, in milliseconds since 1970.
    pub since_ms: u64,
}

/// A place that is claimed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim<'a> {
    pub(super) incarnation: &'a Incarnation,
    pub(super) node: &'a Arc<str>,
    pub(super) holding: &'a Holding,
    /// Its hub keeps its lease, and its far end gave proof of life.
    pub(super) is_sure: bool,
    pub(super) is_newcomer: bool,
}

impl Claim<'_> {
    fn leaving(&self, why: Why) -> Leaving {
        Leaving {
            incarnation: self.incarnation.clone(),
            client: Arc::clone(&self.holding.client),
            connection: Arc::clone(&self.holding.connection),
            why,
        }
    }

    fn evidence(&self) -> Evidence {
        Evidence {
            node: Arc::clone(self.node),
            client: Arc::clone(&self.holding.client),
            connection: Arc::clone(&self.holding.connection),
            since_ms: self.holding.since_ms,
        }
    }
}

/// Who has to go; or, where the newcomer may not come in, who holds the limit. A newcomer whose client has a place
/// takes that, and is never refused; `is_back` says so of one that is not among them.
pub(super) fn judge(
    mut claims: Vec<Claim<'_>>,
    limit: u32,
    on_full: OnFull,
    mut is_back: bool,
) -> Result<Vec<Leaving>, Vec<Evidence>> {
    claims.sort_unstable_by_key(|claim| {
        let Holding { client, rank_ms, .. } = claim.holding;
        (client, Reverse(claim.is_newcomer), Reverse(*rank_ms), Reverse(claim.incarnation))
    });
    let (mut standing, mut leaving) = (Vec::<Claim<'_>>::new(), Vec::new());
    for claim in claims {
        match standing.last() {
            Some(last) if last.holding.client == claim.holding.client => {
                is_back |= last.is_newcomer;
                leaving.push(claim.leaving(Why::Superseded));
            }
            _ => standing.push(claim),
        }
    }
    let over = standing.len().saturating_sub(limit as usize);
    if limit == 0 || over == 0 {
        return Ok(leaving);
    }
    let has_newcomer = standing.iter().any(|claim| claim.is_newcomer);
    standing.retain(|claim| !claim.is_newcomer);
    standing.sort_unstable_by_key(|claim| (claim.is_sure, by_age(claim)));
    let unsure = standing.iter().filter(|claim| !claim.is_sure).count();
    if has_newcomer && !is_back && on_full == OnFull::Refuse && unsure < over {
        standing.sort_unstable_by_key(by_age);
        return Err(standing.iter().map(Claim::evidence).collect());
    }
    leaving.extend(standing.iter().take(over).map(|claim| claim.leaving(Why::Limit)));
    Ok(leaving)
}

/// The oldest first; of the same age, in an order that is the same wherever it is judged.
fn by_age<'a>(claim: &Claim<'a>) -> (u64, &'a Incarnation, &'a Arc<str>) {
    (claim.holding.rank_ms, claim.incarnation, &claim.holding.client)
}
