//! A publisher that sends singles, batches and events for several channels, repeats itself, and sends again whatever
//! it got no answer to.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::dice::Dice;
use super::scene::{Answers, Scene};
use super::traffic::{Item, WIDE, narrow};
use crate::judge::history::{Ack, Place, Publication, Try};
use crate::streams::{Answer, Connection, Manner, Version};

/// How often what was refused is not sent again.
const GIVEN_UP_PERCENT: u64 = 20;

pub(crate) struct Publisher {
    scene: Arc<Scene>,
    which: u64,
    dice: Dice,
    line: Option<Line>,
    sent: u64,
    publications: BTreeMap<(String, u64), Publication>,
}

impl Publisher {
    pub(crate) fn new(scene: Arc<Scene>, which: u64) -> Self {
        let dice = Dice::new(scene.seed, 1_000_000 + which);
        Self { scene, which, dice, line: None, sent: 0, publications: BTreeMap::new() }
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
        let left_alone = self.publications.values().filter(|sent| sent.is_refused() && !sent.is_invalid);
        self.scene.answers.given_up.fetch_add(left_alone.count() as u64, Ordering::Relaxed);
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
        let (scene, body) = (Arc::clone(&self.scene), body.to_string());
        self.invoke(items);
        let may_repeat = items.iter().all(|item| item.id.is_some());
        loop {
            let hub = scene.hub();
            let Some(Line { connection, node, address, epoch }) = self.line().await else {
                scene.hub_after(hub).await;
                continue;
            };
            let (node, address, before) = (*node, *address, epoch.clone());
            let (sent, since) = (scene.tick(), Instant::now());
            let answer = connection.request(address, Method::POST, "/api/sse/publish", body.clone()).await;
            let statuses = statuses(&answer);
            self.count(&statuses);
            let (took, over) = (since.elapsed(), scene.tick());
            self.note(items, &statuses, Try { node, sent, over, took, status: 0 });
            let answer = answer.map(|answer| answer.json()).unwrap_or_default();
            let epoch = if scene.may_begin_anew { self.epoch_since(before).await } else { Some(before) };
            if self.is_answered(items, &answer, epoch.as_deref()) {
                return;
            }
            self.line = None;
            let is_refused = self.are_refused(items);
            if !is_refused && !may_repeat {
                return;
            }
            let is_needed = items.iter().any(|item| item.last);
            if is_refused && !is_needed && self.dice.percent(GIVEN_UP_PERCENT) {
                return;
            }
            scene.hub_after(hub).await;
        }
    }

    fn count(&self, statuses: &[u16]) {
        assert!(statuses.iter().all(|status| matches!(status, 0 | 200 | 400 | 503 | 504)), "{statuses:?}");
        let Answers { refused, unknown, .. } = &self.scene.answers;
        refused.fetch_add(u64::from(statuses.contains(&503)), Ordering::Relaxed);
        unknown.fetch_add(u64::from(statuses.contains(&504)), Ordering::Relaxed);
    }

    /// Writes down what came of it: one status for each event and channel, or one for all.
    fn note(&mut self, items: &[Item], statuses: &[u16], one: Try) {
        let statuses = statuses.iter().chain(std::iter::repeat(&statuses[0]));
        for (event, status) in events(items).zip(statuses) {
            let publication = self.publications.get_mut(&event).expect("it was sent");
            publication.tries.push(Try { status: *status, ..one });
        }
    }

    /// Whether hubs said, each time that any of it was sent, that they did not store it.
    fn are_refused(&self, items: &[Item]) -> bool {
        events(items).all(|event| self.publications[&event].is_refused())
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
                    tries: Vec::new(),
                    is_invalid: item.refused,
                });
            }
        }
    }

    /// Writes down what was answered. Whether that is an answer to all that was sent.
    fn is_answered(&mut self, items: &[Item], answer: &Value, epoch: Option<&str>) -> bool {
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
                let ack = epoch.map(|epoch| Ack { epoch: epoch.to_owned(), offset, tick });
                let publication = self.publications.get_mut(&(channel.clone(), item.n));
                let publication = publication.expect("it was sent");
                let is_late = publication.acks.is_empty() && answer["duplicate"] == true;
                self.scene.answers.there_already.fetch_add(u64::from(is_late), Ordering::Relaxed);
                taken += u64::from(publication.acks.is_empty());
                publication.acks.extend(ack);
            } else {
                let is_refused = answer["status"] == 400;
                assert!(answer.is_null() || item.refused == is_refused, "{item:?}: {answer}");
                whole &= is_refused;
            }
        }
        self.scene.published.send_modify(|published| *published += taken);
        whole
    }

    async fn line(&mut self) -> Option<&mut Line> {
        if self.line.is_none() {
            let (node, address) = self.scene.node(&mut self.dice);
            let version = if self.which.is_multiple_of(2) { Version::Http1 } else { Version::Http2 };
            let mut connection = Connection::open(address, Manner::polite(version)).await.ok()?;
            let epoch = epoch_at(&mut connection, address).await?;
            self.line = Some(Line { connection, node, address, epoch });
        }
        self.line.as_mut()
    }

    /// The epoch of the log, if it has been that since: an answer waits until the hub is in the epoch that it is of.
    async fn epoch_since(&mut self, before: String) -> Option<String> {
        let Line { connection, address, epoch, .. } = self.line.as_mut()?;
        *epoch = epoch_at(connection, *address).await?;
        (*epoch == before).then_some(before)
    }
}

/// A connection to one hub.
struct Line {
    connection: Connection,
    node: usize,
    address: SocketAddr,
    /// Of the hub's log.
    epoch: String,
}

async fn epoch_at(connection: &mut Connection, address: SocketAddr) -> Option<String> {
    let path = "/api/sse/history?channel=jobs&limit=1";
    let answer = connection.request(address, Method::GET, path, String::new()).await.ok()?;
    answer.json()["next"].as_str().map(|next| Place::read(next).epoch)
}

/// Each event on each of its channels.
fn events(items: &[Item]) -> impl Iterator<Item = (String, u64)> {
    items.iter().flat_map(|item| item.channels.iter().map(|channel| (channel.clone(), item.n)))
}

/// What each event was answered with, or all of them; 0 where no answer came.
fn statuses(answer: &Result<Answer, String>) -> Vec<u16> {
    let Ok(answer) = answer else { return vec![0] };
    let json = answer.json();
    let each = json.as_array().filter(|_| answer.status == 200).into_iter().flatten();
    let each = each.map(|item| item["status"].as_u64().map_or(200, |status| status as u16));
    let each: Vec<_> = each.collect();
    if each.is_empty() { vec![answer.status] } else { each }
}
