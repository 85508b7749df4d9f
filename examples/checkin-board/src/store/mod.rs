//! The database, and the one way to change it: what was changed is told under the lock under which it was saved, so
//! that the boards hear of things in the order in which they happened.

mod board;
mod groups;
mod people;
mod seed;
mod visits;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension, Params, Row, Transaction, TransactionBehavior};
use tidings::Problem;

pub(crate) use self::board::Board;
pub(crate) use self::people::Person;
#[cfg(test)]
pub(crate) use self::people::TOKENS_PER_SESSION_MAX;
pub(crate) use self::visits::Scanned;
use crate::broadcast::{Broadcaster, Telling};
use crate::clock;
use crate::event::{Event, EventType, GroupId, Shown};

#[derive(Clone)]
pub(crate) struct Store(Arc<Mutex<Inner>>);

struct Inner {
    db: Connection,
    broadcaster: Broadcaster,
    /// When the last change was.
    last_ms: u64,
}

/// Why something is not done.
#[derive(Debug)]
pub(crate) enum Failure {
    Refused(Problem),
    Database(rusqlite::Error),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

type Outcome<T> = Result<T, Failure>;

/// A transaction, and what is to be told once it is saved.
pub(crate) struct Change<'a> {
    db: Transaction<'a>,
    /// When the change before was.
    as_of_ms: u64,
    /// Later than that, whatever becomes of the clock.
    now_ms: u64,
    told: Vec<Telling>,
}

impl Store {
    /// Opens the database; a new one begins with a small school, whose accounts have this password.
    pub(crate) fn open(
        data_dir: &Path,
        first_password: &str,
        broadcaster: Broadcaster,
    ) -> rusqlite::Result<Self> {
        let db = Connection::open(data_dir.join("school.sqlite"))?;
        db.execute_batch(include_str!("schema.sql"))?;
        let mut inner = Inner { db, broadcaster, last_ms: clock::now_ms() };
        seed::sow(&mut inner.db, first_password)?;
        Ok(Self(Arc::new(Mutex::new(inner))))
    }

    /// Does what is asked, or nothing of it; and tells of it. Nobody waits for those who are told.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Change<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let store = self.clone();
        let done = tokio::task::spawn_blocking(move || store.change_now(work)).await;
        done.unwrap_or_else(|panic| {
            tracing::error!(%panic, "a request failed");
            Err(broken())
        })
    }

    fn change_now<T>(&self, work: impl FnOnce(&mut Change<'_>) -> Outcome<T>) -> Result<T, Problem> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now_ms = clock::now_ms().max(inner.last_ms + 1);
        let Inner { db, broadcaster, last_ms } = &mut *inner;
        let begun = db.transaction_with_behavior(TransactionBehavior::Immediate);
        let done = begun.map_err(Failure::from).and_then(|db| {
            let mut change = Change { db, as_of_ms: *last_ms, now_ms, told: Vec::new() };
            let answer = work(&mut change)?;
            let Change { db, told, .. } = change;
            db.commit()?;
            Ok((answer, told))
        });
        let (answer, told) = done.map_err(|failure| match failure {
            Failure::Refused(problem) => problem,
            Failure::Database(error) => {
                tracing::error!(%error, "database");
                broken()
            }
        })?;
        if !told.is_empty() {
            *last_ms = now_ms;
        }
        for telling in told {
            broadcaster.tell(telling);
        }
        Ok(answer)
    }
}

fn broken() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "Failed", "the server failed: its log says why")
}

impl Change<'_> {
    fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        self.db.prepare_cached(sql)?.query_row(params, read).optional()
    }

    fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        self.db.prepare_cached(sql)?.query_map(params, read)?.collect()
    }

    fn run(&self, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
        self.db.prepare_cached(sql)?.execute(params)
    }

    fn tell(&mut self, group: GroupId, ty: EventType, data: Shown) {
        let event = Event { ty, active_group_id: group, data, timestamp: self.now_ms };
        self.told.push(Telling::Event(event));
    }

    /// All of it: for a hub that may not have heard the last of what was told before a start.
    pub(crate) fn tell_all(&mut self) -> Outcome<()> {
        let staff: Vec<i64> = self.all("SELECT id FROM staff", (), |row| row.get(0))?;
        staff.into_iter().try_for_each(|user| self.tell_rights(user))?;
        let over = "SELECT id FROM tokens WHERE session_digest NOT IN (SELECT digest FROM sessions)";
        let over: Vec<String> = self.all(over, (), |row| row.get(0))?;
        self.told.extend(over.into_iter().map(|id| Telling::TokenOver { id }));
        let active = "SELECT id FROM active_groups WHERE ended_at_ms IS NULL";
        for group in self.all(active, (), |row| row.get(0))? {
            self.tell(group, EventType::BoardStale, Shown::Nothing {});
        }
        Ok(())
    }

    /// What a user may see from now on, as a whole: said twice, or after something was lost, it is as true.
    fn tell_rights(&mut self, user: i64) -> rusqlite::Result<()> {
        let groups = self.groups_of(user)?;
        self.told.push(Telling::Rights { user, groups });
        Ok(())
    }
}
