//! What several hubs of Tidings share, on Redis: one log, in one order, that each hub follows.
//!
//! Redis numbers the events, keeps them, and tells the hubs. Every hub has the whole log in its own rings, so no reader
//! waits for Redis, and what was lost on the way is noticed by its place and read. A Redis that lost what it had
//! acknowledged begins a new epoch, by which every cursor from before gets its gap.
//!
//! # Which Redis
//!
//! Redis 6.2 and later, or Valkey; tested with Redis 7.0. In a Redis Cluster the whole log lies in one slot.
//!
//! - `maxmemory-policy noeviction`, else [`RedisEngine::open`] refuses: keys that Redis takes away by itself would be
//!   events lost without a word.
//! - `appendonly yes`, so that what was acknowledged outlives Redis. With `appendfsync everysec`, the default, a crash of
//!   Redis alone loses nothing, and a power cut the last second; with `always` neither.
//!
//! # Keys
//!
//! All begin with the prefix and `{log}:`, as in `tidings{log}:meta`.
//!
//! | key | type | holds |
//! | --- | --- | --- |
//! | `meta` | hash | `epoch`, `began` through which place the log is of lives before, `seq` the newest place, `bytes` held, `forgotten` through which place names were forgotten, `time` of the log and `host` when that was |
//! | `log` | sorted set | every event held, by place: lines of place, time, channel, type, id, key and data |
//! | `channels` | hash | of each channel that holds events: bytes, age it keeps, events, ids, a time that none of its events is from before |
//! | `ch:<channel>` | sorted set | its events, by place: place, bytes, time, key |
//! | `keys:<channel>` | hash | of each key the place of its event |
//! | `ids:<channel>`, `order:<channel>` | hash, list | of each id the place and time of the event that first had it; the same, oldest first |
//! | `lost` | sorted set | of each channel that lost events, through which place |
//! | `oldest` | sorted set | of each channel whose events age, when its oldest is due |
//! | `nodes` | hash | of each life of a hub how long it counts and its connections |
//! | `rows:<life>`, `own:<life>` | hash | a hub's connections as operators see them; what is let go with it |
//! | `in:<channel>` | hash | of each user on a channel that tells who is there, the hubs that have it |
//! | `held` | hash | of each channel the hubs that have a reader, where webhooks are told |
//! | `secret` | hash | what the hubs know the ids of each other's connections by |
//!
//! The bus is the pub/sub channel `tidings{log}:bus`, of this Redis or of those in [`RedisOptions::fan_out`], which hold
//! no key and need of a user `+hello +ping +subscribe +publish`, or `+ssubscribe +spublish`.
//!
//! The quotas lie apart from the log, in sixteen parts of a slot each, `tidings{q0}:` to `tidings{q15}:`. Each of their
//! keys goes by itself, three hours after it was last written, or a minute after it last held anybody.
//!
//! | key | type | holds |
//! | --- | --- | --- |
//! | `nodes` | hash | of each hub's incarnation its lease: until when, when it was last kept, the highest version written under it, below which version nothing is waited for, the hub's name; and the part's `clock` |
//! | `u:<user>` | hash | of each incarnation the version and the clients of this user that it has: client, connection, since, rank, whether proven |
//!
//! A hub is told who has to go on a pub/sub channel of its own, `tidings{q}:to:<inbox>`.
//!
//! # A user of its own
//!
//! All that is asked of Redis, as `ACL SETUSER` takes it:
//!
//! ```text
//! ACL SETUSER tidings on >password ~tidings{* &tidings{* -@all
//!   +hello +ping +subscribe +ssubscribe +publish +spublish +eval +evalsha +script|load +time +exists +unlink +pexpire
//!   +hget +hset +hsetnx +hdel +hmget +hkeys +hvals +hgetall +hrandfield +lindex +lpop +rpush
//!   +zadd +zcard +zcount +zpopmin +zrange +zrangebyscore +zrem +zremrangebyscore
//!   +info +config|get
//! ```
//!
//! Without `info` and `config|get`, what is said under "Which Redis" can't be looked at, and is only warned of.

pub mod connection;
mod engine;
mod leases;
mod log;

pub use self::engine::{Advice, RedisEngine, RedisOptions, Unfit};
pub use self::leases::{LeaseOptions, RedisLeases};
pub use self::log::Swept;
