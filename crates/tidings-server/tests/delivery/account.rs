//! A publisher's account of what was refused, held against a hub of which it is known what it stored: the checker believes
//! that account.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::judge::history::Publication;
use crate::players::dice::{self, Dice};
use crate::players::publisher::Publisher;
use crate::players::scene::Scene;
use crate::script::{Reply, Request, Script};

const EVENTS: u64 = 500;
/// The scripted hub speaks HTTP/1.1, as those of even numbers do.
const PUBLISHERS: [u64; 2] = [0, 2];
const JSON: &str = "content-type: application/json\r\n";

/// A hub that stores, refuses and is silent as dice fall, and whose log begins anew now and then, if it may.
struct Whimsical {
    dice: Dice,
    may_begin_anew: bool,
    life: u64,
    last: u64,
    /// By channel and number.
    stored: BTreeMap<(String, u64), u64>,
}

impl Whimsical {
    fn answer(&mut self, request: &Request) -> Reply {
        if request.is("GET") {
            return Reply::Whole(200, JSON, json!({ "next": format!("{}-0", self.life) }).to_string());
        }
        let body = request.json();
        self.life += u64::from(self.may_begin_anew && self.dice.percent(10));
        match self.dice.below(100) {
            0..25 => Reply::Whole(200, JSON, self.store(&body).to_string()),
            // Whether it is stored, nobody is told.
            whim @ 25..37 => {
                if whim < 31 {
                    self.store(&body);
                }
                if whim % 2 == 0 { no(&body, 504) } else { Reply::Cut }
            }
            _ => no(&body, 503),
        }
    }

    fn store(&mut self, body: &Value) -> Value {
        if body.is_array() {
            return each(body, |item| self.place(item, &item["channel"]));
        }
        match body["channels"].as_array() {
            Some(channels) => channels.iter().map(|channel| self.place(body, channel)).collect(),
            None => self.place(body, &body["channel"]),
        }
    }

    fn place(&mut self, item: &Value, channel: &Value) -> Value {
        let event = (channel.as_str().expect("a name").to_owned(), number(item));
        let is_there = self.stored.contains_key(&event);
        self.last += u64::from(!is_there);
        let offset = *self.stored.entry(event).or_insert(self.last);
        json!({ "channel": channel, "offset": offset, "duplicate": is_there })
    }
}

/// The same answer to all of it.
fn no(body: &Value, status: u16) -> Reply {
    match body.is_array() {
        true => Reply::Whole(200, JSON, each(body, |_| json!({ "status": status })).to_string()),
        false => Reply::Whole(status, JSON, "{}".to_owned()),
    }
}

/// The answers to a batch, in which what may not be published is refused as such.
fn each(batch: &Value, mut answer: impl FnMut(&Value) -> Value) -> Value {
    let items = batch.as_array().into_iter().flatten();
    items.map(|item| if item["type"] == "gap" { json!({ "status": 400 }) } else { answer(item) }).collect()
}

fn number(item: &Value) -> u64 {
    item["data"]["n"].as_u64().expect("a number")
}

async fn publish(may_begin_anew: bool) {
    let seed = dice::seed();
    let (dice, stored) = (Dice::new(seed, 0), BTreeMap::new());
    let hub = Arc::new(Mutex::new(Whimsical { dice, may_begin_anew, life: 1, last: 0, stored }));
    let scripted = Arc::clone(&hub);
    let script = Script::start(move |request, _| scripted.lock().expect("not poisoned").answer(request));
    let mut scene = Scene::new(vec![script.address()], seed);
    scene.may_begin_anew = may_begin_anew;
    let scene = Arc::new(scene);
    let mut publications = Vec::new();
    for which in PUBLISHERS {
        publications.extend(Publisher::new(Arc::clone(&scene), which).run(EVENTS, 1).await);
    }
    let stored = &hub.lock().expect("not poisoned").stored;
    let is_stored = |p: &Publication| stored.contains_key(&(p.channel.clone(), p.n));
    let wrong: Vec<_> = publications.iter().filter(|p| is_stored(p) && p.is_refused()).collect();
    assert!(wrong.is_empty(), "stored, and noted as refused: {wrong:#?}");
    assert!(scene.answers.counts().given_up > 0);
}

// Time goes on by itself: a publisher waits before it sends again.
#[tokio::test(start_paused = true)]
async fn what_a_hub_stored_is_not_noted_as_refused() {
    publish(false).await;
}

#[tokio::test(start_paused = true)]
async fn nor_where_the_log_begins_anew_before_it_is_known_in_which_life_it_is() {
    publish(true).await;
}
