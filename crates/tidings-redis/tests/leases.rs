//! The scripts of the quotas do what the core's store does, call by call; what they keep goes by itself.

mod server;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use server::placed::{cluster, move_slot_of};
use server::{Server, until};
use tidings_core::quota::{
    Beat, Beaten, Holding, Incarnation, Leases, Leaving, Line, OnFull, Put, PutAnswer, Store, Told, Why,
    shard_of,
};
use tidings_redis::{LeaseOptions, RedisLeases};

const LEASE_MS: u64 = 200_000;
const BOUND: Duration = Duration::from_secs(15);
const STEPS: usize = 6_000;
/// Soon a number has a digit more.
const FROM_MS: u64 = 9_500_000;
const USERS: [&str; 3] = ["ann", "bob", "zoë of 12, Long Street"];

fn leases(server: &Server) -> RedisLeases {
    RedisLeases::new(LeaseOptions { call_ms: 5_000, ..LeaseOptions::new(server.url()) }).expect("a URL")
}

fn holding(client: &str, connection: u64, rank_ms: u64) -> Holding {
    let connection = format!("c{connection}").into();
    Holding { client: client.into(), connection, since_ms: 7, rank_ms, is_proven: true }
}

fn beat(incarnation: &Incarnation, is_first: bool) -> Beat {
    Beat {
        incarnation: incarnation.clone(),
        node: "a hub".into(),
        is_first,
        instead_of: None,
        floor: 0,
        known: 0,
        lease_ms: LEASE_MS,
        at_ms: 0,
    }
}

fn put(incarnation: &Incarnation, user: &str, version: u64, newcomer: Option<Holding>) -> Put {
    Put {
        incarnation: incarnation.clone(),
        user: user.into(),
        version,
        known: 0,
        held: vec![],
        newcomer,
        is_back: false,
        limit: 2,
        on_full: OnFull::Refuse,
        at_ms: 0,
    }
}

/// Both, asked the same. Time passes in leaps that are far longer than the test takes.
struct Pair {
    server: Server,
    redis: RedisLeases,
    stores: Vec<Store>,
    now_ms: u64,
    /// How far the clock of their host was set on.
    set_on_ms: u64,
    line: Line,
}

impl Pair {
    async fn put(&mut self, put: Put) -> PutAnswer {
        self.put_at(put.clone(), put).await
    }

    /// The same, by the time of either.
    async fn put_at(&mut self, put: Put, of_redis: Put) -> PutAnswer {
        let expected = self.stores[usize::from(shard_of(&put.user))].put(&put, self.now_ms);
        let mut answer = self.redis.put(self.line, of_redis).await.expect("answered");
        let mut expected_too = expected.clone();
        for answer in [&mut answer, &mut expected_too] {
            if let PutAnswer::Placed { leaving } = answer {
                leaving.sort();
            }
        }
        assert_eq!(answer, expected_too, "to {put:?}");
        expected
    }

    async fn beat(&mut self, beat: Beat) {
        for shard in shards() {
            let expected = self.stores[usize::from(shard)].beat(&beat, self.now_ms);
            let (line, answer) = self.redis.beat(shard, beat.clone()).await.expect("answered");
            self.line = line;
            let is_kept = |beaten: &Beaten| matches!(beaten, Beaten::Kept { .. });
            assert_eq!(is_kept(&answer), is_kept(&expected), "to {beat:?}");
        }
    }

    fn leap(&mut self, ms: u64) {
        self.now_ms += ms;
        for shard in shards() {
            let (last, ahead) = self.clock(shard);
            let clock = format!("{last} {}", ahead + ms.cast_signed());
            self.server.cli(&["HSET", &nodes(shard), "clock", &clock]);
        }
    }

    /// The same, and a hub that knows how late it is writes, and beats.
    async fn set_on(&mut self, ms: u64, put: Put, beat: Beat) {
        let at_ms = self.now_ms - self.set_on_ms;
        let host_s: i64 =
            self.server.cli(&["TIME"]).lines().next().and_then(|s| s.parse().ok()).expect("a time");
        let redis_ms = |shard| (host_s * 1_000 + self.clock(shard).1).cast_unsigned();
        let known: Vec<_> = shards().into_iter().map(|shard| (shard, redis_ms(shard))).collect();
        self.leap(ms);
        self.set_on_ms += ms;
        let of_put = known.iter().find(|(shard, _)| *shard == shard_of(&put.user)).expect("one of all");
        self.put_at(Put { at_ms, ..put.clone() }, Put { at_ms: of_put.1, ..put }).await;
        for (shard, redis_ms) in known {
            let expected = self.stores[usize::from(shard)].beat(&Beat { at_ms, ..beat.clone() }, self.now_ms);
            let asked = Beat { at_ms: redis_ms, ..beat.clone() };
            let (_, answer) = self.redis.beat(shard, asked).await.expect("answered");
            assert_eq!(answer == Beaten::Fenced, expected == Beaten::Fenced, "to {beat:?}");
            assert!(self.clock(shard).0 < redis_ms + ms, "it is not followed");
        }
    }

