//! A storm: what happens in it, and what has to be left afterwards.

use std::fs::read_dir;
use std::net::SocketAddr;
use std::sync::Mutex;

use crate::api::Api;
use crate::client::Client;
use crate::dice::Dice;
use crate::hub::{Hub, PATIENCE, now};
use crate::watcher::Watcher;

const WORKERS: usize = 6;
/// Streams that a worker holds at once.
const HELD_MAX: usize = 20;
const USERS: [&str; 8] = ["anonymous", "ada", "bob", "eve", "joe", "kim", "lea", "max"];
const CLIENTS: [&str; 4] = ["", "&client_id=one", "&client_id=two", "&client_id=three"];
const CHANNELS: [&str; 6] = ["jobs", "logs", "jobs,logs", "group:*", "*", "group:1,jobs"];
const NAMES: [&str; 4] = ["jobs", "logs", "group:1", "group:2"];
/// Panics on both sides of the door, and every error that a write can end in.
const FAULTS: &str = "connect.admitted=150,stream.next=400,write.EPIPE=500,write.ECONNRESET=500,\
                      write.ETIMEDOUT=500,write.EHOSTUNREACH=500,write.ENETUNREACH=500,write.EIO=500";

pub(crate) struct Storm {
    /// At least so many are opened.
    pub(crate) connections: u64,
    pub(crate) on_full: &'static str,
}

/// Ids that anyone may beacon or kick, whosever they are.
type Known = Mutex<Vec<(String, String)>>;

pub(crate) fn run(storm: &Storm) {
    let seed = match std::env::var("TIDINGS_SEED") {
        Ok(seed) => seed.parse().expect("TIDINGS_SEED is a number"),
        Err(_) => std::process::id().into(),
    };
    println!("seed: {seed}");
    let hub = hub(storm.on_full, seed);
    let descriptors = open_descriptors(hub.pid());
    let (address, watcher, known) = (hub.address(), Watcher::default(), Known::default());
    let (start, watching) = (now(), &watcher);
    std::thread::scope(|scope| {
        scope.spawn(|| watcher.watch(address));
        let workers: Vec<_> = (0..WORKERS)
            .map(|n| Worker::new(address, Dice::new(seed.wrapping_mul(1000).wrapping_add(n as u64)), &known))
            .map(|mut worker| {
                scope.spawn(move || {
                    while blows(storm, watching) {
                        worker.step()
                    }
                })
            })
            .collect();
        let broken = workers.into_iter().filter_map(|worker| worker.join().err()).count();
        watcher.end();
        assert_eq!(broken, 0, "workers that broke");
    });
    let (looks, most) = (watcher.looks.into_inner(), watcher.most.into_inner());
    println!(
        "{} connections in {:.1} s, {most} at once; the books balanced at {looks} looks",
        watcher.opened.into_inner(),
        start.elapsed().as_secs_f64()
    );
    calm(&hub, descriptors);
    assert_every_wind_blew(&hub, storm.on_full);
}

fn blows(storm: &Storm, watcher: &Watcher) -> bool {
    !watcher.is_over() && watcher.opened.load(std::sync::atomic::Ordering::Relaxed) < storm.connections
}

fn hub(on_full: &str, seed: u64) -> Hub {
    Hub::start_with(&[
        ("TIDINGS_FAULTS", FAULTS),
        ("TIDINGS_FAULT_SEED", &seed.to_string()),
        ("TIDINGS_LIMITS_ON_FULL", on_full),
        ("TIDINGS_LIMITS_CONNECTIONS_PER_USER", "6"),
        ("TIDINGS_LIMITS_CONNECTIONS_PER_IP", "0"),
        ("TIDINGS_STREAM_HEARTBEAT_MS", "1000"),
        ("TIDINGS_CLEANUP_INTERVAL_MS", "100"),
        // A panic that is meant needs no trace.
        ("RUST_BACKTRACE", "0"),
    ])
}

/// After it, nobody is in the books, in the log or on a socket, and the hub serves as ever.
fn calm(hub: &Hub, descriptors: usize) {
    let stats = hub.wait_for_stats(|stats| stats["connections"]["active"] == 0);
    assert_eq!(stats["users"], 0);
    hub.assert_books_balance();
    hub.wait_for_sockets(0);
    let start = now();
    while open_descriptors(hub.pid()) > descriptors {
        assert!(
            start.elapsed() < PATIENCE,
            "{} descriptors left open",
            open_descriptors(hub.pid()) - descriptors
        );
        hub.get("/health");
    }
    for name in NAMES {
        let published = hub.post("/api/sse/publish", &format!(r#"{{"channel":"{name}","data":1}}"#));
        assert!(published.contains(r#""recipients":0"#), "somebody is left in the log: {published}");
    }
    // The faults are still armed.
    let served = (0..20).filter_map(|_| Client::ask(hub.address(), "channels=jobs").ok()?.greeted()).next();
    assert!(served.is_some(), "it serves nobody any more");
    drop(served);
    hub.wait_for_stats(|stats| stats["connections"]["active"] == 0);
}

fn assert_every_wind_blew(hub: &Hub, on_full: &str) {
    let stats = hub.stats();
    let made_room = if on_full == "refuse" { "error" } else { "limit" };
    for reason in ["client_left", "disconnected", "superseded", "kicked", "error", "lost", made_room] {
        assert_ne!(stats["connections"]["closed_total"][reason], 0, "no {reason}: {stats:#}");
    }
    let log = hub.log();
    for fault in ["fault point connect.admitted", "fault point stream.next", "a stream's socket failed"] {
        assert!(log.contains(fault), "no {fault}");
    }
}

fn open_descriptors(pid: u32) -> usize {
    read_dir(format!("/proc/{pid}/fd")).expect("it runs").count()
}

struct Worker<'a> {
    address: SocketAddr,
    dice: Dice,
    api: Api,
    held: Vec<Client>,
    known: &'a Known,
}

impl<'a> Worker<'a> {
    fn new(address: SocketAddr, dice: Dice, known: &'a Known) -> Self {
        Self { address, dice, api: Api::new(address), held: Vec::new(), known }
    }

    fn step(&mut self) {
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
