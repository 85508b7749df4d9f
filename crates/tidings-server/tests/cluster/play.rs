//! A run: who publishes and reads, and what of that is written down.

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::delivery::Size;
use crate::hub::PATIENCE;
use crate::judge::history::{Place, Publication, Reader, Seen};
use crate::players::publisher::Publisher;
use crate::players::reader::Subscriber;
use crate::players::scene::{Counts, Scene as Players};
use crate::players::traffic;
use crate::redis::Server;
use crate::scene::{KEPT, Scene};

const SETTINGS: [(&str, &str); 3] = [
    ("TIDINGS_LIMITS_CONNECTIONS_PER_IP", "0"),
    ("TIDINGS_DRAIN_WINDOW_MS", "300"),
    ("TIDINGS_LOG_FORMAT", "text"),
];
/// What late readers read: all.
const ALL: [&str; 1] = ["*"];

/// What a run was.
pub(crate) struct Told {
    pub(crate) publications: Vec<Publication>,
    pub(crate) readers: Vec<Reader>,
    /// Those who came when all was over, for each cursor one to each hub.
    pub(crate) late: Vec<Vec<Reader>>,
    pub(crate) answers: Counts,
}

pub(crate) async fn play(seed: u64, size: Size) -> Told {
    let may_begin_anew = size.faults.iter().any(|fault| fault.is_a_loss());
    let redis = if may_begin_anew { Server::start() } else { Server::start_with(&KEPT) };
    let fan_out = (0..size.fan_out).map(|_| Server::start()).collect();
    let mut scene = Scene::told_by(fan_out, redis, size.hubs, (SETTINGS.to_vec(), traffic::hub_file()));
    let nodes = scene.hubs.iter().map(|hub| hub.address()).collect();
    let mut players = Players::new(nodes, seed);
    players.may_begin_anew = may_begin_anew;
    let players = Arc::new(players);
    let narrow = (0..size.publishers).map(traffic::narrow);
    let channels: Vec<String> = traffic::WIDE.iter().map(|name| (*name).to_owned()).chain(narrow).collect();
    let channels = Arc::new(channels);
    let mut readers = JoinSet::new();
    for which in 0..size.subscribers {
        readers.spawn(Subscriber::new(Arc::clone(&players), which, Arc::clone(&channels)).run());
    }
    let mut publishers = JoinSet::new();
    for which in 0..size.publishers {
        let publisher = Publisher::new(Arc::clone(&players), which);
        publishers.spawn(publisher.run(size.events_per_publisher, size.pause_ms));
    }
    let all = size.publishers * size.events_per_publisher;
    for (at, fault) in size.faults.iter().enumerate() {
        let aim = all * (at as u64 + 1) / (size.faults.len() as u64 + 1);
        let mut published = players.published.subscribe();
        published.wait_for(|published| *published >= aim).await.expect("publishing goes on");
        fault.happen(&mut scene, at % size.hubs, &players).await;
    }
    let mut publications: Vec<Publication> = publishers.join_all().await.into_iter().flatten().collect();
    players.settled.send_replace(true);
    let mut seated = players.seated.subscribe();
    let seated = timeout(PATIENCE, seated.wait_for(|seated| *seated == size.subscribers)).await;
    drop(seated.expect("all readers come back in time"));
    let last = Publisher::new(Arc::clone(&players), size.publishers).finish(channels.to_vec());
    let last = last.await;
    let readers = readers.join_all().await;
    let mut late = Vec::new();
    for cursor in ["earliest".to_owned(), halfway(&readers, &last)] {
        let at_each = (0..size.hubs).map(|node| {
            Subscriber::late(Arc::clone(&players), node, Arc::clone(&channels), (&ALL, &cursor)).run()
        });
        late.push(futures_util::future::join_all(at_each).await);
    }
    publications.extend(last);
    let answers = players.answers.counts();
    scene.close();
    Told { publications, readers, late, answers }
}

/// The cursor that somebody had in the middle of it all, or of what came after the log began anew for the last time. It is
/// from before the last event of each channel: whoever has one of these would wait for it.
fn halfway(readers: &[Reader], last: &[Publication]) -> String {
    let end = last.iter().flat_map(|publication| &publication.acks).min_by_key(|ack| ack.offset);
    let end = end.expect("the last are answered");
    let before_end = |reader: &Reader| {
        let places = reader.seen.iter().filter_map(event_place);
        places.filter(|at| at.epoch == end.epoch && at.offset < end.offset).map(Place::text).collect()
    };
    let places: Vec<String> = readers.iter().map(before_end).max_by_key(Vec::len).expect("a reader");
    places.get(places.len() / 2).cloned().unwrap_or_else(|| "earliest".to_owned())
}

fn event_place(seen: &Seen) -> Option<&Place> {
    match seen {
        Seen::Event { at, .. } => Some(at),
        _ => None,
    }
}
