//! Several hubs on one Redis, both real: what is published at one is at all of them, in one order, whatever becomes of
//! Redis or of a hub.

mod away;
mod behind;
#[path = "../hub/mod.rs"]
mod hub;
mod lossy;
mod one_log;
#[path = "../../../tidings-redis/tests/server/mod.rs"]
mod redis;
mod relay;
mod scene;
#[path = "../streams/mod.rs"]
mod streams;
