//! The suite that every engine passes, whatever it stands on: how a log behaves that several hubs share.
//!
//! An engine's own tests say how its logs are made ([`Bench`]) and run [`all`]. What only one engine can suffer, such as
//! a server that dies, is tested beside that engine.

mod agreement;
mod follow;
mod ledger;
mod places;
mod random;
mod retention;
mod sample;

use std::sync::Arc;

use crate::engine::{Answer, Engine};

pub use self::follow::Reader;
pub use self::ledger::Ledger;
pub use self::sample::{Sample, offer};

/// How an engine's logs are made for the suite, and how time passes.
pub trait Bench: Send + Sync {
    /// So many hubs' engines onto one new and empty log, which keeps so many bytes over all channels; 0 is no bound.
    fn fresh(&self, hubs: usize, total_bytes: usize) -> Answer<'_, Vec<Arc<dyn Engine>>>;

    /// Waits.
    fn pause(&self, ms: u64) -> Answer<'_, ()>;
}

/// Runs the suite. Panics where the engine does not pass; the seed, which is any number, is in what it says.
pub async fn all(bench: &dyn Bench, seed: u64) {
    places::events_have_places_in_their_order(bench).await;
    places::offers_made_together_stand_together(bench).await;
    places::an_empty_batch_is_a_look_at_the_epoch(bench).await;
    places::an_id_given_twice_has_one_place(bench).await;
    places::whatever_an_event_carries_comes_back(bench).await;
    places::a_log_that_is_behind_what_is_known_begins_anew(bench).await;
    retention::a_channel_keeps_so_many(bench).await;
    retention::a_channel_keeps_so_many_bytes_and_always_its_newest(bench).await;
    retention::what_is_too_old_goes(bench).await;
    retention::all_channels_share_one_bound_and_the_oldest_goes_first(bench).await;
    retention::of_a_key_the_latest_stays_and_nothing_is_lost(bench).await;
    retention::what_is_lost_is_told_with_the_stretch_that_it_lies_in(bench).await;
    agreement::a_log_is_read_in_parts(bench).await;
    agreement::all_hubs_see_one_order(bench, seed).await;
    agreement::whoever_follows_hears_of_everything(bench, seed).await;
    random::it_keeps_what_the_ledger_keeps(bench, seed).await;
}
