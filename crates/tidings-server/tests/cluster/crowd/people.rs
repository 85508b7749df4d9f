//! A part of the crowd, in a process of its own: as many as one hub has descriptors for, and nobody has more.
//! They do what a browser does: read, wait as long as they were told, and come back with what they read last.

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::sleep;

use super::words::{ALL, News, Numbers, Order, Told, channel_of, now_us};
use crate::streams::{Parser, SseEvent};

/// Handshakes at a time.
const OPENING_MAX: usize = 64;
/// Of each part, so that there are ports enough.
const SOURCE_ADDRESSES: usize = 8;
/// What a client waits where nobody told it anything, give or take half.
const RETRY: Duration = Duration::from_secs(1);
const READ_BYTES: usize = 4 * 1024;
/// Its multiples spread evenly between 0 and 1, however many there are.
const GOLDEN: f64 = 0.618_033_988_749_895;

/// Obeys the test until that hangs up.
pub(super) fn obey(test: SocketAddr, part: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        let (orders, mut answers) = TcpStream::connect(test).await.expect("the test listens").into_split();
        let mut orders = BufReader::new(orders).lines();
        let crowd = Rc::new(Crowd::new(part));
        let mut people = JoinSet::new();
        while let Ok(Some(order)) = orders.next_line().await {
            let order = serde_json::from_str(&order).expect("an order");
            let mut answer = serde_json::to_vec(&crowd.told(order, &mut people).await).expect("JSON");
            answer.push(b'\n');
            answers.write_all(&answer).await.expect("the test reads");
        }
    });
}

struct Crowd {
    part: usize,
    opening: Semaphore,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    met: Told,
    had: Vec<Numbers>,
    homes: Vec<(SocketAddr, u64)>,
    /// How often somebody looked for another home.
    moves: u32,
    /// The last event for all.
    timed: u64,
}

impl Crowd {
    fn new(part: usize) -> Self {
        Self { part, opening: Semaphore::new(OPENING_MAX), state: RefCell::default() }
    }

    async fn told(self: &Rc<Self>, order: Order, people: &mut JoinSet<()>) -> Told {
        let with_times = matches!(order, Order::TellTimes);
        match order {
            Order::Come { to, count, of_a_user } => {
                let first = self.state.borrow().had.len();
                self.state.borrow_mut().had.resize(first + count, Numbers::default());
                for who in first..first + count {
                    let person = Person {
                        crowd: Rc::clone(self),
                        who,
                        of_a_user,
                        cursor: String::new(),
                        away_since_us: None,
                    };
                    people.spawn_local(person.attend(to));
                }
            }
            Order::Homes(homes) => self.state.borrow_mut().homes = homes,
            Order::Tell | Order::TellTimes => {}
            Order::Leave => {
                people.shutdown().await;
                self.state.borrow_mut().met.held = 0;
            }
        }
        while let Some(ended) = people.try_join_next() {
            ended.expect("nobody panics");
        }
        self.state.borrow().told(people.len(), with_times)
    }
}

impl State {
    fn told(&self, people: usize, with_times: bool) -> Told {
        let least = |of: fn(&Numbers) -> u64| self.had.iter().map(of).min().unwrap_or_default();
        Told {
            people,
            closings: self.met.closings.clone(),
            refused: self.met.refused.clone(),
            took_us: if with_times { self.met.took_us.clone() } else { Vec::new() },
            all_have: Numbers { all: least(|had| had.all), part: least(|had| had.part) },
            ..self.met
        }
    }

    /// Where the next goes who has to leave: more go where there is more room.
    fn next_home(&mut self) -> Option<SocketAddr> {
        let room: u64 = self.homes.iter().map(|(_, room)| room).sum();
        let mut at = ((f64::from(self.moves) * GOLDEN).fract() * room as f64) as u64;
        self.moves += 1;
        let home = self.homes.iter().find(|(_, room)| {
            let here = at < *room;
            at = at.saturating_sub(*room);
            here
        });
        home.map(|(home, _)| *home)
    }

    fn take(&mut self, who: usize, news: News) {
        if news.for_all && news.n > self.timed {
            self.timed = news.n;
            self.met.took_us.clear();
        }
        if news.for_all && news.n == self.timed {
            self.met.took_us.push(now_us().saturating_sub(news.at_us));
        }
        let had = &mut self.had[who];
        let last = if news.for_all { &mut had.all } else { &mut had.part };
        if news.n <= *last {
            self.met.twice += 1;
            return;
        }
        self.met.missed += news.n - *last - 1;
        *last = news.n;
    }
}

struct Person {
    crowd: Rc<Crowd>,
    who: usize,
    /// How many streams its user has.
    of_a_user: usize,
    cursor: String,
    /// Since when it has had no stream.
    away_since_us: Option<u64>,
}

/// How a visit ended: after which wait the next is due.
enum Ended {
    Told(Duration),
    Cut(Duration),
}

