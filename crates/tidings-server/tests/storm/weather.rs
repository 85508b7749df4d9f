//! A storm: what happens in it, and what has to be left afterwards.

use std::fs::read_dir;
use std::sync::atomic::Ordering::Relaxed;

use crate::api::Api;
use crate::client::Client;
use crate::dice::Dice;
use crate::hub::{Hub, PATIENCE, now};
use crate::watcher::{Watcher, audits};
use crate::worker::{Known, NAMES, Worker};

const WORKERS: usize = 6;
/// Panics on both sides of the door, time for others to come in between, and every error that a write can end in.
const FAULTS: &str = "connect.admitted=150,stream.next=400,write.EPIPE=500,write.ECONNRESET=500,\
                      write.ETIMEDOUT=500,write.EHOSTUNREACH=500,write.ENETUNREACH=500,write.EIO=500,\
                      connect.dawdle=8,audit.wait_ms=300";

pub(crate) struct Storm {
    /// At least so many are opened.
    pub(crate) connections: u64,
    pub(crate) on_full: &'static str,
}

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
    let on_http2 = std::thread::scope(|scope| {
        scope.spawn(|| watcher.watch(address));
        let workers: Vec<_> = (0..WORKERS)
            .map(|n| Worker::new(address, Dice::new(seed.wrapping_mul(1000).wrapping_add(n as u64)), &known))
            .map(|mut worker| {
                scope.spawn(move || {
                    while blows(storm, watching) {
                        worker.step()
                    }
                    worker.on_http2
                })
            })
            .collect();
        let done: Vec<_> = workers.into_iter().map(|worker| worker.join()).collect();
        watcher.end();
        done.into_iter().map(|worker| worker.expect("no worker broke")).sum::<u64>()
    });
    assert_ne!(on_http2, 0, "none came by HTTP/2");
    let (looks, most) = (watcher.looks.into_inner(), watcher.most.into_inner());
    println!(
        "{} connections, {on_http2} of them seen on HTTP/2, in {:.1} s, {most} at once; the books balanced at {looks} looks",
        watcher.opened.into_inner(),
        start.elapsed().as_secs_f64()
    );
    calm(&hub, descriptors);
    assert_every_wind_blew(&hub, storm.on_full);
}

fn blows(storm: &Storm, watcher: &Watcher) -> bool {
    !watcher.is_over() && watcher.opened.load(Relaxed) < storm.connections
}

fn hub(on_full: &str, seed: u64) -> Hub {
    Hub::start_with(&[
        ("TIDINGS_FAULTS", FAULTS),
        ("TIDINGS_FAULT_SEED", &seed.to_string()),
        ("TIDINGS_LIMITS_ON_FULL", on_full),
        ("TIDINGS_LIMITS_CONNECTIONS_PER_USER", "6"),
        ("TIDINGS_LIMITS_CONNECTIONS_PER_IP", "0"),
        ("TIDINGS_STREAM_HEARTBEAT_MS", "1000"),
        // Or whoever a fault left behind would be taken away for taking nothing.
        ("TIDINGS_STREAM_STALL_MS", "600000"),
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
    assert_audited(hub);
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

/// An audit that began when all were gone finds the books and the kernel at one.
fn assert_audited(hub: &Hub) {
    let (start, mut api) = (now(), Api::new(hub.address()));
    let mut audits = || audits(&api.get("/metrics").body);
    let before = audits();
    while audits() < before + 2 {
        assert!(start.elapsed() < PATIENCE, "no audit since {before}");
    }
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
