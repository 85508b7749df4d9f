//! A steady course of events over all hubs, and how long each took: to be stored, and to be read at either.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::{Instant, sleep_until, timeout};

use crate::scene::Scene;
use crate::streams::Stream;

/// For all of a course, on a busy machine.
const BOUND: Duration = Duration::from_secs(60);
/// Before what was refused is sent again.
const AGAIN: Duration = Duration::from_millis(100);

#[derive(Clone, Copy)]
pub(crate) struct Course {
    /// Its channel, and how the ids of its events begin.
    pub(crate) name: &'static str,
    /// From each hub.
    pub(crate) events: usize,
    /// One after the other, so often, unless the one before takes longer.
    pub(crate) every: Duration,
}

/// How it went: all were read at every hub, each once, in the log's order.
#[derive(Default)]
pub(crate) struct Went {
    /// From each request to its answer, refused ones too.
    pub(crate) answered: Vec<Duration>,
    /// Those that were answered with 503, and with 504.
    pub(crate) refused: usize,
    pub(crate) unknown: usize,
    /// From the first request for an event until it was read at the same hub, and at another.
    pub(crate) here: Vec<Duration>,
    pub(crate) there: Vec<Duration>,
}

/// An event that was stored.
struct Stored {
    n: usize,
    hub: usize,
    sent: Instant,
    id: u64,
}

impl Course {
    /// Runs it. What is lost, twice, out of order or told as a gap is a panic.
    pub(crate) async fn run(self, scene: &Scene) -> Went {
        timeout(BOUND, self.course(scene)).await.expect("it comes to its end in time")
    }

    async fn course(self, scene: &Scene) -> Went {
        let hubs = scene.hubs.len();
        let mut readers = Vec::new();
        for hub in 0..hubs {
            readers.push(scene.listen(hub, self.name, None).await.0);
        }
        let publishing = join_all((0..hubs).map(|hub| self.publish(scene, hub)));
        let reading = join_all(readers.iter_mut().map(|reader| read(reader, self.events * hubs)));
        let (published, read) = tokio::join!(publishing, reading);
        let mut went = Went::default();
        let mut stored = Vec::new();
        for (mine, part) in published {
            stored.extend(mine);
            went.answered.extend(part.answered);
            went.refused += part.refused;
            went.unknown += part.unknown;
        }
        stored.sort_unstable_by_key(|stored| stored.id);
        for (hub, read) in read.iter().enumerate() {
            assert!(stored.iter().map(|stored| stored.n).eq(read.iter().map(|(n, _)| *n)), "at hub {hub}");
            for (stored, (_, at)) in stored.iter().zip(read) {
                let list = if stored.hub == hub { &mut went.here } else { &mut went.there };
                list.push(*at - stored.sent);
            }
        }
        went
    }

    async fn publish(self, scene: &Scene, hub: usize) -> (Vec<Stored>, Went) {
        let (mut stored, mut went) = (Vec::new(), Went::default());
        let start = Instant::now();
        for at in 0..self.events {
            sleep_until(start + self.every * at as u32).await;
            let n = at * scene.hubs.len() + hub;
            let event = json!({ "channel": self.name, "data": n, "id": format!("{}-{n}", self.name) });
            let sent = Instant::now();
            let id = loop {
                let asked = Instant::now();
                let answer = scene.try_publish(hub, &event).await;
                went.answered.push(asked.elapsed());
                match answer.status {
                    200 => break answer.json()["offset"].as_u64().expect("a place"),
                    503 => went.refused += 1,
                    504 => went.unknown += 1,
                    _ => panic!("{answer:?}"),
                }
                tokio::time::sleep(AGAIN).await;
            };
            stored.push(Stored { n, hub, sent, id });
        }
        (stored, went)
    }
}

async fn read(stream: &mut Stream, events: usize) -> Vec<(usize, Instant)> {
    let mut read = Vec::new();
    for _ in 0..events {
        let event = stream.expect().await;
        let n = event.data.parse().unwrap_or_else(|_| panic!("{event:?}"));
        read.push((n, Instant::now()));
    }
    read
}

impl Went {
    pub(crate) fn show(&self, what: &str) {
        let Self { answered, refused, unknown, here, there } = self;
        println!("{what}: {} requests, {refused} refused, {unknown} of unknown fate", answered.len());
        for (what, list) in [("answered", answered), ("read here", here), ("read elsewhere", there)] {
            let of = |share| quantile(list, share);
            println!("  {what}: median {:.1?}, p99 {:.1?}, at most {:.1?}", of(0.5), of(0.99), of(1.0));
        }
    }
}

/// The smallest that a share of all does not exceed.
pub(crate) fn quantile(list: &[Duration], share: f64) -> Duration {
    let mut sorted = list.to_vec();
    sorted.sort_unstable();
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}
