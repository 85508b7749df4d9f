//! What may be read at a moment: the grant, and what operators amended. Asked under the log's lock, so that whoever
//! changes either knows that no stream goes on by what was before.

use std::sync::Arc;

use tidings_core::channel::Selector;
use tidings_core::grant::Grant;
use tidings_core::position::Cursor;

use super::amendments::Amendment;
use super::{Hub, locked};
use crate::outlet::Outlet;

/// What somebody may read, as it is now.
pub(super) struct Rights<G> {
    amendment: Option<Amendment>,
    is_granted: G,
}

impl<G: Fn(&Selector) -> bool> Rights<G> {
    pub(super) fn may_read(&self, asked: &Selector) -> bool {
        match &self.amendment {
            Some(amendment) if amendment.gives(asked) => true,
            Some(amendment) if amendment.takes(asked) => false,
            _ => (self.is_granted)(asked),
        }
    }

    /// From which place of the log on, which `began` where it did.
    pub(super) fn since(&self, asked: &Selector, began: Cursor) -> u64 {
        let amendment = self.amendment.as_ref();
        amendment.map_or(0, |amendment| amendment.since(asked, (self.is_granted)(asked), began))
    }

    /// Leaves what may be read, and adds what an operator gave.
    pub(super) fn amend(&self, selectors: &mut Vec<Selector>) {
        let Some(amendment) = &self.amendment else { return };
        selectors.retain(|selector| !amendment.takes(selector));
        for gift in &amendment.added {
            if !selectors.contains(&gift.selector) {
                selectors.push(gift.selector.clone());
            }
        }
    }
}

impl Hub {
    /// What a grant allows a user now.
    pub(super) fn rights<'g>(
        &self,
        grant: &'g Grant,
        user: &Arc<str>,
    ) -> Rights<impl Fn(&Selector) -> bool + use<'g>> {
        self.extend_amendment(grant);
        Rights { amendment: self.amendment(user), is_granted: |asked: &Selector| grant.may_subscribe(asked) }
    }

    /// What a live stream may read now.
    pub(super) fn rights_of<'o>(
        &self,
        outlet: &'o Outlet,
        user: &Arc<str>,
    ) -> Rights<impl Fn(&Selector) -> bool + use<'o>> {
        Rights { amendment: self.amendment(user), is_granted: |asked: &Selector| outlet.may_subscribe(asked) }
    }

    fn amendment(&self, user: &Arc<str>) -> Option<Amendment> {
        let now_ms = self.0.clock.wall_ms();
        let permissions = locked(&self.0.permissions);
        permissions.amendments.get(user)?.at(now_ms)
    }

    /// Whether a user may read this now: by the grant or by an operator, unless an operator took it away.
    pub fn may_read(&self, grant: &Grant, user: &Arc<str>, asked: &Selector) -> bool {
        self.rights(grant, user).may_read(asked)
    }
}
