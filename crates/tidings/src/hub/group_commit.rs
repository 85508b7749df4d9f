//! Appends of many publishers as one call to the engine, where they come in the same moment: an engine spends more on a
//! call than on an event. Nobody waits for others to come, nor for an earlier call's answer.

use std::sync::Mutex;

use tidings_core::engine::{AppendError, Appended, Entry, Heard, Offer, Placed};
use tokio::sync::oneshot;
use tokio::task::yield_now;

use super::shared::Shared;
use super::{Hub, locked};

/// Events of one append at most, but for one event to more channels than that, which is not divided.
const APPEND_EVENTS_MAX: usize = 128;
/// Bytes of data of one append at most, with the same exception.
const APPEND_BYTES_MAX: usize = 1024 * 1024;

/// What is to be appended with the next call.
#[derive(Debug, Default)]
pub(super) struct Group(Mutex<Members>);

#[derive(Debug, Default)]
struct Members {
    waiting: Vec<Member>,
    /// Calls that the engine has not answered.
    in_flight: usize,
}

#[derive(Debug)]
struct Member {
    offers: Vec<Offer>,
    answer: oneshot::Sender<Result<Appended, AppendError>>,
}

/// What whoever joins has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Joined {
    /// To begin a call.
    Alone,
    /// To begin one, once whoever is as far has joined as well: where others publish just now there will be some.
    First,
    /// Nothing: somebody's call takes it along.
    Behind,
}

/// How many go in one call, of such as have so many events and bytes. One does, however large.
pub(super) fn in_one_call(sizes: impl Iterator<Item = (usize, usize)>) -> usize {
    let (mut events, mut bytes) = (0, 0);
    let fits = sizes.take_while(|(more_events, more_bytes)| {
        events += more_events;
        bytes += more_bytes;
        events <= APPEND_EVENTS_MAX && bytes <= APPEND_BYTES_MAX
    });
    fits.count().max(1)
}

impl Members {
    fn join(&mut self, member: Member) -> Joined {
        self.waiting.push(member);
        match (self.waiting.len(), self.in_flight) {
            (1, 0) => Joined::Alone,
            (1, _) => Joined::First,
            _ => Joined::Behind,
        }
    }

    /// Those of one call, which is in flight from here on, and whether some are left for another.
    fn take(&mut self) -> (Vec<Member>, bool) {
        let bytes = |member: &Member| member.offers.iter().map(|offer| offer.event.data().len()).sum();
        let fits = in_one_call(self.waiting.iter().map(|member| (member.offers.len(), bytes(member))));
        let rest = self.waiting.split_off(fits.min(self.waiting.len()));
        let is_more = !rest.is_empty();
        self.in_flight += 1;
        (std::mem::replace(&mut self.waiting, rest), is_more)
    }
}

impl Hub {
    /// Appends these together, and takes in what is new. Whoever stops waiting for the answer stops nothing.
    pub(super) async fn append(&self, shared: &Shared, offers: Vec<Offer>) -> Result<Appended, AppendError> {
        let (answer, answered) = oneshot::channel();
        match locked(&shared.group.0).join(Member { offers, answer }) {
            Joined::Alone => self.begin_append(false),
            Joined::First => self.begin_append(true),
            Joined::Behind => {}
        }
        answered.await.unwrap_or(Err(AppendError::Unknown))
    }

    fn begin_append(&self, waits_a_turn: bool) {
        let hub = self.clone();
        drop(self.0.runtime.spawn(async move {
            if waits_a_turn {
                yield_now().await;
            }
            if let Some(shared) = &hub.0.shared {
                hub.append_group(shared).await;
            }
        }));
    }

    async fn append_group(&self, shared: &Shared) {
        let (members, is_more) = locked(&shared.group.0).take();
        if is_more {
            self.begin_append(false);
        }
        let (mut offers, mut answers) = (Vec::new(), Vec::with_capacity(members.len()));
        for Member { offers: own, answer } in members {
            answers.push((own.len(), answer));
            offers.extend(own);
        }
        let appended = shared.engine.append(shared.known(), offers.clone()).await;
        locked(&shared.group.0).in_flight -= 1;
        let Appended { epoch, placed } = match appended {
            Ok(appended) => appended,
            Err(error) => {
                return answers.into_iter().for_each(|(_, answer)| drop(answer.send(Err(error.clone()))));
            }
        };
        let entry = |(offer, placed): (Offer, &Placed)| Entry {
            seq: placed.seq,
            time_ms: placed.time_ms,
            channel: offer.channel,
            event: offer.event,
        };
        let new = offers.into_iter().zip(&placed).filter(|(_, placed)| !placed.duplicate);
        let entries: Vec<Entry> = new.map(entry).collect();
        if !entries.is_empty() {
            self.hear(shared, Heard::Entries(epoch, entries));
        }
        let mut placed = placed.into_iter();
        for (count, answer) in answers {
            let placed = placed.by_ref().take(count).collect();
            // Who went away needs none.
            let _ = answer.send(Ok(Appended { epoch, placed }));
        }
    }
}
