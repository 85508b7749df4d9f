//! The count is true whatever the far end does: every way of leaving, on the real binary.
#![allow(dead_code, unreachable_pub, reason = "each row uses its own part")]

mod client;
mod farewell;
mod ghost;
mod http2;
#[path = "../hub/mod.rs"]
mod hub;
mod mass;
mod nginx;
#[path = "sys.rs"]
mod place;
mod quiet;
mod sealed;
mod stalled;
mod table;
mod untaken;
mod watch;

use place::Place;
use table::Scene;

#[test]
fn ghosts_are_gone_in_time() {
    let rows = table::plain();
    Scene::set(None, &rows).show("Ghosts", &rows, 1);
}

#[test]
fn nginx_tells_of_those_who_leave() {
    let rows = table::behind_nginx();
    Scene::set(None, &rows).show("Ghosts behind nginx", &rows, 1);
}

#[test]
fn netns_the_vanished_are_gone_in_time() {
    let Some(place) = place() else { return };
    let mut rows = table::vanished();
    rows.extend(table::vanished_behind_nginx());
    Scene::set(Some(place), &rows).show("Vanished", &rows, 1);
}

#[test]
#[ignore = "prove: all ways of leaving, five times each"]
fn prove_ghost_table() {
    const TIMES: usize = 5;
    let mut rows = table::plain();
    rows.extend(table::behind_nginx());
    let place = place();
    if place.is_some() {
        rows.extend(table::vanished());
        rows.extend(table::vanished_behind_nginx());
    }
    Scene::set(place, &rows).show("Ghosts", &rows, TIMES);
}

fn place() -> Option<Place> {
    Place::enter().inspect_err(|error| println!("skipped: no network of one's own: {error}")).ok()
}
