//! Several hubs on one Redis, both real: what is published at one is at all of them, in one order, whatever becomes of
//! Redis or of a hub.

mod away;
mod behind;
mod broken;
mod course;
mod delivery;
mod faults;
#[path = "../hub/mod.rs"]
mod hub;
#[path = "../judge/mod.rs"]
mod judge;
mod latency;
mod lossy;
mod one_log;
mod pieces;
mod play;
#[path = "../players/mod.rs"]
mod players;
#[path = "../../../tidings-redis/tests/server/mod.rs"]
mod redis;
mod relay;
mod scene;
#[path = "../streams/mod.rs"]
mod streams;
#[path = "../truth/sys.rs"]
mod sys;
mod weather;
