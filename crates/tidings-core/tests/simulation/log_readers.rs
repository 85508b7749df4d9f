//! How readers come, come back, change what they read, and go.

use tidings_core::channel::Selector;
use tidings_core::history::Envelope;
use tidings_core::log::Resume;
use tidings_core::position::{Cursor, EARLIEST};

use super::log::{History, selector};
use super::log_reader::{Note, Reader};

const SELECTORS: [&str; 8] = ["jobs", "logs", "group:1", "group:2", "other:1", "group:*", "*:1", "*"];
pub(super) const READERS_MAX: usize = 4;

impl History<'_> {
    pub(super) fn come(&mut self) {
        let mut selectors: Vec<Selector> = Vec::new();
        for _ in 0..=self.dice.below(3) {
            let one = selector(self.dice.pick(&SELECTORS));
            if !selectors.contains(&one) {
                selectors.push(one);
            }
        }
        let seq = self.model.head + 2 - self.dice.below(4).min(self.model.head as usize + 2) as u64;
        let cursor = match self.dice.below(5) {
            0 => Some(EARLIEST.to_owned()),
            1 => Some(self.model.cursor(seq, self.dice.one_in(4))),
            2 if self.dice.one_in(3) => Some("nonsense".to_owned()),
            _ => None,
        };
        self.subscribe(selectors, cursor);
    }

    pub(super) fn come_back(&mut self) {
        if self.away.is_empty() {
            return;
        }
        let (selectors, cursor) = self.away.swap_remove(self.dice.below(self.away.len()));
        self.subscribe(selectors, Some(cursor));
    }

    pub(super) fn subscribe(&mut self, selectors: Vec<Selector>, cursor: Option<String>) {
        if self.readers.len() >= READERS_MAX {
            let at = self.dice.below(self.readers.len());
            self.cut_off(at);
        }
        let envelope = match self.dice.below(3) {
            0 => Envelope::None,
            1 => Envelope::Typed,
            _ => Envelope::Message,
        };
        self.comers += 1;
        let answer = self.log.subscribe(&selectors, cursor.as_deref(), envelope, self.comers);

        let (epoch, head) = (self.model.epoch, self.model.head);
        let known = cursor.as_deref().map(|text| match text {
            EARLIEST => Some(0),
            _ => Cursor::parse(text)
                .filter(|cursor| cursor.epoch == epoch && cursor.seq <= head && !cursor.owed)
                .map(|cursor| cursor.seq),
        });
        let from = known.flatten().unwrap_or(head);
        let mut reader = Reader::new(self.comers, answer.key, &self.model, from);
        reader.envelope = envelope;
        selectors.iter().for_each(|selector| reader.begin(&self.model, selector, from));
        if known == Some(None) {
            for (n, selector) in selectors.iter().enumerate() {
                let data = serde_json::json!({ "channel": selector, "reason": "epoch" }).to_string();
                reader.notes.push(Note { at: head, ty: "gap", data, owed: n + 1 < selectors.len() });
            }
            reader.resume = self.model.cursor(from, !selectors.is_empty());
        }
        assert_eq!(answer.cursor.to_string(), reader.resume);
        for (asked, (selector, resume)) in selectors.iter().zip(&answer.resume) {
            let lost = self.model.selected(selector).any(|channel| self.model.lost(channel) > from);
            let expected = match known {
                None => Resume::New,
                Some(None) => Resume::Gap,
                Some(Some(_)) if lost => Resume::Gap,
                Some(Some(_)) => Resume::Ok,
            };
            assert_eq!((selector, *resume), (asked, expected));
        }
        self.readers.push(reader);
    }

    pub(super) fn cut(&mut self) {
        if !self.readers.is_empty() {
            let at = self.dice.below(self.readers.len());
            self.cut_off(at);
        }
    }

    pub(super) fn cut_off(&mut self, at: usize) {
        let reader = self.readers.remove(at);
        self.log.unsubscribe(reader.key);
        assert!(self.log.take(reader.key, 1, &mut Vec::new()).is_none(), "it is gone");
        self.part_with(reader);
    }

    pub(super) fn part_with(&mut self, reader: Reader) {
        let selectors = reader.reading.into_iter().map(|reading| reading.selector).collect();
        self.away.push((selectors, reader.resume));
    }

    pub(super) fn change(&mut self) {
        if self.readers.is_empty() {
            return;
        }
        let at = self.dice.below(self.readers.len());
        // What one who is behind is still given of a channel that it leaves is tested beside the rule itself.
        let number = self.readers[at].number;
        while self.readers.get(at).is_some_and(|reader| reader.number == number && reader.awake) {
            self.take(at, 100_000);
        }
        if self.readers.get(at).is_none_or(|reader| reader.number != number) {
            return;
        }
        let (add, remove) = (selector(self.dice.pick(&SELECTORS)), selector(self.dice.pick(&SELECTORS)));
        let (add, remove) = (vec![add; self.dice.below(3)], vec![remove; self.dice.below(3)]);
        let mut woken = Vec::new();
        let reader = &mut self.readers[at];
        let answer = self.log.change(reader.key, &add, &remove, &mut |number| woken.push(*number));

        let head = self.model.head;
        let removed: Vec<Selector> =
            remove.into_iter().take(1).filter(|selector| reader.has(selector)).collect();
        reader.end(&removed);
        let added: Vec<Selector> = add.into_iter().take(1).filter(|selector| !reader.has(selector)).collect();
        added.iter().for_each(|selector| reader.begin(&self.model, selector, head));
        for (ty, list) in [("unsubscribed", &removed), ("subscribed", &added)] {
            if !list.is_empty() {
                let data = serde_json::json!({ "channels": list }).to_string();
                reader.notes.push(Note { at: head, ty, data, owed: false });
            }
        }
        let rouse = !reader.notes.is_empty() && !reader.awake;
        reader.awake |= rouse;
        assert_eq!(woken, if rouse { vec![reader.number] } else { Vec::new() });
        assert_eq!(answer, Ok((added, removed)));
    }
}
