//! Histories of the log: published, trimmed, read, cut off and resumed, kept over a restart, and lost.

use serde_json::value::RawValue;
use tidings_core::channel::Selector;
use tidings_core::event::{Draft, Event};
use tidings_core::history::Retention;
use tidings_core::log::{Keep, Log, Piece, Presence, Rules, Slow, Snapshot, Totals};
use tidings_core::position::Epoch;

use super::dice::Dice;
use super::log_model::{self, CHANNELS, Fate, Model};
use super::log_reader::{Due, Reader, What};
use super::log_readers::READERS_MAX;

const STEPS_MAX: usize = 60;
/// About an event's encoded bytes, beside what its place in memory takes.
const EVENT_BYTES: usize = 60;

pub(super) struct History<'a> {
    pub(super) dice: &'a mut Dice,
    pub(super) log: Log<u32>,
    pub(super) model: Model,
    pub(super) readers: Vec<Reader>,
    /// Who was cut off, with what they read and would come back with.
    pub(super) away: Vec<(Vec<Selector>, String)>,
    pub(super) totals: Totals,
    pub(super) comers: u32,
    pub(super) now_ms: u64,
}

pub(crate) fn history(dice: &mut Dice) -> usize {
    let rules = rules(dice);
    let epoch = 1 + dice.below(1000) as u64;
    let mut history = History {
        log: Log::new(Epoch::from(epoch), rules.clone()),
        model: Model::new(epoch, rules),
        readers: Vec::new(),
        away: Vec::new(),
        totals: Totals::default(),
        comers: 0,
        now_ms: 1_000_000,
        dice,
    };
    let steps = 10 + history.dice.below(STEPS_MAX - 10);
    for _ in 0..steps {
        history.step();
        history.compare();
    }
    history.leave();
    steps
}

fn rules(dice: &mut Dice) -> Rules {
    let mut keep = || Keep {
        retention: Retention {
            count: dice.pick(&[0, 1, 2, 3, 5]),
            age_ms: dice.pick(&[0, 0, 1_000, 5_000]),
            bytes: dice.pick(&[0, 0, 1, 3]) * (size_of::<tidings_core::history::Frame>() + EVENT_BYTES),
        },
        slow: dice.pick(&[Slow::Gap, Slow::Gap, Slow::Disconnect]),
        presence: Presence::Asked,
    };
    let rules = vec![(selector("group:*"), keep())];
    let default = keep();
    let total_bytes = dice.pick(&[0, 0, 2, 6]) * (size_of::<tidings_core::history::Frame>() + EVENT_BYTES);
    Rules { rules, default, total_bytes }
}

pub(super) fn selector(text: &str) -> Selector {
    Selector::parse(text).expect("a selector")
}

