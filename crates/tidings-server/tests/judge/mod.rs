//! What publishers did and readers saw, and whether a hub, or several on one log, kept what they promise.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub(crate) mod checker;
pub(crate) mod history;
pub(crate) mod kept;
mod matching;
mod walk;

use std::collections::HashMap;

use self::history::{Publication, Reader, Seen};
pub(crate) use self::matching::means;

/// Says of events without an envelope, of several channels, which channel they came by: the one that has their place.
/// Those whose place nobody knows are left out: the hub died before it told.
pub(crate) fn name_channels(publications: &[Publication], readers: &mut [Reader]) {
    let mut known: HashMap<(String, u64), String> = HashMap::new();
    for publication in publications {
        for ack in &publication.acks {
            known.insert((ack.epoch.clone(), ack.offset), publication.channel.clone());
        }
    }
    for seen in readers.iter().flat_map(|reader| &reader.seen) {
        if let Seen::Event { channel, at, .. } = seen
            && !channel.is_empty()
        {
            known.insert((at.epoch.clone(), at.offset), channel.clone());
        }
    }
    for reader in readers {
        reader.seen.retain_mut(|seen| {
            let Seen::Event { channel, at, .. } = seen else { return true };
            if channel.is_empty()
                && let Some(known) = known.get(&(at.epoch.clone(), at.offset))
            {
                channel.clone_from(known);
            }
            !channel.is_empty()
        });
    }
}

/// The first of what is wrong, a line each.
pub(crate) fn first(wrong: &[String]) -> String {
    const SHOWN_MAX: usize = 30;
    wrong.iter().take(SHOWN_MAX).map(|wrong| format!("  {wrong}\n")).collect()
}
