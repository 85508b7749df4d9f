//! Users that are shut out for a while.

use std::sync::Arc;

use tidings_core::close::CloseReason;
use tidings_core::grant::Label;

use super::{Hub, locked};

/// Users that are shut out, at most.
const REVOKED_USERS_MAX: usize = 100_000;

/// So many users are shut out that no more can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{revoked_users_max} users are shut out, as many as are kept: shut them out where their grants come from"
)]
pub struct TooManyRevoked {
    /// The bound.
    pub revoked_users_max: usize,
}

impl Hub {
    /// Ends a user's streams and refuses the user for so many milliseconds. Answers how many streams ended.
    pub fn revoke_user(&self, user: &Label, for_ms: u64) -> Result<usize, TooManyRevoked> {
        let now_ms = self.0.clock.now_ms();
        {
            let revoked = &mut locked(&self.0.permissions).revoked;
            if revoked.len() >= REVOKED_USERS_MAX {
                revoked.retain(|_, until| *until > now_ms);
            }
            if revoked.len() >= REVOKED_USERS_MAX && !revoked.contains_key(user.as_arc()) {
                return Err(TooManyRevoked { revoked_users_max: REVOKED_USERS_MAX });
            }
            revoked.insert(Arc::clone(user.as_arc()), now_ms.saturating_add(for_ms));
        }
        let keys = self.keys_of(user.as_str());
        Ok(keys.into_iter().filter(|key| self.settle(*key, CloseReason::Revoked, None)).count())
    }

    /// Whether the user is refused for now.
    pub fn is_revoked(&self, user: &Arc<str>) -> bool {
        let now_ms = self.0.clock.now_ms();
        let mut permissions = locked(&self.0.permissions);
        match permissions.revoked.get(user) {
            Some(until) if *until > now_ms => true,
            Some(_) => {
                permissions.revoked.remove(user);
                false
            }
            None => false,
        }
    }
}