    /// When a store was asked last, and how far its time is ahead of its host's.
    fn clock(&self, shard: u16) -> (u64, i64) {
        let clock = self.server.cli(&["HGET", &nodes(shard), "clock"]);
        let (last, ahead) = clock.split_once(' ').expect("a clock");
        (last.parse().expect("a time"), ahead.parse().expect("a number"))
    }
}

fn nodes(shard: u16) -> String {
    format!("tidings{{q{shard}}}:nodes")
}

fn shards() -> Vec<u16> {
    let mut shards: Vec<_> = USERS.iter().map(|user| shard_of(user)).collect();
    shards.sort_unstable();
    shards.dedup();
    shards
}

/// A call as a hub may make it, or as no hub would.
fn any_put(dice: &mut SmallRng, hubs: &[Incarnation], version: u64, now_ms: u64) -> Put {
    let mut any = |below: u64| dice.random_range(0..below);
    let mut one = |client: u64| Holding {
        is_proven: any(4) > 0,
        ..holding(&format!("k{client}"), any(1_000_000), now_ms + any(50))
    };
    let mut held: Vec<_> = (0..5).map(&mut one).collect();
    let newcomer = Some(one(4));
    let (keep, from) = (any(5) as usize, any(3) as usize);
    held.drain(..from);
    held.truncate(keep);
    let newcomer = newcomer.filter(|_| any(2) == 0);
    held.retain(|held| newcomer.as_ref().is_none_or(|newcomer| newcomer.client != held.client));
    Put {
        version: version.saturating_sub(any(4) * any(2)),
        known: if any(20) == 0 { version } else { 0 },
        held,
        is_back: any(8) == 0,
        limit: any(5) as u32,
        on_full: if any(2) == 0 { OnFull::Refuse } else { OnFull::ReplaceOldest },
        ..put(&hubs[any(hubs.len() as u64) as usize], USERS[any(3) as usize], 1, newcomer)
    }
}

#[tokio::test]
async fn the_scripts_answer_as_the_store_does() {
    let seed = std::env::var("TIDINGS_SEED").ok().map(|text| text.parse().expect("a number"));
    let seed = seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    println!("seed: {seed}");
    let mut dice = SmallRng::seed_from_u64(seed);
    let server = Server::start();
    let redis = leases(&server);
    let mut pair =
        Pair { server, redis, stores: vec![Store::default(); 16], now_ms: FROM_MS, set_on_ms: 0, line: 0 };
    let mut hubs: Vec<_> = (0..4).map(|hub| Incarnation::new(&format!("h{hub}"), 1)).collect();
    let (mut lives, mut kinds) = (1, [0; 4]);
    for hub in &hubs {
        pair.beat(beat(hub, true)).await;
    }
    for version in 1..STEPS as u64 {
        match dice.random_range(0..100) {
            0..90 => {
                let put = any_put(&mut dice, &hubs, version, pair.now_ms);
                kinds[match pair.put(put).await {
                    PutAnswer::Fenced => 0,
                    PutAnswer::Stale => 1,
                    PutAnswer::Placed { .. } => 2,
                    PutAnswer::Refused { .. } => 3,
                }] += 1;
            }
            90..96 => {
                let hub = &hubs[dice.random_range(0..4)];
                let floor = version.saturating_sub(dice.random_range(0..6));
                pair.beat(Beat {
                    floor,
                    known: floor * u64::from(dice.random_bool(0.1)),
                    ..beat(hub, false)
                })
                .await;
            }
            96 => {
                let ms = [70_000, 90_000, 150_000][dice.random_range(0..3)];
                match dice.random_bool(0.5) {
                    true => pair.leap(ms),
                    false => {
                        let put = any_put(&mut dice, &hubs, version, pair.now_ms);
                        pair.set_on(ms, put, beat(&hubs[dice.random_range(0..4)], false)).await;
                    }
                }
            }
            97 => {
                let shard = shards()[dice.random_range(0..shards().len())];
                let hub = hubs[dice.random_range(0..4)].clone();
                pair.stores[usize::from(shard)].leave(&hub);
                pair.redis.leave(shard, hub).await.expect("answered");
            }
            _ => {
                lives += 1;
                let at = dice.random_range(0..4);
                let next = Incarnation::new(&format!("h{at}"), lives);
                let before = std::mem::replace(&mut hubs[at], next.clone());
                pair.beat(Beat { instead_of: Some(before), ..beat(&next, true) }).await;
            }
        }
    }
    println!("fenced, stale, placed, refused: {kinds:?}");
    assert!(kinds.iter().all(|kind| *kind > 10), "{kinds:?}");
}

