//! One of those who make a storm: it does what the dice say, and stops at whatever should not have been answered.

use std::net::SocketAddr;
use std::sync::Mutex;

use crate::api::Api;
use crate::client::Client;
use crate::dice::Dice;
use crate::tunnel::Tunnel;

/// Streams that a worker holds at once.
const HELD_MAX: usize = 20;
const KNOWN_MAX: usize = 200;
const TUNNELS_MAX: usize = 3;
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
    tunnels: Vec<Tunnel>,
    known: &'a Known,
    /// Streams that were greeted on HTTP/2.
    pub(crate) on_http2: u64,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(address: SocketAddr, dice: Dice, known: &'a Known) -> Self {
        Self {
            address,
            dice,
            api: Api::new(address),
            held: Vec::new(),
            tunnels: Vec::new(),
            known,
            on_http2: 0,
        }
    }

    pub(crate) fn step(&mut self) {
        match self.dice.below(26) {
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
            19..=24 => self.tunnel(),
            _ if self.dice.one_in(4) => {
                let slice = self.dice.pick(&["null", "1", "100"]);
                self.answered("/api/sse/cleanup", &format!(r#"{{"batch_size":{slice}}}"#), &[200]);
            }
            _ => {}
        }
    }

    fn open(&mut self) {
        let mut query = self.query();
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
                self.note(vec![(client.connection_id.clone(), client.id.clone())]);
                self.held.push(client);
            }
        }
        if self.held.len() > HELD_MAX {
            self.close();
        }
    }

    /// Something with the streams of one HTTP/2 connection, which is let go of when the hub has ended it.
    fn tunnel(&mut self) {
        let mut tunnel = match self.tunnels.len() {
            n if n < TUNNELS_MAX && self.dice.one_in(n + 1) => {
                let window_bytes = [1 << 20, 1 << 20, 1_000, 0][self.dice.below(4)];
                Tunnel::new(self.address, window_bytes).expect("the hub accepts")
            }
            n => self.tunnels.swap_remove(self.dice.below(n)),
        };
        let done = match self.dice.below(16) {
            0 => return drop(tunnel),
            1 => return tunnel.reset(),
            2..=4 => tunnel.reset_stream(self.dice.below(100)),
            _ => tunnel.open(&self.query()),
        };
        if let Ok(greeted) = done.and_then(|()| tunnel.read_some()) {
            self.on_http2 += greeted.len() as u64;
            self.note(greeted);
            self.tunnels.push(tunnel);
        }
    }

    fn query(&mut self) -> String {
        format!(
            "channels={}&user={}{}&envelope={}",
            self.dice.pick(&CHANNELS),
            self.dice.pick(&USERS),
            self.dice.pick(&CLIENTS),
            self.dice.below(2)
        )
    }

    fn note(&self, greeted: Vec<(String, String)>) {
        let mut known = self.known.lock().expect("whole");
        if known.len() > KNOWN_MAX {
            known.clear();
        }
        known.extend(greeted);
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
