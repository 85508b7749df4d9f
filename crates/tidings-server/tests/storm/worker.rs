//! One of those who make a storm: it does what the dice say, and stops at whatever should not have been answered.

use std::net::SocketAddr;
use std::sync::Mutex;

use crate::api::Api;
use crate::client::Client;
use crate::dice::Dice;

/// Streams that a worker holds at once.
const HELD_MAX: usize = 20;
const USERS: [&str; 8] = ["anonymous", "ada", "bob", "eve", "joe", "kim", "lea", "max"];
const CLIENTS: [&str; 4] = ["", "&client_id=one", "&client_id=two", "&client_id=three"];
const CHANNELS: [&str; 6] = ["jobs", "logs", "jobs,logs", "group:*", "*", "group:1,jobs"];
pub(crate) const NAMES: [&str; 4] = ["jobs", "logs", "group:1", "group:2"];

/// Ids that anyone may beacon or kick, whosever they are.
pub(crate) type Known = Mutex<Vec<(String, String)>>;

pub(crate) struct Worker<'a> {
    address: SocketAddr,
    dice: Dice,
    api: Api,
    held: Vec<Client>,
    known: &'a Known,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(address: SocketAddr, dice: Dice, known: &'a Known) -> Self {
        Self { address, dice, api: Api::new(address), held: Vec::new(), known }
    }

    pub(crate) fn step(&mut self) {
        match self.dice.below(20) {
            0..=8 => self.open(),
            9..=10 => self.close(),
            11..=12 => self.beacon(),
            13 => self.kick(),
            14 => self.change_channels(),
            15..=17 => self.publish(),
            18 => {
                let n = self.dice.below(self.held.len());
                if let Some(client) = self.held.get_mut(n) {
                    client.read_some();
                }
            }
            _ if self.dice.one_in(4) => {
                let slice = self.dice.pick(&["null", "1", "100"]);
                self.answered("/api/sse/cleanup", &format!(r#"{{"batch_size":{slice}}}"#), &[200]);
            }
            _ => {}
        }
    }

    fn open(&mut self) {
        let mut query = format!(
            "channels={}&user={}{}&envelope={}",
            self.dice.pick(&CHANNELS),
            self.dice.pick(&USERS),
            self.dice.pick(&CLIENTS),
            self.dice.below(2)
        );
        if self.dice.one_in(3) {
            let cursor = self.held.last().map_or("nonsense", |client| &client.cursor);
            query.push_str(&format!("&last_event_id={cursor}"));
        }
        let client = Client::ask(self.address, &query).expect("the hub accepts");
        match self.dice.below(8) {
            // Gone before it is answered, in either way.
            0 => drop(client),
            1 => client.reset(),
            // There, and never reading.
            2 => self.held.push(client),
            _ => {
                let Some(client) = client.greeted() else { return };
                let mut known = self.known.lock().expect("whole");
                if known.len() > 200 {
                    known.clear();
                }
                known.push((client.connection_id.clone(), client.id.clone()));
                drop(known);
                self.held.push(client);
            }
        }
        if self.held.len() > HELD_MAX {
            self.close();
        }
    }

    fn close(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let mut client = self.held.swap_remove(self.dice.below(self.held.len()));
        match self.dice.below(5) {
            0 => client.reset(),
            1 => client.half_close(),
            2 => client.blurt(),
            3 => {
                client.blurt();
                client.reset();
            }
            _ => {}
        }
    }

    /// Its own, another's, twice, or one that is long gone.
    fn beacon(&mut self) {
        let Some((connection_id, _)) = self.anyone() else { return };
        for _ in 0..=self.dice.below(2) {
            self.answered("/api/sse/disconnect", &connection_id, &[204, 404]);
        }
    }

    fn kick(&mut self) {
        let path = match self.anyone() {
            Some((_, id)) if !self.dice.one_in(4) => format!("/api/sse/connections/{id}"),
            _ => format!("/api/sse/users/{}/connections", self.dice.pick(&USERS)),
        };
        let answer = self.api.delete(&path);
        assert!([200, 204, 404].contains(&answer.status), "{path}: {} {}", answer.status, answer.body);
    }

    fn change_channels(&mut self) {
        let Some((connection_id, _)) = self.anyone() else { return };
        let (add, remove) = (self.dice.pick(&NAMES), self.dice.pick(&NAMES));
        let body = format!(r#"{{"connection_id":"{connection_id}","add":["{add}"],"remove":["{remove}"]}}"#);
        self.answered("/api/sse/subscriptions", &body, &[200, 404]);
    }

    fn publish(&mut self) {
        let size = [1, 100, 4_000][self.dice.below(3)];
        let data = "x".repeat(size);
        let body = format!(r#"{{"channel":"{}","type":"t","data":"{data}"}}"#, self.dice.pick(&NAMES));
        self.answered("/api/sse/publish", &body, &[200]);
    }

    fn anyone(&mut self) -> Option<(String, String)> {
        let known = self.known.lock().expect("whole");
        known.get(self.dice.below(known.len())).cloned()
    }

    fn answered(&mut self, path: &str, body: &str, statuses: &[u16]) {
        let answer = self.api.post(path, body);
        assert!(statuses.contains(&answer.status), "{path} {body}: {} {}", answer.status, answer.body);
    }
}
