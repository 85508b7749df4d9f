//! The right to one place of a user's.

use std::sync::Arc;

use super::Shared;

/// A place, until it is dropped: at once, and without waiting for anybody. It can't be copied.
#[must_use = "dropping it gives the place back"]
pub struct Place {
    shared: Arc<Shared>,
    user: Arc<str>,
    connection: Arc<str>,
}

impl Place {
    pub(super) fn new(shared: Arc<Shared>, user: Arc<str>, connection: Arc<str>) -> Self {
        Self { shared, user, connection }
    }

    /// The connection gave proof of life, or has not for too long: whoever did gives way last.
    pub fn mark(&self, is_proven: bool) {
        self.shared.part_of(&self.user).mark(&self.user, &self.connection, is_proven);
        self.shared.flush_now.notify_one();
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Place").field("connection", &self.connection).finish_non_exhaustive()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.part_of(&self.user).give_back(&self.user, &self.connection);
        self.shared.flush_now.notify_one();
    }
}
