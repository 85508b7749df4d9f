//! Passwords: hashed by Argon2id, one at a time, and guessed at no faster than a person types.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use tidings::Problem;
use tokio::sync::Semaphore;

/// Wrong passwords for one name, before its logins have to wait.
const WRONG_MAX: u32 = 10;
const WRONG_WINDOW_MS: u64 = 15 * 60 * 1_000;
/// Names whose wrong passwords are counted.
const NAMES_MAX: usize = 1_000;

/// A hash takes 19 MiB and some 20 ms: one at a time is enough for a school, and too slow for a guesser.
static TURN: Semaphore = Semaphore::const_new(1);

pub(crate) fn hash(password: &str) -> String {
    Argon2::default()
        .hash_password(password.as_bytes())
        .expect("a password and a fresh salt hash")
        .to_string()
}

/// Whether it is the one. Without a hash it takes as long, so that nobody learns by the clock which names there are.
pub(crate) async fn is_right(password: String, hash: Option<String>) -> bool {
    let _turn = TURN.acquire().await;
    let check = move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODYS.to_owned());
        let right = PasswordHash::new(&hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        right && known
    };
    tokio::task::spawn_blocking(check).await.unwrap_or(false)
}

/// Of a password that nobody has.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Wrong passwords by the name they were for: their number, and when the window began.
#[derive(Debug, Default)]
pub(crate) struct Guesses(Mutex<HashMap<String, (u32, u64)>>);

impl Guesses {
    /// Counts a try before it is made, so that many at once gain nothing; `forget` takes it back.
    pub(crate) fn try_again(&self, name: &str, now_ms: u64) -> Result<(), Problem> {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.retain(|_, (_, since_ms)| now_ms < *since_ms + WRONG_WINDOW_MS);
        let (count, since_ms) = names.get(name).copied().unwrap_or((0, now_ms));
        if count >= WRONG_MAX || names.len() >= NAMES_MAX {
            let wait_ms = (since_ms + WRONG_WINDOW_MS).saturating_sub(now_ms);
            return Err(Problem::too_many("too many wrong passwords: wait a quarter of an hour")
                .retry_after_ms(wait_ms));
        }
        names.insert(name.to_owned(), (count + 1, since_ms));
        Ok(())
    }

    pub(crate) fn forget(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}
