//! As many connections as hubs on one machine can have: how long it takes until all are in, what they cost, how fast
//! they are told something, and what becomes of them and of their count where a hub is drained or killed.

mod account;
mod parts;
mod people;
mod publisher;
mod words;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::block_in_place;

use self::account::{Account, Memory, seconds, share};
use self::parts::{Part, order_all, show_homes};
use self::publisher::Publisher;
use self::words::{ALL, News, Numbers, Order, Told, now_us};
use crate::hub::now;
use crate::redis::Server;
use crate::scene::Scene;

/// Streams that a hub is sent at most, of the 20,000 descriptors that a process has.
const STREAMS_MAX: u64 = 19_700;
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);
/// What every hub says of all is so old at most.
const TOLD_MAX: Duration = Duration::from_secs(2);
/// What a machine on which all of it happens may take longer.
const ROOM: Duration = Duration::from_secs(10);
/// What a drain tells people to wait before they go to another hub.
const AWAY_MAX_MS: u64 = 1_500;
const DRAINED: usize = 0;
const KILLED: usize = 1;
const PUBLISHING: usize = 2;

struct Size {
    hubs: usize,
    /// Connections of each.
    each: usize,
    /// Connections of a user, which is as many as it may have.
    of_a_user: usize,
    /// For all, one after the other.
    publishes: usize,
    /// Between two events while hubs go.
    pace: Duration,
    drain_window: Duration,
    lease: Duration,
    /// How long who left may still be counted, on a machine on which all of it happens.
    stale: Duration,
    /// For everything.
    bound: Duration,
}

impl Size {
    /// What always runs.
    const SMALL: Self = Self {
        hubs: 3,
        each: 200,
        of_a_user: 1,
        publishes: 3,
        pace: Duration::from_millis(50),
        drain_window: Duration::from_secs(1),
        lease: Duration::from_millis(1_500),
        stale: Duration::from_millis(500),
        bound: Duration::from_secs(90),
    };

