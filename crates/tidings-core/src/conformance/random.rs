//! The engine and the ledger, given the same, keep the same.

use super::Bench;
use super::follow::read_all;
use super::ledger::Ledger;
use super::sample::{Sample, plain};
use crate::engine::Head;

const LOGS: u64 = 4;
const BATCHES: u64 = 60;

pub(super) async fn it_keeps_what_the_ledger_keeps(bench: &dyn Bench, seed: u64) {
    for log in 0..LOGS {
        // One of them without a bound over all channels.
        let total_bytes = if log == 0 { 0 } else { 4_000 };
        let engines = bench.fresh(2, total_bytes).await;
        let looked = engines[0].append(None, Vec::new()).await.expect("looked");
        let mut ledger = Ledger::new(looked.epoch, total_bytes);
        let mut sample = Sample::new(seed.wrapping_add(log));
        for batch in 0..BATCHES {
            let told = format!("seed {seed}, log {log}, batch {batch}");
            let mut offers = sample.offers(6, 0);
            // One without an id tells when the batch was appended.
            offers.push(plain("clock", "0"));
            let known = (sample.below(2) == 0).then(|| ledger.head());
            let appended = engines[sample.below(2) as usize].append(known, offers.clone()).await;
            let appended = appended.expect("appended");
            let now_ms = appended.placed.last().expect("the clock").time_ms;
            assert_eq!(appended, ledger.append(now_ms, &offers), "{told}");
            if sample.below(4) == 0 || batch + 1 == BATCHES {
                let after = sample.below(ledger.head().seq + 1);
                let (has, should) = (read_all(&*engines[0], after).await, ledger.read(after, usize::MAX));
                assert_eq!(has.entries, should.entries, "{told}, after {after}");
                assert_eq!(has.lost, should.lost, "{told}, after {after}");
                let head = Head { epoch: looked.epoch, seq: ledger.head().seq };
                assert_eq!((has.head, has.through), (head, should.through), "{told}, after {after}");
            }
        }
    }
}
