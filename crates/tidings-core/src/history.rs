//! A channel's history: a bounded ring of frames, each encoded once and shared by everyone who reads it.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::channel::ChannelName;
use crate::event::Event;
use crate::position::{Cursor, Epoch};
use crate::wire::{self, Framed};

/// What a channel keeps for replay. A bound of 0 is no bound; the newest event is kept whatever the bounds on
/// count and bytes say, because the ring is also the queue of those who are listening now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Retention {
    /// Events kept at most.
    pub count: usize,
    /// Milliseconds an event is kept at most.
    pub age_ms: u64,
    /// Encoded bytes kept at most.
    pub bytes: usize,
}

/// How a stream's events come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Envelope {
    /// The data alone.
    #[default]
    None,
    /// In an object that tells where the event comes from; its type stands in `event:` too.
    Typed,
    /// In that object, without `event:`: what reads the stream by one listener gets all of them.
    Message,
}

/// One event at its place in the log, encoded once.
#[derive(Debug)]
pub struct Frame {
    /// The event's place in the log: what its cursor says. A posting has none there, and counts among its like.
    pub seq: u64,
    /// When it was published, in milliseconds of the wall clock.
    pub time_ms: u64,
    channel: ChannelName,
    id: Option<Box<str>>,
    key: Option<Box<str>>,
    plain: Framed,
    ty: Range<u32>,
    data: Range<u32>,
    enveloped: OnceLock<Box<Enveloped>>,
    /// Of what is in the log. What is not has no cursor.
    epoch: Option<Epoch>,
}

/// Made for the first stream that wants it.
#[derive(Debug, Default)]
struct Enveloped {
    typed: OnceLock<Framed>,
    message: OnceLock<Framed>,
}

impl Frame {
    pub(crate) fn new(cursor: Cursor, time_ms: u64, channel: ChannelName, event: &Event) -> Self {
        let mut out = Vec::with_capacity(event.data().len() + event.ty().map_or(0, str::len) + 48);
        out.extend_from_slice(b"id: ");
        cursor.write_into(&mut out);
        out.push(b'\n');
        let id = event.id().map(Into::into);
        Self::encoded(out, (cursor.seq, Some(cursor.epoch)), id, time_ms, channel, event)
    }

    /// What is shown and is no part of the log: it moves no stream's cursor.
    pub(crate) fn posted(version: u64, time_ms: u64, channel: ChannelName, event: &Event) -> Self {
        let id = Some(version.to_string().into());
        Self::encoded(Vec::new(), (version, None), id, time_ms, channel, event)
    }

    /// An event that has no place: it moves no stream's cursor either.
    pub(crate) fn passing(id: &str, time_ms: u64, channel: ChannelName, event: &Event) -> Self {
        Self::encoded(Vec::new(), (0, None), Some(id.into()), time_ms, channel, event)
    }

    fn encoded(
        mut out: Vec<u8>,
        (seq, epoch): (u64, Option<Epoch>),
        id: Option<Box<str>>,
        time_ms: u64,
        channel: ChannelName,
        event: &Event,
    ) -> Self {
        let mut ty = 0..0;
        if let Some(name) = event.ty() {
            out.extend_from_slice(b"event: ");
            ty = span(&mut out, name);
            out.push(b'\n');
        }
        out.extend_from_slice(b"data: ");
        let data = span(&mut out, event.data());
        out.extend_from_slice(b"\n\n");
        Self {
            seq,
            epoch,
            time_ms,
            channel,
            id,
            key: event.key().map(Into::into),
            plain: Framed::new(&out),
            ty,
            data,
            enveloped: OnceLock::new(),
        }
    }

    /// The event's type, if the publisher gave one.
    pub fn ty(&self) -> Option<&str> {
        (!self.ty.is_empty()).then(|| self.text(&self.ty))
    }

    /// The event's JSON.
    pub fn data(&self) -> &str {
        self.text(&self.data)
    }

    /// The publisher's id, or else the cursor's text, which is unique.
    pub fn id(&self) -> String {
        let made = || self.cursor().map(|cursor| cursor.to_string()).unwrap_or_default();
        self.id.as_deref().map_or_else(made, str::to_owned)
    }

    /// The key under which only the latest event is kept.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The channel it was published to.
    pub fn channel(&self) -> &ChannelName {
        &self.channel
    }

    /// Where a stream goes on from after this event, if it is one of the log.
    pub fn cursor(&self) -> Option<Cursor> {
        self.epoch.map(|epoch| Cursor { epoch, seq: self.seq, owed: false })
    }

