//! The suite that every engine passes, on a real Redis.

mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use server::Server;
use tidings_core::conformance::{self, Bench};
use tidings_core::engine::{Answer, Engine};
use tidings_redis::connection::ConnectionOptions;
use tidings_redis::{RedisEngine, RedisOptions};

struct OnRedis<'a> {
    server: &'a Server,
    is_sharded: bool,
    fan_out: Vec<Server>,
    logs: AtomicU32,
}

impl Bench for OnRedis<'_> {
    fn fresh(&self, hubs: usize, total_bytes: usize) -> Answer<'_, Vec<Arc<dyn Engine>>> {
        let prefix = format!("log{}", self.logs.fetch_add(1, Ordering::Relaxed));
        let is_sharded = self.is_sharded;
        let fan_out = self.fan_out.iter().map(|server| ConnectionOptions::new(server.url())).collect();
        let options = RedisOptions {
            total_bytes,
            prefix,
            is_sharded,
            fan_out,
            sweep_ms: 200,
            ..RedisOptions::new(self.server.url())
        };
        Box::pin(async move {
            let mut engines: Vec<Arc<dyn Engine>> = Vec::new();
            for _ in 0..hubs {
                engines.push(Arc::new(RedisEngine::open(options.clone()).await.expect("a Redis").0));
            }
            engines
        })
    }

    fn pause(&self, ms: u64) -> Answer<'_, ()> {
        Box::pin(tokio::time::sleep(Duration::from_millis(ms)))
    }
}

async fn conforms(is_sharded: bool, fan_out: Vec<Server>) {
    let server = Server::start();
    let seed = rand::random();
    println!("seed {seed}");
    conformance::all(&OnRedis { server: &server, is_sharded, fan_out, logs: AtomicU32::new(0) }, seed).await;
}

#[tokio::test]
async fn it_conforms() {
    conforms(false, Vec::new()).await;
}

#[tokio::test]
async fn it_conforms_on_the_sharded_bus() {
    conforms(true, Vec::new()).await;
}

#[tokio::test]
async fn it_conforms_where_other_instances_tell() {
    conforms(false, vec![Server::start(), Server::start()]).await;
}

#[tokio::test]
async fn it_conforms_where_they_tell_on_the_sharded_bus() {
    conforms(true, vec![Server::start(), Server::start()]).await;
}
