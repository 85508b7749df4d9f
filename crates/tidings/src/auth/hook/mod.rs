//! The hook: an [`Authorizer`] that asks the application who somebody is and what they may, with what their request came
//! with, for applications with sessions of their own.

mod answer;
mod breaker;
mod forgotten;
mod kept;
mod options;
mod question;
mod shelf;
mod tally;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Method;
use http::header;
use http::request::Parts;
use tidings_core::grant::Grant;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use self::breaker::{Breaker, Turn};
use self::kept::{Heard, Kept, Outcome};
pub use self::options::{HookEvent, HookOptions, HookOptionsError};
use self::question::Question;
use self::tally::{Asking, Tally};
#[cfg(feature = "tokens")]
use super::tokens::TokenAuthorizer;
use crate::authorize::{Asked, Authorizer, Counted};
use crate::clock::Clock;
use crate::http::CrossSite;
use crate::http::problem::Problem;
use crate::outbound::Client;

/// For how long a grant is good whose answer says nothing of its end.
pub const HOOK_GRANT_SECONDS: u64 = 3_600;
/// Grants that are kept; the oldest make room.
pub const HOOK_ANSWERS_MAX: usize = 10_000;
/// Refusals, and grants of `anonymous`, that are kept; the oldest of them make room.
pub const HOOK_REFUSALS_MAX: usize = 10_000;
/// Questions that are under way or wait for their turn.
pub const HOOK_WAITING_MAX: usize = 10_000;
/// When to come again after a question that failed, in milliseconds.
const RETRY_MS: u64 = 2_000;
/// Least time between two lines of the log about questions that failed.
const LINES_EVERY_MS: u64 = 1_000;

/// What an application's answer of 200 grants at a time in milliseconds since 1970; `None` where it can't be read.
pub fn hook_grant(body: &[u8], now_ms: u64) -> Option<Grant> {
    answer::granted(body, now_ms).ok()
}

/// Grants what the application answers. Where there are tokens too, one that a request carries is checked, and the
/// application is asked where it carries none.
#[derive(Debug)]
pub struct HookAuthorizer {
    hook: Arc<Hook>,
    options: HookOptions,
    #[cfg(feature = "tokens")]
    tokens: Option<TokenAuthorizer>,
}

#[derive(Debug)]
struct Hook {
    client: Client,
    host: String,
    turns: Semaphore,
    timeout: Duration,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    kept: Kept,
    breaker: Breaker,
    tally: Tally,
    told_ms: Option<u64>,
    untold: u64,
}

impl HookAuthorizer {
    /// Asks as it is told to.
    pub fn new(options: HookOptions) -> Result<Self, HookOptionsError> {
        let (target, client) = options.target()?;
        Ok(Self::asking(options, Client::new(target, client)))
    }

    fn asking(options: HookOptions, client: Client) -> Self {
        let state = State {
            kept: Kept::new(HOOK_ANSWERS_MAX, HOOK_REFUSALS_MAX),
            breaker: Breaker::new(options.failures_max, options.pause_ms),
            tally: Tally::default(),
            told_ms: None,
            untold: 0,
        };
        let hook = Hook {
            client,
            host: answer::shown(&options.url),
            turns: Semaphore::new(options.requests_max.max(1)),
            timeout: Duration::from_millis(options.timeout_ms),
            clock: Clock::start(),
            state: Mutex::new(state),
        };
        Self {
            hook: Arc::new(hook),
            options,
            #[cfg(feature = "tokens")]
            tokens: None,
        }
    }

    /// Beside tokens: one that a request carries is checked, and nobody is asked then.
    #[cfg(feature = "tokens")]
    #[must_use]
    pub fn beside(mut self, tokens: TokenAuthorizer) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// A browser adds cookies, and the name and password that it remembers, for whatever page asks.
    fn check_site(&self, request: &Parts) -> Result<(), Problem> {
        let is_users = |name: &header::HeaderName| {
            self.options.headers.contains(name) && request.headers.contains_key(name)
        };
        let cross_site = request.extensions.get::<CrossSite>().is_some();
        if cross_site && (is_users(&header::COOKIE) || is_users(&header::AUTHORIZATION)) {
            return Err(Problem::forbidden(
                "this page's origin is not allowed to come with the user's cookie: add it to cors.origins",
            ));
        }
        Ok(())
    }
}

impl Authorizer for HookAuthorizer {
    async fn authorize(&self, request: &Parts) -> Result<Grant, Problem> {
        self.authorize_for(request, &Asked::default()).await
    }

    async fn authorize_for(&self, request: &Parts, asked: &Asked) -> Result<Grant, Problem> {
        #[cfg(feature = "tokens")]
        if let Some(tokens) = self.tokens.as_ref().filter(|tokens| tokens.has_one(request)) {
            return tokens.authorize(request).await;
        }
        self.check_site(request)?;
        match self.hook.decide(Question::new(request, asked, &self.options)).await {
            Outcome::Decided(verdict) => verdict.granted,
            Outcome::Away { retry_ms } => {
                let detail = "the application that decides who may connect does not answer now";
                Err(Problem::unavailable(detail).retry_after_ms(retry_ms))
            }
        }
    }

