//! Appends of many publishers as one call to the engine, where they come in the same moment: an engine spends more on a
//! call than on an event. Nobody waits for an earlier call's answer. Where one is under way, the next leaves whoever is
//! ready to run a turn to join it.

use std::future::poll_fn;
use std::sync::Mutex;
use std::task::Poll;

use tidings_core::engine::{AppendError, Appended, Entry, Heard, Offer, Placed};
use tokio::sync::oneshot;
use tokio::task::yield_now;

use super::shared::Shared;
use super::{Hub, locked};

/// Events of one append at most, but for one event to more channels than that, which is not divided.
const APPEND_EVENTS_MAX: usize = 128;
/// Bytes of data of one append at most, with the same exception.
const APPEND_BYTES_MAX: usize = 1024 * 1024;
/// When whoever could not be served for want of a runtime may come again, in milliseconds.
const RETRY_MS: u64 = 1_000;

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
#[derive(Debug, PartialEq, Eq)]
enum Joined {
    /// To begin a call.
    Alone,
    /// To begin one, after a turn in which others may join.
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

/// A call to be, and then one that is under way.
struct Turn {
    hub: Hub,
    is_called: bool,
    /// Whether some were left for another call.
    is_more: bool,
}

impl Turn {
    fn members(&mut self) -> Vec<Member> {
        let Some(shared) = &self.hub.0.shared else { return Vec::new() };
        let (members, is_more) = locked(&shared.group.0).take();
        (self.is_called, self.is_more) = (true, is_more);
        members
    }

    fn go_on(&mut self) {
        if std::mem::take(&mut self.is_more) {
            self.hub.begin_append(false);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(shared) = &self.hub.0.shared else { return };
        let mut members = locked(&shared.group.0);
        if self.is_called {
            members.in_flight -= 1;
            drop(members);
            return self.go_on();
        }
        // The runtime has ended, so that nobody else would.
        let left = std::mem::take(&mut members.waiting);
        drop(members);
        for Member { answer, .. } in left {
            let _ = answer.send(Err(AppendError::Away { retry_ms: RETRY_MS }));
        }
    }
}

impl Hub {
    /// Appends these together, and takes in what is new. Whoever stops waiting for the answer stops nothing.
    pub(super) async fn append(&self, shared: &Shared, offers: Vec<Offer>) -> Result<Appended, AppendError> {
        let (answer, answered) = oneshot::channel();
        let joined = locked(&shared.group.0).join(Member { offers, answer });
        match joined {
            Joined::Alone => self.begin_append(false),
            Joined::First => self.begin_append(true),
            Joined::Behind => {}
        }
        answered.await.unwrap_or(Err(AppendError::Unknown))
    }

    fn begin_append(&self, waits_a_turn: bool) {
        let turn = Turn { hub: self.clone(), is_called: false, is_more: false };
        drop(self.0.runtime.spawn(async move {
            if waits_a_turn {
                yield_now().await;
            }
            append_group(turn).await;
        }));
    }
}

async fn append_group(mut turn: Turn) {
    let hub = turn.hub.clone();
    let Some(shared) = &hub.0.shared else { return };
    let members = turn.members();
    let (mut offers, mut answers) = (Vec::new(), Vec::with_capacity(members.len()));
    for Member { offers: own, answer } in members {
        answers.push((own.len(), answer));
        offers.extend(own);
    }
    let mut call = shared.engine.append(shared.known(), offers.clone());
    let begun = poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await;
    // Behind this one, which is on its way.
    turn.go_on();
    let appended = match begun {
        Poll::Ready(appended) => appended,
        Poll::Pending => call.await,
    };
    drop(turn);
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
        hub.hear(shared, Heard::Entries(epoch, entries));
    }
    let mut placed = placed.into_iter();
    for (count, answer) in answers {
        let placed = placed.by_ref().take(count).collect();
        // Who went away needs none.
        let _ = answer.send(Ok(Appended { epoch, placed }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_while_a_call_is_under_way_leaves_the_others_a_turn() {
        let (mut members, member) =
            (Members::default(), || Member { offers: Vec::new(), answer: oneshot::channel().0 });
        assert_eq!(members.join(member()), Joined::Alone);
        assert_eq!(members.join(member()), Joined::Behind);
        assert_eq!((members.take().0.len(), members.in_flight), (2, 1));
        assert_eq!(members.join(member()), Joined::First);
        assert_eq!(members.join(member()), Joined::Behind);
        members.in_flight -= 1;
        assert_eq!(members.join(member()), Joined::Behind, "the one before has not had its turn");
        assert_eq!(members.take().0.len(), 3);
    }

    #[test]
    fn a_call_is_bounded_in_events_and_in_bytes_but_for_one() {
        assert_eq!(in_one_call([(APPEND_EVENTS_MAX, 0), (1, 0)].into_iter()), 1);
        assert_eq!(in_one_call([(1, APPEND_BYTES_MAX), (1, 0), (1, 1)].into_iter()), 2);
        assert_eq!(in_one_call([(APPEND_EVENTS_MAX + 1, 2 * APPEND_BYTES_MAX), (1, 0)].into_iter()), 1);
    }
}