impl History<'_> {
    fn step(&mut self) {
        match self.dice.below(16) {
            0..=5 => self.publish(),
            6..=8 => self.take_somebody(),
            9 => self.come(),
            10 => self.come_back(),
            11 => self.cut(),
            12 => self.change(),
            13 => {
                let (forth, back) = (self.dice.pick(&[0, 1, 400, 3_000]), self.dice.pick(&[0, 0, 300]));
                self.now_ms = self.now_ms + forth - back;
                self.log.expire(self.now_ms);
                self.model.expire(self.now_ms);
            }
            14 => self.page(),
            _ if self.dice.one_in(3) => self.restart(),
            _ if self.dice.one_in(4) => self.lose_everything(),
            _ => self.take_somebody(),
        }
    }

    fn publish(&mut self) {
        let channel = self.dice.below(CHANNELS.len());
        let data = format!("\"{}\"", "x".repeat(self.dice.pick(&[0, 1, 10, 300])));
        let event = log_model::Event {
            seq: 0,
            time_ms: 0,
            channel,
            ty: self.dice.pick(&[None, Some("t")]),
            id: self.dice.pick(&[None, None, Some("a"), Some("b"), Some("c")]),
            key: self.dice.pick(&[None, None, Some("k"), Some("l")]),
            data,
            bytes: 0,
            fate: Fate::Held,
        };
        let raw: &RawValue = serde_json::from_str(&event.data).expect("JSON");
        let draft = Draft { ty: event.ty, data: raw, id: event.id, key: event.key };
        let published = Event::new(draft, 0).expect("an event");
        let (given, mut woken) = (event.id, Vec::new());
        let name = self.model.name(channel).clone();
        let answer = self.log.publish(self.now_ms, &name, &published, &mut |number| woken.push(*number));

        let reached = self.readers.iter_mut().filter(|reader| reader.reads(channel));
        let reached: Vec<&mut Reader> = reached.collect();
        let (seq, recipients, duplicate) = self.model.publish(self.now_ms, event, reached.len());
        let id = given.map_or_else(|| self.model.cursor(seq, false), str::to_owned);
        assert_eq!((answer.id, answer.offset, answer.recipients), (id, seq, recipients));
        assert_eq!(answer.duplicate, duplicate);
        let mut roused = Vec::new();
        for reader in reached.into_iter().filter(|reader| !duplicate && !reader.awake) {
            reader.awake = true;
            roused.push(reader.number);
        }
        woken.sort_unstable();
        assert_eq!(woken, roused, "woken are those who slept, each once");
        self.totals.published += u64::from(!duplicate);
    }

    fn take_somebody(&mut self) {
        if self.readers.is_empty() {
            return;
        }
        let at = self.dice.below(self.readers.len());
        let budget = self.dice.pick(&[1, 100, 400, 100_000]);
        self.take(at, budget);
    }

    pub(super) fn take(&mut self, at: usize, budget: usize) {
        let reader = &mut self.readers[at];
        let (due, ends) = (reader.due(&self.model), reader.ended_by(&self.model));
        let mut pieces = Vec::new();
        let taken = self.log.take(reader.key, budget, &mut pieces).expect("it is there");
        let due_count = due.len();
        let mut had: Vec<Due> = due;
        assert!(pieces.len() <= had.len(), "more than is due: {pieces:?} of {had:#?}");
        had.truncate(pieces.len());
        for (piece, due) in pieces.iter().zip(&had) {
            let payload = match piece {
                Piece::Event(frame) => frame.wire(reader.envelope).payload(),
                Piece::Control(framed) => framed.payload(),
            };
            assert_eq!(String::from_utf8_lossy(payload), due.text);
            reader.given(&self.model, due);
        }
        let events = had.iter().filter(|due| matches!(due.what, What::Event { .. })).count();
        let old = had.iter().filter(|due| matches!(due.what, What::Event { seq, .. } if seq <= reader.born));
        let gaps = had.iter().filter(|due| matches!(due.what, What::Gap { .. } | What::GapOfAll));
        self.totals.delivered += events as u64;
        self.totals.replayed += old.count() as u64;
        self.totals.gaps += gaps.count() as u64;
        assert_eq!(taken.events, events);
        let slow = had.iter().filter_map(|due| match due.what {
            What::Gap { channel, slow: true } => Some(self.model.name(channel).clone()),
            _ => None,
        });
        assert_eq!(taken.lagged, slow.collect::<Vec<_>>());
        let ended_by = taken.ended_by.as_ref();
        if ended_by.is_some() {
            assert_eq!((ended_by, had.len()), (ends.map(|channel| self.model.name(channel)), due_count));
            self.cut_off(at);
            return;
        }
        assert!(!had.is_empty() || due_count == 0, "at least one piece");
        assert_eq!(taken.more, had.len() < due_count || ends.is_some(), "whether there is more");
        let reader = &mut self.readers[at];
        reader.awake = taken.more;
        if !taken.more {
            reader.rest(&self.model);
        }
    }

    fn page(&mut self) {
        let (channel, most) = (self.dice.below(CHANNELS.len()), 1 + self.dice.below(4));
        let since = self.dice.below(self.model.head as usize + 1) as u64;
        let given = self.dice.one_in(2).then(|| self.model.cursor(since, false));
        let page = self.log.history(self.model.name(channel), 0, given.as_deref(), most);
        let after = if given.is_some() { since } else { 0 };
        let held: Vec<u64> =
            self.model.held(channel).map(|event| event.seq).filter(|seq| *seq > after).collect();
        let events: Vec<u64> = page.events.iter().map(|frame| frame.seq).collect();
        assert_eq!(events, held[..held.len().min(most)]);
        assert_eq!(
            (page.more, page.gap),
            (held.len() > most, given.is_some() && self.model.lost(channel) > after)
        );
        assert_eq!(page.next.seq, if page.more { events[most - 1] } else { self.model.head });
    }

    /// An orderly restart: everybody is cut off, and nothing is lost.
    fn restart(&mut self) {
        let lines = self.log.snapshot().into_iter().map(|line| {
            let text = serde_json::to_string(&line).expect("JSON");
            serde_json::from_str::<Snapshot>(&text).expect("a line")
        });
        self.log = Log::restore(self.model.rules.clone(), self.now_ms, lines).expect("whole");
        self.model.restart(self.now_ms);
        std::mem::take(&mut self.readers).into_iter().for_each(|reader| self.part_with(reader));
        self.totals = Totals::default();
    }

    /// A crash: another epoch, in which no cursor means anything.
    fn lose_everything(&mut self) {
        let epoch = self.model.epoch.get() + 1;
        self.log = Log::new(Epoch::from(epoch), self.model.rules.clone());
        self.model = Model::new(epoch, self.model.rules.clone());
        std::mem::take(&mut self.readers).into_iter().for_each(|reader| self.part_with(reader));
        self.totals = Totals::default();
    }

    fn compare(&mut self) {
        assert_eq!(self.log.head().to_string(), self.model.cursor(self.model.head, false));
        assert_eq!(self.log.bytes(), self.model.bytes());
        assert_eq!(self.log.totals(), self.totals);
        for reader in &self.readers {
            assert_eq!(self.log.behind(reader.key), reader.behind(&self.model));
            assert_eq!(self.log.selector_count(reader.key), reader.reading.len());
        }
    }

    /// At the end everyone comes back, has everything, and goes; nobody is left.
    fn leave(mut self) {
        while !self.away.is_empty() && self.readers.len() < READERS_MAX {
            self.come_back();
        }
        for at in (0..self.readers.len()).rev() {
            let number = self.readers[at].number;
            while self.readers.get(at).is_some_and(|reader| reader.number == number && reader.awake) {
                self.take(at, 300);
            }
        }
        while !self.readers.is_empty() {
            self.cut_off(0);
        }
        self.compare();
        for channel in 0..CHANNELS.len() {
            assert!(self.log.subscribers_of(self.model.name(channel)).is_empty(), "somebody is left");
        }
    }
}
