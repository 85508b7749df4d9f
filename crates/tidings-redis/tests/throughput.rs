//! What the engine costs beside the script that it runs.

mod server;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use server::{Server, until};
use tidings_core::conformance::offer;
use tidings_core::engine::{Engine, Heard};
use tidings_core::history::Retention;
use tidings_redis::connection::ConnectionOptions;
use tidings_redis::{RedisEngine, RedisOptions};
use tokio::time::Instant;

const CALLS: usize = 100_000;
const DATA_BYTES: usize = 200;
const BOUND: Duration = Duration::from_secs(60);

const SCRIPT: &str = concat!(
    include_str!("../src/log/shared.lua"),
    include_str!("../src/log/place.lua"),
    include_str!("../src/log/append.lua")
);

fn of_redis_benchmark(server: &Server, hash: &str, calls: usize, depth: usize) -> f64 {
    let data = format!("\"{}\"", "x".repeat(DATA_BYTES - 2));
    let tail = format!("sample\n\n\n{data}");
    let output = Command::new("redis-benchmark")
        .args(["-p", &server.port().to_string(), "-n", &calls.to_string(), "-c", "1"])
        .args(["-P", &depth.to_string(), "--csv", "EVALSHA", hash, "9"])
        .args(
            ["meta", "log", "channels", "lost", "oldest", "ch:c", "ids:c", "order:c", "keys:c"]
                .map(|key| format!("bench{{log}}:{key}")),
        )
        .args(["", "0", "7", "0", "100000", "PUBLISH", "bench{log}:bus"])
        .args(["c", "1000", "0", "0", "500", "", "", &tail])
        .output()
        .expect("redis-benchmark is installed");
    let [text, trouble] = [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said));
    let line = text.lines().last().expect("figures");
    // The command's own name has line breaks in it: the figures are counted from the end.
    let fields: Vec<&str> = line.rsplit("\",\"").collect();
    fields[fields.len().min(7) - 1].trim_matches('"').parse().unwrap_or_else(|_| panic!("{text}{trouble}"))
}

/// Seconds of processor that a Redis took so far.
fn cpu_s(server: &Server) -> f64 {
    let info = server.cli(&["INFO", "cpu"]);
    let of = |name: &str| {
        let line = info.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.trim().parse::<f64>().ok()).expect("seconds")
    };
    of("used_cpu_user:") + of("used_cpu_sys:")
}

/// Prints what an event costs the Redis of the log, with some others that tell the hubs, for a number of hubs that hear
/// it. That each heard all is asserted.
async fn cost_to_the_log(data_bytes: usize, hubs: usize, others: usize, calls: usize) {
    let server = Server::start();
    let others: Vec<_> = (0..others).map(|_| Server::start()).collect();
    let fan_out = others.iter().map(|other| ConnectionOptions::new(other.url())).collect();
    let options = RedisOptions { prefix: "bench".to_owned(), fan_out, ..RedisOptions::new(server.url()) };
    let mut readers = Vec::new();
    for _ in 0..hubs {
        let engine = Arc::new(RedisEngine::open(options.clone()).await.expect("a Redis").0);
        let heard = Arc::new(AtomicUsize::new(0));
        let count = heard.clone();
        let ear = move |told| {
            if let Heard::Entries(_, entries) = told {
                count.fetch_add(entries.len(), Ordering::Relaxed);
            }
        };
        engine.follow(Arc::new(ear)).await.expect("followed");
        readers.push((engine, heard));
    }
    until("every hub hears by all", BOUND, async || {
        others
            .iter()
            .all(|other| other.cli(&["PUBSUB", "NUMSUB", "bench{log}:bus"]).ends_with(&format!("\n{hubs}")))
    })
    .await;
    let cpu = || (cpu_s(&server), others.iter().map(cpu_s).sum::<f64>());
    let (log_before, others_before) = cpu();
    let rate = of_the_engine(&readers[0].0, data_bytes, calls, 16).await;
    let published = calls / 16 * 16;
    until("every hub heard all", BOUND, async || {
        readers.iter().all(|(_, heard)| heard.load(Ordering::Relaxed) >= published)
    })
    .await;
    let (log_after, others_after) = cpu();
    let each = |seconds: f64| seconds / published as f64 * 1e6;
    println!(
        "{data_bytes} bytes to {hubs} hubs, told by {} others: {rate:.0} events/s; an event is {:.1} µs of the log's Redis, {:.1} µs of the \
         others",
        others.len(),
        each(log_after - log_before),
        each(others_after - others_before),
    );
}

