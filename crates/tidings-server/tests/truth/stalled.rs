//! Readers that stop reading cost the hub a cursor each, the kernel a bounded buffer, and the others nothing.

use std::process::Command;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::hub::{Hub, PATIENCE, Wire, now};
use crate::mass;

const EVENT_BYTES: usize = 16_000;
const KERNEL_BYTES_MAX: u64 = 128 * 1024;
const RSS_GROWTH_BYTES_MAX: u64 = 64 * 1024 * 1024;
const HEALTHY: usize = 10;

#[test]
fn a_stalled_reader_costs_the_kernel_little_and_the_others_nothing() {
    let p99 = stall(Hub::start_with, 20, 2_000_000);
    println!("p99 reading {:?}, stalled {:?}", p99.reading, p99.stalled);
}

#[test]
fn a_stalled_reader_under_tls_costs_little_more() {
    let p99 = stall(Hub::start_sealed, 20, 2_000_000);
    println!("p99 reading {:?}, stalled {:?}", p99.reading, p99.stalled);
}

#[test]
#[ignore = "prove: 1,000 stalled readers, 20 MB"]
fn prove_a_thousand_stalled_readers() {
    a_thousand(Hub::start_with);
}

#[test]
#[ignore = "prove: 1,000 stalled readers under TLS, 20 MB"]
fn prove_a_thousand_stalled_readers_under_tls() {
    a_thousand(Hub::start_sealed);
}

fn a_thousand(start: fn(&[(&str, &str)]) -> Hub) {
    const NOISE: Duration = Duration::from_millis(5);
    let p99 = stall(start, 1_000, 20_000_000);
    assert!(p99.stalled <= p99.reading * 2 + NOISE, "{:?} from {:?}", p99.stalled, p99.reading);
}

/// From publish to the last byte read, of those who go on reading: while the others read, and while they don't.
struct P99 {
    reading: Duration,
    stalled: Duration,
}

fn stall(start: fn(&[(&str, &str)]) -> Hub, count: usize, published_bytes: usize) -> P99 {
    let settings = [
        ("TIDINGS_LIMITS_CONNECTIONS_PER_IP", "0"),
        // Nobody is given up while we look.
        ("TIDINGS_STREAM_STALL_MS", "600000"),
        ("TIDINGS_STREAM_USER_TIMEOUT_MS", "600000"),
        ("TIDINGS_LOG_LEVEL", "warn"),
    ];
    let hub = start(&settings);
    let runtime = Runtime::new().expect("a runtime");
    let (tell, told) = watch::channel(false);
    let mut readers = JoinSet::new();
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    for (at, client) in mass::open(&hub, count + HEALTHY).into_iter().enumerate() {
        client.io.tcp.set_nonblocking(true).expect("a socket");
        let _inside = runtime.enter();
        let io = client.io.tcp.try_clone().expect("a socket");
        let io = tokio::net::TcpStream::from_std(io).expect("a socket");
        if at < HEALTHY {
            readers.spawn_on(measure(io, client.io, arrived.clone()), runtime.handle());
        } else {
            readers.spawn_on(read_until(io, told.clone()), runtime.handle());
        }
    }
    let events = published_bytes / EVENT_BYTES;
    let reading = p99(&hub, &runtime, 0..events / 10, &mut arrivals);
    let before = hub.rss_bytes();
    tell.send(true).expect("they listen");
    let stalled = p99(&hub, &runtime, events / 10..events / 10 + events, &mut arrivals);
    let (growth, kernel) = (hub.rss_bytes().saturating_sub(before), kernel_bytes(hub.address().port()));
    println!(
        "{count} readers stop reading while {published_bytes} bytes are published in events of {EVENT_BYTES}: \
         hub memory grows by {growth} bytes; kernel memory of the worst socket {kernel} bytes; p99 of {HEALTHY} who \
         go on: {reading:?} while all read, {stalled:?} while the rest are stalled"
    );
    assert!(growth < RSS_GROWTH_BYTES_MAX, "the hub grew by {growth} bytes");
    assert!(kernel > EVENT_BYTES as u64, "nobody stalled: {kernel} bytes");
    assert!(kernel <= KERNEL_BYTES_MAX, "a stalled reader holds {kernel} bytes in the kernel");
    readers.abort_all();
    runtime.block_on(async { while readers.join_next().await.is_some() {} });
    hub.wait_for_stats(|stats| stats["connections"]["active"] == 0);
    hub.wait_for_sockets(0);
    hub.assert_books_balance();
    P99 { reading, stalled }
}

/// Publishes events one after the other, each when all healthy readers have the one before.
fn p99(
    hub: &Hub,
    runtime: &Runtime,
    events: std::ops::Range<usize>,
    arrivals: &mut mpsc::UnboundedReceiver<usize>,
) -> Duration {
    let filler = "x".repeat(EVENT_BYTES);
    let mut took = Vec::new();
    for n in events {
        let start = now();
        hub.post("/api/sse/publish", &format!(r#"{{"channel":"anonymous","data":"{filler}#{n}#"}}"#));
        for _ in 0..HEALTHY {
            let arrival = runtime.block_on(async { tokio::time::timeout(PATIENCE, arrivals.recv()).await });
            assert_eq!(arrival.expect("in time"), Some(n));
            took.push(start.elapsed());
        }
    }
    took.sort_unstable();
    took[(took.len() * 99 / 100).min(took.len() - 1)]
}

/// Reads for good, and tells of each event's end.
async fn measure(mut io: tokio::net::TcpStream, mut wire: Wire, arrived: mpsc::UnboundedSender<usize>) {
    let (mut scratch, mut tail) = (vec![0; 64 * 1024], String::new());
    while let Ok(n @ 1..) = io.read(&mut scratch).await {
        tail.push_str(&String::from_utf8_lossy(&wire.opened(&scratch[..n])));
        while let Some((number, rest)) = next_number(&tail) {
            let _ = arrived.send(number);
            tail = rest;
        }
    }
}

/// The first `#7#` in a text, and what comes after.
fn next_number(text: &str) -> Option<(usize, String)> {
    let (_, after) = text.split_once('#')?;
    let (number, rest) = after.split_once('#')?;
    Some((number.parse().expect("a number"), rest.to_owned()))
}

/// Reads until told to stop, and then holds on.
async fn read_until(mut io: tokio::net::TcpStream, mut stop: watch::Receiver<bool>) {
    let mut scratch = vec![0; 16 * 1024];
    loop {
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            read = io.read(&mut scratch) => assert!(read.expect("a stream") > 0, "the stream ended"),
        }
    }
    std::future::pending::<()>().await;
}

/// The most that the kernel holds for one of the hub's sockets: received, allocated ahead, and written (ss(8)).
fn kernel_bytes(port: u16) -> u64 {
    let output = Command::new("ss")
        .args(["--tcp", "--memory", "--numeric", "--no-header", "--oneline", "state", "established"])
        .arg(format!("sport = :{port}"))
        .output()
        .expect("ss is there");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let held = text.lines().filter_map(|line| {
        let (_, fields) = line.split_once("skmem:(")?;
        let fields = fields.split(')').next()?.split(',');
        Some(fields.filter_map(|field| number_of(field, &["r", "f", "w"])).sum())
    });
    held.max().unwrap_or_else(|| panic!("no sockets: {text}"))
}

/// The number behind one of these letters, and no other.
fn number_of(field: &str, letters: &[&str]) -> Option<u64> {
    letters.iter().find_map(|letter| field.strip_prefix(letter)?.parse().ok())
}
