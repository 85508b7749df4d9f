//! From the configuration to the engine that the hub is on.

use std::future::Future;
use std::io;
use std::pin::Pin;

use tidings::{Hub, HubOptions};
use tidings_server::config::{Config, EngineKind};

/// Ends where an engine that was away turns out to be one that a hub must not run on.
pub(crate) type Unfit = Pin<Box<dyn Future<Output = io::Error> + Send>>;

/// Opens the hub on the engine that the configuration names.
pub(crate) async fn open_hub(config: &Config, options: HubOptions) -> io::Result<(Hub, Unfit)> {
    match config.engine.kind {
        EngineKind::Memory => Ok((Hub::open(options)?, Box::pin(std::future::pending()))),
        EngineKind::Redis => on_redis(config, options).await,
    }
}

#[cfg(feature = "redis")]
async fn on_redis(config: &Config, options: HubOptions) -> io::Result<(Hub, Unfit)> {
    use std::sync::Arc;

    use tidings_redis::connection::ConnectionOptions;
    use tidings_redis::{Advice, RedisEngine, RedisOptions, Unfit as UnfitRedis};
    use tidings_server::config::RedisUrl;

    /// Between two looks at a Redis that is away.
    const AWAY_PAUSE: std::time::Duration = std::time::Duration::from_secs(1);

    let told = |error: UnfitRedis| {
        let setting = if matches!(error, UnfitRedis::FanOutUrl(_)) { "fan_out_urls" } else { "url" };
        io::Error::other(format!("engine.{setting}: {error}"))
    };
    let give = |advice: Vec<Advice>| advice.into_iter().for_each(|advice| tracing::warn!("{advice}"));

    let engine = &config.engine;
    let url = engine.url.as_ref().map(|url| url.expose().clone()).unwrap_or_default();
    let mut redis = RedisOptions::new(url);
    redis.connection.ca_pem = match &engine.ca_file {
        None => None,
        Some(file) => Some(std::fs::read(file).map_err(|error| {
            io::Error::new(error.kind(), format!("engine.ca_file: cannot read {file:?}: {error}"))
        })?),
    };
    let beside = |url: &RedisUrl| ConnectionOptions { url: url.expose().clone(), ..redis.connection.clone() };
    redis.fan_out = engine.fan_out_urls.iter().map(beside).collect();
    redis.prefix = engine.prefix.to_string();
    redis.total_bytes = options.rules.total_bytes;
    let engine = Arc::new(RedisEngine::new(redis).map_err(told)?);
    let mut away = match engine.check().await {
        Ok(advice) => {
            give(advice);
            None
        }
        // To end here would be to come back after pauses that whoever starts hubs makes longer and longer.
        Err(UnfitRedis::Away(error)) => {
            tracing::warn!("engine.url: {error}. The hub is not ready until it does, and goes on trying");
            Some(error)
        }
        Err(error) => return Err(told(error)),
    };
    let hub = Hub::open_shared(options, engine.clone())?;
    let unfit = async move {
        while let Some(why) = &away {
            tokio::time::sleep(AWAY_PAUSE).await;
            away = match engine.check().await {
                Ok(advice) => {
                    give(advice);
                    None
                }
                Err(UnfitRedis::Away(error)) => {
                    if error != *why {
                        tracing::warn!("engine.url: {error}");
                    }
                    Some(error)
                }
                Err(error) => return told(error),
            };
        }
        std::future::pending().await
    };
    Ok((hub, Box::pin(unfit)))
}

#[cfg(not(feature = "redis"))]
async fn on_redis(_: &Config, _: HubOptions) -> io::Result<(Hub, Unfit)> {
    Err(io::Error::other("engine.kind: this hub was built without Redis (the feature `redis`)"))
}
