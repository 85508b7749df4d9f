//! What quotas cost on one Redis.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use tidings::core::quota::{Beat, Holding, Incarnation, Leases, Put, shard_of};
use tidings::quota::{Asking, Desk, DeskOptions, OnFull};
use tidings_redis::{LeaseOptions, RedisLeases};
use tokio::time::Instant;

use crate::server::{Server, until};

const ADMISSIONS: u64 = 200_000;
const AT_ONCE: usize = 512;
const ROUNDS: u32 = 400;

fn leases(server: &Server) -> RedisLeases {
    let options = LeaseOptions { call_ms: 5_000, ..LeaseOptions::new(server.url()) };
    RedisLeases::new(options).expect("a URL")
}

fn asking(user: u64, connection: u64) -> Asking {
    Asking {
        user: format!("user-{user}").into(),
        client_id: Some(format!("client-{connection}").into()),
        connection: format!("c{connection}").into(),
        since_ms: 1,
        limit: 5,
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prove: admissions a second on one Redis, and what beats and sweeps cost as users and hubs grow"]
async fn prove_quota_admissions() {
    for users in [1_000, 10_000, 100_000] {
        let server = Server::start();
        let options = DeskOptions { answer_ms: 5_000, sweep_ms: 3_600_000, ..DeskOptions::new("one") };
        let desk = Desk::open(Arc::new(leases(&server)), options, |_| {});
        until("it is there", Duration::from_secs(10), async || !desk.state().is_away).await;
        let (since, busy) = (Instant::now(), busy_us(&server));
        let admitted =
            stream::iter(0..ADMISSIONS)
                .map(|number| {
                    let desk = desk.clone();
                    async move {
                        tokio::spawn(async move { desk.admit(asking(number % users, number)).await }).await
                    }
                })
                .buffer_unordered(AT_ONCE);
        let places: Vec<_> = admitted.filter_map(async |place| place.expect("done").ok()).collect().await;
        let took = since.elapsed();
        println!(
            "{users} users: {:.0} admissions/s, {:.1} µs of Redis's processor each, {} let in, {} judged here",
            ADMISSIONS as f64 / took.as_secs_f64(),
            (busy_us(&server) - busy) / ADMISSIONS as f64,
            places.len(),
            desk.state().judged_here
        );
        let memory = server.cli(&["INFO", "memory"]);
        let memory = memory.lines().find(|line| line.starts_with("used_memory:")).unwrap_or_default();
        println!("  {}", memory.trim());
        let (since, gone) = (Instant::now(), places.len());
        drop(places);
        until("all is said", Duration::from_secs(60), async || desk.state().unsaid == 0).await;
        println!("  {gone} gone, and said in {:?}", since.elapsed());
    }
    for hubs in [1, 10, 50] {
        let server = Server::start();
        let leases = leases(&server);
        let mut line = 0;
        let shard = shard_of("ann");
        let incarnation = |hub| Incarnation::new(&format!("hub{hub}"), 1);
        let beat = |hub, is_first| Beat {
            incarnation: incarnation(hub),
            node: "hub".into(),
            is_first,
            instead_of: None,
            floor: 0,
            known: 0,
            lease_ms: 60_000,
            at_ms: 0,
        };
        let put = |hub, version| Put {
            incarnation: incarnation(hub),
            user: "ann".into(),
            version,
            known: 0,
            held: vec![Holding::new(None, format!("c{hub}").into(), 1)],
            newcomer: None,
            is_back: false,
            limit: 0,
            on_full: OnFull::Refuse,
            at_ms: 0,
        };
        for hub in 0..hubs {
            line = leases.beat(shard, beat(hub, true)).await.expect("answered").0;
            leases.put(line, put(hub, 1)).await.expect("answered");
        }
        server.cli(&["CONFIG", "RESETSTAT"]);
        for _ in 0..ROUNDS {
            leases.beat(shard, beat(0, false)).await.expect("answered");
        }
        let beats = cost(&server);
        server.cli(&["CONFIG", "RESETSTAT"]);
        for round in 0..ROUNDS {
            leases.put(line, put(0, 2 + u64::from(round))).await.expect("answered");
        }
        println!(
            "{hubs} hubs: a beat {beats} µs, a user that is at all of them {} µs of Redis",
            cost(&server)
        );
    }
}

/// What Redis has used of a processor, in microseconds.
fn busy_us(server: &Server) -> f64 {
    let text = server.cli(&["INFO", "cpu"]);
    let seconds = text.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        matches!(name, "used_cpu_user" | "used_cpu_sys").then(|| value.trim().parse::<f64>().ok())?
    });
    seconds.sum::<f64>() * 1e6
}

/// Microseconds of Redis that a script took.
fn cost(server: &Server) -> String {
    let stats = server.cli(&["INFO", "commandstats"]);
    let line = stats.lines().find(|line| line.starts_with("cmdstat_evalsha")).unwrap_or_default().to_owned();
    let cost = line.split(',').find_map(|field| field.strip_prefix("usec_per_call="));
    cost.unwrap_or("?").to_owned()
}
