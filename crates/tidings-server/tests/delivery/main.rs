//! In order, none missing without a gap, none twice, nothing invented: publishers, and readers who are cut at random
//! and resume, against the real binary, which is restarted and killed in between.

mod account;
mod broken;
#[path = "../hub/mod.rs"]
mod hub;
#[path = "../judge/mod.rs"]
mod judge;
#[path = "../players/mod.rs"]
mod players;
mod repeats;
#[path = "../script/mod.rs"]
mod script;
mod slow;
#[path = "../streams/mod.rs"]
mod streams;

use std::sync::Arc;

use tokio::task::{JoinSet, block_in_place};
use tokio::time::timeout;

use crate::hub::{Hub, PATIENCE};
use crate::judge::checker::{self, Figures};
use crate::judge::history::{Publication, Reader};
use crate::judge::{first, name_channels};
use crate::players::publisher::Publisher;
use crate::players::reader::Subscriber;
use crate::players::scene::Scene;
use crate::players::{dice, traffic};

/// How much of everything.
#[derive(Clone, Copy, Debug)]
struct Size {
    subscribers: u64,
    publishers: u64,
    events_per_publisher: u64,
    pause_ms: u64,
    /// What becomes of the hub, evenly over the run.
    ends: &'static [End],
    deliveries_min: usize,
}

#[derive(Clone, Copy, Debug)]
enum End {
    /// The rings are kept.
    Orderly,
    /// `kill -9`: the epoch is lost.
    Killed,
}

#[test]
fn nothing_is_missing_doubled_disordered_or_invented() {
    run(Size {
        subscribers: 40,
        publishers: 4,
        events_per_publisher: 750,
        pause_ms: 10,
        ends: &[End::Orderly, End::Killed],
        deliveries_min: 20_000,
    });
}

#[test]
#[ignore = "prove: 200 subscribers, 200,000 deliveries and more"]
fn prove_delivery() {
    use End::{Killed, Orderly};
    run(Size {
        subscribers: 200,
        publishers: 4,
        events_per_publisher: 1_500,
        pause_ms: 40,
        ends: &[Orderly, Killed, Orderly, Orderly, Killed],
        deliveries_min: 200_000,
    });
}

fn run(size: Size) {
    let seed = dice::seed();
    let environment = [
        ("TIDINGS_LIMITS_CONNECTIONS_PER_IP", "0"),
        ("TIDINGS_DRAIN_WINDOW_MS", "300"),
        ("TIDINGS_LOG_FORMAT", "text"),
    ];
    let mut hub = Hub::start_with_file(&environment, &traffic::hub_file());
    let scene = Arc::new(Scene::new(vec![hub.address()], seed));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let play = play(&mut hub, Arc::clone(&scene), size);
    let (publications, mut readers) = runtime.expect("a runtime").block_on(play);
    name_channels(&publications, &mut readers);
    let (figures, wrong) = checker::check(&publications, &readers, &traffic::held_events);
    println!("{size:?}\n{figures:#?}");
    hub.wait_for_stats(|stats| stats["connections"]["active"] == 0);
    hub.assert_books_balance();
    assert!(wrong.is_empty(), "seed {seed}: {} wrongs\n{}", wrong.len(), first(&wrong));
    assert_it_was_worth_it(&figures, size);
}

/// A run in which nothing happened proves nothing.
fn assert_it_was_worth_it(figures: &Figures, size: Size) {
    let gaps = |reason: &str| figures.gaps.get(reason).copied().unwrap_or(0);
    let epochs = 1 + size.ends.iter().filter(|end| matches!(end, End::Killed)).count();
    assert!(figures.deliveries >= size.deliveries_min, "{figures:?}");
    assert_eq!(figures.epochs, epochs);
    assert!(figures.connections >= 3 * size.subscribers as usize, "{figures:?}");
    assert!(gaps("epoch") > 0 && gaps("trimmed") > 0 && gaps("slow") > 0, "{figures:?}");
}

async fn play(hub: &mut Hub, scene: Arc<Scene>, size: Size) -> (Vec<Publication>, Vec<Reader>) {
    let narrow = (0..size.publishers).map(traffic::narrow);
    let channels: Vec<String> = traffic::WIDE.iter().map(|name| (*name).to_owned()).chain(narrow).collect();
    let channels = Arc::new(channels);
    let mut readers = JoinSet::new();
    for which in 0..size.subscribers {
        readers.spawn(Subscriber::new(Arc::clone(&scene), which, Arc::clone(&channels)).run());
    }
    let mut publishers = JoinSet::new();
    for which in 0..size.publishers {
        let publisher = Publisher::new(Arc::clone(&scene), which);
        publishers.spawn(publisher.run(size.events_per_publisher, size.pause_ms));
    }
    let all = size.publishers * size.events_per_publisher;
    for (at, end) in size.ends.iter().enumerate() {
        let aim = all * (at as u64 + 1) / (size.ends.len() as u64 + 1);
        let mut published = scene.published.subscribe();
        published.wait_for(|published| *published >= aim).await.expect("publishing goes on");
        block_in_place(|| match end {
            End::Orderly => assert!(hub.stop().success()),
            End::Killed => hub.kill(),
        });
        block_in_place(|| hub.start_again());
        scene.hubs.send_modify(|hubs| *hubs += 1);
    }
    let mut publications: Vec<Publication> = publishers.join_all().await.into_iter().flatten().collect();
    scene.settled.send_replace(true);
    let mut seated = scene.seated.subscribe();
    let seated = timeout(PATIENCE, seated.wait_for(|seated| *seated == size.subscribers)).await;
    drop(seated.expect("all readers come back in time"));
    let last = Publisher::new(Arc::clone(&scene), size.publishers).finish(channels.to_vec());
    publications.extend(last.await);
    (publications, readers.join_all().await)
}
