//! A log that several hubs of one process share: for tests of what several hubs do, with the faults that they meet.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tidings_core::conformance::Ledger;
use tidings_core::engine::{
    Answer, AppendError, Appended, Ear, Engine, Entry, Head, Heard, Offer, ReadError, Stretch,
};
use tidings_core::position::Epoch;
use tokio::task::AbortHandle;

/// How often the head is told and old events are let go.
const BEAT: Duration = Duration::from_millis(200);

/// Events in one answer.
const EVENTS_MAX: usize = 100;

/// One hub's engine. Engines of one log are made from each other by [`MemoryEngine::another`].
pub struct MemoryEngine {
    log: Arc<Mutex<Log>>,
    ears: Arc<Mutex<Ears>>,
    beat: AbortHandle,
}

struct Log {
    ledger: Ledger,
    total_bytes: usize,
    hubs: Vec<Arc<Mutex<Ears>>>,
}

#[derive(Default)]
struct Ears {
    ears: Vec<Ear>,
    is_away: bool,
    is_deaf: bool,
    answers_lost: u32,
}

impl MemoryEngine {
    /// A first engine, onto a new log that keeps so many bytes over all channels; 0 is no bound. Needs a runtime.
    pub fn new(total_bytes: usize) -> Self {
        let ledger = Ledger::new(Epoch::from(rand::random::<u64>()), total_bytes);
        Self::onto(Arc::new(Mutex::new(Log { ledger, total_bytes, hubs: Vec::new() })))
    }

    /// Another hub's engine onto the same log.
    pub fn another(&self) -> Self {
        Self::onto(self.log.clone())
    }

    /// From now on this hub gets no answers and hears nothing; or does again.
    pub fn set_away(&self, is_away: bool) {
        locked(&self.ears).is_away = is_away;
    }

    /// From now on this hub hears of no events, only of the newest place; or does again.
    pub fn set_deaf(&self, is_deaf: bool) {
        locked(&self.ears).is_deaf = is_deaf;
    }

    /// The next appends of this hub are done, and their answers lost.
    pub fn lose_answers(&self, count: u32) {
        locked(&self.ears).answers_lost = count;
    }

    /// All that is held is lost, and a new epoch begins.
    pub fn wipe(&self) {
        let mut log = locked(&self.log);
        log.ledger = Ledger::new(Epoch::from(rand::random::<u64>()), log.total_bytes);
    }

    fn onto(log: Arc<Mutex<Log>>) -> Self {
        let ears = Arc::<Mutex<Ears>>::default();
        locked(&log).hubs.push(ears.clone());
        let (beaten, hears) = (log.clone(), ears.clone());
        let beat = tokio::spawn(async move {
            let mut beats = tokio::time::interval(BEAT);
            loop {
                beats.tick().await;
                let head = {
                    let mut log = locked(&beaten);
                    log.ledger.sweep(now_ms());
                    log.ledger.head()
                };
                let told = if locked(&hears).is_away { Heard::Away } else { Heard::Head(head) };
                let ears = locked(&hears).ears.clone();
                ears.iter().for_each(|ear| ear(told.clone()));
            }
        });
        Self { log, ears, beat: beat.abort_handle() }
    }

    fn append_now(&self, known: Option<Head>, offers: &[Offer]) -> Result<Appended, AppendError> {
        if locked(&self.ears).is_away {
            return Err(AppendError::Away { retry_ms: 100 });
        }
        let (appended, hubs) = {
            let mut log = locked(&self.log);
            if log.ledger.is_behind(known) {
                log.ledger.begin_anew(Epoch::from(rand::random::<u64>()));
            }
            (log.ledger.append(now_ms(), offers), log.hubs.clone())
        };
        let told = offers.iter().zip(&appended.placed).filter(|(_, placed)| !placed.duplicate);
        let entries: Vec<Entry> = told
            .map(|(offer, placed)| Entry {
                seq: placed.seq,
                time_ms: placed.time_ms,
                channel: offer.channel.clone(),
                event: offer.event.clone(),
            })
            .collect();
        for hub in hubs.iter().filter(|_| !entries.is_empty()) {
            let hears = {
                let hub = locked(hub);
                if hub.is_away || hub.is_deaf { Vec::new() } else { hub.ears.clone() }
            };
            hears.iter().for_each(|ear| ear(Heard::Entries(appended.epoch, entries.clone())));
        }
        let mut ears = locked(&self.ears);
        if ears.answers_lost > 0 {
            ears.answers_lost -= 1;
            return Err(AppendError::Unknown);
        }
        Ok(appended)
    }
}

impl Engine for MemoryEngine {
    fn append(&self, known: Option<Head>, offers: Vec<Offer>) -> Answer<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.append_now(known, &offers)
        })
    }

    fn read(&self, after: u64) -> Answer<'_, Result<Stretch, ReadError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            if locked(&self.ears).is_away {
                return Err(ReadError);
            }
            Ok(locked(&self.log).ledger.read(after, EVENTS_MAX))
        })
    }

    fn follow(&self, ear: Ear) -> Answer<'_, Result<Head, ReadError>> {
        Box::pin(async move {
            {
                let mut ears = locked(&self.ears);
                if ears.is_away {
                    return Err(ReadError);
                }
                ears.ears.push(ear);
            }
            Ok(locked(&self.log).ledger.head())
        })
    }
}

impl Drop for MemoryEngine {
    fn drop(&mut self) {
        self.beat.abort();
        locked(&self.log).hubs.retain(|hub| !Arc::ptr_eq(hub, &self.ears));
    }
}

fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::disallowed_methods, reason = "an engine has a clock of its own")]
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}
