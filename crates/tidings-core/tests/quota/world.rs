//! A store, hubs, and what lies between: the machines as they are, with time and calls in the hands of the test.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidings_core::quota::{
    Beat, Beaten, Closing, Holding, Hub, LeaseError, OnFull, Outcome, Portions, Put, PutAnswer, Refusal,
    Store, WhileAway,
};

pub(crate) const LEASE_MS: u64 = 100;
const HOUR_MS: u64 = 3_600_000;

/// What of the rules is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Without {
    Nothing,
    /// Whatever arrives last stands.
    Versions,
    /// A hub is not told that its lease is over.
    Fence,
    /// What was said is not said again.
    Sweep,
    /// A hub does not say what it no longer waits for.
    Floor,
    /// A hub does not say what it knows the store to have had; nor is said again what was said.
    Known,
}

/// What is to hold of every world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Terms {
    pub(crate) limit: u32,
    pub(crate) on_full: OnFull,
    pub(crate) without: Without,
}

/// What becomes of a call. Only where all goes well are other hubs told whom it sends away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fate {
    Answered,
    Lost,
    AnswerLost,
    Delayed,
    Doubled,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Late {
    Beat(Beat),
    Put(Put),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    pub(crate) portions: Portions,
    /// A call that is on its way, by the line that was known then.
    pub(crate) asking: Option<(u64, Put)>,
    /// Who is truly connected here, by connection.
    pub(crate) here: BTreeMap<Arc<str>, (Arc<str>, Arc<str>)>,
    inbox: Arc<str>,
    lives: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) terms: Terms,
    pub(crate) users: Vec<Arc<str>>,
    pub(crate) store: Store,
    pub(crate) snapshot: Option<Store>,
    pub(crate) line: u64,
    pub(crate) now_ms: u64,
    /// By how much the clock of the store's host differs.
    host_off_ms: u64,
    pub(crate) nodes: Vec<Node>,
    /// Sent, and no longer waited for.
    pub(crate) late: Vec<Late>,
    /// Whether nothing was lost, and no hub ever had to judge by itself.
    pub(crate) is_whole: bool,
    serial: u64,
    arrivals: u64,
}

impl Node {
    fn new(number: usize, life: u32, on_full: OnFull) -> Self {
        let inbox = Arc::from(format!("n{number}l{life}"));
        let hub = Hub {
            node: format!("n{number}").into(),
            inbox: Arc::clone(&inbox),
            lease_ms: LEASE_MS,
            on_full,
            while_away: WhileAway::Local,
        };
        Self { portions: Portions::new(hub), asking: None, here: BTreeMap::new(), inbox, lives: life }
    }

    pub(crate) fn has(&self, user: &str, client: &str) -> bool {
        self.here.values().any(|(of, name)| **of == *user && **name == *client)
    }
}

impl World {
    pub(crate) fn new(nodes: usize, users: Vec<Arc<str>>, terms: Terms) -> Self {
        let mut world = Self {
            terms,
            users,
            store: Store::default(),
            snapshot: None,
            line: 1,
            now_ms: 1_000,
            host_off_ms: 10 * HOUR_MS,
            nodes: (0..nodes).map(|number| Node::new(number, 1, terms.on_full)).collect(),
            late: Vec::new(),
            is_whole: true,
            serial: 0,
            arrivals: 1,
        };
        (0..nodes).for_each(|node| world.beat(node, Fate::Answered));
        world
    }

    /// A client asks to come in: the store is asked, or where it is not to be trusted the hub alone.
    pub(crate) fn ask(&mut self, node: usize, user: &Arc<str>, client: &Arc<str>) {
        self.serial += 1;
        let newcomer = Holding {
            client: Arc::clone(client),
            connection: format!("c{}", self.serial).into(),
            since_ms: 0,
            rank_ms: 0,
            is_proven: true,
        };
        let Node { portions, asking, .. } = &mut self.nodes[node];
        assert!(asking.is_none(), "one call at a time for each user");
        if portions.trusts(self.now_ms) {
            let put = portions.put(user, Some((newcomer, self.terms.limit)), self.now_ms);
            *asking = Some((portions.line().expect("trusted"), put));
        } else {
            self.judge_here(node, user, newcomer);
        }
    }

