//! From the configuration to the engine that the hub is on.

use std::io;

use tidings::{Hub, HubOptions};
use tidings_server::config::{Config, EngineKind};

/// Opens the hub on the engine that the configuration names.
pub(crate) async fn open_hub(config: &Config, options: HubOptions) -> io::Result<Hub> {
    match config.engine.kind {
        EngineKind::Memory => Hub::open(options),
        EngineKind::Redis => on_redis(config, options).await,
    }
}

#[cfg(feature = "redis")]
async fn on_redis(config: &Config, options: HubOptions) -> io::Result<Hub> {
    use tidings_redis::{RedisEngine, RedisOptions};

    let engine = &config.engine;
    let url = engine.url.as_ref().map(|url| url.expose().clone()).unwrap_or_default();
    let mut redis = RedisOptions::new(url);
    redis.connection.ca_pem = match &engine.ca_file {
        None => None,
        Some(file) => Some(std::fs::read(file).map_err(|error| {
            io::Error::new(error.kind(), format!("engine.ca_file: cannot read {file:?}: {error}"))
        })?),
    };
    redis.prefix = engine.prefix.to_string();
    redis.total_bytes = options.rules.total_bytes;
    let opened = RedisEngine::open(redis).await;
    let (engine, advice) = opened.map_err(|error| io::Error::other(format!("engine.url: {error}")))?;
    for advice in advice {
        tracing::warn!("{advice}");
    }
    Hub::open_shared(options, std::sync::Arc::new(engine))
}

#[cfg(not(feature = "redis"))]
async fn on_redis(_: &Config, _: HubOptions) -> io::Result<Hub> {
    Err(io::Error::other("engine.kind: this hub was built without Redis (the feature `redis`)"))
}
