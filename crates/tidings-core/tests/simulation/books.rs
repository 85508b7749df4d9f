//! Histories of the books: who comes, who is refused, who is ended, by whom, twice, and too late.

use std::net::IpAddr;
use std::sync::Arc;

use tidings_core::close::CloseReason;
use tidings_core::registry::{Books, Candidate, ConnKey, Limits, OnFull, Refused, Seat};

use super::books_model::{Asker, Model, Verdict};
use super::dice::Dice;

const USERS: [&str; 4] = ["anonymous", "ada", "bob", "eve"];
const CLIENTS: [Option<&str>; 4] = [None, Some("one"), Some("two"), Some("three")];
const STEPS_MAX: usize = 40;

struct History<'a> {
    dice: &'a mut Dice,
    books: Books<u32, ConnKey>,
    model: Model,
    limits: Limits,
    now_ms: u64,
    /// Displaced and superseded, but not yet settled: in the hub others come in between.
    doomed: Vec<(ConnKey, CloseReason)>,
    seats: Vec<Seat>,
}

pub(crate) fn history(dice: &mut Dice) -> usize {
    let mut limit = |most| dice.pick(&[0, 1, 2, most]) as u32;
    let (connections_per_user, connections_per_ip, connections) = (limit(3), limit(5), limit(8));
    let on_full = dice.pick(&[OnFull::Refuse, OnFull::ReplaceOldest]);
    let limits = Limits { connections_per_user, connections_per_ip, connections, on_full };
    let steps = 5 + dice.below(STEPS_MAX - 5);
    let mut history = History {
        dice,
        books: Books::default(),
        model: Model::default(),
        limits,
        now_ms: 1_000_000,
        doomed: Vec::new(),
        seats: Vec::new(),
    };
    for _ in 0..steps {
        history.step();
        history.compare();
    }
    history.leave();
    steps
}

