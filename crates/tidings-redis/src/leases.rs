//! Quotas of users over several hubs: what [`tidings_core::quota::Store`] does, as scripts in Redis.
//!
//! Users are spread over sixteen parts that lie in slots of their own, and each call touches one of them. Where Redis
//! turns out to be a cluster, each part has a connection, which goes where its slot is.

mod codec;

use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use redis::{Cmd, PushInfo, PushKind, Value};
use tidings_core::engine::Answer;
use tidings_core::quota::{
    Beat, Beaten, Incarnation, Lease, LeaseEar, LeaseError, Leases, Line, Put, PutAnswer, SHARDS, Told,
    shard_of,
};
use tokio::sync::OnceCell;
use tokio::task::AbortHandle;

use crate::connection::{CallError, Connection, ConnectionOptions, Greeting, Script, UrlError};

macro_rules! script {
    ($name:literal) => {
        LazyLock::new(|| {
            Script::new(concat!(include_str!("leases/shared.lua"), include_str!(concat!("leases/", $name))))
        })
    };
}

static BEAT: LazyLock<Script> = script!("beat.lua");
static PUT: LazyLock<Script> = script!("put.lua");
static LEAVE: LazyLock<Script> = script!("leave.lua");
static LIST: LazyLock<Script> = script!("list.lua");

/// What is kept of a lease that is over.
const REMEMBERED_MS: u64 = 600_000;

/// What is kept of a user that is not written again, and of all leases. Redis counts it by a clock that may be set on by
/// hours, and what would be gone then counts yet.
const KEPT_MS: u64 = 3 * 3_600_000;

/// Where the quotas are, and how they are asked.
#[derive(Clone)]
pub struct LeaseOptions {
    /// Where Redis is.
    pub connection: ConnectionOptions,
    /// What all keys begin with: hubs with the same one share quotas.
    pub prefix: String,
    /// How long a call may take.
    pub call_ms: u64,
    /// For how long what only says that nobody is here is kept: more than two leases.
    pub void_ms: u64,
}

/// The quotas of all hubs that name the same Redis and the same prefix.
pub struct RedisLeases {
    options: LeaseOptions,
    inbox: String,
    calls: Mutex<Arc<Calls>>,
    /// Once it was looked at whether one connection is enough.
    seen: OnceCell<()>,
    /// Kept up for what is told by it.
    _bus: Connection,
    ears: Arc<Ears>,
}

type Ears = Mutex<Vec<LeaseEar>>;

/// By what calls are made.
struct Calls {
    /// One for all parts, or one for each.
    connections: Vec<Connection>,
    tasks: Vec<AbortHandle>,
}

impl LeaseOptions {
    /// For this URL, with the usual bounds.
    pub fn new(url: impl Into<String>) -> Self {
        let connection = ConnectionOptions::new(url);
        Self { connection, prefix: "tidings".to_owned(), call_ms: 250, void_ms: 60_000 }
    }
}

impl RedisLeases {
    /// Begins to connect, in the background: needs a runtime. The prefix is one that an engine takes.
    pub fn new(options: LeaseOptions) -> Result<Self, UrlError> {
        let inbox = format!("{:032x}", rand::random::<u128>());
        let ears = Arc::<Ears>::default();
        let calls = Mutex::new(Arc::new(Calls::open(&options, 1, &ears)?));
        let mut subscribe = redis::cmd("SUBSCRIBE");
        subscribe.arg(format!("{}{inbox}", channels(&options.prefix)));
        let heard_by = ears.clone();
        let heard = move |info: PushInfo| hear(&heard_by, &info);
        let greeting = Greeting { scripts: vec![], commands: vec![subscribe], heard: Some(Arc::new(heard)) };
        let bus = Connection::open(&options.connection, greeting)?;
        Ok(Self { options, inbox, calls, seen: OnceCell::new(), _bus: bus, ears })
    }

    async fn run(
        &self,
        shard: u16,
        line: Option<Line>,
        script: &Script,
        user: Option<&str>,
        arguments: &[&[u8]],
    ) -> Result<(Line, Value), LeaseError> {
        let base = base(&self.options.prefix, shard);
        let nodes = format!("{base}nodes");
        let user = user.map(|user| format!("{base}u:{user}"));
        let keys: Vec<&[u8]> = std::iter::once(&nodes).chain(&user).map(|key| key.as_bytes()).collect();
        self.seen.get_or_try_init(|| self.see()).await?;
        let calls = self.calls().clone();
        let connection = &calls.connections[usize::from(shard) % calls.connections.len()];
        let answer = connection.run_by(line, script, &keys, arguments, self.options.call_ms).await;
        if answer.as_ref().is_err_and(CallError::is_moved) {
            self.spread();
        }
        answer.map_err(|error| match error {
            CallError::NotSent { .. } => LeaseError::Away,
            CallError::Unknown { why } => {
                tracing::debug!(%why, "a call for the quotas was not answered");
                LeaseError::Unknown
            }
        })
    }

