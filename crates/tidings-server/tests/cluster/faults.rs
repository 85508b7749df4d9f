//! What becomes of one hub, or of Redis, while the others go on.

use std::sync::atomic::Ordering;
use std::time::Duration;

use http::Method;
use tokio::task::block_in_place;

use crate::players::scene::Scene as Players;
use crate::redis::until;
use crate::scene::Scene;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A hub: `kill -9`. It comes back when others have published for a while.
    Killed,
    /// A hub: SIGTERM, and the drain that it brings.
    Drained,
    /// Redis does nothing for longer than an append may take.
    RedisStopped,
    /// The same, and a hub is killed meanwhile.
    KilledWhileStopped,
    /// Redis: `kill -9`, and a start with what it has on disk.
    RedisKilled,
    /// Those who listen to Redis are cut off, again and again.
    BusCut,
    /// One of those by which hubs tell each other, and not that of the log: `kill -9`. It comes back when others have
    /// published for a while.
    FanOutKilled,
    /// The same stands still for as long.
    FanOutStopped,
    /// Redis: all that it has is deleted.
    Wiped,
    /// Redis: `kill -9`, and a start with what it had on disk some events ago.
    PutBack,
}

const STOPPED: Duration = Duration::from_millis(2_600);
const CUTS: usize = 4;
const BETWEEN_CUTS_EVENTS: u64 = 15;
/// Events that others publish until a hub comes back.
const AWAY_EVENTS: u64 = 60;
const BOUND: Duration = Duration::from_secs(30);

impl Fault {
    /// Whether the log loses what it had.
    pub(crate) fn is_a_loss(self) -> bool {
        matches!(self, Self::Wiped | Self::PutBack)
    }

    /// Lets it happen, to that hub if to any, and waits until all hubs are ready again.
    pub(crate) async fn happen(self, scene: &mut Scene, hub: usize, players: &Players) {
        println!("{self:?}, hub {hub}, after {} events", *players.published.borrow());
        match self {
            Self::Killed => {
                scene.hubs[hub].kill();
                players.further(AWAY_EVENTS).await;
                start(scene, hub, players);
            }
            Self::Drained => {
                block_in_place(|| assert!(scene.hubs[hub].stop().success()));
                start(scene, hub, players);
            }
            Self::RedisStopped => {
                scene.redis.pause();
                tokio::time::sleep(STOPPED).await;
                scene.redis.go_on();
            }
            Self::KilledWhileStopped => {
                scene.redis.pause();
                tokio::time::sleep(STOPPED / 2).await;
                scene.hubs[hub].kill();
                tokio::time::sleep(STOPPED / 2).await;
                scene.redis.go_on();
                start(scene, hub, players);
            }
            Self::RedisKilled => {
                let refused = || players.answers.refused.load(Ordering::Relaxed);
                let before = refused();
                scene.redis.kill();
                until("publishers are refused", BOUND, async || refused() > before).await;
                block_in_place(|| scene.redis.restart());
            }
            Self::FanOutKilled => {
                let at = hub % scene.fan_out.len();
                scene.fan_out[at].kill();
                players.further(AWAY_EVENTS).await;
                block_in_place(|| scene.fan_out[at].restart());
            }
            Self::FanOutStopped => {
                let at = hub % scene.fan_out.len();
                scene.fan_out[at].pause();
                players.further(AWAY_EVENTS).await;
                scene.fan_out[at].go_on();
            }
            Self::Wiped => drop(scene.redis.cli(&["FLUSHALL"])),
            Self::PutBack => {
                scene.redis.cli(&["SAVE"]);
                players.further(AWAY_EVENTS).await;
                scene.redis.kill();
                block_in_place(|| scene.redis.restart());
            }
            Self::BusCut => {
                for _ in 0..CUTS {
                    for redis in scene.fan_out.iter().chain([&scene.redis]) {
                        redis.cli(&["CLIENT", "KILL", "TYPE", "pubsub"]);
                    }
                    players.further(BETWEEN_CUTS_EVENTS).await;
                }
            }
        }
        for hub in 0..scene.hubs.len() {
            let ready = async || scene.ask(hub, Method::GET, "/ready", "").await.status == 200;
            until("every hub is ready", BOUND, ready).await;
        }
    }
}

fn start(scene: &mut Scene, hub: usize, players: &Players) {
    block_in_place(|| scene.hubs[hub].start_again());
    players.hubs.send_modify(|hubs| *hubs += 1);
}
