//! The engine: calls on one connection, news on another.

mod check;
mod fan_out;
mod look;
mod pulse;
mod roster;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::{Cmd, PushInfo, PushKind, Value};
use tidings_core::engine::{
    Answer, AppendError, Appended, Ear, Engine, Head, Heard, Offer, ReadError, Stretch,
};
use tidings_core::quota::Leases;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

pub use self::check::{Advice, Unfit};
use self::fan_out::FanOut;
use self::look::Learned;
use crate::connection::{CallError, Connection, ConnectionOptions, Greeting, Script};
use crate::leases::{LeaseOptions, RedisLeases};
use crate::log::{self, Bounds, Swept};

/// Bits of an epoch that are chance; those above are the number of the log's life.
const CHANCE_BITS: u32 = 40;

/// When to come again where Redis said no, rather than nothing.
const RETRY_MS: u64 = 500;

/// In one answer to a read. A hub that reads on comes to the end where fewer are appended in the time of an answer: at a
/// round trip of 100 ms, 40,000 events a second.
const READ_EVENTS: usize = 4_096;
const READ_BYTES: usize = 8 << 20;
const READ_NAMES: usize = 2_000;

/// How often a log is read that turns out to be of an epoch that is over.
const READ_TRIES: usize = 4;

/// What a log on Redis is, and how it is asked.
#[derive(Clone)]
pub struct RedisOptions {
    /// Where Redis is.
    pub connection: ConnectionOptions,
    /// What all keys begin with: hubs with the same one share a log.
    pub prefix: String,
    /// Bytes of events kept over all channels, the same for every hub; 0 is no bound.
    pub total_bytes: usize,
    /// Channels that are remembered by name for what they lost.
    pub lost_names: usize,
    /// Tells events by sharded pub/sub, which in a cluster reaches one shard alone. Needs Redis 7, and the same setting
    /// at every hub.
    pub is_sharded: bool,
    /// Instances by which hubs tell each other what they appended, in place of the Redis of the log: they share that
    /// work, and need keep nothing. The same at every hub.
    pub fan_out: Vec<ConnectionOptions>,
    /// How long an append may take.
    pub append_ms: u64,
    /// How long a read may take.
    pub read_ms: u64,
    /// How long a look at the newest place may take, until Redis counts as away.
    pub look_ms: u64,
    /// How often the newest place is looked at.
    pub beat_ms: u64,
    /// How often what is too old is let go; 0 is never, by this hub.
    pub sweep_ms: u64,
}

/// The log that all hubs share which name the same Redis and the same prefix.
///
/// A batch is one call of one script, in which Redis does nothing else: some 10 µs an event. So a batch is to be kept
/// to about 128 events and 1 MiB, and is not cut here.
pub struct RedisEngine {
    calls: Connection,
    bus: Connection,
    fan_out: FanOut,
    /// For long answers, which nothing else is to wait behind.
    lists: Connection,
    shared: Arc<Shared>,
    tasks: Vec<AbortHandle>,
}

/// Which Redis it is that tells.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// That of the log.
    Log,
    /// One by which hubs tell each other.
    Hubs,
}

/// What the tasks and the bus need as well.
struct Shared {
    options: RedisOptions,
    bounds: Bounds,
    /// What all keys of the log begin with.
    base: String,
    keys: Vec<Vec<u8>>,
    /// The newest place that this hub knows of.
    known: Mutex<Option<Head>>,
    /// What it learned since it last looked.
    learned: Mutex<Learned>,
    ears: Mutex<Vec<Ear>>,
}

impl RedisOptions {
    /// For this URL, with the usual bounds.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            connection: ConnectionOptions::new(url),
            prefix: "tidings".to_owned(),
            total_bytes: 256 << 20,
            lost_names: 100_000,
            is_sharded: false,
            fan_out: Vec::new(),
            append_ms: 2_000,
            read_ms: 2_000,
            look_ms: 750,
            beat_ms: 400,
            sweep_ms: 3_000,
        }
    }
}

impl RedisEngine {
    /// Connects, and sees whether this Redis is one that events can be left to. The advice is for operators' logs.
    pub async fn open(options: RedisOptions) -> Result<(Self, Vec<Advice>), Unfit> {
        let engine = Self::new(options)?;
        let advice = engine.check().await?;
        Ok((engine, advice))
    }