    fn full(hubs: usize, each: usize) -> Self {
        Self {
            hubs,
            each,
            of_a_user: 1,
            publishes: 5,
            // Those who move and all together are told some 20,000 events a second, so that two processors have time for
            // those who come back as well.
            pace: Duration::from_millis(200).max(Duration::from_micros(100 * each as u64)),
            drain_window: Duration::from_secs(20),
            lease: Duration::from_secs(15),
            stale: TOLD_MAX,
            bound: Duration::from_secs(from_environment("CROWD_BOUND_SECONDS", 1_500) as u64),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_a_crowd_over_several_hubs_moves_and_its_count_holds() {
    run(Size::SMALL, |crowd| {
        crowd.hear();
        crowd.drain_one();
        crowd.kill_one();
    });
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prove: CROWD_HUBS (10) hubs with CROWD_EACH (19,000) connections each: come, be told, one drained, one killed"]
async fn prove_cluster_crowd() {
    let (hubs, each) = (from_environment("CROWD_HUBS", 10), from_environment("CROWD_EACH", 19_000));
    run(Size::full(hubs, each), |crowd| {
        crowd.hear();
        crowd.drain_one();
        crowd.kill_one();
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_users_with_25_connections_of_25_all_move_from_a_hub_that_stops() {
    run(Size { of_a_user: 25, ..Size::SMALL }, Crowd::drain_one);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prove: 3 hubs with 10,000 connections each, 25 of each user, which is all it may have: one drained"]
async fn prove_cluster_drain_at_the_limit() {
    run(Size { of_a_user: 25, ..Size::full(3, 10_000) }, Crowd::drain_one);
}

fn from_environment(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |value| value.parse().expect("a whole number"))
}

fn run(size: Size, what: impl FnOnce(&mut Crowd)) {
    println!("seed: none, the clients draw nothing; a hub draws the order and the jitter of a drain anew");
    assert!(size.hubs > PUBLISHING && size.each as u64 <= STREAMS_MAX, "{} × {}", size.hubs, size.each);
    block_in_place(|| {
        let mut crowd = Crowd::start(size);
        crowd.come();
        what(&mut crowd);
        crowd.leave();
    });
}

struct Crowd {
    size: Size,
    scene: Scene,
    /// Hubs that run.
    live: Vec<usize>,
    parts: Vec<Part>,
    began: Instant,
    /// Events published for all.
    published: u64,
}

impl Crowd {
    fn start(size: Size) -> Self {
        let [lease, window] = [size.lease, size.drain_window].map(|time| time.as_millis());
        let toml = format!(
            "cluster.lease_ms = {lease}\ndrain.window_ms = {window}\nhistory.count = 100000\nlog.level = \"warn\"\n\
             limits.connections_per_ip = 0\nlimits.connections_per_user = {}\nlimits.publishes_per_second = 0\n",
            size.of_a_user
        );
        let scene = Scene::configured(Server::start(), size.hubs, &[], &toml);
        let parts = (0..size.hubs).map(Part::start).collect();
        println!(
            "{} hubs × {} connections, lease {:?}, {} connections of each user, which is all it may have",
            size.hubs, size.each, size.lease, size.of_a_user
        );
        let live = (0..size.hubs).collect();
        Self { size, scene, live, parts, began: now(), published: 0 }
    }

    /// The first hub fills alone, so that it shows what a connection costs its own hub and what it costs another.
    fn come(&mut self) {
        let Size { each, of_a_user, .. } = self.size;
        let total = self.total();
        let empty = Memory::of(&self.scene);
        let alone = now();
        let to =
            |scene: &Scene, hub: usize| Order::Come { to: scene.hubs[hub].address(), count: each, of_a_user };
        self.parts[0].order(&to(&self.scene, 0));
        self.until("the first hub is full", |crowd| crowd.held() == each);
        let alone = alone.elapsed();
        self.until_count(each);
        let one_full = Memory::of(&self.scene);
        println!(
            "one hub full: {} s, {:.0} connections/s",
            seconds(alone),
            each as f64 / alone.as_secs_f64()
        );
        let rest = now();
        for (hub, part) in self.parts.iter_mut().enumerate().skip(1) {
            part.order(&to(&self.scene, hub));
        }
        self.until("all are in", |crowd| crowd.held() == total);
        let (rest, last) = (rest.elapsed(), now());
        self.until_count(total);
        let counted = last.elapsed();
        println!(
            "the other {} full: {} s, {:.0} connections/s",
            self.size.hubs - 1,
            seconds(rest),
            (total - each) as f64 / rest.as_secs_f64()
        );
        println!("every hub counts {total}: {} s after the last came", seconds(counted));
        assert!(counted < TOLD_MAX + ROOM);
        one_full.show_one_full(&empty, each);
        Memory::of(&self.scene).show("all in", &empty, total);
    }

    fn hear(&mut self) {
        for n in 0..self.size.publishes {
            self.published += 1;
            let news = News { for_all: true, n: self.published, at_us: now_us() };
            let hub = &self.scene.hubs[n % self.size.hubs];
            let asked = now();
            let event = json!({ "channel": ALL, "data": news }).to_string();
            let answer: Value = serde_json::from_str(&hub.post("/api/sse/publish", &event)).expect("JSON");
            let answered = asked.elapsed();
            assert_eq!(answer["recipients"], self.size.each, "{answer}");
            let published = self.published;
            self.until("all have it", |crowd| {
                order_all(&mut crowd.parts, &Order::Tell).iter().all(|told| told.all_have.all == published)
            });
            let told = order_all(&mut self.parts, &Order::TellTimes);
            let mut took: Vec<_> = told.into_iter().flat_map(|told| told.took_us).collect();
            took.sort_unstable();
            assert_eq!(took.len(), self.total(), "each has it once");
            let [first, median, p99, last] = [0.0, 0.5, 0.99, 1.0].map(|part| share(&took, part));
            println!(
                "published for all: answered after {} ms; read by the first after {first} ms, the median {median} ms, \
                 99 % {p99} ms, the last {last} ms",
                answered.as_millis()
            );
        }
    }

    /// As in a rolling deploy: another hub is there before.
    fn drain_one(&mut self) {
        self.scene.add_hub();
        self.live.push(self.size.hubs);
        let account = self.lose("drained", DRAINED, |crowd| crowd.scene.hubs[DRAINED].terminate());
        assert!(self.scene.hubs[DRAINED].wait().success(), "{}", self.scene.hubs[DRAINED].log());
        println!("the count at the hubs while it drained: {}", account.range());
        account.assert_true(0, self.size.stale);
        let wait_ms = self.told().wait_most_ms;
        assert!(wait_ms <= AWAY_MAX_MS, "{wait_ms} ms, where other hubs take them");
        // It is redeployed.
        self.scene.hubs[DRAINED].start_again();
        self.live.push(DRAINED);
    }

    fn kill_one(&mut self) {
        self.until_count(self.total());
        let ghosts = self.active(KILLED);
        let account = self.lose("killed", KILLED, |crowd| crowd.scene.hubs[KILLED].kill());
        account.assert_true(ghosts, self.size.stale);
        println!("the count at the hubs until then, with up to {ghosts} of the dead: {}", account.range());
        self.scene.hubs[KILLED].start_again();
        self.live.push(KILLED);
    }

    /// One hub goes while events are published, and its people go to where there is room.
    fn lose(&mut self, how: &str, hub: usize, go: impl Fn(&mut Self)) -> Account {
        let total = self.total();
        self.until_count(total);
        let there = self.active(hub);
        self.live.retain(|live| *live != hub);
        let homes: Vec<_> = self.live.iter().map(|hub| self.home(*hub)).collect();
        show_homes(&mut self.parts, &homes);
        let before = self.told();
        let to = self.scene.hubs[PUBLISHING].address();
        let publisher = Publisher::start(to, hub, self.published, self.size.pace);
        let went = now();
        go(self);
        let mut account = Account::new(went, total);
        let mut back = None;
        self.until("all are back and counted", |crowd| {
            let told = crowd.told();
            let moved = told.greeted - before.greeted;
            account.note_moved(&told, &before);
            let counts: Vec<_> = crowd.live.iter().map(|hub| crowd.cluster(*hub)).collect();
            let right = counts.iter().all(|count| *count == (total as u64, crowd.live.len()));
            account.note_counts(told.held, counts.iter().map(|(count, _)| *count));
            if told.held == total && moved as u64 >= there {
                back.get_or_insert_with(|| went.elapsed());
            }
            back.is_some() && right
        });
        let (back, counted) = (back.expect("seen"), went.elapsed());
        let published = publisher.finish();
        self.published = published.numbers.all;
        self.until("all have what was published", |crowd| crowd.have(hub, published.numbers));
        let after = self.told();
        println!("{how}: {there} streams, {total} in all; {}", account.ends(&after, &before));
        println!(
            "{how}: nobody was told to wait for longer than {} ms, or was away for longer than {} ms",
            after.wait_most_ms, after.away_most_ms
        );
        println!(
            "{how}: the last was back {} s after, the count right everywhere {} s after",
            seconds(back),
            seconds(counted)
        );
        println!(
            "{how}: {} events for those who moved, of {} for all, every {:?}, {} sent again; nobody missed one or had one twice",
            published.numbers.part, published.for_all, self.size.pace, published.again
        );
        assert_eq!((after.missed, after.twice, after.gaps), (0, 0, 0), "{after:?}");
        assert_eq!((after.greeted - before.greeted) as u64, there, "only those moved, and once: {after:?}");
        assert!(!after.refused.keys().any(|why| why.contains(" 429 ")), "they were not too many: {after:?}");
        let (until, what) = match how {
            "killed" => (self.size.lease.max(back), "its lease"),
            _ => (back, "the last was back"),
        };
        assert!(counted < until + TOLD_MAX + ROOM, "{counted:?}, {until:?} until {what}");
        account
    }

    fn leave(mut self) {
        self.until_count(self.total());
        let left = now();
        order_all(&mut self.parts, &Order::Leave);
        self.until_count(0);
        println!("all left at once: every hub counts 0 after {} s", seconds(left.elapsed()));
        println!("all of it took {} s", seconds(self.began.elapsed()));
        self.parts.clear();
        self.scene.close();
    }

    fn total(&self) -> usize {
        self.size.hubs * self.size.each
    }

    fn home(&self, hub: usize) -> (SocketAddr, u64) {
        (self.scene.hubs[hub].address(), STREAMS_MAX.saturating_sub(self.active(hub)))
    }

    fn held(&mut self) -> usize {
        self.told().held
    }

    /// What all parts were told, together.
    fn told(&mut self) -> Told {
        account::together(order_all(&mut self.parts, &Order::Tell))
    }

    fn have(&mut self, part: usize, numbers: Numbers) -> bool {
        let told = order_all(&mut self.parts, &Order::Tell);
        told.iter().all(|told| told.all_have.all == numbers.all) && told[part].all_have.part == numbers.part
    }

    fn active(&self, hub: usize) -> u64 {
        self.scene.hubs[hub].stats()["connections"]["active"].as_u64().expect("a count")
    }

    /// How many connections a hub says there are in all, and how many hubs.
    fn cluster(&self, hub: usize) -> (u64, usize) {
        let cluster = self.scene.hubs[hub].stats()["cluster"].take();
        (cluster["active"].as_u64().expect("a count"), cluster["nodes"].as_array().expect("nodes").len())
    }

    /// Until every hub says that there are so many, and knows of every other.
    fn until_count(&mut self, count: usize) {
        self.until(&format!("every hub counts {count}"), |crowd| {
            crowd.live.iter().all(|hub| crowd.cluster(*hub) == (count as u64, crowd.live.len()))
        });
    }

    fn until(&mut self, what: &str, mut holds: impl FnMut(&mut Self) -> bool) {
        while !holds(self) {
            if self.began.elapsed() > self.size.bound {
                let told = self.told();
                panic!("not within {:?}: {what}; {told:?}", self.size.bound);
            }
            std::thread::sleep(LOOK);
        }
    }
}