    /// The bytes of the event for a stream, plain or in its envelope.
    pub fn wire(&self, envelope: Envelope) -> &Framed {
        let (enveloped, ty) = match envelope {
            Envelope::None => return &self.plain,
            Envelope::Typed => (&self.enveloped.get_or_init(Box::default).typed, self.ty()),
            Envelope::Message => (&self.enveloped.get_or_init(Box::default).message, None),
        };
        enveloped.get_or_init(|| {
            let mut out = Vec::with_capacity(self.data().len() + 160);
            let id = self.cursor().map(|cursor| cursor.to_string());
            wire::event(&mut out, id.as_deref(), ty, &self.enveloped());
            Framed::new(&out)
        })
    }

    /// `{"channel","type","id","offset","time","data"}`, the event as an object of its own.
    pub fn enveloped(&self) -> String {
        #[derive(Serialize)]
        struct Envelope<'a> {
            channel: &'a str,
            #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
            ty: Option<&'a str>,
            id: String,
            offset: u64,
            time: u64,
            data: &'a RawValue,
        }
        let data: &RawValue = serde_json::from_str(self.data()).expect("an event's data is JSON");
        let envelope = Envelope {
            channel: self.channel.as_str(),
            ty: self.ty(),
            id: self.id(),
            offset: self.seq,
            time: self.time_ms,
            data,
        };
        serde_json::to_string(&envelope).expect("an envelope is JSON")
    }

    pub(crate) fn given_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.plain.chunk().len() + size_of::<Self>()
    }

    /// The same of an event that has no place yet: less than that by what only its place tells.
    pub(crate) fn bytes_min(event: &Event) -> usize {
        // `id: 0-0`, `data: ` and what ends lines, event and chunk.
        const AROUND: usize = 21;
        let ty = event.ty().map_or(0, |ty| "event: \n".len() + ty.len());
        AROUND + ty + event.data().len() + size_of::<Self>()
    }

    fn text(&self, range: &Range<u32>) -> &str {
        let bytes = &self.plain.payload()[range.start as usize..range.end as usize];
        std::str::from_utf8(bytes).expect("a frame is cut at the bounds of its strings")
    }
}

fn span(out: &mut Vec<u8>, text: &str) -> Range<u32> {
    let start = u32::try_from(out.len()).expect("an event is bounded far below 4 GiB");
    out.extend_from_slice(text.as_bytes());
    start..u32::try_from(out.len()).expect("an event is bounded far below 4 GiB")
}

/// What was answered to the publish that first gave an id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Remembered {
    pub(crate) seq: u64,
    pub(crate) recipients: usize,
    pub(crate) time_ms: u64,
}

/// The ring of one channel.
#[derive(Debug, Default)]
pub(crate) struct History {
    frames: VecDeque<Arc<Frame>>,
    bytes: usize,
    /// The newest event of this channel that the ring let go: a cursor before it has missed something.
    pub(crate) trimmed_through: u64,
    /// The place of each key's latest event.
    keys: HashMap<Box<str>, u64, foldhash::fast::RandomState>,
    ids: HashMap<Box<str>, Remembered, foldhash::fast::RandomState>,
    id_order: VecDeque<Box<str>>,
}

impl History {
    pub(crate) fn len(&self) -> usize {
        self.frames.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty() && self.ids.is_empty()
    }

