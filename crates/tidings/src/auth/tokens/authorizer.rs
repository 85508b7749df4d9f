//! An [`Authorizer`] that takes a request's token for it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use http::request::Parts;
use tidings_core::grant::Grant;

use super::carry::{Carried, Carriers};
use super::refusal::{KINDS, Refusal};
use super::verifier::{Now, TokenVerifier};
use crate::authorize::{Authorizer, Counted};
use crate::clock::Clock;
use crate::http::CrossSite;
use crate::http::problem::Problem;

/// When to come again while an issuer's keys are away, in milliseconds.
const KEYS_RETRY_MS: u64 = super::JWKS_RETRY_MS;
/// Least time between two lines of the log about refused tokens: anybody can send them.
const LINES_EVERY_MS: u64 = 1_000;

/// Grants what a request's token says, and nothing without one.
#[derive(Debug)]
pub struct TokenAuthorizer {
    verifier: TokenVerifier,
    carriers: Carriers,
    clock: Clock,
    told: Mutex<Told>,
    /// By kind, as [`KINDS`] has them.
    refused: [AtomicU64; KINDS.len()],
}

/// What the log was last told of refused tokens.
#[derive(Debug, Default)]
struct Told {
    at_ms: Option<u64>,
    untold: u64,
}

impl TokenAuthorizer {
    /// With tokens in the header `Authorization`, and wherever else is said.
    pub fn new(verifier: TokenVerifier, carriers: Carriers) -> Self {
        Self {
            verifier,
            carriers,
            clock: Clock::start(),
            told: Mutex::default(),
            refused: Default::default(),
        }
    }

    /// Whether a request carries a token, good or not.
    #[cfg(feature = "hook")]
    pub(in crate::auth) fn has_one(&self, request: &Parts) -> bool {
        self.carriers.find(request) != Carried::Nothing
    }

    fn refused(&self, refusal: &Refusal) -> Problem {
        self.tell(refusal);
        self.count(refusal.kind());
        match refusal {
            Refusal::KeysAway => {
                Problem::unavailable("tokens can't be checked now, because their issuer does not answer")
                    .retry_after_ms(KEYS_RETRY_MS)
            }
            _ => Problem::unauthorized("the token is not good: get a new one"),
        }
    }

    fn count(&self, kind: &str) {
        let place = KINDS.iter().position(|known| *known == kind);
        place.into_iter().for_each(|place| _ = self.refused[place].fetch_add(1, Relaxed));
    }

    /// One line a second, with how many there were since.
    fn tell(&self, refusal: &Refusal) {
        let now_ms = self.clock.now_ms();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.at_ms.is_some_and(|at_ms| now_ms < at_ms + LINES_EVERY_MS) {
            told.untold += 1;
            return;
        }
        told.at_ms = Some(now_ms);
        let untold = std::mem::take(&mut told.untold);
        drop(told);
        tracing::info!(reason = %refusal, untold, "token refused");
    }
}

impl Authorizer for TokenAuthorizer {
    async fn authorize(&self, request: &Parts) -> Result<Grant, Problem> {
        let token = match self.carriers.find(request) {
            Carried::Shown(token) => token,
            Carried::Cookie(_) if request.extensions.get::<CrossSite>().is_some() => {
                return Err(Problem::forbidden(
                    "this page's origin is not allowed to come with the user's cookie: add it to cors.origins",
                ));
            }
            Carried::Cookie(token) => token,
            Carried::Twice => {
                self.count("malformed");
                return Err(Problem::unauthorized("there are two tokens: send one"));
            }
            Carried::Nothing => {
                self.count("missing");
                return Err(Problem::unauthorized(
                    "a token is needed: send it as `Authorization: Bearer TOKEN`",
                ));
            }
        };
        let now = Now { wall_ms: self.clock.wall_ms(), monotonic_ms: self.clock.now_ms() };
        self.verifier.verify(&token, now).await.map_err(|refusal| self.refused(&refusal))
    }

    fn counted(&self) -> Vec<Counted> {
        let refused = KINDS.iter().zip(&self.refused).map(|(kind, count)| (*kind, count.load(Relaxed)));
        let (fetched, failed) = self.verifier.fetches();
        vec![
            Counted {
                name: "tidings_tokens_refused",
                help: "Requests refused for their token.",
                label: "reason",
                counts: refused.collect(),
            },
            Counted {
                name: "tidings_jwks_fetches",
                help: "Fetches of issuers' keys.",
                label: "outcome",
                counts: vec![("ok", fetched), ("failed", failed)],
            },
        ]
    }
}
