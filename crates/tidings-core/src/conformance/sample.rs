//! What the suite publishes, and numbers that look random and come again from the same seed.

use serde_json::value::RawValue;

use crate::channel::ChannelName;
use crate::engine::Offer;
use crate::event::{Draft, Event};
use crate::history::Retention;

/// No bound at all.
pub(super) const EVERYTHING: Retention = Retention { count: 0, age_ms: 0, bytes: 0 };

/// An offer of this JSON, with whatever id and key.
pub fn offer(channel: &str, data: &str, id: Option<&str>, key: Option<&str>, retention: Retention) -> Offer {
    let data = RawValue::from_string(data.to_owned()).expect("JSON");
    let draft = Draft { ty: Some("sample"), data: &data, id, key };
    let event = Event::new(draft, 0).expect("an event");
    Offer { channel: ChannelName::parse(channel).expect("a name"), event, retention }
}

pub(super) fn plain(channel: &str, data: &str) -> Offer {
    offer(channel, data, None, None, EVERYTHING)
}

/// SplitMix64.
#[derive(Clone, Debug)]
pub struct Sample(u64);

impl Sample {
    /// The numbers that belong to this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below this one.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }

    /// Offers on few channels, with few ids and keys, so that they meet: `count` and `bytes` bound the channels.
    pub fn offers(&mut self, most: u64, age_ms: u64) -> Vec<Offer> {
        (0..=self.below(most)).map(|_| self.offer(age_ms)).collect()
    }

    fn offer(&mut self, age_ms: u64) -> Offer {
        let channel = self.below(5);
        // What a channel keeps is the same for all who publish there.
        let retention = match channel {
            0 => Retention { count: 3, age_ms: 0, bytes: 0 },
            1 => Retention { count: 0, age_ms: 0, bytes: 1_500 },
            2 => Retention { count: 10, age_ms, bytes: 0 },
            3 => Retention { count: 8, age_ms: 0, bytes: 2_000 },
            _ => EVERYTHING,
        };
        let (id, key) = (format!("id{}", self.below(8)), format!("key {}", self.below(3)));
        let id = (self.below(2) == 0).then_some(&*id);
        let key = (self.below(2) == 0).then_some(&*key);
        let data = format!("\"{}\"", "x".repeat(self.below(200) as usize));
        offer(&format!("channel:{channel}"), &data, id, key, retention)
    }
}
