//! No event of a channel reaches a stream that has no right to it at that moment, while tokens and users are revoked,
//! streams refreshed, channels given and taken, readers cut and resumed, all in the middle of publishing: over real
//! sockets and on several threads. `TIDINGS_SEED` repeats the dice, and not how the threads fall.

#[path = "../../../tidings-core/tests/simulation/dice.rs"]
mod dice;
mod operator;
mod reader;
mod truth;
mod wire;
mod world;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use self::dice::Dice;
use self::truth::{Figures, check};
use self::world::{USERS, World};

/// How long it goes on, and for how many.
#[derive(Clone, Copy, Debug)]
struct Size {
    readers_per_user: usize,
    events: usize,
}

const IN_AN_ORDINARY_RUN: Size = Size { readers_per_user: 2, events: 12_000 };
// Few enough for the bound on revoked tokens, which this meets somewhere beyond a million.
const AT_FULL_SIZE: Size = Size { readers_per_user: 6, events: 500_000 };

#[test]
fn no_event_reaches_a_stream_without_the_right_at_that_moment() {
    run(IN_AN_ORDINARY_RUN);
}

#[test]
#[ignore = "prove: 500,000 events while rights change under 24 readers"]
fn prove_rights_hold_whatever_races() {
    run(AT_FULL_SIZE);
}

fn run(size: Size) {
    let seed = match std::env::var("TIDINGS_SEED") {
        Ok(text) => text.parse().expect("TIDINGS_SEED is a number"),
        Err(_) => u64::from(rand::random::<u32>()),
    };
    println!("seed: {seed}");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    let figures = runtime.expect("a runtime").block_on(play(size, seed));
    println!("{size:?}\n{figures:#?}");
    assert!(
        figures.wrong.is_empty(),
        "seed {seed}: {} wrongs: {:#?}",
        figures.wrong.len(),
        first(&figures.wrong)
    );
    assert_it_was_worth_it(&figures, size);
}

async fn play(size: Size, seed: u64) -> Figures {
    let (world, stop) = World::open().await;
    let mut readers = JoinSet::new();
    for which in 0..USERS * size.readers_per_user {
        let dice = Dice::new(seed.wrapping_mul(31).wrapping_add(which as u64));
        readers.spawn(reader::run(Arc::clone(&world), which % USERS, dice));
    }
    let mut operators = JoinSet::new();
    for user in 0..USERS {
        let dice = Dice::new(seed.wrapping_mul(37).wrapping_add(user as u64));
        operators.spawn(operator::run(Arc::clone(&world), user, dice));
    }
    let mut publishers = JoinSet::new();
    for which in 0..2 {
        let dice = Dice::new(seed.wrapping_mul(41).wrapping_add(which as u64));
        publishers.spawn(world::publish(Arc::clone(&world), which, size.events / 2, dice));
    }
    publishers.join_all().await;
    world.end();
    operators.join_all().await;
    let lives = readers.join_all().await.into_iter().flatten().collect();
    stop.notify_waiters();
    world.wait_for_nobody(Duration::from_secs(30)).await;
    assert!(world.hub.books_balance());
    check(&world.events(), &world.decided(), lives)
}

/// A run in which nothing happened proves nothing.
fn assert_it_was_worth_it(figures: &Figures, size: Size) {
    assert!(figures.deliveries > size.events, "{figures:?}");
    let least = size.events / 1_000;
    for (what, count) in [
        ("streams", figures.streams),
        ("resumed", figures.resumed),
        ("refreshed", figures.refreshed),
        ("taken", figures.taken),
        ("revoked", figures.revoked),
        ("withheld", figures.withheld),
    ] {
        assert!(count > least, "{what}: {figures:?}");
    }
}

fn first(wrong: &[String]) -> &[String] {
    &wrong[..wrong.len().min(20)]
}
