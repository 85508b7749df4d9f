//! The keys that an issuer publishes: fetched when a token needs them, kept for a while, and each issuer's apart.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::Uri;
use tokio::sync::watch;

use super::algorithm::Algorithm;
use super::fetch::{Fetcher, Trust};
use super::key_set::KeySet;

/// Keys older than this are fetched again before a token is checked, and used on only where that fails.
pub const JWKS_FRESH_MS: u64 = 600_000;
/// Keys older than this are no longer used: their issuer may have withdrawn them.
pub const JWKS_STALE_MAX_MS: u64 = 3_600_000;
/// Least time between two fetches, however many tokens name keys that nobody knows.
pub const JWKS_REFETCH_MS: u64 = 30_000;
/// The same after one that failed, while there are no keys.
pub const JWKS_RETRY_MS: u64 = 5_000;

/// One issuer's published keys.
#[derive(Debug)]
pub(super) struct Remote(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    fetcher: Fetcher,
    algorithms: Vec<Algorithm>,
    /// As the log calls it.
    issuer: String,
    state: Mutex<State>,
}

/// Times are of a clock that never jumps.
#[derive(Debug, Default)]
struct State {
    keys: Option<(Arc<KeySet>, u64)>,
    /// When the last fetch began.
    tried_ms: Option<u64>,
    failed: bool,
    /// Fetches that gave keys, and those that failed.
    fetches: (u64, u64),
    under_way: Option<watch::Receiver<()>>,
}

/// What a lookup came to.
#[derive(Debug)]
pub(super) enum Found {
    /// The issuer's keys, in which the token may find its own.
    Keys(Arc<KeySet>),
    /// There are none that may be used.
    Away,
}

impl Remote {
    pub(super) fn new(address: Uri, trust: Option<Trust>, algorithms: &[Algorithm], issuer: &str) -> Self {
        let (algorithms, issuer) = (algorithms.to_vec(), issuer.to_owned());
        let fetcher = Fetcher::new(address, trust);
        Self(Arc::new(Inner { fetcher, algorithms, issuer, state: Mutex::default() }))
    }

    /// The keys for a token that names one: fetched if there are none, or not this one, or if they are old, and it is time
    /// to. Those that could not be fetched anew serve for a while.
    pub(super) async fn keys(&self, kid: Option<&str>, algorithm: Algorithm, now_ms: u64) -> Found {
        let fetch = {
            let mut state = self.0.state();
            let usable = state.usable(now_ms);
            let known = usable.as_ref().is_some_and(|keys| !keys.meant(kid, algorithm).is_empty());
            if known && state.is_fresh(now_ms) {
                return usable.map_or(Found::Away, Found::Keys);
            }
            self.0.fetch_if_due(&mut state, now_ms)
        };
        if let Some(mut done) = fetch {
            // An error says that it is over, one way or the other.
            let _ = done.changed().await;
        }
        self.0.state().usable(now_ms).map_or(Found::Away, Found::Keys)
    }
}

impl Remote {
    pub(super) fn fetches(&self) -> (u64, u64) {
        self.0.state().fetches
    }
}

impl State {
    fn usable(&self, now_ms: u64) -> Option<Arc<KeySet>> {
        let (keys, at_ms) = self.keys.as_ref()?;
        (now_ms < at_ms + JWKS_STALE_MAX_MS).then(|| Arc::clone(keys))
    }

    fn is_fresh(&self, now_ms: u64) -> bool {
        self.keys.as_ref().is_some_and(|(_, at_ms)| now_ms < at_ms + JWKS_FRESH_MS)
    }

    fn is_due(&self, now_ms: u64) -> bool {
        let pause =
            if self.failed && self.usable(now_ms).is_none() { JWKS_RETRY_MS } else { JWKS_REFETCH_MS };
        self.tried_ms.is_none_or(|tried| now_ms >= tried + pause)
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches, unless it was done lately or is being done. It is a task of its own, so that nobody ends it by leaving.
    /// Answers what to wait for.
    fn fetch_if_due(self: &Arc<Self>, state: &mut State, now_ms: u64) -> Option<watch::Receiver<()>> {
        if let Some(under_way) = state.under_way.as_ref().filter(|done| done.has_changed().is_ok()) {
            return Some(under_way.clone());
        }
        if !state.is_due(now_ms) {
            return None;
        }
        state.tried_ms = Some(now_ms);
        let (tell, done) = watch::channel(());
        state.under_way = Some(done.clone());
        let inner = Arc::clone(self);
        tokio::spawn(async move {
            let fetched = inner.fetch().await;
            inner.settle(fetched, now_ms);
            drop(tell);
        });
        Some(done)
    }

    async fn fetch(&self) -> Result<KeySet, String> {
        let document = self.fetcher.fetch().await.map_err(|error| error.to_string())?;
        let keys = KeySet::parse(&document, &self.algorithms).ok_or("the answer is no JWK Set")?;
        if keys.len() == 0 {
            return Err("no key of the set fits the algorithms: see auth.algorithms".to_owned());
        }
        Ok(keys)
    }

    fn settle(&self, fetched: Result<KeySet, String>, began_ms: u64) {
        let issuer = &self.issuer;
        let mut state = self.state();
        state.under_way = None;
        state.failed = fetched.is_err();
        state.fetches.0 += u64::from(fetched.is_ok());
        state.fetches.1 += u64::from(fetched.is_err());
        match fetched {
            Ok(keys) => {
                tracing::info!(issuer, keys = keys.len(), "issuer's keys fetched");
                state.keys = Some((Arc::new(keys), began_ms));
            }
            Err(error) => tracing::warn!(issuer, error, "issuer's keys could not be fetched"),
        }
    }
}
