//! Many are sent away over a window and come back by what they were told: evenly, and with nothing missed.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::audience::{Audience, What};
use crate::hub::{Hub, now};
use crate::streams::{Connection, Manner, Version};
use crate::{last_summary, numbers};

/// Rates are looked at over this, wherever it begins.
const LOOK: Duration = Duration::from_secs(1);
const EXIT_SLACK: Duration = Duration::from_secs(5);

struct Crowd {
    count: usize,
    window: Duration,
    /// The listening socket is passed in.
    passed: bool,
    /// Between two events.
    pace: Duration,
}

#[test]
fn a_crowd_comes_back_evenly_and_misses_nothing() {
    let window = Duration::from_millis(2_000);
    Crowd { count: 300, window, passed: false, pace: Duration::from_millis(50) }.restart();
}

#[test]
#[ignore = "prove: 10,000 drained over 20 s, on the same port"]
fn prove_drain_of_ten_thousand_on_the_same_port() {
    let window = Duration::from_secs(20);
    Crowd { count: 10_000, window, passed: false, pace: Duration::from_secs(1) }.restart();
}

#[test]
#[ignore = "prove: 10,000 drained over 20 s, with a passed socket"]
fn prove_drain_of_ten_thousand_with_a_passed_socket() {
    let window = Duration::from_secs(20);
    Crowd { count: 10_000, window, passed: true, pace: Duration::from_secs(1) }.restart();
}

impl Crowd {
    fn restart(&self) {
        let mut hub = self.hub();
        println!("seed: none, the clients draw nothing; the hub draws order and jitter anew");
        let mut audience = Audience::seat(hub.address(), self.count);
        let publisher = Publisher::start(hub.address(), self.pace);
        // The publisher is in before the hub stops accepting, where it does.
        audience.wait_for(self.count, |what| *what == What::News(1));
        audience.forget_stalls();
        let signal = now();
        hub.terminate();
        assert_eq!(hub.wait().code(), Some(0));
        let exited = now();
        hub.start_again();
        let restarted = now();
        let summary = last_summary(&hub);
        // Each is connected a second time, however often it had to ask.
        audience.wait_for(2 * self.count, |what| *what == What::Connected);
        let arrivals = audience.moments(restarted, |what| *what == What::Connected);
        let back = *arrivals.last().expect("some");
        let published = publisher.finish();
        audience.wait_for(self.count, |what| *what == What::News(published));
        self.show(&audience, &summary, [signal, exited, restarted, back], published);
        let count = self.count as u64;
        assert_eq!(numbers(&summary), (count, count, 0));
        assert!(exited - signal < self.window + EXIT_SLACK);
        self.assert_even(&audience, signal);
        assert_random_order(&audience);
        assert_nothing_missed(&audience, published);
        if self.passed {
            assert_eq!(
                audience.number(|what| matches!(what, What::Refused(_))),
                0,
                "a restart refuses nobody"
            );
        }
        hub.assert_books_balance();
    }

    fn hub(&self) -> Hub {
        let window_ms = self.window.as_millis().to_string();
        let settings = [
            ("TIDINGS_DRAIN_WINDOW_MS", window_ms.as_str()),
            ("TIDINGS_LIMITS_CONNECTIONS_PER_IP", "0"),
            ("TIDINGS_HISTORY_COUNT", "100000"),
            ("TIDINGS_LOG_LEVEL", "warn"),
        ];
        match self.passed {
            true => Hub::start_passed(&settings, TcpListener::bind("127.0.0.1:0").expect("a port")),
            false => Hub::start_with(&settings),
        }
    }

    fn even_rate(&self) -> usize {
        (self.count as f64 / self.window.as_secs_f64() * LOOK.as_secs_f64()) as usize
    }

    fn assert_even(&self, audience: &Audience, signal: Instant) {
        // What reaches clients that stood still reaches them at once, and sends them off at once.
        let noise = 2.0 * audience.longest_stall().as_secs_f64() / LOOK.as_secs_f64();
        let twice = ((2.0 + noise) * self.even_rate() as f64) as usize;
        let closings = fastest(&audience.moments(signal, What::is_closing));
        let returns = fastest(&audience.moments(signal, |what| *what == What::Asked));
        assert!(closings <= twice, "{closings} closed within {LOOK:?}, {twice} at most");
        assert!(returns <= twice, "{returns} came back within {LOOK:?}, {twice} at most");
    }