    /// A client goes.
    pub(crate) fn leave(&mut self, node: usize, connection: &Arc<str>) {
        let (user, _) = self.nodes[node].here.remove(connection).expect("it is here");
        self.nodes[node].portions.give_back(&user, connection);
    }

    /// The hub begins to say what is to be said of somebody.
    pub(crate) fn flush(&mut self, node: usize) {
        let Node { portions, asking, .. } = &mut self.nodes[node];
        let Some(line) = portions.line() else { return };
        let Some(user) = portions.next_dirty() else { return };
        *asking = Some((line, portions.put(&user, None, self.now_ms)));
    }

    /// What becomes of the call that is on its way.
    pub(crate) fn finish(&mut self, node: usize, fate: Fate) {
        let (line, put) = self.nodes[node].asking.take().expect("a call");
        let mut answer = Err(LeaseError::Unknown);
        if line == self.line {
            match fate {
                Fate::Answered => {
                    let answered = self.arrive(&put);
                    self.tell(&put.user, &answered);
                    answer = Ok(answered);
                }
                Fate::Lost => {}
                Fate::AnswerLost => drop(self.arrive(&put)),
                Fate::Delayed => self.late.push(Late::Put(put.clone())),
                Fate::Doubled => {
                    answer = Ok(self.arrive(&put));
                    self.late.push(Late::Put(put.clone()));
                }
            }
        } else {
            answer = Err(LeaseError::Away);
        }
        self.is_whole &= answer.is_ok() && fate == Fate::Answered;
        let refused = matches!(answer, Ok(PutAnswer::Refused { .. }));
        let limit = self.terms.limit;
        let outcome = self.nodes[node].portions.answered(&put, limit, answer, self.now_ms);
        match outcome {
            Outcome::Placed(closing) => {
                if let Some(newcomer) = put.newcomer {
                    self.enter(node, &put.user, newcomer);
                }
                self.close(node, closing);
            }
            Outcome::Refused(held_by) => {
                assert!(refused);
                self.assert_is_no_false_refusal(node, &put, &held_by);
            }
            Outcome::Fenced | Outcome::Unknown => {
                if let Some(newcomer) = put.newcomer {
                    self.judge_here(node, &put.user, newcomer);
                }
            }
        }
    }

    pub(crate) fn beat(&mut self, node: usize, fate: Fate) {
        let sent_ms = self.now_ms;
        let beat = self.nodes[node].portions.beat(sent_ms).expect("it has not left");
        let mut answer = Err(LeaseError::Unknown);
        match fate {
            Fate::Answered => answer = Ok((self.line, self.arrive_beat(&beat))),
            Fate::Lost => {}
            Fate::AnswerLost => drop(self.arrive_beat(&beat)),
            Fate::Delayed => self.late.push(Late::Beat(beat.clone())),
            Fate::Doubled => {
                answer = Ok((self.line, self.arrive_beat(&beat)));
                self.late.push(Late::Beat(beat.clone()));
            }
        }
        let is_fenced = self.nodes[node].portions.beaten(&beat, answer, sent_ms, self.now_ms);
        self.is_whole &= !is_fenced;
    }

    /// What nobody waits for arrives after all.
    pub(crate) fn arrive_late(&mut self, at: usize) {
        match self.late.remove(at) {
            Late::Beat(beat) => drop(self.arrive_beat(&beat)),
            Late::Put(put) => drop(self.arrive(&put)),
        }
    }

    /// A hub dies without a word, and another takes its place.
    pub(crate) fn crash(&mut self, node: usize) {
        let life = self.nodes[node].lives + 1;
        self.nodes[node] = Node::new(node, life, self.terms.on_full);
        self.is_whole = false;
    }

    /// Time passes, perhaps more than a lease has.
    pub(crate) fn wait(&mut self, ms: u64) {
        self.now_ms += ms;
        let leases = self.store.list(self.host_ms());
        self.is_whole &= leases.iter().all(|lease| lease.left_ms > 0);
    }

    /// The clock of the store's host is set, to so many hours off, and a hub that was there before is the first to call.
    pub(crate) fn set_clock(&mut self, hours: u64, node: usize) {
        if self.nodes[node].portions.line() == Some(self.line) {
            self.host_off_ms = hours * HOUR_MS;
            self.beat(node, Fate::Answered);
        }
    }

