//! In order, none missing without a gap, none twice, nothing invented: publishers, and readers who are cut at random
//! and resume, against the real binary, which is restarted and killed in between.

mod broken;
mod checker;
mod dice;
mod history;
#[path = "../hub/mod.rs"]
mod hub;
mod matching;
mod publisher;
mod reader;
mod repeats;
mod scene;
mod slow;
#[path = "../streams/mod.rs"]
mod streams;
mod traffic;
mod walk;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::{JoinSet, block_in_place};
use tokio::time::timeout;

use crate::checker::Figures;
use crate::history::{Publication, Reader, Seen};
use crate::hub::{Hub, PATIENCE};
use crate::publisher::Publisher;
use crate::reader::Subscriber;
use crate::scene::Scene;

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
        events_per_publisher: 850,
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
    let scene = Arc::new(Scene::new(hub.address(), seed));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let play = play(&mut hub, Arc::clone(&scene), size);
    let (publications, mut readers) = runtime.expect("a runtime").block_on(play);
    place(&publications, &mut readers);
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

/// Says of events without an envelope, of several channels, which channel they came by: the one that has their place.
/// Those whose place nobody knows are left out: the hub died before it told.
fn place(publications: &[Publication], readers: &mut [Reader]) {
    let mut known: HashMap<(String, u64), String> = HashMap::new();
    for publication in publications {
        for ack in &publication.acks {
            known.insert((ack.epoch.clone(), ack.offset), publication.channel.clone());
        }
    }
    for seen in readers.iter().flat_map(|reader| &reader.seen) {
        if let Seen::Event { channel, at, .. } = seen
            && !channel.is_empty()
        {
            known.insert((at.epoch.clone(), at.offset), channel.clone());
        }
    }
    for reader in readers {
        reader.seen.retain_mut(|seen| {
            let Seen::Event { channel, at, .. } = seen else { return true };
            if channel.is_empty()
                && let Some(known) = known.get(&(at.epoch.clone(), at.offset))
            {
                channel.clone_from(known);
            }
            !channel.is_empty()
        });
    }
}

fn first(wrong: &[String]) -> String {
    const SHOWN_MAX: usize = 30;
    wrong.iter().take(SHOWN_MAX).map(|wrong| format!("  {wrong}\n")).collect()
}
