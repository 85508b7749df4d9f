//! The streams, and what bounds them.

use super::section;
use crate::config::value::{Limit, Millis, OnFull};

section! {
    /// `[stream]`: how a connection lives and how its end is noticed.
    Stream {
        /// Longest silence on an idle stream before a `: heartbeat` comment. Jitter only shortens it.
        heartbeat_ms "stream.heartbeat_ms": Millis = "15000", unit "ms", min 10, flag "--heartbeat-ms";
        /// How long sent bytes may stay unacknowledged before the far end counts as lost (`TCP_USER_TIMEOUT`). A
        /// peer that vanishes is gone within this and `stream.heartbeat_ms`.
        user_timeout_ms "stream.user_timeout_ms": Millis = "20000", unit "ms", min 100, max 2147483647;
        /// How long a reader may take no bytes at all while there are some for it, before it is closed as
        /// `stalled`.
        stall_ms "stream.stall_ms": Millis = "20000", unit "ms", min 100;
        /// Age at which a stream is closed with `max_age`, to bound what a proxy hides. 0: never.
        max_age_ms "stream.max_age_ms": Millis = "0", unit "ms";
        /// By how much `stream.max_age_ms` is shortened at most, at random for each stream, so that they do not
        /// end together.
        max_age_jitter_percent "stream.max_age_jitter_percent": u32 = "20", unit "percent", max 90;
        /// Whether a 429 or 503 is told to a browser's own `EventSource` as a stream that says `refused` and ends:
        /// after the bare status it would never try again.
        soft_refusal "stream.soft_refusal": bool = "true";
        /// Time for a request's whole head to arrive.
        header_timeout_ms "stream.header_timeout_ms": Millis = "5000", unit "ms", min 100;
        /// Longest `lease` that a client may ask for.
        lease_max_seconds "stream.lease_max_seconds": u32 = "3600", unit "s", min 1, max 31536000;
    }
}

section! {
    /// `[limits]`: what one user, one address and the node as a whole may take.
    Limits {
        /// Live connections of one user. `anonymous` is nobody, and has no such limit.
        connections_per_user "limits.connections_per_user": Limit = "8", unit "connections";
        /// Live connections from one address, as `server.trusted_proxies` tell it.
        connections_per_ip "limits.connections_per_ip": Limit = "256", unit "connections";
        /// Live connections on this node; beyond it, 503.
        connections "limits.connections": Limit = "0", unit "connections";
        /// Channels and patterns that one connection may be subscribed to; beyond it, 400.
        channels_per_connection "limits.channels_per_connection": Limit = "100", unit "channels";
        /// What happens to a connection beyond `limits.connections_per_user`: a 429, or the user's oldest makes
        /// room.
        on_full "limits.on_full": OnFull = "refuse";
        /// Rate of publishes that one publisher may reach, as a token bucket that holds one second; beyond it,
        /// 429.
        publishes_per_second "limits.publishes_per_second": Limit = "0", unit "events/s";
        /// Rate at which one address may open streams, as a token bucket that holds one second; beyond it, 429.
        accepts_per_second "limits.accepts_per_second": Limit = "0", unit "connections/s";
        /// Rate of requests that one address may reach, of whatever kind but `/health`, `/ready` and ending a stream,
        /// as a token bucket that holds one second; beyond it, 429 before anything is looked at. Behind a proxy,
        /// `server.trusted_proxies` tells the addresses apart; those behind one NAT share one.
        requests_per_second_per_ip "limits.requests_per_second_per_ip": Limit = "0", unit "requests/s";
        /// Rate of requests that one user may reach, likewise; beyond it, 429. `anonymous` is nobody.
        requests_per_second_per_user "limits.requests_per_second_per_user": Limit = "0", unit "requests/s";
        /// Rate at which one address may open sockets; beyond it they are closed before a byte is read. Those of
        /// `server.trusted_proxies` have no such limit.
        sockets_per_second_per_ip "limits.sockets_per_second_per_ip": Limit = "0", unit "sockets/s";
        /// Sockets open at a time, streams or not; beyond it they are closed before a byte is read. 0: as many as the
        /// process may have open files (`LimitNOFILE`), less 64 that are kept for the hub's own. At
        /// `server.admin_listen` and `server.metrics_listen` 32 more are let in.
        sockets "limits.sockets": Limit = "0", unit "sockets";
        /// Size of one event's data; beyond it, 413.
        event_bytes "limits.event_bytes": Limit = "65536", unit "bytes", max 1099511627776;
        /// Size of a request's body; beyond it, 413.
        body_bytes "limits.body_bytes": Limit = "1048576", unit "bytes", max 1099511627776;
        /// Events in one publish request, each channel of an event counted; beyond it, 413.
        batch_events "limits.batch_events": Limit = "1000", unit "events";
        /// Length of a request's first line; beyond it, 414.
        request_line_bytes "limits.request_line_bytes": u32 = "8192", unit "bytes", min 256, max 1048576;
        /// Size of a request's head, first line included; beyond it, 431.
        head_bytes "limits.head_bytes": u32 = "16384", unit "bytes", min 1024, max 1048576;
    }
}
