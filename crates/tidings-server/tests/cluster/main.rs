//! Several hubs on one Redis, both real: what is published at one is at all of them, in one order, whatever becomes of
//! Redis or of a hub.

mod away;
#[path = "../delivery/dice.rs"]
#[allow(dead_code, reason = "each test binary uses its own part")]
mod dice;
#[path = "../hub/mod.rs"]
mod hub;
mod lossy;
mod one_hub;
mod one_log;
mod orders;
mod presence;
mod quota;
#[path = "../webhooks/receiver.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]
mod receiver;
#[path = "../../../tidings-redis/tests/server/mod.rs"]
mod redis;
mod scene;
#[path = "../streams/mod.rs"]
mod streams;
mod webhooks;