async fn of_the_engine(engine: &Arc<RedisEngine>, data_bytes: usize, calls: usize, depth: usize) -> f64 {
    let data = format!("\"{}\"", "x".repeat(data_bytes - 2));
    let since = Instant::now();
    let callers: Vec<_> = (0..depth)
        .map(|_| {
            let (engine, data) = (engine.clone(), data.clone());
            tokio::spawn(async move {
                let retention = Retention { count: 1_000, age_ms: 0, bytes: 0 };
                for _ in 0..calls / depth {
                    let offers = vec![offer("c", &data, None, None, retention)];
                    engine.append(None, offers).await.expect("appended");
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("done");
    }
    calls as f64 / since.elapsed().as_secs_f64()
}

/// Prints figures; that all was stored is asserted.
async fn beside_redis_benchmark(calls: usize, rounds: usize) {
    for depth in [16, 64] {
        let server = Server::start();
        let hash = server.cli(&["SCRIPT", "LOAD", SCRIPT]);
        let options =
            RedisOptions { prefix: "bench".to_owned(), total_bytes: 0, ..RedisOptions::new(server.url()) };
        let engine = Arc::new(RedisEngine::open(options).await.expect("a Redis").0);
        let mut ratios = Vec::new();
        for round in 0..rounds {
            let bare = of_redis_benchmark(&server, &hash, calls, depth);
            let ours = of_the_engine(&engine, DATA_BYTES, calls, depth).await;
            println!(
                "depth {depth}, round {round}: engine {ours:.0}/s, redis-benchmark {bare:.0}/s, {:.2} ×",
                ours / bare
            );
            ratios.push(ours / bare);
        }
        ratios.sort_by(f64::total_cmp);
        println!("depth {depth}: median {:.2} × of redis-benchmark", ratios[rounds / 2]);
        let each = calls / depth * depth;
        let seq: usize = server.cli(&["HGET", "bench{log}:meta", "seq"]).trim().parse().expect("a place");
        assert!(seq >= rounds * (calls + each), "both stored what they were asked to: {seq}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_and_redis_benchmark_run_the_same_script() {
    beside_redis_benchmark(640, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prove: publishes a second beside redis-benchmark with the same script, 5 rounds of 100,000 at depths 16 and 64"]
async fn prove_publish_throughput_beside_redis_benchmark() {
    beside_redis_benchmark(CALLS, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prove: events a second in batches of 1, 16 and 128, eight batches at once"]
async fn prove_events_a_second_in_batches() {
    for batch in [1, 16, 128] {
        let server = Server::start();
        let engine = Arc::new(RedisEngine::open(RedisOptions::new(server.url())).await.expect("a Redis").0);
        let since = Instant::now();
        let callers: Vec<_> = (0..8)
            .map(|_| {
                let engine = engine.clone();
                tokio::spawn(async move {
                    let retention = Retention { count: 1_000, age_ms: 0, bytes: 0 };
                    let data = format!("\"{}\"", "x".repeat(DATA_BYTES - 2));
                    for _ in 0..CALLS / batch / 8 {
                        let offers =
                            (0..batch).map(|n| offer(&format!("c{}", n % 10), &data, None, None, retention));
                        engine.append(None, offers.collect()).await.expect("appended");
                    }
                })
            })
            .collect();
        for caller in callers {
            caller.await.expect("done");
        }
        let rate = CALLS as f64 / since.elapsed().as_secs_f64();
        println!("batches of {batch}: {rate:.0} events/s, {:.1} µs each", 1e6 / rate);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn others_take_the_telling_off_the_redis_of_the_log() {
    cost_to_the_log(DATA_BYTES, 3, 2, 320).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prove: what an event costs the Redis of the log with 1, 10 and 20 hubs, 200 and 10,000 bytes, told by it or by two others"]
async fn prove_what_telling_costs_the_redis_of_the_log() {
    for (data_bytes, calls) in [(DATA_BYTES, 50_000), (10_000, 10_000)] {
        for hubs in [1, 10, 20] {
            for others in [0, 2] {
                cost_to_the_log(data_bytes, hubs, others, calls).await;
            }
        }
    }
}
