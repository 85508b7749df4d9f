//! Redis and hubs fail at random, from a seed, while people come and go.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use tidings::quota::OnFull;
use tokio::time::{Instant, sleep};

use crate::fleet::{Fleet, LEASE, locked};
use crate::server::Server;

const FAULTS: usize = 30;
const FAULTS_OF_A_PROOF: usize = 1_000;
const CROWD: u64 = 6;

/// After a fault all is right again within a lease, a sweep, and what connecting again takes, with room for a machine
/// that has other things to do.
const BOUND: Duration = Duration::from_secs(8);

const NO_DISK: [&str; 4] = ["--save", "", "--appendonly", "no"];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    Killed,
    Paused,
    Wiped,
    Restored,
    NodeGone,
    Fenced,
    Deafened,
}

const FAULTS_ALL: [Fault; 7] = [
    Fault::Killed,
    Fault::Paused,
    Fault::Wiped,
    Fault::Restored,
    Fault::NodeGone,
    Fault::Fenced,
    Fault::Deafened,
];

/// What becomes of Redis's file is up to the fault.
struct Disk {
    kept: Option<Vec<u8>>,
}

async fn strike(
    fleet: &Arc<Fleet>,
    server: &Mutex<Server>,
    disk: &mut Disk,
    fault: Fault,
    dice: &mut SmallRng,
) {
    let file = || locked(server).dir().join("dump.rdb");
    match fault {
        Fault::Killed => {
            _ = std::fs::remove_file(file());
            locked(server).kill();
            sleep(Duration::from_millis(dice.random_range(0..300))).await;
            locked(server).restart();
        }
        Fault::Paused => {
            locked(server).pause();
            sleep(Duration::from_millis(dice.random_range(50..1_500))).await;
            locked(server).go_on();
        }
        Fault::Wiped => drop(locked(server).cli(&["FLUSHALL"])),
        Fault::Restored => {
            if disk.kept.is_none() || dice.random_bool(0.5) {
                locked(server).cli(&["SAVE"]);
                disk.kept = std::fs::read(file()).ok();
                sleep(Duration::from_millis(dice.random_range(0..1_500))).await;
            }
            locked(server).kill();
            std::fs::write(file(), disk.kept.as_deref().unwrap_or_default()).expect("written");
            locked(server).restart();
            _ = std::fs::remove_file(file());
        }
        Fault::NodeGone => {
            let nodes = locked(&fleet.nodes).len();
            fleet.drop_node(dice.random_range(0..nodes));
            fleet.add();
        }
        Fault::Fenced => {
            for shard in 0..16 {
                locked(server).cli(&["DEL", &format!("tidings{{q{shard}}}:nodes")]);
            }
        }
        Fault::Deafened => drop(locked(server).cli(&["CLIENT", "KILL", "TYPE", "pubsub"])),
    }
}

async fn live_through(faults: usize, on_full: OnFull) {
    let seed = std::env::var("TIDINGS_SEED").ok().map(|text| text.parse().expect("a number"));
    let seed = seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    println!("seed: {seed}, {on_full:?}");
    let mut dice = SmallRng::seed_from_u64(seed);
    let fleet = Fleet::start(Server::start_with(&NO_DISK), on_full).await;
    let crowd: Vec<_> = (0..CROWD).map(|number| fleet.crowd(seed.wrapping_add(number))).collect();
    let (mut disk, began) = (Disk { kept: None }, Instant::now());
    let mut took = BTreeMap::<Fault, Vec<Duration>>::new();
    for number in 0..faults {
        sleep(Duration::from_millis(dice.random_range(20..150))).await;
        let fault = FAULTS_ALL[dice.random_range(0..FAULTS_ALL.len())];
        strike(&fleet, &fleet.server, &mut disk, fault, &mut dice).await;
        sleep(Duration::from_millis(dice.random_range(0..100))).await;
        let what = format!("seed {seed}, fault {number}, {fault:?}");
        took.entry(fault).or_default().push(fleet.settled(&what, BOUND).await);
        let tally = locked(&fleet.tally);
        assert!(tally.false_refusals.is_empty(), "{what}: {:?}", tally.false_refusals);
    }
    crowd.iter().for_each(|one| one.abort());
    for (fault, mut took) in took {
        took.sort();
        let (median, most) = (took[took.len() / 2], took[took.len() - 1]);
        println!("{fault:?}: {} times, true again after {median:?}, at most {most:?}", took.len());
    }
    let tally = locked(&fleet.tally);
    println!("{faults} faults in {:?}, lease {LEASE:?}: {tally:?}", began.elapsed());
    assert!(tally.admitted > 0 && tally.slowest < Duration::from_secs(2), "{tally:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_quotas_do_not_drift_whatever_fails() {
    live_through(FAULTS, OnFull::Refuse).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prove: 1,000 random faults of Redis and of hubs, with people coming and going, under both policies"]
async fn prove_quota_no_drift_over_1000_faults() {
    live_through(FAULTS_OF_A_PROOF, OnFull::Refuse).await;
    live_through(FAULTS_OF_A_PROOF / 4, OnFull::ReplaceOldest).await;
}
