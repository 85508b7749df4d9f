//! Looks at the log: where it is by now, and whether it still has what this hub learned of it since the last look. One that
//! lost some of that is noticed also where others have gone on from there, with events at the places of those lost.
//!
//! A Redis that loses something is away before: for longer than a [`STEP`], so that the last place that was learned
//! before is among those that are kept here.

use std::collections::VecDeque;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use tidings_core::engine::Head;
use tokio::time::Instant;

use super::{Shared, later};
use crate::connection::{CallError, Connection};
use crate::log::{self, Looked};

/// Of what was learned within this, the last is kept.
const STEP: Duration = Duration::from_millis(20);

/// More than that are not looked at: of those the first go.
const LEARNED_MAX: usize = 100;

/// A place, and when by the log what is there was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Dated {
    at: Head,
    time_ms: u64,
}

/// Places with their times, in the order in which they were learned.
#[derive(Debug, Default)]
pub(super) struct Learned(VecDeque<(Instant, Dated)>);

impl Learned {
    fn note(&mut self, dated: Dated, now: Instant) {
        match self.0.back_mut() {
            Some((since, last)) if now - *since < STEP && last.at.epoch == dated.at.epoch => {
                if last.at.seq < dated.at.seq {
                    *last = dated;
                }
            }
            _ => {
                if self.0.len() == LEARNED_MAX {
                    self.0.pop_front();
                }
                self.0.push_back((now, dated));
            }
        }
    }

    fn all(&self) -> Vec<Dated> {
        self.0.iter().map(|(_, dated)| *dated).collect()
    }

    /// These were looked at. The last that was learned is looked at again, since a replica may lack it.
    fn forget(&mut self, looked_at: &[Dated]) {
        let last = self.0.back().map(|(_, dated)| *dated);
        self.0.retain(|(_, dated)| Some(*dated) == last || !looked_at.contains(dated));
    }
}

impl Shared {
    /// The newest place. A log without an epoch, or one that is behind what is known, or that has something else at a
    /// place, begins a new one.
    pub(super) async fn look(&self, calls: &Connection) -> Result<Head, CallError> {
        let call_ms = self.options.look_ms;
        let (known, learned) = (self.known(), self.learned().all());
        let places: Vec<_> = learned.iter().map(|dated| dated.at.seq.to_string().into_bytes()).collect();
        let answer = self.run(calls, &log::LOOK, (&self.keys[..2], &places), call_ms).await?;
        let head = match log::looked(&answer)? {
            Some(Looked { head, times }) if later(known, Some(head)) == Some(head) => {
                let is_another = |(dated, time): (&Dated, &Option<u64>)| {
                    dated.at.epoch == head.epoch && time.is_some_and(|time| time != dated.time_ms)
                };
                match learned.iter().zip(&times).any(is_another) {
                    // No place is as late, so that it begins anew.
                    true => {
                        let lost = Head { epoch: head.epoch, seq: log::NUMBER_END - 1 };
                        self.append(calls, Some(lost), &[], call_ms).await?.0
                    }
                    false => head,
                }
            }
            _ => self.append(calls, known, &[], call_ms).await?.0,
        };
        self.learned().forget(&learned);
        self.learn(head);
        // Answers may come late: what the bus told meanwhile is later.
        Ok(later(self.known(), Some(head)).unwrap_or(head))
    }

    /// What is at a place was appended then.
    pub(super) fn note(&self, at: Head, time_ms: u64) {
        self.learned().note(Dated { at, time_ms }, Instant::now());
    }

    fn learned(&self) -> MutexGuard<'_, Learned> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tidings_core::position::Epoch;

    use super::*;

    fn dated(epoch: u64, seq: u64) -> Dated {
        Dated { at: Head { epoch: Epoch::from(epoch), seq }, time_ms: seq * 10 }
    }

    #[test]
    fn the_last_of_each_step_is_kept_and_the_last_before_a_silence_is_among_them() {
        let (mut learned, start) = (Learned::default(), Instant::now());
        for seq in 1..=50 {
            learned.note(dated(1, seq), start + Duration::from_millis(seq));
        }
        learned.note(dated(1, 51), start + Duration::from_millis(600));
        let places: Vec<_> = learned.all().iter().map(|dated| dated.at.seq).collect();
        assert_eq!(places, [20, 40, 50, 51]);
        learned.forget(&[dated(1, 20), dated(1, 40), dated(1, 50)]);
        assert_eq!(learned.all(), [dated(1, 51)]);
        learned.forget(&[dated(1, 51)]);
        assert_eq!(learned.all(), [dated(1, 51)], "it may be lost yet");
    }

    #[test]
    fn what_came_late_and_what_is_of_another_life_take_nothing_away() {
        let (mut learned, now) = (Learned::default(), Instant::now());
        for dated in [dated(1, 7), dated(1, 6), dated(2, 1)] {
            learned.note(dated, now);
        }
        assert_eq!(learned.all(), [dated(1, 7), dated(2, 1)]);
    }

    #[test]
    fn it_is_bounded() {
        let (mut learned, start) = (Learned::default(), Instant::now());
        for seq in 1..=LEARNED_MAX as u64 + 5 {
            learned.note(dated(1, seq), start + STEP * u32::try_from(seq).expect("few"));
        }
        assert_eq!(learned.all().len(), LEARNED_MAX);
        assert_eq!(learned.all()[0], dated(1, 6));
    }
}