    fn show(&self, audience: &Audience, summary: &serde_json::Value, at: [Instant; 4], published: u64) {
        let [signal, exited, restarted, back] = at;
        let fastest_of = |of: &dyn Fn(&What) -> bool| fastest(&audience.moments(signal, of));
        println!("{} connections, window {:?}, socket passed: {}", self.count, self.window, self.passed);
        println!("even rate {} a second", self.even_rate());
        println!("closings: at most {} within a second", fastest_of(&What::is_closing));
        println!("returns asked for: at most {} within a second", fastest_of(&|what| *what == What::Asked));
        println!("returns let in: at most {} within a second", fastest_of(&|what| *what == What::Connected));
        println!("refused on the way: {:?}", refusals(audience));
        println!("this machine let the clients stand still for {:?} at most", audience.longest_stall());
        println!(
            "exit {:?} after the signal, listening {:?} later; the last back {:?} after the signal",
            exited - signal,
            restarted - exited,
            back - signal
        );
        let deliveries = audience.number(|what| matches!(what, What::News(_)));
        println!("{published} events published meanwhile, {deliveries} deliveries");
        println!("summary after the restart: {summary}");
    }
}

fn refusals(audience: &Audience) -> BTreeMap<&str, usize> {
    let mut refusals = BTreeMap::new();
    for told in &audience.heard {
        if let What::Refused(why) = &told.what {
            *refusals.entry(why.as_str()).or_default() += 1;
        }
    }
    refusals
}

/// The most moments within any `LOOK`.
fn fastest(moments: &[Instant]) -> usize {
    let within = |(n, from): (usize, &Instant)| moments[n..].partition_point(|at| *at - *from < LOOK);
    moments.iter().enumerate().map(within).max().unwrap_or_default()
}

/// Those who came one after the other are not closed one after the other.
fn assert_random_order(audience: &Audience) {
    let closed: Vec<usize> =
        audience.heard.iter().filter(|told| told.what.is_closing()).map(|told| told.who).collect();
    let pairs = closed.len() - 1;
    let rising = closed.windows(2).filter(|pair| pair[0] < pair[1]).count();
    assert!((pairs * 35 / 100..=pairs * 65 / 100).contains(&rising), "{rising} of {pairs} pairs in order");
}

fn assert_nothing_missed(audience: &Audience, published: u64) {
    let all: Vec<u64> = (1..=published).collect();
    for (who, news) in audience.news().into_iter().enumerate() {
        assert!(news == all, "{who} read {news:?} of 1 to {published}");
    }
    assert_eq!(audience.number(|what| *what == What::Gap), 0);
    println!("lost: 0, twice: 0, gaps: 0");
}

/// Publishes 1, 2, 3, … and sends each again, with its id, until it is taken.
struct Publisher {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<u64>,
}

impl Publisher {
    fn start(address: SocketAddr, pace: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(publish(address, pace, &told))
        });
        Self { stop, thread }
    }

    /// How many were published.
    fn finish(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("publishes")
    }
}

async fn publish(address: SocketAddr, pace: Duration, stop: &AtomicBool) -> u64 {
    let mut clock = tokio::time::interval(pace);
    // Kept while it lasts: a hub that accepts nobody any more still takes what comes over it.
    let mut kept = None;
    let mut n = 1_u64;
    loop {
        clock.tick().await;
        let body = format!(r#"{{"channel":"news","data":{n},"id":"n{n}"}}"#);
        let Some(mut connection) = (match kept.take() {
            Some(connection) => Some(connection),
            None => Connection::open(address, Manner::polite(Version::Http1)).await.ok(),
        }) else {
            continue;
        };
        let answer = connection.request(address, http::Method::POST, "/api/sse/publish", body).await;
        let Ok(answer) = answer else { continue };
        kept = Some(connection);
        match answer.status {
            200 if stop.load(Ordering::Relaxed) => return n,
            200 => n += 1,
            status => assert_eq!(status, 503, "{answer:?}"),
        }
    }
}
