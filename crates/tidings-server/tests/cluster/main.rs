//! Several hubs on one Redis, both real: what is published at one is at all of them, in one order, whatever becomes of
//! Redis or of a hub.

mod away;
mod behind;
mod broken;
mod course;
mod crowd;
mod delivery;
mod faults;
mod forward;
mod full;
mod guests;
#[path = "../hub/mod.rs"]
mod hub;
#[path = "../judge/mod.rs"]
mod judge;
mod latency;
mod lossy;
mod one_hub;
mod one_log;
mod orders;
mod pieces;
mod play;
#[path = "../players/mod.rs"]
mod players;
mod presence;
mod quota;
#[path = "../webhooks/receiver.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]
mod receiver;
#[path = "../../../tidings-redis/tests/server/mod.rs"]
mod redis;
mod relay;
mod scene;
#[path = "../streams/mod.rs"]
mod streams;
#[path = "../truth/sys.rs"]
mod sys;
mod weather;
mod webhooks;

use players::dice;
