//! From the configuration to what the hub is told.

use std::io;

use tidings::core::history::Retention;
use tidings::core::log::{Keep, Presence, Rules, Slow as CoreSlow};
use tidings::quota::WhileAway;
use tidings::{
    Bounds, CleanupOptions, ClusterOptions, HubOptions, Limits, OnFull as HubOnFull, StreamOptions,
};
use tidings_server::config::{ChannelRule, Config, LimitsWhileAway, OnFull, Slow};

/// The hub's options, with the schemas as they are now.
pub(crate) fn hub(config: &Config) -> io::Result<HubOptions> {
    let (stream, limits) = (&config.stream, &config.limits);
    Ok(HubOptions {
        node: config.cluster.node.as_ref().map(|node| node.as_str().to_owned()),
        data_dir: Some(config.server.data_dir.clone()),
        stream: StreamOptions {
            heartbeat_ms: stream.heartbeat_ms.get(),
            user_timeout_ms: stream.user_timeout_ms.get(),
            stall_ms: stream.stall_ms.get(),
            max_age_ms: stream.max_age_ms.get(),
            max_age_jitter_percent: stream.max_age_jitter_percent.into(),
            soft_refusal: stream.soft_refusal,
            header_timeout_ms: stream.header_timeout_ms.get(),
            lease_max_seconds: stream.lease_max_seconds.into(),
        },
        limits: Limits {
            connections_per_user: limits.connections_per_user.count(),
            connections_per_ip: limits.connections_per_ip.count(),
            connections: limits.connections.count(),
            on_full: match limits.on_full {
                OnFull::Refuse => HubOnFull::Refuse,
                OnFull::ReplaceOldest => HubOnFull::ReplaceOldest,
            },
        },
        bounds: Bounds {
            channels_per_connection: limits.channels_per_connection.size(),
            event_bytes: limits.event_bytes.size(),
            body_bytes: limits.body_bytes.size(),
            batch_events: limits.batch_events.size(),
            request_line_bytes: limits.request_line_bytes as usize,
            head_bytes: limits.head_bytes as usize,
            publishes_per_second: limits.publishes_per_second.count(),
            accepts_per_second: limits.accepts_per_second.count(),
            requests_per_second_per_ip: limits.requests_per_second_per_ip.count(),
            requests_per_second_per_user: limits.requests_per_second_per_user.count(),
            sockets_per_second_per_ip: limits.sockets_per_second_per_ip.count(),
            sockets: limits.sockets.size(),
        },
        drain_window_ms: config.drain.window_ms.get(),
        cleanup: CleanupOptions {
            interval_ms: config.cleanup.interval_ms.get(),
            batch_size: config.cleanup.batch_size as usize,
            shutdown_iterations_max: config.cleanup.shutdown_iterations_max,
        },
        rules: rules(config),
        gates: config.gates().map_err(io::Error::other)?,
        trusted_proxies: config.server.trusted_proxies.clone(),
        cluster: ClusterOptions {
            lease_ms: config.cluster.lease_ms.get(),
            limits_while_away: match config.cluster.limits_while_away {
                LimitsWhileAway::Local => WhileAway::Local,
                LimitsWhileAway::Open => WhileAway::Open,
                LimitsWhileAway::Closed => WhileAway::Closed,
            },
        },
        all_by_default: config.dev,
    })
}

fn rules(config: &Config) -> Rules {
    let history = &config.history;
    let retention =
        Retention { count: history.count.size(), age_ms: history.age_ms.get(), bytes: history.bytes.size() };
    Rules {
        rules: config.channels.iter().map(|rule| (rule.channels.clone(), keep(rule, retention))).collect(),
        default: Keep { retention, slow: CoreSlow::Gap, presence: Presence::Asked },
        total_bytes: history.total_bytes.size(),
    }
}

fn keep(rule: &ChannelRule, default: Retention) -> Keep {
    Keep {
        retention: Retention {
            count: rule.history_count.map_or(default.count, |count| count.size()),
            age_ms: rule.history_age_ms.map_or(default.age_ms, |age| age.get()),
            bytes: rule.history_bytes.map_or(default.bytes, |bytes| bytes.size()),
        },
        slow: match rule.slow {
            Slow::Gap => CoreSlow::Gap,
            Slow::Disconnect => CoreSlow::Disconnect,
        },
        presence: match rule.presence {
            None => Presence::Asked,
            Some(true) => Presence::Told,
            Some(false) => Presence::Hidden,
        },
    }
}
