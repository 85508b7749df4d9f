//! A reader of the log: what it ought to be given next, and a ledger of what it was.

use serde_json::json;
use tidings_core::channel::Selector;
use tidings_core::history::Envelope;
use tidings_core::log::{Slow, SubscriberKey};

use super::log_model::{CHANNELS, Fate, Model};

/// What a reader ought to be given.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    /// Where it comes among the rest.
    place: u64,
    /// Where it takes the cursor, if that is not further.
    through: u64,
    pub(crate) text: String,
    pub(crate) what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Event {
        channel: usize,
        seq: u64,
    },
    /// `slow`: lost while it was reading, and not before it came.
    Gap {
        channel: usize,
        slow: bool,
    },
    /// The gap of a selector whose cursor meant nothing.
    GapOfAll,
    Note,
}

pub(crate) struct Note {
    pub(crate) at: u64,
    pub(crate) ty: &'static str,
    pub(crate) data: String,
    pub(crate) owed: bool,
}

/// A part of what it reads, and from where on.
pub(crate) struct Reading {
    pub(crate) selector: Selector,
    channels: [bool; CHANNELS.len()],
    from: u64,
}

pub(crate) struct Reader {
    pub(crate) number: u32,
    pub(crate) key: SubscriberKey,
    pub(crate) envelope: Envelope,
    pub(crate) awake: bool,
    pub(crate) reading: Vec<Reading>,
    pub(crate) cursor: u64,
    pub(crate) born: u64,
    pub(crate) notes: Vec<Note>,
    /// What it would come back with.
    pub(crate) resume: String,
    /// For each channel that it reads, up to where nothing is owed to it any more.
    ledger: [Option<u64>; CHANNELS.len()],
}

impl Reader {
    pub(crate) fn new(number: u32, key: SubscriberKey, model: &Model, from: u64) -> Self {
        Self {
            number,
            key,
            envelope: Envelope::None,
            awake: true,
            reading: Vec::new(),
            cursor: from,
            born: model.head,
            notes: Vec::new(),
            resume: model.cursor(from, false),
            ledger: Default::default(),
        }
    }

    pub(crate) fn reads(&self, channel: usize) -> bool {
        self.reading.iter().any(|reading| reading.channels[channel])
    }

    pub(crate) fn has(&self, selector: &Selector) -> bool {
        self.reading.iter().any(|reading| reading.selector == *selector)
    }

    pub(crate) fn begin(&mut self, model: &Model, selector: &Selector, from: u64) {
        let channels = std::array::from_fn(|channel| selector.matches(model.name(channel)));
        self.reading.push(Reading { selector: selector.clone(), channels, from });
        self.settle_ledger();
    }

    pub(crate) fn end(&mut self, selectors: &[Selector]) {
        self.reading.retain(|reading| !selectors.contains(&reading.selector));
        self.settle_ledger();
    }

    /// Whoever begins to read a channel is owed what comes after that.
    fn settle_ledger(&mut self) {
        for channel in 0..CHANNELS.len() {
            let since = self.since(channel);
            let last = self.ledger[channel];
            self.ledger[channel] = since.map(|since| last.map_or(since, |last| last.max(since)));
        }
    }

    /// Everything that it has not had, in order.
    pub(crate) fn due(&self, model: &Model) -> Vec<Due> {
        let mut due = Vec::new();
        for channel in 0..CHANNELS.len() {
            let Some(since) = self.since(channel) else { continue };
            let lost = model.lost(channel);
            if let Some(place) = self.gap_due(model, channel) {
                let what = What::Gap { channel, slow: lost > self.born };
                due.push(Due { place, through: lost, text: String::new(), what });
            }
            for event in model.held(channel).filter(|event| event.seq > since.max(lost)) {
                let what = What::Event { channel, seq: event.seq };
                let text = model.text(event, self.envelope);
                due.push(Due { place: event.seq, through: event.seq, text, what });
            }
        }
        for note in &self.notes {
            let text = control(&model.cursor(note.at.max(self.cursor), note.owed), note.ty, &note.data);
            let what = if note.ty == "gap" { What::GapOfAll } else { What::Note };
            due.push(Due { place: note.at, through: note.at, text, what });
        }
        // Gaps come before an event at their place, the one that ends first before the others; a note after both.
        due.sort_by_key(|due| match due.what {
            What::Gap { .. } => (due.place, 0, due.through),
            What::Event { .. } => (due.place, 1, 0),
            What::GapOfAll | What::Note => (due.place, 2, 0),
        });
        self.tell_gaps(model, &mut due);
        let ends = due.iter().position(|due| self.is_end(model, due));
        due.truncate(ends.unwrap_or(due.len()));
        due
    }

