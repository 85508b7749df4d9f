//! Whether events can be left to this Redis.

use std::fmt;

use redis::{Cmd, Value};

use super::{RedisEngine, Shared};
use crate::connection::{CallError, Connection, UrlError};
use crate::log;

const CALL_MS: u64 = 5_000;
const VERSION_MIN: (u32, u32) = (6, 2);

/// Why a hub must not start on this Redis.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Its URL is none.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// One of [`RedisOptions::fan_out`](super::RedisOptions::fan_out) is none.
    #[error(transparent)]
    FanOutUrl(UrlError),
    /// Nothing that keys can begin with.
    #[error("`{prefix}` can't begin the keys in Redis: leave out braces and control characters")]
    Prefix {
        /// What was asked for.
        prefix: Box<str>,
    },
    /// It doesn't answer.
    #[error("{0}")]
    Away(CallError),
    /// Too old.
    #[error("Redis {version} is too old: use {}.{} or later", VERSION_MIN.0, VERSION_MIN.1)]
    Old {
        /// Its version.
        version: Box<str>,
    },
    /// It takes keys away where it runs out of memory: events that are lost without a word.
    #[error(
        "Redis may evict keys (maxmemory-policy {policy}), and events with them: set `maxmemory-policy noeviction` in \
         redis.conf, or `redis-cli CONFIG SET maxmemory-policy noeviction`"
    )]
    Evicts {
        /// Its policy.
        policy: Box<str>,
    },
    /// The user may not do what is needed.
    #[error("the user of Redis may not do what is needed: {why}")]
    Forbidden {
        /// What Redis said.
        why: Box<str>,
    },
}

/// What is not as it should be, and works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Nothing is on disk.
    KeepsNothing,
    /// Only snapshots are.
    KeepsSnapshots,
    /// `INFO` is not allowed.
    CannotTell,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeepsNothing => {
                "Redis keeps nothing on disk: when it restarts, all history is lost and told as a gap. Set `appendonly \
                 yes` in redis.conf, or `redis-cli CONFIG SET appendonly yes`"
            }
            Self::KeepsSnapshots => {
                "Redis keeps snapshots alone: when it crashes, what came after the last is lost, and all history is told \
                 as a gap. Set `appendonly yes` in redis.conf, or `redis-cli CONFIG SET appendonly yes`"
            }
            Self::CannotTell => {
                "the user of Redis may not use INFO: whether keys could be evicted, and what is kept on disk, can't be \
                 told. See to `maxmemory-policy noeviction` and `appendonly yes`"
            }
        })
    }
}

impl RedisEngine {
    /// Sees whether events can be left to this Redis.
    pub async fn check(&self) -> Result<Vec<Advice>, Unfit> {
        self.shared.may_do_all(&self.calls).await?;
        let Some(info) = ask(&self.calls, &["INFO"]).await?.as_ref().and_then(text).map(str::to_owned) else {
            return Ok(vec![Advice::CannotTell]);
        };
        let field = |name: &str| {
            let line = info.lines().find(|line| line.split(':').next() == Some(name))?;
            line.split_once(':').map(|(_, value)| value.trim())
        };
        // Valkey says here which Redis it behaves as.
        if let Some(version) = field("redis_version")
            && is_older(version, VERSION_MIN)
        {
            return Err(Unfit::Old { version: version.into() });
        }
        let policy = field("maxmemory_policy").unwrap_or("noeviction");
        // Also without a bound on memory by now: that is set while Redis runs, and nobody thinks of hubs then.
        if policy != "noeviction" {
            return Err(Unfit::Evicts { policy: policy.into() });
        }
        if field("aof_enabled") == Some("1") {
            return Ok(Vec::new());
        }
        // Forbidden, or no command there: only that the log of commands is off is known.
        let save = ask(&self.calls, &["CONFIG", "GET", "save"]).await?;
        let keeps_nothing = save.as_ref().and_then(setting).is_some_and(str::is_empty);
        Ok(vec![if keeps_nothing { Advice::KeepsNothing } else { Advice::KeepsSnapshots }])
    }
}

impl Shared {
    /// Whether all that the engine does is allowed.
    async fn may_do_all(&self, calls: &Connection) -> Result<(), Unfit> {
        // The second is how Redis 7.0 says it of a command inside a script.
        let is_forbidden =
            |why: &str| why.starts_with("NOPERM") || why.contains("The user executing the script");
        let not_done = |error: CallError| match error {
            CallError::NotSent { why, .. } | CallError::Unknown { why } if is_forbidden(&why) => {
                Unfit::Forbidden { why }
            }
            other => Unfit::Away(other),
        };
        let publish = if self.options.is_sharded { b"SPUBLISH".to_vec() } else { b"PUBLISH".to_vec() };
        let (key, arguments) =
            (format!("{}probe", self.base).into_bytes(), [publish, self.bounds.bus.clone()]);
        self.run(calls, &log::PROBE, (&[key], &arguments), CALL_MS).await.map_err(not_done)?;
        self.append(calls, None, &[], CALL_MS).await.map_err(not_done)?;
        Ok(())
    }
}

/// Nothing where Redis answers with an error.
async fn ask(calls: &Connection, words: &[&str]) -> Result<Option<Value>, Unfit> {
    let mut command = Cmd::new();
    command.arg(words);
    calls.ask(&command, CALL_MS).await.map(Result::ok).map_err(Unfit::Away)
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::VerbatimString { text, .. } | Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

/// The value in an answer to `CONFIG GET` of one name.
fn setting(value: &Value) -> Option<&str> {
    match value {
        Value::Map(pairs) => pairs.first().and_then(|(_, value)| text(value)),
        Value::Array(pair) => pair.get(1).and_then(text),
        _ => None,
    }
}

fn is_older(version: &str, than: (u32, u32)) -> bool {
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(major), Some(minor)) => (major, minor) < than,
        // What names itself otherwise is not held to it.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        for (version, older) in [("6.0.16", true), ("6.2.0", false), ("7.0.15", false), ("10.1.0", false)] {
            assert_eq!(is_older(version, VERSION_MIN), older, "{version}");
        }
        assert!(is_older("5.0.14", VERSION_MIN) && !is_older("unstable", VERSION_MIN));
    }
}
