//! The checker of delivery over three hubs on one Redis: publishers and readers at whichever, hubs killed and drained,
//! Redis stopped, killed and cut off from those who listen, and the same where others tell what it keeps.

use crate::faults::Fault::{
    self, BusCut, Drained, FanOutKilled, FanOutStopped, Killed, KilledWhileStopped, PutBack, RedisKilled,
    RedisStopped, Wiped,
};
use crate::judge::checker::{self, Figures};
use crate::judge::{first, kept, name_channels};
use crate::play::{Told, play};
use crate::players::{dice, traffic};

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) hubs: usize,
    /// Instances by which the hubs tell each other; without any, that of the log does.
    pub(crate) fan_out: usize,
    pub(crate) subscribers: u64,
    pub(crate) publishers: u64,
    pub(crate) events_per_publisher: u64,
    pub(crate) pause_ms: u64,
    /// What happens, evenly over the run, to one hub after the other or to Redis.
    pub(crate) faults: &'static [Fault],
    deliveries_min: usize,
}

#[test]
fn redis_kept_what_it_was_given_and_no_hub_loses_doubles_or_disorders_any_of_it() {
    run(Size {
        hubs: 3,
        fan_out: 0,
        subscribers: 30,
        publishers: 4,
        events_per_publisher: 300,
        pause_ms: 10,
        faults: &[Killed, RedisStopped, BusCut, Drained, RedisKilled],
        deliveries_min: 5_000,
    });
}

#[test]
fn redis_that_only_keeps_and_others_that_only_tell_lose_double_and_disorder_nothing() {
    run(Size {
        hubs: 3,
        fan_out: 2,
        subscribers: 30,
        publishers: 4,
        events_per_publisher: 250,
        pause_ms: 10,
        faults: &[FanOutKilled, RedisKilled, BusCut, FanOutStopped, Killed],
        deliveries_min: 4_000,
    });
}

#[test]
#[ignore = "prove: three hubs, a Redis and two that tell, 120 subscribers, 200,000 deliveries and more, 15 faults"]
fn prove_cluster_delivery_told_by_others() {
    run(Size {
        hubs: 3,
        fan_out: 2,
        subscribers: 120,
        publishers: 6,
        events_per_publisher: 1_500,
        pause_ms: 40,
        faults: &[
            FanOutKilled,
            Killed,
            FanOutStopped,
            BusCut,
            Drained,
            RedisKilled, //
            FanOutKilled,
            RedisStopped,
            FanOutStopped,
            FanOutKilled,
            KilledWhileStopped, //
            BusCut,
            FanOutKilled,
            Drained,
            FanOutStopped,
        ],
        deliveries_min: 200_000,
    });
}

#[test]
#[ignore = "prove: three hubs and a Redis, 200 subscribers, 500,000 deliveries and more, 24 faults"]
fn prove_cluster_delivery() {
    run(Size {
        hubs: 3,
        fan_out: 0,
        subscribers: 200,
        publishers: 6,
        events_per_publisher: 2_500,
        pause_ms: 40,
        faults: &[
            Killed,
            BusCut,
            Drained,
            RedisStopped,
            RedisKilled,
            KilledWhileStopped, //
            Drained,
            BusCut,
            Killed,
            RedisKilled,
            Drained,
            RedisStopped, //
            BusCut,
            RedisKilled,
            Killed,
            KilledWhileStopped,
            Drained,
            BusCut, //
            RedisStopped,
            Killed,
            RedisKilled,
            Drained,
            BusCut,
            KilledWhileStopped,
        ],
        deliveries_min: 500_000,
    });
}

#[test]
fn redis_lost_what_it_was_given_and_everybody_is_told_where() {
    run(Size {
        hubs: 2,
        fan_out: 0,
        subscribers: 16,
        publishers: 3,
        events_per_publisher: 250,
        pause_ms: 10,
        faults: &[Wiped, PutBack, RedisStopped, Wiped, PutBack],
        deliveries_min: 1_000,
    });
}

#[test]
#[ignore = "prove: three hubs and a Redis that loses what it had eight times, 200,000 deliveries and more"]
fn prove_cluster_delivery_over_losses() {
    run(Size {
        hubs: 3,
        fan_out: 0,
        subscribers: 120,
        publishers: 6,
        events_per_publisher: 1_500,
        pause_ms: 40,
        faults: &[
            Wiped,
            PutBack,
            Killed,
            Wiped,
            Drained,
            PutBack,
            RedisStopped,
            PutBack, //
            BusCut,
            Wiped,
            KilledWhileStopped,
            Wiped,
            PutBack,
        ],
        deliveries_min: 200_000,
    });
}

fn run(size: Size) {
    let seed = dice::seed();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let Told { publications, mut readers, late, answers } =
        runtime.expect("a runtime").block_on(play(seed, size));
    let late_names: Vec<_> = late.iter().flatten().map(|reader| reader.name.clone()).collect();
    readers.extend(late.iter().flatten().cloned());
    name_channels(&publications, &mut readers);
    let (figures, mut wrong) = checker::check(&publications, &readers, &traffic::held_events);
    let losses = size.faults.iter().filter(|fault| fault.is_a_loss()).count();
    if losses == 0 {
        wrong.extend(kept::check(&publications, &readers, &traffic::held_events));
    } else {
        let (count, lost) = kept::handed_on(&publications, &readers, &late[0], &traffic::held_events);
        println!("handed on by a life that ended: {count} events");
        assert!(count > 0, "seed {seed}: nothing was");
        wrong.extend(lost);
    }
    for same in &late {
        wrong.extend(kept::differences(same));
    }
    println!("{size:?}\n{figures:#?}\n{answers:?}\nat the end, each with one cursor: {late_names:?}");
    assert!(wrong.is_empty(), "seed {seed}: {} wrongs\n{}", wrong.len(), first(&wrong));
    assert_it_was_worth_it(&figures, size);
    let redis_was_away = size.faults.contains(&RedisStopped) && size.faults.contains(&RedisKilled);
    assert!(!redis_was_away || answers.refused > 0 && answers.unknown > 0, "{answers:?}");
}

/// A run in which nothing happened proves nothing.
fn assert_it_was_worth_it(figures: &Figures, size: Size) {
    let gaps = |reason: &str| figures.gaps.get(reason).copied().unwrap_or(0);
    assert!(figures.deliveries >= size.deliveries_min, "{figures:?}");
    assert!(3 * figures.moves >= size.subscribers as usize, "{figures:?}");
    assert!(gaps("trimmed") > 0, "{figures:?}");
    let losses = size.faults.iter().filter(|fault| fault.is_a_loss()).count();
    assert_eq!((figures.epochs, gaps("epoch") > 0), (1 + losses, losses > 0), "{figures:?}");
}
