//! The core, lived through by the hundred thousand: random histories over the books and the log, each step held
//! against a reference that is as slow and plain as can be. `TIDINGS_SEED` repeats a run.

mod books;
mod books_model;
mod dice;
mod log;
mod log_model;
mod log_reader;
mod log_readers;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use dice::Dice;

/// In an ordinary run. One of the log is longer.
const HISTORIES_OF_THE_BOOKS: usize = 100_000;
const HISTORIES_OF_THE_LOG: usize = 50_000;
/// At full size, of each.
const HISTORIES_OF_A_PROOF: usize = 2_000_000;

#[test]
fn the_books_hold_whatever_comes() {
    live_through(HISTORIES_OF_THE_BOOKS, books::history);
}

#[test]
fn the_log_holds_whatever_comes() {
    live_through(HISTORIES_OF_THE_LOG, log::history);
}

#[test]
#[ignore = "prove: 2,000,000 histories each of the books and the log"]
fn prove_simulation() {
    live_through(HISTORIES_OF_A_PROOF, books::history);
    live_through(HISTORIES_OF_A_PROOF, log::history);
}

/// Lives through so many histories, on all processors. The seed of one that fails is printed: as `TIDINGS_SEED` it
/// makes that history the first.
fn live_through(histories: usize, history: fn(&mut Dice) -> usize) {
    let given = std::env::var("TIDINGS_SEED").ok();
    let seed = match &given {
        Some(text) => text.parse().expect("TIDINGS_SEED is a number"),
        None => u64::from(rand::random::<u32>()),
    };
    println!("seed: {seed}");
    let (next, steps) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Relaxed);
                    if at >= histories {
                        return;
                    }
                    let _named = Named(seed.wrapping_add(at as u64));
                    steps.fetch_add(history(&mut Dice::new(seed.wrapping_add(at as u64))), Relaxed);
                }
            });
        }
    });
    println!("{histories} histories, {} steps", steps.into_inner());
}

/// Names the history that a panic came from.
struct Named(u64);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("it broke in the history of TIDINGS_SEED={}", self.0);
        }
    }
}