    fn forget(&self, user: &str) {
        self.hook.state().kept.forget(user);
    }

    fn counted(&self) -> Vec<Counted> {
        let own = self.hook.state().tally.counted();
        #[cfg(feature = "tokens")]
        let others = self.tokens.as_ref().map(Authorizer::counted).unwrap_or_default();
        #[cfg(not(feature = "tokens"))]
        let others = Vec::new();
        [vec![own], others].concat()
    }
}

impl Hook {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// By what is kept, by what somebody else just asks, or by asking.
    async fn decide(self: &Arc<Self>, question: Question) -> Outcome {
        let heard = match self.kept_or_begun(question) {
            Ok(outcome) => return outcome,
            Err(heard) => heard,
        };
        let mut heard = heard;
        let outcome = heard.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
        outcome.unwrap_or(Outcome::Away { retry_ms: RETRY_MS })
    }

    fn kept_or_begun(self: &Arc<Self>, question: Question) -> Result<Outcome, Heard> {
        let now_ms = self.clock.now_ms();
        let state = &mut *self.state();
        if let Some(verdict) = state.kept.fresh(&question.key, now_ms).filter(|_| !question.anew) {
            state.tally.add(Asking::Kept);
            return Ok(Outcome::Decided(verdict.clone()));
        }
        if let Some(heard) = state.kept.under_way(&question.key) {
            state.tally.add(Asking::Shared);
            return Err(heard);
        }
        if state.kept.waiting() >= HOOK_WAITING_MAX {
            state.tally.add(Asking::Crowded);
            return Ok(Outcome::Away { retry_ms: RETRY_MS });
        }
        if let Err(retry_ms) = state.breaker.ask(now_ms) {
            state.tally.add(Asking::Paused);
            return Ok(Outcome::Away { retry_ms });
        }
        let (tell, heard) = watch::channel(None);
        let begun = state.kept.begin(question.key, heard.clone());
        let hook = Arc::clone(self);
        // A task of its own, so that nobody ends it for others by leaving.
        tokio::spawn(async move {
            let (key, anew, replaces) = (question.key, question.anew, question.replaces.clone());
            let outcome = hook.ask(question).await;
            let verdict = match &outcome {
                Outcome::Decided(verdict) => Some(verdict),
                Outcome::Away { .. } => None,
            };
            let now_ms = hook.clock.now_ms();
            {
                let mut state = hook.state();
                state.tally.add(Asking::of(verdict));
                // What is always asked anew is read by nobody again.
                state.kept.end(key, begun, verdict.filter(|_| !anew), now_ms);
                if let Some(user) = replaces.filter(|_| verdict.is_some()) {
                    state.kept.forget(&user);
                }
            }
            tell.send_replace(Some(outcome));
        });
        Err(heard)
    }

    async fn ask(&self, question: Question) -> Outcome {
        // One that does not get its turn says nothing of the application's health.
        let Ok(Ok(_turn)) = timeout(self.timeout, self.turns.acquire()).await else {
            return Outcome::Away { retry_ms: RETRY_MS };
        };
        // Whatever changes from here on may be news to the application.
        let asked_ms = self.clock.wall_ms();
        let answer = self.client.ask(Method::POST, question.fields, question.body).await;
        let error = match answer {
            Ok(answer) => match answer::read(&answer, self.clock.wall_ms()) {
                Ok(mut verdict) => {
                    self.is_well();
                    verdict.granted.iter_mut().for_each(|grant| grant.issued_at_ms = Some(asked_ms));
                    return Outcome::Decided(verdict);
                }
                Err(bad) if bad.is_of_the_question() => {
                    self.is_well();
                    self.tell(&bad.to_string(), Turn::Same);
                    return Outcome::Away { retry_ms: RETRY_MS };
                }
                Err(bad) => bad.to_string(),
            },
            Err(error) => error.to_string(),
        };
        let turn = self.state().breaker.failed(self.clock.now_ms());
        self.tell(&error, turn);
        Outcome::Away { retry_ms: RETRY_MS }
    }

    fn is_well(&self) {
        if self.state().breaker.succeeded() == Turn::Closed {
            tracing::info!(host = self.host, "the hook answers again");
        }
    }

    /// One line a second, with how many there were since.
    fn tell(&self, error: &str, turn: Turn) {
        let now_ms = self.clock.now_ms();
        let mut state = self.state();
        if state.told_ms.is_some_and(|at_ms| now_ms < at_ms + LINES_EVERY_MS) && turn == Turn::Same {
            state.untold += 1;
            return;
        }
        state.told_ms = Some(now_ms);
        let untold = std::mem::take(&mut state.untold);
        drop(state);
        match turn {
            Turn::Opened => {
                tracing::warn!(
                    host = self.host,
                    error,
                    untold,
                    "the hook fails and is left alone for a while"
                );
            }
            _ => tracing::warn!(host = self.host, error, untold, "the hook did not decide"),
        }
    }
}
