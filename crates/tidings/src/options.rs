//! What a hub can be told. Each has the default of `docs/configuration.md`.

use std::path::PathBuf;

use tidings_core::channel::Selector;
use tidings_core::history::Retention;
use tidings_core::log::{Keep, Presence, Rules, Slow};
use tidings_core::registry::{Limits, OnFull};

use crate::gate::Gate;
use crate::hub::quota::WhileAway;
use crate::net::IpNet;

/// A hub's settings. A limit of 0 is no limit.
#[derive(Clone, Debug)]
pub struct HubOptions {
    /// The node's name; made once and kept in the data directory when `None`.
    pub node: Option<String>,
    /// Where the hub keeps what must outlive it: its name, its counters, its rings over an orderly restart. `None`
    /// keeps nothing.
    pub data_dir: Option<PathBuf>,
    /// Streams.
    pub stream: StreamOptions,
    /// Connections by user, address and node.
    pub limits: Limits,
    /// Sizes and rates.
    pub bounds: Bounds,
    /// Time over which a drain spreads its closings, in milliseconds.
    pub drain_window_ms: u64,
    /// Sweeps for stale connections.
    pub cleanup: CleanupOptions,
    /// What channels keep.
    pub rules: Rules,
    /// What may be published to which channels: of those that fit one, the first counts. Channels that none fits are
    /// open to what is granted.
    pub gates: Vec<(Selector, Gate)>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// This hub among those that share its log.
    pub cluster: ClusterOptions,
    /// A stream that asks for no channels gets all of them, as with `--dev`, and not only those that its grant names.
    pub all_by_default: bool,
}

/// A hub among those that share its log.
#[derive(Clone, Copy, Debug)]
pub struct ClusterOptions {
    /// Time after which a hub that died without a word counts no more, in milliseconds.
    pub lease_ms: u64,
    /// What becomes of newcomers, whose users' limits hold over all hubs, while nobody knows what the others have.
    pub limits_while_away: WhileAway,
}

/// How streams are kept and given up.
#[derive(Clone, Copy, Debug)]
pub struct StreamOptions {
    /// A comment is sent when nothing else was for this long.
    pub heartbeat_ms: u64,
    /// Unacknowledged data for this long, and the far end is lost (`TCP_USER_TIMEOUT`).
    pub user_timeout_ms: u64,
    /// Something to write and nothing taken for this long, and the stream is stalled.
    pub stall_ms: u64,
    /// The age at which a stream is ended so that the client comes again; 0 is never.
    pub max_age_ms: u64,
    /// How much earlier than the maximum age a stream may be ended, in per cent of it.
    pub max_age_jitter_percent: u64,
    /// A refusal to a browser's own `EventSource` is told as a stream that ends.
    pub soft_refusal: bool,
    /// A request's head must be there within this time.
    pub header_timeout_ms: u64,
    /// The longest lease that a client may ask for, in seconds.
    pub lease_max_seconds: u64,
}

/// Sizes and rates; 0 is no limit.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Channels and patterns of one connection.
    pub channels_per_connection: usize,
    /// Bytes of an event's data.
    pub event_bytes: usize,
    /// Bytes of a publish request.
    pub body_bytes: usize,
    /// Events of one publish request.
    pub batch_events: usize,
    /// Bytes of a request's path and query.
    pub request_line_bytes: usize,
    /// Bytes of a request's header fields.
    pub head_bytes: usize,
    /// Events that one publisher may publish in a second.
    pub publishes_per_second: u32,
    /// Streams that one address may open in a second.
    pub accepts_per_second: u32,
    /// Requests of one address in a second.
    pub requests_per_second_per_ip: u32,
    /// Requests of one user in a second.
    pub requests_per_second_per_user: u32,
    /// Sockets that one address may open in a second.
    pub sockets_per_second_per_ip: u32,
    /// Sockets that are open at a time; 0 is as many as the process may have files, less a reserve.
    pub sockets: usize,
}

/// Sweeps for stale connections.
#[derive(Clone, Copy, Debug)]
pub struct CleanupOptions {
    /// Milliseconds between sweeps.
    pub interval_ms: u64,
    /// Connections ended in one slice of a sweep, at least 1.
    pub batch_size: usize,
    /// Rounds of a shutdown, at least 1.
    pub shutdown_iterations_max: u32,
}

impl Default for HubOptions {
    fn default() -> Self {
        Self {
            node: None,
            data_dir: None,
            stream: StreamOptions {
                heartbeat_ms: 15_000,
                user_timeout_ms: 20_000,
                stall_ms: 20_000,
                max_age_ms: 0,
                max_age_jitter_percent: 20,
                soft_refusal: true,
                header_timeout_ms: 5_000,
                lease_max_seconds: 3_600,
            },
            limits: Limits {
                connections_per_user: 8,
                connections_per_ip: 256,
                connections: 0,
                on_full: OnFull::Refuse,
            },
            bounds: Bounds {
                channels_per_connection: 100,
                event_bytes: 64 * 1024,
                body_bytes: 1024 * 1024,
                batch_events: 1000,
                request_line_bytes: 8 * 1024,
                head_bytes: 16 * 1024,
                publishes_per_second: 0,
                accepts_per_second: 0,
                requests_per_second_per_ip: 0,
                requests_per_second_per_user: 0,
                sockets_per_second_per_ip: 0,
                sockets: 0,
            },
            drain_window_ms: 5_000,
            cleanup: CleanupOptions { interval_ms: 1_000, batch_size: 10, shutdown_iterations_max: 10 },
            rules: Rules {
                rules: Vec::new(),
                default: Keep {
                    retention: Retention { count: 10_000, age_ms: 3_600_000, bytes: 8 * 1024 * 1024 },
                    slow: Slow::Gap,
                    presence: Presence::Asked,
                },
                total_bytes: 256 * 1024 * 1024,
            },
            gates: Vec::new(),
            trusted_proxies: Vec::new(),
            cluster: ClusterOptions { lease_ms: 15_000, limits_while_away: WhileAway::Local },
            all_by_default: false,
        }
    }
}
