//! A reader: comes under one token or another, is refreshed, changes its channels, is cut, and comes back with its cursor.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tidings::{ChannelName, Selector};

use crate::dice::Dice;
use crate::truth::{Life, Worn};
use crate::wire::{Answer, Door, Told, ask};
use crate::world::{CHANNELS, Kind, Token, World};

/// Where a reader goes on from.
#[derive(Default)]
struct Bookmark {
    cursor: Option<String>,
    last_always: Option<usize>,
}

struct Reader {
    world: Arc<World>,
    door: Door,
    answer: Answer,
    connection_id: String,
    /// What it reads, as it was told.
    reads: Vec<Selector>,
    cursor: String,
    life: Life,
}

pub(crate) async fn run(world: Arc<World>, user: usize, mut dice: Dice) -> Vec<Life> {
    let mut lives = Vec::new();
    let mut bookmark = Bookmark::default();
    while !world.is_over() {
        let token = world.new_token(user, dice.pick(&Kind::ALL));
        if dice.one_in(10) {
            bookmark = Bookmark::default();
        }
        let Some(mut reader) = Reader::open(&world, token, &bookmark, &mut dice).await else {
            tokio::task::yield_now().await;
            continue;
        };
        reader.live(&mut dice).await;
        bookmark.cursor = Some(reader.cursor);
        bookmark.last_always = reader.life.last_had_of_always(&world).or(bookmark.last_always);
        lives.push(reader.life);
    }
    lives
}

impl Life {
    fn last_had_of_always(&self, world: &World) -> Option<usize> {
        self.had.iter().rev().find(|number| world.channel_of(**number) == 0).copied()
    }
}

impl Reader {
    async fn open(world: &Arc<World>, token: Token, from: &Bookmark, dice: &mut Dice) -> Option<Self> {
        let mut names: Vec<&str> = token.kind.names().to_vec();
        names.retain(|name| *name == "always" || !dice.one_in(4));
        let query = if dice.one_in(4) { String::new() } else { format!("&channels={}", names.join(",")) };
        let mut headers = format!("authorization: Bearer {}\r\n", token.text());
        if let Some(cursor) = &from.cursor {
            headers.push_str(&format!("last-event-id: {cursor}\r\n"));
        }
        let begun = world.tick();
        let path = format!("/api/sse/stream?envelope=0{query}");
        let door = dice.pick(&world.doors);
        let mut answer = ask(&door, "GET", &path, &headers, "").await;
        // Taken, or shut out: it comes again with another.
        if answer.status != 200 {
            assert!([401, 403].contains(&answer.status), "{}", answer.status);
            return None;
        }
        let connected = answer.told().await.filter(|told| told.ty == "connected")?;
        let answered = world.tick();
        let names: Vec<String> = serde_json::from_value(connected.data["channels"].clone()).expect("names");
        let life = Life {
            user: token.user,
            resumed: from.cursor.is_some(),
            worn: vec![Worn { token, begun, answered }],
            had: Vec::new(),
            gaps: Vec::new(),
            wrong: Vec::new(),
            last_always: from.last_always,
            withheld: 0,
        };
        Some(Self {
            world: Arc::clone(world),
            door,
            answer,
            connection_id: connected.data["connection_id"].as_str().expect("a secret").to_owned(),
            reads: selectors(&names),
            cursor: connected.id.expect("a cursor"),
            life,
        })
    }

    /// Reads for a while, and does this and that meanwhile.
    async fn live(&mut self, dice: &mut Dice) {
        let (turns, pause) = (20 + dice.below(400), dice.one_in(3));
        for _ in 0..turns {
            let next = tokio::time::timeout(Duration::from_millis(200), self.answer.told()).await;
            match next {
                Ok(Some(told)) if told.ty == "closing" => return,
                Ok(Some(told)) => self.take(told),
                Ok(None) => return,
                Err(_) if self.world.is_over() => return,
                Err(_) => {}
            }
            let goes_on = match dice.below(60) {
                0 | 1 => self.refresh(dice).await,
                2 => self.change(dice).await,
                3 if pause => {
                    tokio::time::sleep(Duration::from_millis(3)).await;
                    true
                }
                _ => true,
            };
            if !goes_on {
                return;
            }
        }
    }

    fn take(&mut self, told: Told) {
        if let Some(id) = told.id {
            self.cursor = id;
        }
        let named = |data: &Value| {
            selectors(&serde_json::from_value::<Vec<String>>(data["channels"].clone()).expect("names"))
        };
        match told.ty.as_str() {
            "" => self.have(told.data["n"].as_u64().expect("a number") as usize),
            "subscribed" => self.reads.extend(named(&told.data)),
            "unsubscribed" => {
                let gone = named(&told.data);
                self.reads.retain(|selector| !gone.contains(selector));
            }
            "gap" if told.data["reason"] == "granted" => self.life.withheld += 1,
            "gap" if told.data["channel"] == "always" => self.life.gaps.push(self.life.had.len()),
            "gap" | "expiring" => {}
            other => self.life.wrong.push(format!("an event of type {other}: {}", told.data)),
        }
    }

    fn have(&mut self, number: usize) {
        let name = ChannelName::parse(CHANNELS[self.world.channel_of(number)]).expect("a name");
        if !self.reads.iter().any(|selector| selector.matches(&name)) {
            self.life.wrong.push(format!("event {number} of {name} on a stream of {:?}", self.reads));
        }
        self.life.had.push(number);
    }

    /// Answers whether the stream goes on, for sure.
    async fn refresh(&mut self, dice: &mut Dice) -> bool {
        let token = self.world.new_token(self.life.user, dice.pick(&Kind::ALL));
        let begun = self.world.tick();
        let body = json!({ "connection_id": self.connection_id });
        let is_done = self.post("refresh", &token, &body).await == 200;
        let answered = self.world.tick();
        if is_done {
            self.life.worn.push(Worn { token, begun, answered });
        }
        is_done
    }

    async fn change(&mut self, dice: &mut Dice) -> bool {
        let token = self.life.worn.last().expect("one").token.clone();
        let name = dice.pick(&token.kind.names()[1..]);
        let what = if dice.one_in(2) { "add" } else { "remove" };
        let body = json!({ "connection_id": self.connection_id, what: [name] });
        [200, 403].contains(&self.post("subscriptions", &token, &body).await)
    }

    async fn post(&self, path: &str, token: &Token, body: &Value) -> u16 {
        let headers = format!("authorization: Bearer {}\r\nconnection: close\r\n", token.text());
        let path = format!("/api/sse/{path}");
        ask(&self.door, "POST", &path, &headers, &body.to_string()).await.status
    }
}

fn selectors(names: &[String]) -> Vec<Selector> {
    names.iter().map(|name| Selector::parse(name).expect("a selector")).collect()
}