#[tokio::test]
async fn who_comes_back_elsewhere_is_told_there_at_once() {
    let server = Server::start();
    let (here, there) = (leases(&server), leases(&server));
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = told.clone();
    here.follow(Arc::new(move |told| heard.lock().expect("whole").push(told)));
    let shard = shard_of("ann");
    let (a, b) = (Incarnation::new(here.inbox(), 1), Incarnation::new(there.inbox(), 1));
    let (line, _) = here.beat(shard, beat(&a, true)).await.expect("answered");
    let (far_line, _) = there.beat(shard, beat(&b, true)).await.expect("answered");
    until("it listens", Duration::from_secs(5), async || {
        let channel = format!("tidings{{q}}:to:{}", here.inbox());
        server.cli(&["PUBSUB", "NUMSUB", &channel]).ends_with("\n1")
    })
    .await;
    let first = holding("tab", 1, 1);
    here.put(line, put(&a, "ann", 1, Some(first))).await.expect("answered");
    let answer = there.put(far_line, put(&b, "ann", 1, Some(holding("tab", 2, 0)))).await.expect("answered");
    let leaving =
        Leaving { incarnation: a, client: "tab".into(), connection: "c1".into(), why: Why::Superseded };
    assert_eq!(answer, PutAnswer::Placed { leaving: vec![leaving.clone()] });
    let took = until("it is told", Duration::from_millis(250), async || {
        let told = told.lock().expect("whole");
        told.contains(&Told::Leave { user: "ann".into(), leaving: leaving.clone() })
    })
    .await;
    println!("told after {took:?}");
}

#[tokio::test]
async fn all_keys_go_by_themselves_and_the_void_ones_soon() {
    let server = Server::start();
    let leases = leases(&server);
    let a = Incarnation::new(leases.inbox(), 1);
    let shard = shard_of("ann");
    let (line, _) = leases.beat(shard, beat(&a, true)).await.expect("answered");
    leases.put(line, put(&a, "ann", 1, Some(holding("tab", 1, 1)))).await.expect("answered");
    let ttl = |key: &str| -> i64 {
        server.cli(&["PTTL", &format!("tidings{{q{shard}}}:{key}")]).parse().expect("a number")
    };
    let for_hours = 10_790_000..=10_800_000;
    assert!(for_hours.contains(&ttl("nodes")) && for_hours.contains(&ttl("u:ann")));
    leases.put(line, put(&a, "ann", 2, None)).await.expect("answered");
    assert!((50_000..=60_000).contains(&ttl("u:ann")));
    assert_eq!(server.cli(&["DBSIZE"]), "2");
}

#[tokio::test]
async fn by_another_connection_than_the_one_that_is_meant_nothing_is_done() {
    let mut server = Server::start();
    let leases = leases(&server);
    let a = Incarnation::new(leases.inbox(), 1);
    let shard = shard_of("ann");
    let (line, _) = leases.beat(shard, beat(&a, true)).await.expect("answered");
    server.kill();
    server.restart();
    let mut next = line;
    until("another connection", Duration::from_secs(10), async || {
        if let Ok((line, _)) = leases.beat(shard, beat(&a, true)).await {
            next = line;
        }
        next != line
    })
    .await;
    assert!(leases.put(line, put(&a, "ann", 1, None)).await.is_err());
    assert!(leases.put(next, put(&a, "ann", 1, None)).await.is_ok());
}

#[tokio::test]
async fn the_parts_of_a_cluster_keep_the_lines_that_they_began_on() {
    let (a, b) = cluster().await;
    move_slot_of(&nodes(3), &a, &b, Duration::ZERO).await;
    for node in [&a, &b] {
        let (hub, redis) = (Incarnation::new("h", 1), leases(node));
        let mut lines = Vec::new();
        for is_first in [true, false] {
            let mut of_all = Vec::new();
            for shard in 0..16 {
                let mut kept = None;
                until("the lease is kept", BOUND, async || {
                    kept = redis.beat(shard, beat(&hub, is_first)).await.ok();
                    kept.is_some()
                })
                .await;
                of_all.push(kept.expect("kept").0);
            }
            lines.push(of_all);
        }
        assert_eq!(lines[0], lines[1], "a part whose line is another is in doubt for half a lease");
    }
}