impl History<'_> {
    fn step(&mut self) {
        self.now_ms += self.dice.pick(&[0, 0, 1, 500, 3_000, 9_999, 10_000, 60_000]);
        match self.dice.below(12) {
            0..=5 => self.admit(),
            6..=8 => self.settle_somebody(),
            9 => {
                let _ = self.doomed.pop().map(|(key, reason)| self.settle(key, reason));
            }
            10 => self.turn_away(),
            _ => {
                let kind = self.dice.pick(&Refused::KINDS);
                self.books.note_refusal(kind);
                self.model.refuse(kind);
            }
        }
    }

    fn admit(&mut self) {
        let asker = Asker {
            user: self.dice.pick(&USERS),
            client: self.dice.pick(&CLIENTS),
            ip: address(self.dice.below(5)),
            own_limit: self.dice.pick(&[None, None, None, Some(0), Some(1), Some(4)]),
        };
        let candidate = Candidate {
            user: Arc::from(asker.user),
            client_id: asker.client.map(Box::from),
            kind: Arc::from("client"),
            ip: asker.ip,
            connections_max: asker.own_limit,
            drawn: None,
        };
        let expected = self.model.judge(&asker, &self.limits, self.now_ms);
        let number = self.model.opened as u32;
        match self.books.admit(candidate, &self.limits, self.now_ms, |_| number) {
            Ok(mut admitted) => {
                let key = admitted.seat.key();
                assert!(self.books.get(key).is_some_and(|entry| entry.handle == number), "not in the table");
                admitted.superseded.sort_unstable_by_key(|key| key.serial());
                let (superseded, displaced) = (admitted.superseded, admitted.displaced);
                self.model.let_in(key, &asker, &superseded, self.now_ms);
                self.seats.push(admitted.seat);
                self.doomed.extend(superseded.iter().map(|key| (*key, CloseReason::Superseded)));
                self.doomed.extend(displaced.iter().map(|key| (*key, CloseReason::Limit)));
                assert_eq!(expected, Verdict::In { superseded, displaced });
                if self.dice.one_in(2) {
                    while let Some((key, reason)) = self.doomed.pop() {
                        self.settle(key, reason);
                    }
                    self.assert_limits(&asker);
                }
            }
            Err(refused) => {
                self.model.refuse(refused.kind());
                assert_eq!(expected, self.told(refused, &asker));
            }
        }
    }

    /// A refusal as the model tells it, its evidence checked against the books.
    fn told(&self, refused: Refused, asker: &Asker) -> Verdict {
        match refused {
            Refused::User { limit, held_by } => {
                assert!(held_by.len() >= limit as usize, "refused below the limit");
                for evidence in &held_by {
                    let entry = self.books.get(evidence.key).expect("the evidence is a live connection");
                    assert_eq!((&*entry.user, entry.opened_ms), (asker.user, evidence.opened_ms));
                }
                Verdict::UserIsFull { limit, held_by: held_by.iter().map(|held| held.key).collect() }
            }
            Refused::Ip { limit } => Verdict::IpIsFull { limit },
            Refused::Node { limit } => Verdict::NodeIsFull { limit },
        }
    }

    /// Once those who were to go are gone, no limit that the newcomer was held to is exceeded.
    fn assert_limits(&self, asker: &Asker) {
        let within = |limit: u32, held: usize| limit == 0 || held <= limit as usize;
        let mine = self.books.of_user(&Arc::from(asker.user)).count();
        let limit = asker.own_limit.unwrap_or(self.limits.connections_per_user);
        assert!(asker.user == "anonymous" || within(limit, mine), "{mine} of {limit} a user");
        let here = self.books.iter().filter(|entry| entry.ip == asker.ip).count();
        assert!(within(self.limits.connections_per_ip, here), "{here} an address");
        assert!(within(self.limits.connections, self.books.live()), "{} a node", self.books.live());
    }

    /// Whoever is there, was there, or never was.
    fn settle_somebody(&mut self) {
        let reason = self.dice.pick(&CloseReason::ALL);
        let live: Vec<ConnKey> = self.model.live.iter().map(|live| live.key).collect();
        let key = match self.dice.below(4) {
            0 if !self.model.gone.is_empty() => self.dice.pick(&self.model.gone),
            1 => ConnKey::from_parts(self.dice.below(4) as u32, self.dice.below(50) as u64),
            _ if !live.is_empty() => self.dice.pick(&live),
            _ => return,
        };
        self.settle(key, reason);
        if self.dice.one_in(3) {
            let reason = self.dice.pick(&CloseReason::ALL);
            self.settle(key, reason);
        }
    }

    fn settle(&mut self, key: ConnKey, reason: CloseReason) {
        let expected = self.model.settle(key, reason);
        let entry = self.books.settle(key, reason, self.now_ms, |entry| entry.key);
        let told = entry.as_ref().map(|entry| (entry.key, &*entry.user, entry.client_id.as_deref()));
        assert_eq!(told, expected.as_ref().map(|live| (live.key, live.user, live.client)));
        if entry.is_some() {
            let (number, newest) = self.books.recently_closed().next().expect("it was told of");
            assert_eq!(number + 1, self.books.closed().map(|(_, n)| n).sum::<u64>());
            assert_eq!((newest.tale, newest.reason, newest.at_ms), (key, reason, self.now_ms));
        }
    }

    fn turn_away(&mut self) {
        let (user, client) = (self.dice.pick(&USERS), self.dice.pick(&CLIENTS).unwrap_or("one"));
        self.books.turn_away(&Arc::from(user), client, self.now_ms);
        self.model.turn_away(user, client, self.now_ms);
    }

    fn compare(&mut self) {
        assert!(self.books.balance(), "the books don't balance");
        let closed: u64 = self.books.closed().map(|(_, n)| n).sum();
        assert_eq!(self.books.opened(), self.books.live() as u64 + closed);
        assert_eq!((self.books.opened(), self.books.live()), (self.model.opened, self.model.live.len()));
        for (reason, n) in self.books.closed() {
            assert_eq!(n, self.model.closed.get(&reason).copied().unwrap_or(0), "{reason}");
        }
        for (kind, n) in self.books.refused() {
            assert_eq!(n, self.model.refused.get(kind).copied().unwrap_or(0), "{kind}");
        }
        for live in &self.model.live {
            let entry = self.books.get(live.key).expect("it is there");
            assert_eq!((&*entry.user, entry.client_id.as_deref()), (live.user, live.client));
        }
        assert!(self.model.gone.iter().all(|key| self.books.get(*key).is_none()), "a place was used again");
        let mut users: Vec<_> = self.books.users().map(|(user, n)| (Arc::clone(user), n)).collect();
        users.sort_unstable();
        let users: Vec<_> = users.iter().map(|(user, n)| (&**user, *n)).collect();
        assert_eq!(users, self.model.users());
        assert_eq!(users.len(), self.books.user_count());
        let (user, client) = (self.dice.pick(&USERS), self.dice.pick(&CLIENTS).unwrap_or("two"));
        assert_eq!(
            self.books.is_unwelcome(&Arc::from(user), client, self.now_ms),
            self.model.is_unwelcome(user, client, self.now_ms)
        );
    }

    /// At the end every seat is dropped, and what is left is nothing.
    fn leave(mut self) {
        for seat in std::mem::take(&mut self.seats) {
            self.settle(seat.key(), CloseReason::ClientLeft);
        }
        self.compare();
        assert_eq!((self.books.live(), self.books.user_count()), (0, 0));
    }
}

/// Addresses of which two are of one customer, and two are one.
fn address(n: usize) -> IpAddr {
    let text = ["10.0.0.1", "::ffff:10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2:0:0:1"][n % 5];
    text.parse().expect("an address")
}