    /// A gap takes the cursor to its end, as far as nothing else is due before that.
    fn tell_gaps(&self, model: &Model, due: &mut [Due]) {
        let mut cursor = self.cursor;
        for at in 0..due.len() {
            if let What::Gap { channel, slow } = due[at].what {
                let free = due.get(at + 1).map_or(u64::MAX, |next| match next.what {
                    What::GapOfAll | What::Note => next.place,
                    What::Event { .. } | What::Gap { .. } => next.place - 1,
                });
                let through = due[at].through.min(free).max(cursor);
                let reason = if slow { "slow" } else { "trimmed" };
                let data = json!({ "channel": CHANNELS[channel], "reason": reason }).to_string();
                due[at].through = through;
                due[at].text = control(&model.cursor(through, false), "gap", &data);
            }
            cursor = cursor.max(due[at].through);
        }
    }

    /// The channel on which it fell off and is not to go on, if that comes next.
    pub(crate) fn ended_by(&self, model: &Model) -> Option<usize> {
        let ends = |channel: &usize| {
            let is_slow = model.lost(*channel) > self.born && self.gap_due(model, *channel).is_some();
            is_slow && model.keep(*channel).slow == Slow::Disconnect
        };
        (0..CHANNELS.len())
            .filter(ends)
            .min_by_key(|channel| (self.gap_due(model, *channel), model.lost(*channel)))
    }

    /// Where it is to be told that a channel lost something which it neither had nor was told of.
    fn gap_due(&self, model: &Model, channel: usize) -> Option<u64> {
        let told = self.since(channel)?.max(self.ledger[channel].unwrap_or(0));
        (model.lost(channel) > told).then_some(told + 1)
    }

    /// How many events wait for it.
    pub(crate) fn behind(&self, model: &Model) -> usize {
        let waiting = |channel: usize| {
            let since = self.since(channel)?;
            Some(model.held(channel).filter(|event| event.seq > since).count())
        };
        (0..CHANNELS.len()).filter_map(waiting).sum()
    }

    /// Takes note of what it was given: in order, nothing twice, and nothing left out that no gap tells of.
    pub(crate) fn given(&mut self, model: &Model, due: &Due) {
        match due.what {
            What::Event { channel, seq } => {
                let last = self.ledger[channel].expect("it reads the channel");
                assert!(seq > last, "{seq} after {last} on {}", CHANNELS[channel]);
                self.assert_nothing_missing(model, channel, seq);
                self.ledger[channel] = Some(seq);
            }
            What::Gap { channel, .. } => {
                let last = self.ledger[channel].expect("it reads the channel");
                let lost = model.lost(channel);
                assert!(lost > last, "a gap on {} where nothing is lost", CHANNELS[channel]);
                self.ledger[channel] = Some(lost);
            }
            What::GapOfAll | What::Note => {
                self.notes.remove(0);
            }
        }
        self.cursor = self.cursor.max(due.through);
        let id = due.text.strip_prefix("id: ").and_then(|text| text.split_once('\n')).expect("an id").0;
        id.clone_into(&mut self.resume);
    }

    /// It has everything.
    pub(crate) fn rest(&mut self, model: &Model) {
        self.cursor = model.head;
        for channel in (0..CHANNELS.len()).filter(|channel| self.ledger[*channel].is_some()) {
            self.assert_nothing_missing(model, channel, u64::MAX);
        }
    }

    fn assert_nothing_missing(&self, model: &Model, channel: usize, before: u64) {
        let last = self.ledger[channel].unwrap_or(u64::MAX);
        let left_out = model.of(channel).filter(|event| event.seq > last && event.seq < before);
        for event in left_out {
            assert_eq!(event.fate, Fate::Replaced, "{} on {} is missing", event.seq, CHANNELS[channel]);
        }
    }

    fn since(&self, channel: usize) -> Option<u64> {
        let mine = self.reading.iter().filter(|reading| reading.channels[channel]);
        mine.map(|reading| reading.from).min().map(|from| from.max(self.cursor))
    }

    fn is_end(&self, model: &Model, due: &Due) -> bool {
        matches!(due.what, What::Gap { channel, slow: true } if model.keep(channel).slow == Slow::Disconnect)
    }
}

fn control(id: &str, ty: &str, data: &str) -> String {
    format!("id: {id}\nevent: {ty}\ndata: {data}\n\n")
}
