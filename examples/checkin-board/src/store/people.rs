//! Who works here: accounts, and their sessions.

use serde::Serialize;
use tidings::Problem;

use super::{Change, Outcome};
use crate::broadcast::Telling;
use crate::issuer::TokenGrant;
use crate::secret::{self, SecretDigest};

/// A page has one or two; where the hub is away, one more for each attempt to reach it.
pub(crate) const TOKENS_PER_SESSION_MAX: usize = 200;
/// Clocks differ, and a hub lets a token live a little longer than it says.
const TOKEN_KEPT_MS: u64 = 60_000;

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

    /// Ends a session, and with it each token that it was given: their streams end at once.
    pub(crate) fn end_session(&mut self, session: SecretDigest) -> Outcome<()> {
        self.run("DELETE FROM sessions WHERE digest = ?", [session])?;
        let sql = "SELECT id FROM tokens WHERE session_digest = ?";
        let over: Vec<String> = self.all(sql, [session], |row| row.get(0))?;
        self.told.extend(over.into_iter().map(|id| Telling::TokenOver { id }));
        Ok(())
    }

    /// A token with the rights of now. It ends with the session, if that is sooner. Its name is kept, so that it can be
    /// ended with the session; that this is there still is asked in the same transaction.
    pub(crate) fn grant_token(&self, session: SecretDigest, seconds: u64) -> Outcome<TokenGrant> {
        let person = self.person(session)?;
        self.run("DELETE FROM tokens WHERE ends_at_ms <= ?", [self.now_ms.saturating_sub(TOKEN_KEPT_MS)])?;
        let sql = "SELECT count(*), coalesce(min(ends_at_ms), 0) FROM tokens WHERE session_digest = ?";
        let held = self.one(sql, [session], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (count, first_ends_ms): (usize, u64) = held.unwrap_or_default();
        if count >= TOKENS_PER_SESSION_MAX {
            let detail = format!(
                "a session has at most {TOKENS_PER_SESSION_MAX} tokens at a time: wait until one ends"
            );
            let wait_ms = (first_ends_ms + TOKEN_KEPT_MS).saturating_sub(self.now_ms);
            return Err(Problem::too_many(detail).retry_after_ms(wait_ms).into());
        }
        let ends_at = (self.now_ms / 1_000 + seconds).min(person.session_ends_at_ms / 1_000);
        let id = secret::make();
        self.run("INSERT INTO tokens VALUES (?, ?, ?)", (&id, session, ends_at * 1_000))?;
        Ok(TokenGrant { id, user: person.id, groups: self.groups_of(person.id)?, ends_at })
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
            self.told.push(Telling::ShutOut { user: staff });
            // Once they are let in again, what they had before is good for nothing still.
            let sessions: Vec<SecretDigest> =
                self.all("SELECT digest FROM sessions WHERE staff_id = ?", [staff], |row| row.get(0))?;
            sessions.into_iter().try_for_each(|session| self.end_session(session))?;
        } else {
            self.told.push(Telling::LetIn { user: staff });
        }
        Ok(())
    }
}
