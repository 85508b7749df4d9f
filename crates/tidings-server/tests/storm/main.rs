//! Everything at once: opens, closes, beacons, kicks, supersedes, publishes, changes of channels, panics and failing
//! writes race each other on the real binary, and the books balance whenever anyone looks.

mod api;
mod client;
#[path = "../../../tidings-core/tests/simulation/dice.rs"]
mod dice;
#[allow(dead_code, unreachable_pub, reason = "the rude client's own part")]
#[path = "../truth/http2.rs"]
mod http2;
#[path = "../hub/mod.rs"]
mod hub;
mod tunnel;
mod watcher;
mod weather;
mod worker;
mod write_errors;

use weather::Storm;

#[test]
fn the_books_balance_in_a_storm() {
    weather::run(&Storm { connections: 2_000, on_full: "refuse" });
}

#[test]
fn the_books_balance_in_a_storm_where_the_oldest_make_room() {
    weather::run(&Storm { connections: 1_000, on_full: "replace_oldest" });
}

#[test]
#[ignore = "prove: 40,000 connections in two storms"]
fn prove_storm() {
    weather::run(&Storm { connections: 20_000, on_full: "refuse" });
    weather::run(&Storm { connections: 20_000, on_full: "replace_oldest" });
}
