//! Those who are at a user's limit and those who would come in: whoever is refused is told the truth, whatever becomes of
//! Redis meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use serde_json::Value;

use crate::hub::now;
use crate::quota::{ask, limits_are_shared};
use crate::redis::until;
use crate::scene::Scene;
use crate::streams::Stream;

/// Who has gone may be named for as long: what ended at one hub stops counting at another within moments.
const GONE_MAX: Duration = Duration::from_secs(1);

/// Who is here of one user, oldest first.
pub(crate) struct Guests {
    user: &'static str,
    limit: usize,
    here: Vec<Guest>,
    /// Those that have another connection since, and are yet to be told.
    followed: Vec<Guest>,
    /// Those that had to go.
    pub(crate) gone: BTreeSet<String>,
    /// How many were let in while it was looked whether the limit holds.
    pub(crate) late: usize,
    /// Who is gone, and until when it may be named all the same.
    named_until: BTreeMap<String, Instant>,
    came: usize,
}

pub(crate) struct Guest {
    client: String,
    /// The connection, as refusals name it.
    id: String,
    hub: usize,
    stream: Stream,
}

impl Guest {
    /// Whether it was told to go, which is for this reason.
    fn is_told(&mut self, why: &str) -> bool {
        while let Some(event) = self.stream.next().now_or_never() {
            let event = event.unwrap_or_else(|| panic!("{} was cut off without a word", self.client));
            if event.ty == "closing" {
                let said: Value = serde_json::from_str(&event.data).expect("JSON");
                assert_eq!(said["reason"], why, "{}", self.client);
                return true;
            }
        }
        false
    }
}

impl Guests {
    pub(crate) fn of(user: &'static str, limit: usize) -> Self {
        Self {
            user,
            limit,
            here: Vec::new(),
            followed: Vec::new(),
            gone: BTreeSet::new(),
            late: 0,
            named_until: BTreeMap::new(),
            came: 0,
        }
    }

    /// As many as may come, at each hub in turn.
    pub(crate) async fn fill(&mut self, scene: &Scene) {
        for n in 0..self.limit {
            assert!(self.newcomer(scene, n % scene.hubs.len()).await, "there is room");
        }
    }

    /// Whether nobody can come without that another goes.
    pub(crate) fn is_full(&mut self) -> bool {
        self.look();
        self.here.len() >= self.limit
    }

    /// Whether somebody was let in who was never here.
    pub(crate) async fn newcomer(&mut self, scene: &Scene, hub: usize) -> bool {
        self.came += 1;
        let client = format!("c{}", self.came - 1);
        self.come(scene, hub, client).await
    }

    /// Who is here longest comes back, as after a loss of its connection: it is let in, whatever happens.
    pub(crate) async fn back(&mut self, scene: &Scene, hub: usize) {
        let client = self.here[0].client.clone();
        assert!(self.come(scene, hub, client).await, "{} is refused for itself", self.here[0].client);
        let before = self.forget(0, GONE_MAX);
        self.followed.push(before);
    }

    async fn come(&mut self, scene: &Scene, hub: usize, client: String) -> bool {
        self.try_to_come(scene, hub, client).await.is_none()
    }

    /// Whom a refusal names. Nothing but a place or a refusal that is true is an answer.
    async fn try_to_come(&mut self, scene: &Scene, hub: usize, client: String) -> Option<BTreeSet<String>> {
        match ask(scene, hub, &format!("user={}&client_id={client}", self.user)).await {
            Ok(mut stream) => {
                let connected = stream.expect().await;
                assert_eq!(connected.ty, "connected", "{}", connected.data);
                let connected: Value = serde_json::from_str(&connected.data).expect("JSON");
                let id = connected["id"].as_str().expect("an id").to_owned();
                self.here.push(Guest { client, id, hub, stream });
                None
            }
            Err((429, _, problem)) => {
                self.assert_is_true(&problem);
                Some(named(&problem))
            }
            Err((status, _, problem)) => panic!("hub {hub}: {status} {problem}"),
        }
    }

    fn assert_is_true(&mut self, problem: &Value) {
        self.look();
        let named = named(problem);
        assert!(named.len() >= self.limit, "so few do not hold it: {problem}");
        for place in named {
            let is_here = self.here.iter().any(|guest| place_of(&guest.id) == place);
            let was_lately = self.named_until.get(&place).is_some_and(|until| now() < *until);
            assert!(is_here || was_lately, "{place} is not there: {problem}");
        }
    }

    /// What the streams were told since the last look.
    pub(crate) fn look(&mut self) {
        for at in (0..self.here.len()).rev() {
            if self.here[at].is_told("limit") {
                let guest = self.forget(at, GONE_MAX);
                self.gone.insert(guest.client);
            }
        }
        self.followed.retain_mut(|guest| !guest.is_told("superseded"));
    }

    /// Waits until the limit holds: so many are left, each hub that is asked names them and nobody else, and counts them.
    /// Whoever went was told why. A hub whose question has no answer in time judges by itself: whom it lets in meanwhile
    /// counts among those that were `late`.
    pub(crate) async fn settle(&mut self, scene: &Scene, all: usize, bound: Duration) -> Duration {
        limits_are_shared(scene).await;
        let took = until("no more are left than may be", bound, async || self.is_settled()).await;
        assert_eq!(self.here.len(), self.limit, "and no fewer");
        for hub in 0..scene.hubs.len() {
            until("each is counted", bound, async || {
                let named = self.stranger(scene, hub).await.unwrap_or_default();
                self.is_settled() && named == self.here.iter().map(|guest| place_of(&guest.id)).collect()
            })
            .await;
            scene.until_cluster(hub, |cluster| cluster["active"] == all).await;
        }
        took
    }

    fn is_settled(&mut self) -> bool {
        self.look();
        self.here.len() <= self.limit && self.followed.is_empty()
    }

    /// Whom a refusal names.
    async fn stranger(&mut self, scene: &Scene, hub: usize) -> Option<BTreeSet<String>> {
        self.came += 1;
        let client = format!("c{}", self.came - 1);
        let refused = self.try_to_come(scene, hub, client).await;
        self.late += usize::from(refused.is_none());
        refused
    }

    /// All go. Whoever comes later is somebody else.
    pub(crate) fn leave(&mut self) {
        (0..self.here.len()).rev().for_each(|at| drop(self.forget(at, GONE_MAX)));
    }

    /// Those of a hub that is no more may be named for so long.
    pub(crate) fn forget_hub(&mut self, hub: usize, named: Duration) {
        for at in (0..self.here.len()).rev() {
            if self.here[at].hub == hub {
                drop(self.forget(at, named));
            }
        }
    }

    /// One goes, or has gone with its hub, and may be named for so long.
    pub(crate) fn forget(&mut self, at: usize, named: Duration) -> Guest {
        let guest = self.here.remove(at);
        self.named_until.insert(place_of(&guest.id), now() + named);
        guest
    }
}

fn named(problem: &Value) -> BTreeSet<String> {
    let held_by = problem["held_by"].as_array().unwrap_or_else(|| panic!("no evidence: {problem}"));
    held_by.iter().map(|held| place_of(held["id"].as_str().expect("an id"))).collect()
}

/// The place of a connection, by its public id or as it is named while that is not known.
fn place_of(id: &str) -> String {
    match id.split('-').collect::<Vec<_>>()[..] {
        [life, _, serial] => format!("{life}-{}", u64::from_str_radix(serial, 36).expect("a number")),
        _ => id.to_owned(),
    }
}