    pub(crate) fn host_ms(&self) -> u64 {
        self.now_ms + self.host_off_ms
    }

    pub(crate) fn wipe(&mut self) {
        self.store = Store::default();
        self.is_whole = false;
    }

    pub(crate) fn restore(&mut self) {
        self.store = self.snapshot.clone().expect("a snapshot");
        self.line += 1;
        self.is_whole = false;
    }

    pub(crate) fn is_of_present_life(&self, incarnation: &str) -> Option<usize> {
        let inbox = incarnation.split('-').next().expect("a name");
        self.nodes.iter().position(|node| *node.inbox == *inbox)
    }

    fn arrive(&mut self, put: &Put) -> PutAnswer {
        let mut put = put.clone();
        match self.terms.without {
            Without::Versions => {
                (put.version, put.known) = (self.arrivals, 0);
                self.arrivals += 1;
            }
            Without::Known => put.known = 0,
            _ => {}
        }
        let others = self.others(&put);
        let mut answer = self.store.put(&put, self.host_ms());
        // Where a late call is the first for long, time has stood still, and more may count than seemed to.
        let now = self.others(&put);
        assert!(others.iter().all(|other| now.contains(other)), "each writes its own part alone");
        if self.terms.without == Without::Fence && answer == PutAnswer::Fenced {
            answer = PutAnswer::Placed { leaving: Vec::new() };
        }
        answer
    }

    fn others(&self, put: &Put) -> Vec<(u64, Vec<Holding>)> {
        let parts = self.store.held(&put.user, self.host_ms()).into_iter();
        let others =
            parts.filter(|(incarnation, _, held)| **incarnation != put.incarnation && !held.is_empty());
        others.map(|(_, version, held)| (version, held.to_vec())).collect()
    }

    fn arrive_beat(&mut self, beat: &Beat) -> Beaten {
        let mut beat = beat.clone();
        match self.terms.without {
            Without::Versions => (beat.floor, beat.known) = (0, 0),
            Without::Floor => beat.floor = 0,
            Without::Known => beat.known = 0,
            _ => {}
        }
        match self.store.beat(&beat, self.host_ms()) {
            Beaten::Fenced if self.terms.without == Without::Fence => Beaten::Kept { now_ms: self.host_ms() },
            answer => answer,
        }
    }

    /// Those that are to go are told, where their hub is there to hear it.
    fn tell(&mut self, user: &Arc<str>, answer: &PutAnswer) {
        let PutAnswer::Placed { leaving } = answer else { return };
        for leaving in leaving {
            if let Some(node) = self.is_of_present_life(leaving.incarnation.as_str()) {
                let closing = self.nodes[node].portions.told(user, leaving);
                self.close(node, closing.into_iter().collect());
            }
        }
    }

    fn judge_here(&mut self, node: usize, user: &Arc<str>, newcomer: Holding) {
        let limit = self.terms.limit;
        self.is_whole = false;
        let portions = &mut self.nodes[node].portions;
        match portions.admit_here(user, newcomer.clone(), limit, self.now_ms) {
            Ok(closing) => {
                self.enter(node, user, newcomer);
                self.close(node, closing);
            }
            Err(Refusal::Limit { held_by, .. }) => {
                let here = &self.nodes[node].here;
                assert!(held_by.iter().all(|held| here.contains_key(&held.connection)), "{held_by:?}");
                assert!(held_by.len() >= limit as usize, "{held_by:?}");
            }
            Err(Refusal::Away) => unreachable!("it decides by itself"),
        }
    }

    /// The hub's books: whoever comes back takes its own place.
    fn enter(&mut self, node: usize, user: &Arc<str>, newcomer: Holding) {
        let Node { here, .. } = &self.nodes[node];
        let before = here.iter().filter(|(_, (of, client))| of == user && *client == newcomer.client);
        let before: Vec<Arc<str>> = before.map(|(connection, _)| Arc::clone(connection)).collect();
        before.iter().for_each(|connection| self.leave(node, connection));
        let whose = (Arc::clone(user), newcomer.client);
        self.nodes[node].here.insert(newcomer.connection, whose);
    }

    fn close(&mut self, node: usize, closing: Vec<Closing>) {
        for Closing { connection, .. } in closing {
            if self.nodes[node].here.contains_key(&connection) {
                self.leave(node, &connection);
            }
        }
    }
}
