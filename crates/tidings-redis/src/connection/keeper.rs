//! The task that makes the connection, and makes it again.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, PushInfo, PushKind, RedisError, ServerError, Value};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout, timeout_at};

use super::address::Address;
use super::{CallError, ConnectionOptions, Greeting, error};

/// Calls that may wait to be written: beyond that they wait for their turn.
const QUEUE_LENGTH: usize = 1_024;

/// A connection that broke sooner than this after it stood is made again after a wait, as if it had never stood.
const STEADY: Duration = Duration::from_secs(2);

/// Of all that ever stood: no two are of the same one.
static GENERATIONS: AtomicU64 = AtomicU64::new(0);

#[derive(Clone)]
pub(super) enum State {
    /// The first try, or the first since it broke: worth waiting for.
    Connecting,
    Up(Arc<Line>),
    /// The last try failed, and the next is due then.
    Away {
        why: Arc<str>,
        until: Instant,
    },
}

/// A connection that stands, or stood.
pub(super) struct Line {
    pub(super) generation: u64,
    connection: MultiplexedConnection,
    timeouts: AtomicU32,
    timeouts_max: u32,
    over: Arc<Notify>,
    moved: Arc<Mutex<Option<String>>>,
}

impl Line {
    pub(super) async fn send(
        &self,
        command: &Cmd,
        deadline: Instant,
    ) -> Result<Result<Value, ServerError>, CallError> {
        let mut connection = self.connection.clone();
        match timeout_at(deadline, connection.send_packed_command(command)).await {
            Ok(Ok(Value::ServerError(reply))) => {
                if error::is_of_wrong_server(&reply) {
                    self.give_up_for(error::moved_to(&reply));
                } else {
                    self.answered();
                }
                Ok(Err(reply))
            }
            Ok(Ok(value)) => {
                self.answered();
                Ok(Ok(value))
            }
            Ok(Err(error)) => {
                self.give_up();
                Err(CallError::Unknown { why: error.to_string().into() })
            }
            Err(_elapsed) => {
                self.ran_out();
                Err(CallError::Unknown { why: "no answer in time".into() })
            }
        }
    }

    fn answered(&self) {
        self.timeouts.store(0, Ordering::Relaxed);
    }

    fn ran_out(&self) {
        if self.timeouts.fetch_add(1, Ordering::Relaxed) + 1 >= self.timeouts_max {
            self.give_up();
        }
    }

    fn give_up(&self) {
        self.over.notify_one();
    }

    /// The same, since it is the wrong server, which may have said which is the right one.
    fn give_up_for(&self, moved: Option<String>) {
        if moved.is_some() {
            *self.moved.lock().unwrap_or_else(PoisonError::into_inner) = moved;
        }
        self.give_up();
    }
}

pub(super) struct Keeper {
    address: Address,
    options: ConnectionOptions,
    greeting: Greeting,
    state: watch::Sender<State>,
    /// Where a cluster said that the other connection has to go.
    moved: Arc<Mutex<Option<String>>>,
}

impl Keeper {
    pub(super) fn new(
        address: Address,
        options: ConnectionOptions,
        greeting: Greeting,
    ) -> (Self, watch::Receiver<State>) {
        let (state, receiver) = watch::channel(State::Connecting);
        (Self { address, options, greeting, state, moved: Arc::default() }, receiver)
    }

    pub(super) async fn run(self) {
        let (mut failures, mut attempt) = (0, 0);
        loop {
            let over = Arc::new(Notify::new());
            let connect_ms = Duration::from_millis(self.options.connect_ms);
            let moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner).take();
            let was_sent_here = moved.is_some();
            let why = match timeout(connect_ms, self.connect(attempt, moved.as_deref(), &over)).await {
                Ok(Ok(connection)) => {
                    let generation = GENERATIONS.fetch_add(1, Ordering::Relaxed) + 1;
                    let since = Instant::now();
                    self.stand(generation, connection, &over).await;
                    let is_steady = since.elapsed() >= STEADY;
                    if is_steady {
                        failures = 0;
                    }
                    if is_steady || (self.is_sent_elsewhere() && !was_sent_here) {
                        self.state.send_replace(State::Connecting);
                        continue;
                    }
                    "the connection broke as soon as it stood".into()
                }
                Ok(Err(error)) => {
                    // The right node is only one step away, if this one was not already such a step.
                    if self.is_sent_elsewhere() && !was_sent_here {
                        continue;
                    }
                    error.to_string()
                }
                Err(_elapsed) => "no answer in time".to_owned(),
            };
            attempt += 1;
            if attempt % self.address.count() != 0 {
                // One of the others may know better.
                continue;
            }
            failures += 1;
            let wait = self.wait(failures);
            tracing::debug!(failures, ?wait, why, "Redis is away");
            self.state.send_replace(State::Away { why: why.into(), until: Instant::now() + wait });
            tokio::time::sleep(wait).await;
        }
    }

    fn is_sent_elsewhere(&self) -> bool {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Until the connection breaks or is given up.
    async fn stand(&self, generation: u64, connection: MultiplexedConnection, over: &Arc<Notify>) {
        let line = Line {
            generation,
            connection,
            timeouts: AtomicU32::new(0),
            timeouts_max: self.options.timeouts_max,
            over: over.clone(),
            moved: self.moved.clone(),
        };
        tracing::debug!(generation, "Redis is there");
        self.state.send_replace(State::Up(Arc::new(line)));
        over.notified().await;
    }

    async fn connect(
        &self,
        attempt: usize,
        moved: Option<&str>,
        over: &Arc<Notify>,
    ) -> Result<MultiplexedConnection, RedisError> {
        let (over, heard) = (over.clone(), self.greeting.heard.clone());
        let push = move |info: PushInfo| -> Result<(), RedisError> {
            // A subscription that ends by itself is one whose slot went to another node.
            if matches!(info.kind, PushKind::Disconnection | PushKind::SUnsubscribe) {
                over.notify_one();
            }
            if let Some(heard) = &heard {
                heard(info);
            }
            Ok(())
        };
        let config = AsyncConnectionConfig::new()
            .set_push_sender(push)
            .set_response_timeout(None)
            .set_connection_timeout(None)
            .set_pipeline_buffer_size(QUEUE_LENGTH);
        let client = self.address.client(attempt, moved).await?;
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        let loads = self.greeting.scripts.iter().map(|script| script.load());
        for command in loads.chain(self.greeting.commands.iter().cloned()) {
            if let Value::ServerError(reply) = connection.send_packed_command(&command).await? {
                if let Some(moved) = error::moved_to(&reply) {
                    *self.moved.lock().unwrap_or_else(PoisonError::into_inner) = Some(moved);
                }
                return Err(reply.into());
            }
        }
        Ok(connection)
    }

    /// About twice as long each time, and never the same for two hubs.
    fn wait(&self, failures: u32) -> Duration {
        let longest = self.options.backoff_ms.saturating_mul(1 << failures.saturating_sub(1).min(20));
        let longest = longest.clamp(2, self.options.backoff_ms_max.max(2));
        Duration::from_millis(rand::random_range(longest / 2..=longest))
    }
}