    /// Begins to connect, in the background, without a look at which Redis it is: needs a runtime.
    pub fn new(options: RedisOptions) -> Result<Self, Unfit> {
        if options.prefix.contains(|c: char| c.is_control() || matches!(c, '{' | '}')) {
            return Err(Unfit::Prefix { prefix: options.prefix.into() });
        }
        let base = format!("{}{{log}}:", options.prefix);
        let bounds = Bounds {
            total_bytes: options.total_bytes,
            lost_names: options.lost_names,
            is_sharded: options.is_sharded,
            is_told_apart: !options.fan_out.is_empty(),
            bus: format!("{base}bus").into_bytes(),
        };
        let shared = Arc::new(Shared {
            bounds,
            keys: log::keys(&base),
            base,
            known: Mutex::default(),
            learned: Mutex::default(),
            ears: Mutex::default(),
            options,
        });
        let scripts: Vec<&'static Script> = vec![
            &log::APPEND,
            &log::READ,
            &log::LOOK,
            &log::SWEEP,
            &log::roster::REPORT,
            &log::roster::PEERS,
        ];
        let address = &shared.options.connection;
        // A look at the log, which a node of a cluster that doesn't have it answers with where it is.
        let commands = vec![shared.head_command()];
        let calls = Connection::open(address, Greeting { scripts, commands, heard: None })?;
        let bus = Connection::open(address, shared.clone().to_the_bus(Whose::Log))?;
        let fan_out = FanOut::open(&shared).map_err(Unfit::FanOutUrl)?;
        let commands = vec![shared.head_command()];
        let lists = Connection::open(address, Greeting { scripts: Vec::new(), commands, heard: None })?;
        let is_due = Arc::new(Notify::new());
        let mut tasks = vec![
            tokio::spawn(pulse::run(shared.clone(), calls.clone(), is_due.clone())).abort_handle(),
            tokio::spawn(pulse::sweep(shared.clone(), calls.clone())).abort_handle(),
        ];
        for bus in std::iter::once(&bus).chain(fan_out.buses()) {
            let listen = pulse::listen(shared.clone(), bus.clone(), is_due.clone());
            tasks.push(tokio::spawn(listen).abort_handle());
        }
        Ok(Self { calls, bus, fan_out, lists, shared, tasks })
    }

    /// Why Redis is away, in words for operators; nothing where it is there.
    pub fn trouble(&self) -> Option<Arc<str>> {
        self.calls.trouble()
    }

    /// Lets go of some of what is too old, as the engine does by itself every [`RedisOptions::sweep_ms`].
    pub async fn sweep(&self) -> Result<Swept, CallError> {
        self.shared.sweep(&self.calls).await
    }
}

impl Shared {
    fn to_the_bus(self: Arc<Self>, whose: Whose) -> Greeting {
        let subscribe = if self.options.is_sharded { "SSUBSCRIBE" } else { "SUBSCRIBE" };
        let mut command = redis::cmd(subscribe);
        command.arg(&self.bounds.bus);
        let heard = move |info: PushInfo| self.hear(&info, whose);
        Greeting { scripts: Vec::new(), commands: vec![command], heard: Some(Arc::new(heard)) }
    }

    fn hear(&self, info: &PushInfo, whose: Whose) {
        let (PushKind::Message | PushKind::SMessage) = info.kind else { return };
        let [_, Value::BulkString(told)] = info.data.as_slice() else { return };
        if self.ears().is_empty() {
            return;
        }
        match log::entry::parse_told(told) {
            Some((epoch, entries)) => {
                let Some(last) = entries.last() else { return };
                let head = Head { epoch, seq: last.seq };
                // Only the log can say that it begins anew: others may use the same instance for one of their own.
                if whose == Whose::Hubs && self.known().is_none_or(|known| known.epoch != epoch) {
                    return;
                }
                self.learn(head);
                self.note(head, last.time_ms);
                // Of a life that is over, or of a log that was put back to one: the next look settles that.
                if !self.is_behind(head) {
                    self.tell(&Heard::Entries(epoch, entries));
                }
            }
            // Its places are missed soon enough, and read.
            None if !told.is_empty() => tracing::warn!("what was told on the bus is no event"),
            None => {}
        }
    }

    fn tell(&self, heard: &Heard) {
        let ears = self.ears().clone();
        ears.iter().for_each(|ear| ear(heard.clone()));
    }

