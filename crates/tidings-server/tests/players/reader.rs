//! A reader that is cut, falls behind, changes its channels and comes back with its cursor.

use std::collections::{BTreeSet, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::Method;
use serde_json::{Value, json};

use super::dice::Dice;
use super::scene::Scene;
use super::traffic::{self, SELECTORS};
use crate::hub::PATIENCE;
use crate::judge::history::{Place, Reader, Seen};
use crate::judge::means;
use crate::streams::{Manner, Refused, SseEvent, Stream, Version, request};

/// Attempts that are one too many.
const ATTEMPTS_MAX: usize = 2_000;

pub(crate) struct Subscriber {
    scene: Arc<Scene>,
    dice: Dice,
    version: Version,
    client_id: Option<String>,
    envelope: bool,
    /// It reads much and is often slow about it.
    is_sluggish: bool,
    all_channels: Arc<Vec<String>>,
    /// What it wants to read, and what of that has come to its end.
    wanted: BTreeSet<String>,
    finished: HashSet<String>,
    cursor: Option<String>,
    /// The hub that it came to last, and where that is.
    node: (usize, SocketAddr),
    /// It comes to this hub alone.
    is_settler: bool,
    secret: String,
    /// Events until it does something.
    patience: u64,
    is_seated: bool,
    has_given_up: bool,
    reader: Reader,
}

impl Subscriber {
    pub(crate) fn new(scene: Arc<Scene>, which: u64, all_channels: Arc<Vec<String>>) -> Self {
        let mut dice = Dice::new(scene.seed, which);
        let version = if dice.percent(50) { Version::Http1 } else { Version::Http2 };
        let is_sluggish = which.is_multiple_of(5);
        let wanted: BTreeSet<String> =
            (0..=dice.below(3)).map(|_| (*dice.pick(&SELECTORS)).to_owned()).collect();
        let wanted = if is_sluggish { BTreeSet::from(["narrow:*".to_owned()]) } else { wanted };
        let envelope = dice.percent(50);
        let name = format!("reader {which} over {version:?}");
        Self {
            client_id: dice.percent(60).then(|| format!("client-{which}")),
            cursor: dice.percent(20).then(|| "earliest".to_owned()),
            patience: 1,
            node: scene.node(&mut dice),
            is_settler: false,
            scene,
            dice,
            version,
            envelope,
            is_sluggish,
            all_channels,
            wanted,
            finished: HashSet::new(),
            secret: String::new(),
            is_seated: false,
            has_given_up: false,
            reader: Reader { name, ..Reader::default() },
        }
    }

    /// One who comes to one hub alone, when nothing is published any more, with a cursor for these selectors.
    pub(crate) fn late(
        scene: Arc<Scene>,
        node: usize,
        all_channels: Arc<Vec<String>>,
        (selectors, cursor): (&[&str], &str),
    ) -> Self {
        let address = scene.nodes[node];
        let late = Self::new(scene, 1_000_000_000 + node as u64, all_channels);
        Self {
            client_id: None,
            envelope: true,
            is_sluggish: false,
            wanted: selectors.iter().map(|&name| name.to_owned()).collect(),
            cursor: Some(cursor.to_owned()),
            node: (node, address),
            is_settler: true,
            reader: Reader { name: format!("late reader from {cursor} at hub {node}"), ..Reader::default() },
            ..late
        }
    }

    /// Reads until it has the last event of each of its channels, and answers what it saw.
    pub(crate) async fn run(mut self) -> Reader {
        let mut stream = None;
        for _ in 0..ATTEMPTS_MAX {
            let live = match stream.take() {
                Some(live) => live,
                None => self.open().await,
            };
            stream = self.follow(live).await;
            if self.reader.complete || self.has_given_up {
                break;
            }
        }
        self.reader
    }

    async fn open(&mut self) -> Stream {
        loop {
            let hub = self.scene.hub();
            let manner = Manner {
                version: self.version,
                rst: self.dice.percent(40),
                small_buffer: self.dice.percent(40),
            };
            let wanted: Vec<&str> = self.wanted.iter().map(String::as_str).collect();
            let mut path = format!("/api/sse/stream?channels={}", wanted.join(","));
            path.push_str(if self.envelope { "&envelope=1" } else { "" });
            if let Some(client_id) = &self.client_id {
                path.push_str(&format!("&client_id={client_id}"));
            }
            let mut headers = Vec::new();
            if let Some(cursor) = &self.cursor {
                if self.dice.percent(50) {
                    headers.push(("last-event-id", cursor.as_str()));
                } else {
                    path.push_str(&format!("&last_event_id={cursor}"));
                }
            }
            self.patience = 1 + self.dice.below(120);
            if !self.is_settler {
                self.node = self.scene.node(&mut self.dice);
            }
            match Stream::open(self.node.1, manner, &path, &headers).await {
                Ok(stream) => return stream,
                Err(Refused::Status(503, ..) | Refused::Io(_)) => self.scene.hub_after(hub).await,
                Err(refused) => panic!("{}: {refused:?} at {path}", self.reader.name),
            }
        }
    }

    /// Reads a stream to its end, or ends it. May answer its successor, where that came first.
    async fn follow(&mut self, mut stream: Stream) -> Option<Stream> {
        let mut settled = self.scene.settled.subscribe();
        loop {
            let next = tokio::select! {
                next = tokio::time::timeout(PATIENCE, stream.next()) => next,
                _ = settled.wait_for(|settled| *settled), if !self.is_seated && !self.secret.is_empty() => {
                    self.is_seated = true;
                    self.scene.seated.send_modify(|seated| *seated += 1);
                    continue;
                }
            };
            let Ok(next) = next else {
                // What it waits for will not come: that is the checker's to blame.
                self.has_given_up = true;
                break;
            };
            let Some(event) = next else { break };
            self.see(&event);
            if self.is_done() {
                self.reader.complete = true;
                break;
            }
            self.patience = self.patience.saturating_sub(1);
            if self.patience == 0 && !self.scene.is_settled() {
                self.patience = 1 + self.dice.below(120);
                match self.act(stream).await {
                    Ok(same) => stream = same,
                    Err(successor) => return successor,
                }
            }
        }
        None
    }

    /// Does something to the stream. Gives it back, or what comes after it.
    async fn act(&mut self, mut stream: Stream) -> Result<Stream, Option<Stream>> {
        let choice = if self.is_sluggish && self.dice.percent(70) { 25 } else { self.dice.below(100) };
        match choice {
            0..25 => {
                self.change().await;
                return Ok(stream);
            }
            25..45 => {
                self.scene.further(50 + self.dice.below(350)).await;
                if self.dice.percent(60) {
                    return Ok(stream);
                }
            }
            45..65 => {
                let part = self.dice.below(1_000) as f64 / 1_000.0;
                for event in stream.half(part).await {
                    self.see(&event);
                }
                self.stay_away().await;
                return Err(None);
            }
            65..72 if self.client_id.is_some() => {
                let successor = self.open().await;
                drop(stream);
                return Err(Some(successor));
            }
            72..80 => {
                let body = json!({ "connection_id": self.secret }).to_string();
                let _ = request(self.node.1, Method::POST, "/api/sse/disconnect", &body).await;
                while let Ok(Some(event)) = tokio::time::timeout(PATIENCE, stream.next()).await {
                    self.see(&event);
                }
            }
            _ => {}
        }
        drop(stream);
        self.stay_away().await;
        Err(None)
    }

    async fn stay_away(&mut self) {
        let events = match self.dice.below(100) {
            0..60 => return,
            60..90 => self.dice.below(30),
            _ => self.dice.below(300),
        };
        self.scene.further(events).await;
    }

    /// Adds a channel or removes one from the live stream.
    async fn change(&mut self) {
        let selector = (*self.dice.pick(&SELECTORS)).to_owned();
        let mut body = json!({ "connection_id": self.secret });
        let adds = self.wanted.len() < 2 || self.dice.percent(50);
        let removed = self.wanted.iter().next().cloned().unwrap_or_default();
        if adds {
            body["add"] = json!([selector]);
        }
        if !adds || self.dice.percent(30) && removed != selector {
            body["remove"] = json!([removed]);
        }
        let path = "/api/sse/subscriptions";
        let Ok(answer) = request(self.node.1, Method::POST, path, &body.to_string()).await else {
            return;
        };
        if answer.status != 200 {
            assert!(matches!(answer.status, 404 | 503), "{answer:?}");
            return;
        }
        let channels: Vec<String> = names(&answer.json()["channels"]);
        self.wanted = channels.into_iter().collect();
    }

    fn see(&mut self, event: &SseEvent) {
        let had_cursor = self.cursor.replace(event.id.clone());
        let tick = self.scene.tick();
        let at = Place::read(&event.id);
        let control: Value = match event.ty.as_str() {
            "connected" | "gap" | "subscribed" | "unsubscribed" => {
                serde_json::from_str(&event.data).expect("JSON")
            }
            "closing" => return,
            _ => return self.take(event, at, tick),
        };
        let selectors = names(&control["channels"]);
        let seen = match event.ty.as_str() {
            "connected" => {
                self.secret = control["connection_id"].as_str().expect("a secret").to_owned();
                let resume = control["resume"].as_object().expect("a map");
                let lost = resume.iter().filter(|(_, how)| *how == "gap").map(|(name, _)| name.clone());
                let start = |epoch: &String| Place { epoch: epoch.clone(), offset: 0, owed: false };
                let brought = had_cursor.map(|text| match text.as_str() {
                    "earliest" => start(&at.epoch),
                    cursor => Place::read(cursor),
                });
                Seen::Connected { node: self.node.0, selectors, brought, lost: lost.collect(), at }
            }
            "gap" => {
                let text = |name: &str| control[name].as_str().expect("text").to_owned();
                Seen::Gap { tick, selector: text("channel"), reason: text("reason"), at }
            }
            "subscribed" => Seen::Subscribed { at, selectors },
            _ => Seen::Unsubscribed { at, selectors },
        };
        self.reader.seen.push(seen);
    }

    fn take(&mut self, event: &SseEvent, at: Place, tick: u64) {
        let given = traffic::read(&event.data, at.offset, self.envelope);
        if given.last {
            self.finished.insert(given.channel.clone());
        }
        self.scene.deliveries.fetch_add(1, Ordering::Relaxed);
        self.reader.seen.push(Seen::Event { tick, channel: given.channel, n: given.n, at });
    }

    fn is_done(&self) -> bool {
        let is_wanted = |channel: &String| self.wanted.iter().any(|selector| means(selector, channel));
        self.is_seated
            && self.all_channels.iter().all(|channel| !is_wanted(channel) || self.finished.contains(channel))
    }
}

fn names(list: &Value) -> Vec<String> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}
