//! One connection to Redis that many calls share, and that is made anew when it breaks.
//!
//! Calls go out as they come, one behind the other, and each waits for its own answer until its own deadline. What
//! fails says whether Redis can have done it: [`CallError::NotSent`] or [`CallError::Unknown`].
//!
//! The breaker is the connection itself: one that broke, or on which calls in a row ran out of time, is given up, and
//! until another stands, with Redis's answer on it, every call fails at once and sends nothing. A single task makes the
//! other, so a Redis that is slow or comes back meets one probe of each hub and not all that waits.

mod address;
mod error;
mod keeper;
mod script;

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, PushInfo, ServerError, Value};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use self::address::Address;
pub use self::error::{CallError, UrlError};
use self::keeper::{Keeper, Line, State};
pub use self::script::Script;

/// Where Redis is, and when a connection to it is given up.
#[derive(Clone)]
pub struct ConnectionOptions {
    /// `redis://[user:password@]host[:port][/db]`, or `rediss://…` for TLS. Of a cluster, some of its nodes,
    /// `redis://host:port,host:port`. Behind Sentinels, these: `redis+sentinel://host:port,host:port/master[/db]`, where
    /// user and password are those of Redis.
    pub url: String,
    /// Whose certificates are trusted, as PEM; without it those that the machine trusts.
    pub ca_pem: Option<Vec<u8>>,
    /// How long connecting may take, until Redis has answered.
    pub connect_ms: u64,
    /// A connection on which so many calls in a row ran out of time is given up.
    pub timeouts_max: u32,
    /// How long the first wait is before connecting again; each further one is about twice as long.
    pub backoff_ms: u64,
    /// And the longest wait.
    pub backoff_ms_max: u64,
}

/// What is said on every new connection, before any call.
#[derive(Clone, Default)]
pub struct Greeting {
    /// Scripts that are loaded. One that Redis forgot meanwhile is sent again when it is needed.
    pub scripts: Vec<&'static Script>,
    /// Further commands: subscriptions, for one.
    pub commands: Vec<Cmd>,
    /// Gets what Redis says without being asked. It must not block.
    pub heard: Option<Arc<dyn Fn(PushInfo) + Send + Sync>>,
}

/// A connection that is kept up. Its clones are the same one, which closes with the last of them.
#[derive(Clone)]
pub struct Connection {
    state: watch::Receiver<State>,
    hosts: Arc<str>,
    _keeper: Arc<Ender>,
}

impl ConnectionOptions {
    /// For this URL, with the usual bounds.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ca_pem: None,
            connect_ms: 1_000,
            timeouts_max: 3,
            backoff_ms: 50,
            backoff_ms_max: 1_000,
        }
    }
}

impl Connection {
    /// Begins to connect, in the background: needs a runtime. Fails only where the URL is none.
    pub fn open(options: &ConnectionOptions, greeting: Greeting) -> Result<Self, UrlError> {
        let address = Address::new(options)?;
        let hosts = address.hosts().into();
        let (keeper, state) = Keeper::new(address, options.clone(), greeting);
        let task = tokio::spawn(keeper.run());
        Ok(Self { state, hosts, _keeper: Arc::new(Ender(task.abort_handle())) })
    }

    /// Where it goes, as it was configured: hosts and ports.
    pub fn hosts(&self) -> &str {
        &self.hosts
    }

    /// Whether a connection stands.
    pub fn is_up(&self) -> bool {
        matches!(*self.state.borrow(), State::Up(_))
    }

    /// Waits until another connection stands than the one of `after`, as this told it before; 0 is none.
    pub async fn up_after(&self, after: u64) -> u64 {
        let mut state = self.state.clone();
        let generation = |state: &State| match state {
            State::Up(line) if line.generation > after => Some(line.generation),
            _ => None,
        };
        loop {
            if let Some(generation) = generation(&state.borrow_and_update()) {
                return generation;
            }
            if state.changed().await.is_err() {
                // The task that connects ends with the last clone, of which this is one.
                return std::future::pending().await;
            }
        }
    }

    /// Why there is no connection, in words for operators.
    pub fn trouble(&self) -> Option<Arc<str>> {
        match &*self.state.borrow() {
            State::Away { why, .. } => Some(why.clone()),
            State::Connecting | State::Up(_) => None,
        }
    }

    /// Sends a command and waits for its answer, both within `call_ms`.
    pub async fn call(&self, command: &Cmd, call_ms: u64) -> Result<Value, CallError> {
        let deadline = Instant::now() + Duration::from_millis(call_ms);
        self.send(command, deadline).await?.map_err(|reply| CallError::of(&reply))
    }

    /// Runs a script and waits for its answer, both within `call_ms`. `keys` are those that it touches.
    pub async fn run(
        &self,
        script: &Script,
        keys: &[&[u8]],
        arguments: &[&[u8]],
        call_ms: u64,
    ) -> Result<Value, CallError> {
        let answer = self.run_by(None, script, keys, arguments, call_ms).await;
        answer.map(|(_, answer)| answer)
    }

    /// The same by one connection alone, or else not at all, as it was told with an earlier answer. Tells by which.
    pub(crate) async fn run_by(
        &self,
        generation: Option<u64>,
        script: &Script,
        keys: &[&[u8]],
        arguments: &[&[u8]],
        call_ms: u64,
    ) -> Result<(u64, Value), CallError> {
        let deadline = Instant::now() + Duration::from_millis(call_ms);
        let line = self.line(deadline).await?;
        if generation.is_some_and(|generation| generation != line.generation) {
            return Err(CallError::NotSent { why: "it is another connection by now".into(), retry_ms: 0 });
        }
        let mut answer = line.send(&script.by_hash(keys, arguments), deadline).await?;
        if answer.as_ref().is_err_and(|reply| reply.code() == "NOSCRIPT") {
            answer = line.send(&script.whole(keys, arguments), deadline).await?;
        }
        answer.map(|answer| (line.generation, answer)).map_err(|reply| CallError::of(&reply))
    }

    /// The same as [`Connection::call`], with what Redis says no by left as it is.
    pub(crate) async fn ask(
        &self,
        command: &Cmd,
        call_ms: u64,
    ) -> Result<Result<Value, ServerError>, CallError> {
        self.send(command, Instant::now() + Duration::from_millis(call_ms)).await
    }

    async fn send(&self, command: &Cmd, deadline: Instant) -> Result<Result<Value, ServerError>, CallError> {
        self.line(deadline).await?.send(command, deadline).await
    }

    /// The connection that stands; one that just broke is waited for, one that could not be made again is not.
    async fn line(&self, deadline: Instant) -> Result<Arc<Line>, CallError> {
        let mut state = self.state.clone();
        let known =
            tokio::time::timeout_at(deadline, state.wait_for(|state| !matches!(state, State::Connecting)));
        let not_sent = |why: &str, retry_ms| CallError::NotSent { why: why.into(), retry_ms };
        match known.await {
            Ok(Ok(state)) => match &*state {
                State::Up(line) => Ok(line.clone()),
                State::Away { why, until } => {
                    let wait = until.saturating_duration_since(Instant::now());
                    Err(not_sent(why, u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)))
                }
                State::Connecting => Err(not_sent("not connected yet", 0)),
            },
            _ => Err(not_sent("not connected in time", 0)),
        }
    }
}

struct Ender(AbortHandle);

impl Drop for Ender {
    fn drop(&mut self) {
        self.0.abort();
    }
}
