//! A publisher that sends singles, batches and events for several channels, repeats itself, and sends again whatever
//! it got no answer to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::history::{Ack, Place, Publication};
use crate::scene::Scene;
use crate::streams::{Connection, Manner, Version};
use crate::traffic::{Item, WIDE, narrow};

pub(crate) struct Publisher {
    scene: Arc<Scene>,
    which: u64,
    dice: Dice,
    connection: Option<(Connection, String)>,
    sent: u64,
    publications: BTreeMap<(String, u64), Publication>,
}

impl Publisher {
    pub(crate) fn new(scene: Arc<Scene>, which: u64) -> Self {
        let dice = Dice::new(scene.seed, 1_000_000 + which);
        Self { scene, which, dice, connection: None, sent: 0, publications: BTreeMap::new() }
    }

    /// Publishes so many events, with a pause after each request.
    pub(crate) async fn run(mut self, events: u64, pause_ms: u64) -> Vec<Publication> {
        while self.sent < events {
            let items = self.items();
            let again = items.iter().all(|item| item.id.is_some()) && self.dice.percent(5);
            self.send(&items).await;
            if again {
                self.send(&items).await;
            }
            tokio::time::sleep(Duration::from_millis(self.dice.below(2 * pause_ms))).await;
        }
        self.publications.into_values().collect()
    }

    /// The last event of each channel.
    pub(crate) async fn finish(mut self, channels: Vec<String>) -> Vec<Publication> {
        for channel in channels {
            let mut item = self.item(vec![channel]);
            item.last = true;
            self.send(&[item]).await;
        }
        self.publications.into_values().collect()
    }

    fn items(&mut self) -> Vec<Item> {
        match self.dice.below(100) {
            0..15 => {
                let mut item = self.somewhere();
                item.id = None;
                if item.channels[0].starts_with("narrow:") { vec![] } else { vec![item] }
            }
            15..45 => vec![self.somewhere()],
            45..80 => {
                let count = 2 + self.dice.below(5);
                let mut items: Vec<_> = (0..count).map(|_| self.somewhere()).collect();
                if self.dice.percent(10) {
                    let mut refused = self.somewhere();
                    refused.refused = true;
                    items.insert(self.dice.below(count) as usize, refused);
                }
                items
            }
            _ => {
                let first = self.dice.below(WIDE.len() as u64) as usize;
                let count = 2 + self.dice.below(3) as usize;
                let names = WIDE.iter().cycle().skip(first).take(count);
                let names = names.map(|name| (*name).to_owned()).collect();
                vec![self.item(names)]
            }
        }
    }

    fn somewhere(&mut self) -> Item {
        let channel =
            if self.dice.percent(30) { narrow(self.which) } else { (*self.dice.pick(&WIDE)).to_owned() };
        self.item(vec![channel])
    }

    fn item(&mut self, channels: Vec<String>) -> Item {
        const PUBLISHERS_MAX: u64 = 100;
        self.sent += 1;
        let n = self.sent * PUBLISHERS_MAX + self.which;
        Item { channels, n, id: Some(format!("event-{n}")), refused: false, last: false }
    }

    /// Sends until there is an answer. An event without an id may be there after all when none came: it is not sent
    /// again, since it might be there twice.
    async fn send(&mut self, items: &[Item]) {
        let [only] = items else {
            if !items.is_empty() {
                self.send_body(items, json!(items.iter().map(Item::json).collect::<Vec<_>>())).await;
            }
            return;
        };
        self.send_body(items, only.json()).await;
    }

    async fn send_body(&mut self, items: &[Item], body: Value) {
        let body = body.to_string();
        let address = self.scene.address;
        self.invoke(items);
        let may_repeat = items.iter().all(|item| item.id.is_some());
        loop {
            let hub = self.scene.hub();
            let Some((connection, epoch)) = self.connection().await else {
                self.scene.hub_after(hub).await;
                continue;
            };
            let epoch = epoch.clone();
            let answer = connection.request(address, Method::POST, "/api/sse/publish", body.clone()).await;
            let answer = match answer {
                Ok(answer) if answer.status == 200 => answer.json(),
                Ok(answer) => {
                    assert_eq!(answer.status, 503, "{answer:?}");
                    Value::Null
                }
                Err(_) if may_repeat => Value::Null,
                Err(_) => {
                    self.connection = None;
                    return;
                }
            };
            if self.is_answered(items, &answer, &epoch) {
                return;
            }
            self.connection = None;
            self.scene.hub_after(hub).await;
        }
    }

    fn invoke(&mut self, items: &[Item]) {
        let invoked = self.scene.tick();
        for item in items {
            for channel in &item.channels {
                let key = item.key();
                let (channel, n) = (channel.clone(), item.n);
                self.publications.entry((channel.clone(), n)).or_insert(Publication {
                    channel,
                    n,
                    key,
                    invoked,
                    acks: Vec::new(),
                    failed: item.refused,
                });
            }
        }
    }

    /// Writes down what was answered. Whether that is an answer to all that was sent.
    fn is_answered(&mut self, items: &[Item], answer: &Value, epoch: &str) -> bool {
        let tick = self.scene.tick();
        let answers: Vec<&Value> = match answer.as_array() {
            Some(answers) => answers.iter().collect(),
            None => vec![answer],
        };
        let wanted = items.iter().flat_map(|item| item.channels.iter().map(move |channel| (item, channel)));
        let mut whole = true;
        let mut taken = 0;
        for (at, (item, channel)) in wanted.enumerate() {
            let Some(answer) = answers.get(at) else { return false };
            if let Some(offset) = answer["offset"].as_u64() {
                assert_eq!(answer["channel"], json!(channel), "{answer}");
                let ack = Ack { epoch: epoch.to_owned(), offset, tick };
                let publication = self.publications.get_mut(&(channel.clone(), item.n));
                publication.expect("it was sent").acks.push(ack);
                taken += u64::from(answer["duplicate"] != true);
            } else {
                assert!(answer.is_null() || item.refused == (answer["status"] == 400), "{item:?}: {answer}");
                whole &= item.refused && !answer.is_null();
            }
        }
        self.scene.published.send_modify(|published| *published += taken);
        whole
    }

    /// A connection to one hub, and the epoch of its log.
    async fn connection(&mut self) -> Option<&mut (Connection, String)> {
        if self.connection.is_none() {
            let address = self.scene.address;
            let version = if self.which.is_multiple_of(2) { Version::Http1 } else { Version::Http2 };
            let mut connection = Connection::open(address, Manner::polite(version)).await.ok()?;
            let path = "/api/sse/history?channel=jobs&limit=1";
            let answer = connection.request(address, Method::GET, path, String::new()).await.ok()?;
            let next = answer.json()["next"].as_str().map(Place::read)?;
            self.connection = Some((connection, next.epoch));
        }
        self.connection.as_mut()
    }
}