impl Person {
    async fn attend(mut self, mut to: SocketAddr) {
        loop {
            let ended = self.visit(to).await;
            self.away_since_us.get_or_insert_with(now_us);
            let (wait, told) = {
                let mut state = self.crowd.state.borrow_mut();
                let met = match ended {
                    Ok(Ended::Told(wait)) => (wait, true),
                    Ok(Ended::Cut(wait)) => {
                        state.met.cut += 1;
                        state.met.held -= 1;
                        (wait, false)
                    }
                    Err(why) => {
                        *state.met.refused.entry(why).or_default() += 1;
                        (RETRY, false)
                    }
                };
                to = state.next_home().unwrap_or(to);
                met
            };
            let spread = 0.5 + (self.who as f64 * GOLDEN).fract();
            sleep(if told { wait } else { wait.mul_f64(spread) }).await;
        }
    }

    async fn visit(&mut self, to: SocketAddr) -> Result<Ended, String> {
        let crowd = Rc::clone(&self.crowd);
        let mut opening = Some(crowd.opening.acquire().await.expect("never closed"));
        let (stream, rest) = self.open(to).await?;
        let mut parser = Parser::default();
        let mut events = parser.feed(&rest);
        let mut told = false;
        loop {
            for event in events.drain(..) {
                told |= self.take(event);
                // It is in: the next may knock.
                opening = None;
            }
            let mut bytes = Vec::new();
            match read(&stream, &mut bytes).await {
                0 if opening.is_some() => return Err("the end before any event".to_owned()),
                0 => break,
                // The lines around a chunk are no field of an event, and no chunk ends within a line.
                _ => events = parser.feed(&bytes),
            }
        }
        let wait = parser.retry_ms().map_or(RETRY, Duration::from_millis);
        Ok(if told { Ended::Told(wait) } else { Ended::Cut(wait) })
    }

    /// A stream whose head was read, and what came with that.
    async fn open(&self, to: SocketAddr) -> Result<(TcpStream, Vec<u8>), String> {
        let kind = |error: std::io::Error| error.kind().to_string();
        let (part, who) = (self.crowd.part, self.who);
        let socket = TcpSocket::new_v4().map_err(kind)?;
        let source = Ipv4Addr::new(127, 1, part as u8, 1 + (who % SOURCE_ADDRESSES) as u8);
        socket.bind((source, 0).into()).map_err(kind)?;
        let mut stream = socket.connect(to).await.map_err(kind)?;
        let cursor = if self.cursor.is_empty() {
            String::new()
        } else {
            format!("last-event-id: {}\r\n", self.cursor)
        };
        let (user, tab) = (who / self.of_a_user, who % self.of_a_user);
        // Of a user's streams every other one has no name that it would come back by.
        let client = if tab % 2 == 0 { format!("&client_id=tab-{tab}") } else { String::new() };
        let request = format!(
            "GET /api/sse/stream?channels={ALL},{}&user=user-{part}-{user}{client} HTTP/1.1\r\n\
             host: {to}\r\naccept: text/event-stream\r\n{cursor}\r\n",
            channel_of(part)
        );
        stream.write_all(request.as_bytes()).await.map_err(kind)?;
        let mut head = Vec::new();
        let end = loop {
            if stream.read_buf(&mut head).await.map_err(kind)? == 0 {
                return Err("the end before a head".to_owned());
            }
            if let Some(at) = head.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let rest = head.split_off(end);
        let head = String::from_utf8_lossy(&head);
        if head.starts_with("HTTP/1.1 200 ") {
            return Ok((stream, rest));
        }
        Err(head.lines().next().unwrap_or_default().to_owned())
    }

    /// Whether it is the hub's goodbye.
    fn take(&mut self, event: SseEvent) -> bool {
        let mut state = self.crowd.state.borrow_mut();
        self.cursor = event.id;
        match event.ty.as_str() {
            "connected" => {
                state.met.greeted += 1;
                state.met.held += 1;
                let away_us =
                    self.away_since_us.take().map_or(0, |since_us| now_us().saturating_sub(since_us));
                state.met.away_most_ms = state.met.away_most_ms.max(away_us / 1_000);
            }
            "gap" => state.met.gaps += 1,
            "closing" => {
                let data: Value = serde_json::from_str(&event.data).expect("JSON");
                let reason = data["reason"].as_str().unwrap_or_default().to_owned();
                *state.met.closings.entry(reason).or_default() += 1;
                let wait_ms = data["retry_ms"].as_u64().unwrap_or(u64::MAX);
                state.met.wait_most_ms = state.met.wait_most_ms.max(wait_ms);
                state.met.held -= 1;
                return true;
            }
            "" | "message" => state.take(self.who, serde_json::from_str(&event.data).expect("news")),
            other => panic!("{other}: {}", event.data),
        }
        false
    }
}

/// Nothing is kept for a stream that has nothing to read. A reset is an end.
async fn read(stream: &TcpStream, bytes: &mut Vec<u8>) -> usize {
    loop {
        if stream.readable().await.is_err() {
            return 0;
        }
        let mut buffer = [0; READ_BYTES];
        match stream.try_read(&mut buffer) {
            Ok(count) => {
                bytes.extend_from_slice(&buffer[..count]);
                return count;
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return 0,
        }
    }
}
