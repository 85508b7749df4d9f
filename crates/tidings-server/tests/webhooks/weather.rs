//! Clients come and go, the receiver fails, and the hub is stopped and killed; then all of it is compared.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::dice::Dice;
use crate::hub::{Hub, PATIENCE};
use crate::receiver::Receiver;
use crate::toml;

/// How much of it.
pub struct Weather {
    pub clients: usize,
    /// Lives of the hub.
    pub turns: usize,
    /// Comings and goings in each of them.
    pub steps: usize,
}

const CHANNELS: [&str; 4] = ["news", "jobs", "room:1", "room:2"];

impl Weather {
    pub fn pass(&self, seed: u64) {
        let mut dice = Dice::new(seed, 1);
        let receiver = Receiver::start(seed);
        let limits = [("TIDINGS_LIMITS_CONNECTIONS_PER_USER", "0"), ("TIDINGS_DRAIN_WINDOW_MS", "200")];
        let mut hub = Hub::start_with_file(&limits, &toml(&[&receiver], ""));
        let (mut stops, mut kills) = (0, 0);
        for _ in 0..self.turns {
            let mut streams: Vec<Option<TcpStream>> = (0..self.clients).map(|_| None).collect();
            for _ in 0..self.steps {
                receiver.with(|state| state.fails = if dice.percent(30) { 80 } else { 10 });
                let client = dice.below(self.clients as u64) as usize;
                // Whoever comes again under a name that is there takes its place.
                streams[client] = dice.percent(60).then(|| open(&hub, client, &mut dice));
            }
            if dice.percent(50) {
                receiver.with(|state| state.fails = 0);
                compare(&hub, &receiver);
            }
            // In the middle of it, whatever the receiver does.
            receiver.with(|state| state.fails = if dice.percent(50) { 100 } else { 0 });
            if dice.percent(50) {
                hub.kill();
                kills += 1;
            } else {
                assert!(hub.stop().success(), "seed {seed}");
                stops += 1;
            }
            drop(streams);
            receiver.with(|state| state.fails = 0);
            hub.start_again();
        }
        compare(&hub, &receiver);
        receiver.with(|state| {
            assert!(state.wrong.is_empty(), "seed {seed}: {:#?}", state.wrong);
            println!(
                "{stops} stops, {kills} kills: {} events came, {} of them again, {} calls were refused, {} overflows",
                state.taken, state.twice, state.refused, state.overflows
            );
        });
        hub.assert_books_balance();
    }
}

/// What the receiver knows comes to be what the hub says, and stays so.
fn compare(hub: &Hub, receiver: &Receiver) {
    let (connections, channels) = settled(hub);
    receiver.until(|state| state.connections == connections && state.channels == channels);
}

/// The hub's own list, once it is the same twice: clients that left are seen to have.
fn settled(hub: &Hub) -> (BTreeMap<String, String>, BTreeSet<String>) {
    let start = crate::hub::now();
    let mut before = None;
    loop {
        let now = listed(hub);
        let quiet = hub.get("/metrics").contains("tidings_webhook_events_pending 0");
        if quiet && before.as_ref() == Some(&now) {
            return now;
        }
        before = Some(now);
        assert!(start.elapsed() < PATIENCE, "the hub never settles: {}", hub.get("/metrics"));
    }
}

fn listed(hub: &Hub) -> (BTreeMap<String, String>, BTreeSet<String>) {
    let list: Value = serde_json::from_str(&hub.get("/api/sse/connections?limit=1000")).expect("JSON");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let rows = list["connections"].as_array().expect("rows");
    let connections = rows.iter().map(|row| (text(&row["id"]), text(&row["user"]))).collect();
    let channels = rows.iter().flat_map(|row| row["channels"].as_array().expect("channels").iter().map(text));
    (connections, channels.filter(|channel| !channel.contains('*')).collect())
}

fn open(hub: &Hub, client: usize, dice: &mut Dice) -> TcpStream {
    let mut socket = TcpStream::connect(hub.address()).expect("the hub listens");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let channels = [*dice.pick(&CHANNELS), "room:*"].join(",");
    let path = format!("/api/sse/stream?user=user{}&client_id=tab{client}&channels={channels}", client % 5);
    write!(socket, "GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", hub.address()).expect("taken in");
    let mut status = String::new();
    BufReader::new(&socket).read_line(&mut status).expect("an answer");
    assert!(status.contains(" 200 "), "{status}");
    socket
}
