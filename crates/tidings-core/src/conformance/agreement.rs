//! Several hubs have the same log.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use super::Bench;
use super::follow::{Reader, read_all};
use super::sample::{EVERYTHING, Sample, offer, plain};
use crate::engine::{Appended, Head, Offer};

const HUBS: usize = 3;
const BATCHES: u64 = 40;

pub(super) async fn a_log_is_read_in_parts(bench: &dyn Bench) {
    let engines = bench.fresh(1, 0).await;
    let large = format!("\"{}\"", "x".repeat(60_000));
    for n in 0..20 {
        let batch = (0..100).map(|m| match (n, m) {
            (0..8, 0..40) => plain("large", &large),
            (_, m) => plain(&format!("c{}", m % 5), &m.to_string()),
        });
        for part in batch.collect::<Vec<_>>().chunks(40) {
            engines[0].append(None, part.to_vec()).await.expect("appended");
        }
    }
    let whole = read_all(&*engines[0], 0).await;
    let places: Vec<u64> = whole.entries.iter().map(|entry| entry.seq).collect();
    assert_eq!(places, (1..=2_000).collect::<Vec<u64>>());
    assert_eq!((whole.through, whole.head.seq, whole.forgotten_through), (2_000, 2_000, 0));
}

pub(super) async fn all_hubs_see_one_order(bench: &dyn Bench, seed: u64) {
    let engines = bench.fresh(HUBS, 0).await;
    let mut sample = Sample::new(seed);
    let batches: Vec<Vec<Offer>> = (0..BATCHES).map(|batch| numbered(batch, 1 + sample.below(5))).collect();
    let appended = together(batches.iter().enumerate().map(|(n, batch)| {
        let engine = &engines[n % HUBS];
        async move { engine.append(None, batch.clone()).await.expect("appended") }
    }))
    .await;
    let stretch = read_all(&*engines[0], 0).await;
    let total: usize = batches.iter().map(Vec::len).sum();
    assert_eq!((stretch.entries.len(), stretch.head.seq), (total, total as u64), "seed {seed}");
    for (batch, Appended { epoch, placed }) in batches.iter().zip(&appended) {
        assert_eq!(*epoch, stretch.head.epoch, "seed {seed}: one life");
        let first = placed[0].seq;
        for (n, (offer, placed)) in batch.iter().zip(placed).enumerate() {
            assert_eq!(placed.seq, first + n as u64, "seed {seed}: a batch stands together");
            let entry = &stretch.entries[placed.seq as usize - 1];
            assert_eq!((&entry.event, entry.time_ms), (&offer.event, placed.time_ms), "seed {seed}");
        }
    }
    for engine in &engines {
        assert_eq!(read_all(&**engine, 0).await.entries, stretch.entries, "seed {seed}: the same for all");
    }
}

pub(super) async fn whoever_follows_hears_of_everything(bench: &dyn Bench, seed: u64) {
    let engines = bench.fresh(HUBS, 0).await;
    let mut sample = Sample::new(seed);
    engines[0].append(None, numbered(0, 3)).await.expect("appended");
    let mut readers = Vec::new();
    for engine in engines.iter().chain(&engines[..1]) {
        readers.push(Reader::follow(engine.clone()).await);
    }
    assert!(readers.iter().all(|reader| reader.at.seq == 3), "what was there is read at once");
    for round in 1..=BATCHES / 4 {
        let batches = (0..4).map(|n| numbered(round * 4 + n, 1 + sample.below(9))).collect::<Vec<_>>();
        together(batches.into_iter().enumerate().map(|(n, batch)| {
            let engine = &engines[n % HUBS];
            async move { engine.append(None, batch).await.expect("appended") }
        }))
        .await;
        for reader in &mut readers {
            reader.listen().await;
        }
    }
    // A publisher that is somebody's only news: its own hub hears of it too.
    let last = engines[1].append(None, vec![plain("last", "0")]).await.expect("appended");
    let head = Head { epoch: last.epoch, seq: last.placed[0].seq };
    let log = read_all(&*engines[0], 0).await;
    for reader in &mut readers {
        reader.reach(bench, head).await;
        assert_eq!(reader.entries, log.entries, "seed {seed}: all of it, once, in order");
    }

    let new = engines[2].append(Some(Head { seq: head.seq + 1, ..head }), numbered(99, 2)).await;
    let new = new.expect("appended");
    for reader in &mut readers {
        reader.reach(bench, Head { epoch: new.epoch, seq: head.seq + 2 }).await;
        assert_eq!(
            reader.entries[..log.entries.len()],
            log.entries,
            "seed {seed}: a new life has what there was"
        );
        assert_eq!(reader.entries.len(), log.entries.len() + 2, "seed {seed}");
    }
}

fn numbered(batch: u64, length: u64) -> Vec<Offer> {
    let number = |n| offer(&format!("c{}", n % 4), &format!("[{batch},{n}]"), None, None, EVERYTHING);
    (0..length).map(number).collect()
}

/// Runs futures at once, on one task.
async fn together<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<Pin<Box<F>>> = futures.map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, done) in running.iter_mut().zip(&mut done).filter(|(_, done)| done.is_none()) {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}
