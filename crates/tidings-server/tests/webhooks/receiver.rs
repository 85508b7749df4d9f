//! A receiver that keeps a list by what it is told, and fails as it is told to.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::Value;

use crate::dice::Dice;
use crate::hub::PATIENCE;

#[derive(Clone)]
pub struct Receiver {
    address: String,
    state: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
pub struct State {
    /// By id; the value is the user.
    pub connections: BTreeMap<String, String>,
    pub channels: BTreeSet<String>,
    /// Events that were taken, as often as they came.
    pub taken: u64,
    pub refused: u64,
    pub overflows: u64,
    /// By node and epoch, the last number.
    last: BTreeMap<String, u64>,
    pub twice: u64,
    /// What was wrong with what came.
    pub wrong: Vec<String>,
    /// Of a hundred calls so many fail.
    pub fails: u64,
    dice: Option<Dice>,
}

impl Receiver {
    pub fn start(seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound").to_string();
        let state = State { dice: Some(Dice::new(seed, 99)), ..State::default() };
        let receiver = Self { address, state: Arc::new((Mutex::new(state), Condvar::new())) };
        let one = receiver.clone();
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let one = one.clone();
                std::thread::spawn(move || one.converse(socket));
            }
        });
        receiver
    }

    pub fn url(&self) -> String {
        format!("http://{}/told", self.address)
    }

    pub fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.0.lock().expect("no test panics with it"))
    }

    /// Waits until what is known is as wished.
    #[track_caller]
    pub fn until(&self, wished: impl Fn(&State) -> bool) {
        let (state, changed) = &*self.state;
        let state = state.lock().expect("no test panics with it");
        let (state, waited) =
            changed.wait_timeout_while(state, PATIENCE, |state| !wished(state)).expect("whole");
        assert!(!waited.timed_out(), "it never came to that: {:?} {:?}", state.connections, state.channels);
    }

    fn converse(&self, socket: TcpStream) -> Option<()> {
        let mut socket = BufReader::new(socket);
        loop {
            let mut length = 0;
            loop {
                let mut line = String::new();
                if socket.read_line(&mut line).ok()? == 0 {
                    return None;
                }
                if line.trim_end().is_empty() {
                    break;
                }
                let (name, value) = line.trim_end().split_once(':').unwrap_or((&line, ""));
                if name.eq_ignore_ascii_case("content-length") {
                    length = value.trim().parse().ok()?;
                }
            }
            let mut body = vec![0; length];
            socket.read_exact(&mut body).ok()?;
            match self.with(|state| state.answer(&body)) {
                Reply::Taken => socket.get_mut().write_all(b"HTTP/1.1 204 x\r\n\r\n").ok()?,
                Reply::Refused => {
                    socket.get_mut().write_all(b"HTTP/1.1 500 x\r\ncontent-length: 0\r\n\r\n").ok()?;
                }
                Reply::HangUp => return None,
            }
            self.state.1.notify_all();
        }
    }
}

enum Reply {
    Taken,
    Refused,
    /// Perhaps after all was taken: the sender can't know.
    HangUp,
}

impl State {
    fn answer(&mut self, body: &[u8]) -> Reply {
        let fails = self.fails;
        let dice = self.dice.as_mut().expect("they are there");
        let (fail, cut, lost) = (dice.percent(fails), dice.percent(50), dice.percent(50));
        if fail && !lost {
            self.refused += 1;
            return if cut { Reply::HangUp } else { Reply::Refused };
        }
        match serde_json::from_slice::<Value>(body) {
            Ok(call) => call["data"].as_array().into_iter().flatten().for_each(|event| self.take(event)),
            Err(error) => self.wrong.push(format!("{error}: {}", String::from_utf8_lossy(body))),
        }
        if fail { Reply::HangUp } else { Reply::Taken }
    }

    fn take(&mut self, event: &Value) {
        self.taken += 1;
        let id = event["id"].as_str().unwrap_or_default();
        let (epoch, seq) = (id.rsplit_once('-').map_or("", |(epoch, _)| epoch), event["seq"].as_u64());
        let seq = seq.unwrap_or_default();
        if event["type"] == "overflow" {
            self.overflows += 1;
            return;
        }
        let last = self.last.entry(epoch.to_owned()).or_default();
        if seq <= *last {
            self.twice += 1;
            return;
        }
        if seq != *last + 1 {
            self.wrong.push(format!("{seq} after {last}"));
        }
        *last = seq;
        let connection = &event["connection"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (id, channel) = (text(&connection["id"]), text(&event["channel"]));
        let sound = match event["type"].as_str() {
            Some("connected") => self.connections.insert(id, text(&connection["user"])).is_none(),
            Some("disconnected") => self.connections.remove(&id).is_some(),
            Some("channel_occupied") => self.channels.insert(channel),
            Some("channel_vacated") => self.channels.remove(&channel),
            _ => false,
        };
        if !sound {
            self.wrong.push(format!("out of order: {event}"));
        }
    }
}
