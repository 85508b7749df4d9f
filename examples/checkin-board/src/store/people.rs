//! Who works here: accounts, and their sessions.

use serde::Serialize;
use tidings::Problem;

use super::{Change, Outcome};
use crate::broadcast::Telling;
use crate::secret::{self, SecretDigest};

/// Who asks.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) is_office: bool,
    /// When the session ends, in milliseconds since 1970.
    pub(crate) session_ends_at_ms: u64,
}

/// What a password is compared with.
pub(crate) struct Account {
    pub(crate) id: i64,
    pub(crate) password: String,
    pub(crate) is_locked: bool,
}

#[derive(Serialize)]
pub(crate) struct Colleague {
    id: i64,
    name: String,
    is_office: bool,
    is_locked: bool,
}

impl Change<'_> {
    pub(crate) fn account(&self, login: &str) -> Outcome<Option<Account>> {
        let sql = "SELECT id, password, is_locked FROM staff WHERE login = ?";
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Account { id: row.get(0)?, password: row.get(1)?, is_locked: row.get(2)? })
        };
        Ok(self.one(sql, [login], read)?)
    }

    /// Begins a session; the answer is its secret.
    pub(crate) fn begin_session(&self, staff: i64, seconds: u64) -> Outcome<String> {
        self.run("DELETE FROM sessions WHERE ends_at_ms <= ?", [self.now_ms])?;
        let secret = secret::make();
        let ends_at_ms = self.now_ms + seconds * 1_000;
        self.run("INSERT INTO sessions VALUES (?, ?, ?)", (secret::digest(&secret), staff, ends_at_ms))?;
        Ok(secret)
    }

    pub(crate) fn end_session(&self, session: SecretDigest) -> Outcome<()> {
        self.run("DELETE FROM sessions WHERE digest = ?", [session])?;
        Ok(())
    }

    pub(crate) fn person(&self, session: SecretDigest) -> Outcome<Person> {
        let sql =
            "SELECT staff.id, name, is_office, ends_at_ms FROM sessions JOIN staff ON staff.id = staff_id
                   WHERE digest = ? AND ends_at_ms > ? AND NOT is_locked";
        let found = self.one(sql, (session, self.now_ms), |row| {
            Ok(Person {
                id: row.get(0)?,
                name: row.get(1)?,
                is_office: row.get(2)?,
                session_ends_at_ms: row.get(3)?,
            })
        })?;
        found.ok_or_else(|| Problem::unauthorized("the session has ended: sign in").into())
    }

    pub(crate) fn colleagues(&self) -> Outcome<Vec<Colleague>> {
        let sql = "SELECT id, name, is_office, is_locked FROM staff ORDER BY name";
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Colleague {
                id: row.get(0)?,
                name: row.get(1)?,
                is_office: row.get(2)?,
                is_locked: row.get(3)?,
            })
        };
        Ok(self.all(sql, (), read)?)
    }

    /// Shuts somebody out at once, whatever tokens they hold, or lets them in again.
    pub(crate) fn lock(&mut self, staff: i64, is_locked: bool) -> Outcome<()> {
        let known = self.run("UPDATE staff SET is_locked = ? WHERE id = ?", (is_locked, staff))?;
        if known == 0 {
            return Err(Problem::not_found("nobody here has that number").into());
        }
        if is_locked {
            self.run("DELETE FROM sessions WHERE staff_id = ?", [staff])?;
            self.told.push(Telling::ShutOut { user: staff });
        } else {
            self.told.push(Telling::LetIn { user: staff });
        }
        Ok(())
    }
}