    pub(crate) fn frames(&self) -> impl Iterator<Item = &Arc<Frame>> {
        self.frames.iter()
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Arc<Frame>> {
        self.frames.get(index)
    }

    /// The index of the first frame after `seq`.
    pub(crate) fn index_after(&self, seq: u64) -> usize {
        if self.frames.back().is_none_or(|last| last.seq <= seq) {
            return self.frames.len();
        }
        self.frames.partition_point(|frame| frame.seq <= seq)
    }

    /// How many frames are younger than `since_ms`.
    pub(crate) fn count_since(&self, since_ms: u64) -> usize {
        self.frames.len() - self.frames.partition_point(|frame| frame.time_ms < since_ms)
    }

    pub(crate) fn last_seq(&self) -> u64 {
        self.frames.back().map_or(self.trimmed_through, |frame| frame.seq)
    }

    pub(crate) fn remembered(&self, id: &str) -> Option<Remembered> {
        self.ids.get(id).copied()
    }

    /// Ids that outlived their event, which a newer one of its key replaced.
    pub(crate) fn outliving_ids(&self) -> impl Iterator<Item = (&str, Remembered)> {
        let is_here = |seq| self.frames.binary_search_by_key(&seq, |frame| frame.seq).is_ok();
        let ids = self.id_order.iter().filter_map(|id| Some((&**id, self.remembered(id)?)));
        ids.filter(move |(_, first)| !is_here(first.seq))
    }

    pub(crate) fn push(&mut self, frame: Arc<Frame>, retention: &Retention) {
        if let Some(key) = frame.key() {
            self.replace_key(key, frame.seq);
        }
        self.bytes += frame.bytes();
        self.frames.push_back(frame);
        while self.frames.len() > 1 && self.over(retention) {
            self.pop();
        }
    }

    pub(crate) fn remember(
        &mut self,
        id: &str,
        seq: u64,
        recipients: usize,
        time_ms: u64,
        retention: &Retention,
    ) {
        if self.ids.insert(id.into(), Remembered { seq, recipients, time_ms }).is_some() {
            // Two events that are held can have one id, if it was forgotten between them: the newer one's counts.
            self.id_order.retain(|other| **other != *id);
        }
        self.id_order.push_back(id.into());
        while retention.count > 0 && self.id_order.len() > retention.count {
            self.forget_id();
        }
    }

    /// Lets go of what is too old. Answers how many bytes that freed.
    pub(crate) fn expire(&mut self, now_ms: u64, retention: &Retention) -> usize {
        let before = self.bytes;
        if retention.age_ms > 0 {
            let oldest = now_ms.saturating_sub(retention.age_ms);
            while self.frames.front().is_some_and(|frame| frame.time_ms < oldest) {
                self.pop();
            }
            while self.id_order.front().is_some_and(|id| self.ids.get(id).is_none_or(|r| r.time_ms < oldest))
            {
                self.forget_id();
            }
        }
        before - self.bytes
    }

    /// Lets go of the oldest frame.
    pub(crate) fn pop(&mut self) {
        if let Some(frame) = self.frames.pop_front() {
            self.bytes -= frame.bytes();
            self.trimmed_through = frame.seq;
            if let Some(key) = frame.key() {
                self.keys.remove(key);
            }
            while self.id_order.front().is_some_and(|id| self.ids.get(id).is_none_or(|r| r.seq <= frame.seq))
            {
                self.forget_id();
            }
        }
    }

    /// Lets go of all through a place, of which something is lost.
    pub(crate) fn lose(&mut self, through: u64) {
        while self.frames.front().is_some_and(|frame| frame.seq <= through) {
            self.pop();
        }
        self.trimmed_through = self.trimmed_through.max(through);
    }

    fn over(&self, retention: &Retention) -> bool {
        (retention.count > 0 && self.frames.len() > retention.count)
            || (retention.bytes > 0 && self.bytes > retention.bytes)
    }

    fn forget_id(&mut self) {
        if let Some(id) = self.id_order.pop_front() {
            self.ids.remove(&id);
        }
    }

    /// Latest wins: the older event of the key is gone from replay, which is no gap. Its id stays known, so that a
    /// late repeat of the old publish can't overtake the new one.
    fn replace_key(&mut self, key: &str, seq: u64) {
        let Some(old_seq) = self.keys.insert(key.into(), seq) else { return };
        let index = self.frames.partition_point(|frame| frame.seq < old_seq);
        if let Some(old) = self.frames.remove(index) {
            debug_assert_eq!(old.seq, old_seq);
            self.bytes -= old.bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Draft;

    #[test]
    fn an_event_counts_before_it_has_a_place_what_it_takes_less_what_its_place_tells() {
        let data = format!("\"{}\"", "x".repeat(70_000));
        for data in ["0", "[1,2,3]", &data] {
            for ty in [None, Some("a"), Some("a longer type")] {
                let data = serde_json::from_str(data).expect("JSON");
                let event = Event::new(Draft { ty, data, id: Some("id"), key: Some("key") }, 0);
                let event = event.expect("an event");
                for (epoch, seq) in [(0, 0), (u64::MAX, u64::MAX)] {
                    let cursor = Cursor { epoch: Epoch::from(epoch), seq, owed: false };
                    let channel = ChannelName::parse("c").expect("a name");
                    let frame = Frame::new(cursor, 0, channel, &event);
                    let least = Frame::bytes_min(&event);
                    assert!((least..=least + 40).contains(&frame.bytes()), "{least}, {}", frame.bytes());
                }
            }
        }
    }
}