    fn ears(&self) -> MutexGuard<'_, Vec<Ear>> {
        self.ears.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self, head: Head) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = later(*known, Some(head));
    }

    /// Whether a place is of another life of the log than the one that is known, and no later one.
    fn is_behind(&self, head: Head) -> bool {
        self.known()
            .is_some_and(|known| known.epoch != head.epoch && later(Some(known), Some(head)) == Some(known))
    }

    fn known(&self) -> Option<Head> {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(
        &self,
        calls: &Connection,
        script: &Script,
        (keys, arguments): (&[Vec<u8>], &[Vec<u8>]),
        call_ms: u64,
    ) -> Result<Value, CallError> {
        let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        let arguments: Vec<&[u8]> = arguments.iter().map(Vec::as_slice).collect();
        calls.run(script, &keys, &arguments, call_ms).await
    }

    fn head_command(&self) -> Cmd {
        let mut command = redis::cmd("HMGET");
        command.arg(&self.keys[0]).arg("epoch").arg("seq");
        command
    }

    async fn append(
        &self,
        calls: &Connection,
        known: Option<Head>,
        offers: &[Offer],
        call_ms: u64,
    ) -> Result<(Head, Appended), CallError> {
        let arguments = log::append_arguments(later(self.known(), known), &self.bounds, offers);
        let keys = log::append_keys(&self.base, offers);
        let answer = self.run(calls, &log::APPEND, (&keys, &arguments), call_ms).await?;
        let answer = log::appended(&answer)?;
        if answer.appended.placed.len() != offers.len() {
            return Err(CallError::not_understood());
        }
        self.learn(answer.head);
        if let Some(last) =
            answer.appended.placed.iter().filter(|placed| !placed.duplicate).max_by_key(|placed| placed.seq)
        {
            self.note(Head { epoch: answer.head.epoch, seq: last.seq }, last.time_ms);
        }
        Ok((answer.head, answer.appended))
    }

    async fn read(&self, calls: &Connection, after: u64) -> Result<Stretch, CallError> {
        let bounds = [READ_EVENTS, READ_BYTES, READ_NAMES].map(|bound| bound.to_string().into_bytes());
        let arguments: Vec<_> = std::iter::once(after.to_string().into_bytes()).chain(bounds).collect();
        for _ in 0..READ_TRIES {
            let answer = self.run(calls, &log::READ, (&self.keys, &arguments), self.options.read_ms).await?;
            if let Some(stretch) = log::stretch(&answer)?
                && !self.is_behind(stretch.head)
            {
                self.learn(stretch.head);
                return Ok(stretch);
            }
            // No epoch, or one that is over: a look begins another.
            self.look(calls).await?;
        }
        Err(CallError::NotSent { why: "the log begins anew again and again".into(), retry_ms: 0 })
    }

    async fn sweep(&self, calls: &Connection) -> Result<Swept, CallError> {
        let arguments = [pulse::SWEPT_MAX, self.options.lost_names].map(|n| n.to_string().into_bytes());
        let answer = self.run(calls, &log::SWEEP, (&self.keys, &arguments), self.options.append_ms).await?;
        Ok(log::swept(&answer)?)
    }
}

/// The later of two places. Of two epochs in a life of the same number the first stays: only Redis can tell.
fn later(known: Option<Head>, other: Option<Head>) -> Option<Head> {
    let (Some(first), Some(second)) = (known, other) else { return known.or(other) };
    let life = |head: Head| head.epoch.get() >> CHANCE_BITS;
    let is_later =
        if first.epoch == second.epoch { second.seq >= first.seq } else { life(second) > life(first) };
    Some(if is_later { second } else { first })
}

impl Engine for RedisEngine {
    fn leases(&self, lease_ms: u64) -> Option<Arc<dyn Leases>> {
        let options = &self.shared.options;
        let mut leases = LeaseOptions::new(options.connection.url.clone());
        leases.connection = options.connection.clone();
        leases.prefix.clone_from(&options.prefix);
        leases.void_ms = leases.void_ms.max(3 * lease_ms);
        match RedisLeases::new(leases) {
            Ok(leases) => Some(Arc::new(leases)),
            // It was taken for the log.
            Err(error) => {
                tracing::error!(%error, "users' limits are each hub's own");
                None
            }
        }
    }

    fn roster(&self) -> Option<&dyn tidings_core::roster::Roster> {
        Some(self)
    }

    fn append(&self, known: Option<Head>, offers: Vec<Offer>) -> Answer<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            let call_ms = self.shared.options.append_ms;
            match self.shared.append(&self.calls, known, &offers, call_ms).await {
                Ok((_, appended)) => {
                    self.fan_out.tell(&self.shared, &self.calls, &offers, &appended);
                    Ok(appended)
                }
                Err(CallError::NotSent { retry_ms, .. }) => {
                    Err(AppendError::Away { retry_ms: retry_ms.max(RETRY_MS) })
                }
                Err(CallError::Unknown { .. }) => Err(AppendError::Unknown),
            }
        })
    }

    fn read(&self, after: u64) -> Answer<'_, Result<Stretch, ReadError>> {
        Box::pin(async move { self.shared.read(&self.calls, after).await.map_err(|_| ReadError) })
    }

    fn follow(&self, ear: Ear) -> Answer<'_, Result<Head, ReadError>> {
        Box::pin(async move {
            let bound = Duration::from_millis(self.shared.options.read_ms);
            // On the bus first: what is appended between the look and the ear would be missed until the next beat.
            tokio::time::timeout(bound, self.bus.up_after(0)).await.map_err(|_| ReadError)?;
            self.shared.ears().push(ear.clone());
            let head = self.shared.look(&self.calls).await;
            if head.is_err() {
                self.shared.ears().retain(|other| !Arc::ptr_eq(other, &ear));
            }
            head.map_err(|_| ReadError)
        })
    }
}

impl Drop for RedisEngine {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}