    fn calls(&self) -> MutexGuard<'_, Arc<Calls>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks whether all parts are on one node, before anything is said by a connection that would not stay theirs.
    async fn see(&self) -> Result<(), LeaseError> {
        let calls = self.calls().clone();
        for shard in 0..SHARDS {
            let look = look_at(&self.options.prefix, shard);
            match calls.connections[0].call(&look, self.options.call_ms).await {
                Err(error) if error.is_moved() => {
                    self.spread();
                    break;
                }
                answer => drop(answer.map_err(|_| LeaseError::Away)?),
            }
        }
        Ok(())
    }

    /// It is a cluster, and not all parts are on one node: each has a connection from here on.
    fn spread(&self) {
        let mut calls = self.calls();
        if calls.connections.len() == 1 {
            // The URL was read once already.
            if let Ok(spread) = Calls::open(&self.options, SHARDS, &self.ears) {
                *calls = Arc::new(spread);
            }
        }
    }
}

/// A look at a key of a part, which a node of a cluster that doesn't have it answers with where it is.
fn look_at(prefix: &str, shard: u16) -> Cmd {
    let mut look = redis::cmd("EXISTS");
    look.arg(format!("{}nodes", base(prefix, shard)));
    look
}

impl Calls {
    fn open(options: &LeaseOptions, count: u16, ears: &Arc<Ears>) -> Result<Self, UrlError> {
        let connections = (0..count).map(|shard| {
            let scripts: Vec<&'static Script> = vec![&BEAT, &PUT, &LEAVE, &LIST];
            let commands = vec![look_at(&options.prefix, shard)];
            Connection::open(&options.connection, Greeting { scripts, commands, heard: None })
        });
        let connections = connections.collect::<Result<Vec<_>, _>>()?;
        let watch = |line: &Connection| tokio::spawn(tell_of(line.clone(), ears.clone())).abort_handle();
        let tasks = connections.iter().map(watch).collect();
        Ok(Self { connections, tasks })
    }
}

impl Leases for RedisLeases {
    fn inbox(&self) -> &str {
        &self.inbox
    }

    fn beat(&self, shard: u16, beat: Beat) -> Answer<'_, Result<(Line, Beaten), LeaseError>> {
        Box::pin(async move {
            let arguments = codec::beat(&beat, REMEMBERED_MS, KEPT_MS);
            let arguments: Vec<&[u8]> = arguments.iter().map(Vec::as_slice).collect();
            let (line, answer) = self.run(shard, None, &BEAT, None, &arguments).await?;
            Ok((line, codec::beaten(&answer).ok_or(LeaseError::Unknown)?))
        })
    }

    fn put(&self, line: Line, put: Put) -> Answer<'_, Result<PutAnswer, LeaseError>> {
        Box::pin(async move {
            let channels = channels(&self.options.prefix);
            let arguments = codec::put(&put, &channels, KEPT_MS, self.options.void_ms);
            let arguments: Vec<&[u8]> = arguments.iter().map(Vec::as_slice).collect();
            let shard = shard_of(&put.user);
            let (_, answer) = self.run(shard, Some(line), &PUT, Some(&put.user), &arguments).await?;
            codec::put_answer(&answer).ok_or(LeaseError::Unknown)
        })
    }

    fn leave(&self, shard: u16, incarnation: Incarnation) -> Answer<'_, Result<(), LeaseError>> {
        Box::pin(async move {
            self.run(shard, None, &LEAVE, None, &[incarnation.as_str().as_bytes()]).await.map(|_| ())
        })
    }

    fn list(&self, shard: u16) -> Answer<'_, Result<Vec<Lease>, LeaseError>> {
        Box::pin(async move {
            let (_, answer) = self.run(shard, None, &LIST, None, &[]).await?;
            codec::leases(&answer).ok_or(LeaseError::Unknown)
        })
    }

    fn follow(&self, ear: LeaseEar) {
        self.ears.lock().unwrap_or_else(PoisonError::into_inner).push(ear);
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

/// What the keys of a part begin with.
fn base(prefix: &str, shard: u16) -> String {
    format!("{prefix}{{q{shard}}}:")
}

/// What the channels begin with on which hubs are told.
fn channels(prefix: &str) -> String {
    format!("{prefix}{{q}}:to:")
}

fn hear(ears: &Ears, info: &PushInfo) {
    let (PushKind::Message, [_, told]) = (&info.kind, info.data.as_slice()) else { return };
    match codec::told(told) {
        Some(told) => tell(ears, &told),
        None => tracing::warn!("what was told of the quotas is nothing that this version knows"),
    }
}

fn tell(ears: &Ears, told: &Told) {
    let ears = ears.lock().unwrap_or_else(PoisonError::into_inner).clone();
    ears.iter().for_each(|ear| ear(told.clone()));
}

/// Tells of each connection that is made.
async fn tell_of(line: Connection, ears: Arc<Ears>) {
    let mut generation = 0;
    loop {
        generation = line.up_after(generation).await;
        tell(&ears, &Told::Anew);
    }
}
