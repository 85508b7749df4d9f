//! The hook: an [`Authorizer`] that asks the application who somebody is and what they may, with what their request came
//! with, for applications with sessions of their own.

mod answer;
mod breaker;
mod kept;
mod options;
mod question;

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
#[cfg(feature = "tokens")]
use super::authorizer::TokenAuthorizer;
use crate::authorize::{Asked, Authorizer};
use crate::clock::Clock;
use crate::http::CrossSite;
use crate::http::problem::Problem;
use crate::outbound::Client;

/// For how long a grant is good whose answer says nothing of its end.
pub const HOOK_GRANT_SECONDS: u64 = 3_600;
/// Answers that are kept; the oldest make room.
pub const HOOK_ANSWERS_MAX: usize = 10_000;
/// Questions that are under way or wait for their turn.
pub const HOOK_WAITING_MAX: usize = 10_000;
/// When to come again after a question that failed, in milliseconds.
const RETRY_MS: u64 = 2_000;
/// Least time between two lines of the log about questions that failed.
const LINES_EVERY_MS: u64 = 1_000;

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
            kept: Kept::new(HOOK_ANSWERS_MAX),
            breaker: Breaker::new(options.failures_max, options.pause_ms),
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
        let mut state = self.state();
        if let Some(verdict) = state.kept.fresh(&question.key, now_ms).filter(|_| !question.anew) {
            return Ok(Outcome::Decided(verdict.clone()));
        }
        if let Some(heard) = state.kept.under_way(&question.key) {
            return Err(heard);
        }
        if state.kept.waiting() >= HOOK_WAITING_MAX {
            return Ok(Outcome::Away { retry_ms: RETRY_MS });
        }
        if let Err(retry_ms) = state.breaker.ask(now_ms) {
            return Ok(Outcome::Away { retry_ms });
        }
        let (tell, heard) = watch::channel(None);
        let begun = state.kept.begin(question.key, heard.clone());
        let hook = Arc::clone(self);
        // A task of its own, so that nobody ends it for others by leaving.
        tokio::spawn(async move {
            let key = question.key;
            let outcome = hook.ask(question).await;
            let verdict = match &outcome {
                Outcome::Decided(verdict) => Some(verdict),
                Outcome::Away { .. } => None,
            };
            let now_ms = hook.clock.now_ms();
            hook.state().kept.end(key, begun, verdict, now_ms);
            tell.send_replace(Some(outcome));
        });
        Err(heard)
    }

    async fn ask(&self, question: Question) -> Outcome {
        // One that does not get its turn says nothing of the application's health.
        let Ok(Ok(_turn)) = timeout(self.timeout, self.turns.acquire()).await else {
            return Outcome::Away { retry_ms: RETRY_MS };
        };
        let answer = self.client.ask(Method::POST, question.fields, question.body).await;
        let verdict = match &answer {
            Ok(answer) => answer::read(answer, self.clock.wall_ms()).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let now_ms = self.clock.now_ms();
        match verdict {
            Ok(verdict) => {
                if self.state().breaker.succeeded() == Turn::Closed {
                    tracing::info!(host = self.host, "the hook answers again");
                }
                Outcome::Decided(verdict)
            }
            Err(error) => {
                self.failed(&error, now_ms);
                Outcome::Away { retry_ms: RETRY_MS }
            }
        }
    }

    /// One line a second, with how many there were since.
    fn failed(&self, error: &str, now_ms: u64) {
        let mut state = self.state();
        let turn = state.breaker.failed(now_ms);
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
            _ => tracing::warn!(host = self.host, error, untold, "the hook could not be asked"),
        }
    }
}
