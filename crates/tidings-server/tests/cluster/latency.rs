//! How long an event takes from one hub to a reader at another, beside what Redis's own pub/sub takes between two bare
//! clients, and beside a hub that has no Redis: the same senders at the same rate, the same reader, one after the other.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::block_in_place;
use tokio::time::{Instant, sleep_until, timeout};

use crate::course::quantile;
use crate::hub::Hub;
use crate::redis::Server;
use crate::scene::Scene;

const SENDERS: usize = 16;
const DATA_BYTES: usize = 200;
/// Before the number of an event, wherever it is read.
const MARK: u8 = b'@';
const DIGITS: usize = 10;
/// After the last was sent.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Copy)]
struct Size {
    /// Publishes a second.
    rates: &'static [usize],
    round: Duration,
    /// Of which each has both.
    rounds: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_and_hubs_are_timed_by_the_same_senders_and_readers() {
    run(Size { rates: &[200], round: Duration::from_secs(1), rounds: 1 }).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prove: publish-to-read over two hubs beside Redis's own pub/sub, 5 rounds of 5 s at 1,000 and 5,000 a second"]
async fn prove_cluster_latency() {
    run(Size { rates: &[1_000, 5_000], round: Duration::from_secs(5), rounds: 5 }).await;
}

/// Prints figures; of those only that all arrived is asserted.
async fn run(size: Size) {
    let settings = (vec![("TIDINGS_LIMITS_PUBLISHES_PER_SECOND", "0")], String::new());
    let scene = Scene::of(Server::start(), 2, settings);
    let redis = SocketAddr::from(([127, 0, 0, 1], scene.redis.port()));
    let hubs = [0, 1].map(|hub| scene.hubs[hub].address());
    let lone = block_in_place(Hub::start);
    println!("{SENDERS} senders, {DATA_BYTES} bytes of data, one reader; from the request to the read");
    for &rate in size.rates {
        let (mut p99s, mut p50s) = (Vec::new(), Vec::new());
        for round in 0..=size.rounds {
            let bare = of_redis(redis).round(rate, size.round).await;
            let alone = of_hubs([lone.address(); 2]).round(rate, size.round).await;
            let ours = of_hubs(hubs).round(rate, size.round).await;
            // The first warms all of it up.
            if round > 0 {
                let ratio = |share| ours.at(share).as_secs_f64() / bare.at(share).as_secs_f64();
                p50s.push(ratio(0.5));
                p99s.push(ratio(0.99));
                let [bare, alone, ours] = [&bare, &alone, &ours].map(Took::text);
                println!("{rate}/s, round {round}\n  Redis    {bare}\n  one hub  {alone}\n  two hubs {ours}");
            }
        }
        println!(
            "{rate}/s: hubs beside Redis, median of rounds: p50 {:.2} ×, p99 {:.2} ×",
            median(&mut p50s),
            median(&mut p99s)
        );
    }
    scene.close();
}

fn median(ratios: &mut [f64]) -> f64 {
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

/// How something is published and read.
struct Way {
    to: SocketAddr,
    request: fn(usize) -> Vec<u8>,
    /// Whether this is a whole answer.
    is_answer: fn(&[u8]) -> bool,
    from: SocketAddr,
    listen: &'static [u8],
    /// How the answer to that ends.
    listening: &'static [u8],
}

fn of_redis(redis: SocketAddr) -> Way {
    Way {
        to: redis,
        request: |n| {
            let data = data(n);
            format!("*3\r\n$7\r\nPUBLISH\r\n$7\r\nlatency\r\n${}\r\n{data}\r\n", data.len()).into_bytes()
        },
        is_answer: |answer| {
            assert_eq!(answer[0], b':', "{}", String::from_utf8_lossy(answer));
            answer.ends_with(b"\r\n")
        },
        from: redis,
        listen: b"*2\r\n$9\r\nSUBSCRIBE\r\n$7\r\nlatency\r\n",
        listening: b":1\r\n",
    }
}

fn of_hubs([publish, read]: [SocketAddr; 2]) -> Way {
    Way {
        to: publish,
        request: |n| {
            let body = format!(r#"{{"channel":"latency","data":"{}"}}"#, data(n));
            let head = "POST /api/sse/publish HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json";
            format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
        },
        is_answer: |answer| {
            let text = String::from_utf8_lossy(answer);
            assert!(text.starts_with(&"HTTP/1.1 200"[..text.len().min(12)]), "{text}");
            let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            length.and_then(|length| length.parse().ok()) == Some(body.len())
        },
        from: read,
        listen:
            b"GET /api/sse/stream?channels=latency HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/event-stream\r\n\r\n",
        // `connected` is told.
        listening: b"\n\n\r\n",
    }
}

fn data(n: usize) -> String {
    let pad = DATA_BYTES - DIGITS - 1;
    format!("{}{n:0DIGITS$}{}", char::from(MARK), ".".repeat(pad))
}

/// From the request to the read, of each event.
struct Took {
    each: Vec<Duration>,
    a_second: f64,
}

impl Took {
    fn at(&self, share: f64) -> Duration {
        quantile(&self.each, share)
    }

    fn text(&self) -> String {
        let [p50, p99, most] = [0.5, 0.99, 1.0].map(|share| self.at(share).as_micros());
        format!("p50 {p50} µs, p99 {p99} µs, at most {most} µs, {:.0}/s", self.a_second)
    }
}

impl Way {
    async fn round(&self, rate: usize, round: Duration) -> Took {
        let events = (round.as_secs_f64() * rate as f64) as usize;
        let mut reader = self.reader().await;
        let senders = join_all((0..SENDERS).map(|_| connect(self.to))).await;
        let start = Instant::now();
        let (request, is_answer) = (self.request, self.is_answer);
        let sending = senders.into_iter().enumerate().map(|(first, mut io)| {
            tokio::spawn(async move {
                let mut sent = Vec::new();
                for n in (first..events).step_by(SENDERS) {
                    sleep_until(start + round.mul_f64(n as f64 / events as f64)).await;
                    let request = request(n);
                    sent.push((n, Instant::now()));
                    io.write_all(&request).await.expect("it listens");
                    answered(&mut io, is_answer).await;
                }
                sent
            })
        });
        let sending: Vec<_> = sending.collect();
        let reading = tokio::spawn(async move { read(&mut reader, events).await });
        let mut sent = vec![start; events];
        for sender in sending {
            for (n, at) in sender.await.expect("it sends") {
                sent[n] = at;
            }
        }
        let took = start.elapsed();
        let read = timeout(PATIENCE, reading).await.expect("all is read").expect("it reads");
        let each = sent.iter().zip(read).map(|(sent, read)| read - *sent).collect();
        Took { each, a_second: events as f64 / took.as_secs_f64() }
    }

    async fn reader(&self) -> TcpStream {
        let mut io = connect(self.from).await;
        io.write_all(self.listen).await.expect("it listens");
        let mut told = Vec::new();
        while !told.ends_with(self.listening) {
            let bytes = io.read_buf(&mut told).await.expect("it answers");
            assert!(bytes > 0, "the end: {}", String::from_utf8_lossy(&told));
        }
        io
    }
}

async fn connect(to: SocketAddr) -> TcpStream {
    let io = TcpStream::connect(to).await.expect("it listens");
    io.set_nodelay(true).expect("a socket");
    io
}

async fn answered(io: &mut TcpStream, is_answer: fn(&[u8]) -> bool) {
    let mut answer = Vec::new();
    while answer.is_empty() || !is_answer(&answer) {
        assert!(io.read_buf(&mut answer).await.expect("it answers") > 0, "the end");
    }
}

/// When each of so many events came, which come in any order.
async fn read(io: &mut TcpStream, events: usize) -> Vec<Instant> {
    let (mut came, mut count) = (vec![None; events], 0);
    let mut bytes = Vec::new();
    while count < events {
        assert!(io.read_buf(&mut bytes).await.expect("it tells") > 0, "the end");
        let now = Instant::now();
        let mut rest = bytes.as_slice();
        while let Some(at) = rest.iter().position(|byte| *byte == MARK) {
            let Some(digits) = rest[at..].get(1..=DIGITS) else { break };
            let n: usize = std::str::from_utf8(digits).ok().and_then(|n| n.parse().ok()).expect("a number");
            assert!(came[n].replace(now).is_none(), "{n} came twice");
            count += 1;
            rest = &rest[at + DIGITS..];
        }
        let kept = rest.iter().position(|byte| *byte == MARK).map_or(0, |at| rest.len() - at);
        bytes.drain(..bytes.len() - kept);
    }
    came.into_iter().map(|at| at.expect("each came")).collect()
}
