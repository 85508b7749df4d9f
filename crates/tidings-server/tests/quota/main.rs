//! Quotas over several hubs on a real Redis: whatever becomes of Redis or of a hub, the count is what there is again, and
//! nobody is refused for a connection that is not there.

mod faults;
mod fleet;
#[path = "../../../tidings-redis/tests/server/mod.rs"]
mod server;
mod speed;
