//! The process: where it listens, what it keeps, how it ends.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::section;
use crate::config::value::{
    EngineKind, IpNet, Limit, LimitsWhileAway, LogFormat, LogLevel, Millis, NodeName, ProxyProtocol,
    RedisUrl, Text,
};

section! {
    /// `[server]`: the listener and the data directory.
    Server {
        /// Where the hub listens. Port 0 takes any free one, which the line `listening on` then names.
        /// `localhost:PORT` stands for 127.0.0.1.
        listen "server.listen": SocketAddr = "127.0.0.1:3000", flag "--listen";
        /// Directory for what outlives the process: the node's name, the counters of `cleanup`, and the events
        /// kept over an orderly restart. Made when it is not there; a relative path starts at the working directory.
        data_dir "server.data_dir": PathBuf = "tidings-data", flag "--data-dir";
        /// A separate address for operators: the monitor, their part of the API and `/metrics` are there alone, beside
        /// everything else. At `server.listen` nobody is an operator then, by whatever token.
        admin_listen "server.admin_listen": Option<SocketAddr>;
        /// A separate address for `/metrics`, which is there alone then. `/health` and `/ready` are at every address.
        metrics_listen "server.metrics_listen": Option<SocketAddr>;
        /// How long browsers are told to use nothing but HTTPS for this host (`Strict-Transport-Security`), by answers
        /// that leave by TLS. 0: they are not told.
        hsts_seconds "server.hsts_seconds": u32 = "0", unit "s", max 63072000;
        /// Proxies whose `X-Forwarded-For` is believed, so that a site behind one is not one address to the
        /// limits. Everybody else's is ignored.
        trusted_proxies "server.trusted_proxies": Vec<IpNet> = "", flag "--trusted-proxies";
        /// Whether clients come by the PROXY protocol, version 2: each connection begins with a header in which a proxy
        /// of `server.trusted_proxies` says whose it is. One without, or from anybody else, is closed.
        proxy_protocol "server.proxy_protocol": ProxyProtocol = "off";
    }
}

section! {
    /// `[log]`: what the hub writes to standard error.
    Log {
        /// How log lines are written: for people, or one JSON object a line.
        format "log.format": LogFormat = "text", flag "--log-format";
        /// The least grave line that is written. `debug` has a line for each event; no level has payloads or
        /// secrets.
        level "log.level": LogLevel = "info", flag "--log-level";
    }
}

section! {
    /// `[drain]`: how the hub lets go of its connections.
    Drain {
        /// Time over which a drain spreads its closes, so that clients do not all come back at once. The process
        /// ends at most 5 s after it. 0: all at once.
        window_ms "drain.window_ms": Millis = "5000", unit "ms", flag "--drain-window-ms";
    }
}

section! {
    /// `[cleanup]`: sweeps for connections that ended without a word.
    Cleanup {
        /// Time between two sweeps for stale connections.
        interval_ms "cleanup.interval_ms": Millis = "1000", unit "ms", min 10;
        /// Connections that a sweep handles before others get their turn. It bounds how long others wait, not
        /// how much is cleaned.
        batch_size "cleanup.batch_size": u32 = "10", unit "connections", min 1;
        /// Rounds after which the sweep at shutdown gives up, and warns of what remains.
        shutdown_iterations_max "cleanup.shutdown_iterations_max": u32 = "10", unit "rounds", min 1;
    }
}

section! {
    /// `[history]`: what each channel keeps for those who come back. A `[[channel]]` rule may say otherwise.
    History {
        /// Events kept for each channel. They are also what live readers are served from: one who is more than this
        /// behind, be it by a single batch, is told of a `gap`. Where only the latest counts, publish with a `key`.
        count "history.count": Limit = "10000", unit "events";
        /// Age after which an event is no longer kept. 0: no limit.
        age_ms "history.age_ms": Millis = "3600000", unit "ms";
        /// Memory for the events of each channel, encoded.
        bytes "history.bytes": Limit = "8388608", unit "bytes", max 1099511627776;
        /// Memory for the events of all channels together.
        total_bytes "history.total_bytes": Limit = "268435456", unit "bytes", max 1099511627776;
    }
}

section! {
    /// `[engine]`: where events and leases live.
    Engine {
        /// `memory`: in this process. `redis`: shared by several hubs.
        kind "engine.kind": EngineKind = "memory";
        /// Where Redis is, `redis://` or `rediss://`, with its user and password; of a cluster one or several of its
        /// nodes, `redis://a,b,c`; behind Sentinels they and the name of the master, `redis+sentinel://a,b,c/mymaster`.
        url "engine.url": Option<RedisUrl>;
        /// A file with the certificate authorities that vouch for Redis, as PEM, in place of this machine's.
        ca_file "engine.ca_file": Option<PathBuf>;
        /// Further instances by which hubs tell each other of events, in place of that of `engine.url`: they share that
        /// work, and need keep nothing. One host each, and the same at every hub.
        fan_out_urls "engine.fan_out_urls": Vec<RedisUrl> = "";
        /// How the names of all keys and channels in Redis begin: hubs with the same one share their log.
        prefix "engine.prefix": Text = "tidings";
    }
}

section! {
    /// `[cluster]`: this hub among its peers.
    Cluster {
        /// The name of this node. Without one, a name is made once and kept in the data directory.
        node "cluster.node": Option<NodeName>, flag "--node";
        /// Time after which a node that died without a word stops counting. Nothing shares the `memory` engine,
        /// so there it has no effect.
        lease_ms "cluster.lease_ms": Millis = "15000", unit "ms", min 100;
        /// What becomes of a newcomer while Redis is away and nobody knows how many connections its user has at other
        /// hubs: it is let in as long as this hub has less than the limit (`local`), in any case (`open`), or not, with
        /// 503 (`closed`). Users who then have too many lose the oldest within a minute of Redis coming back.
        limits_while_away "cluster.limits_while_away": LimitsWhileAway = "local";
    }
}
