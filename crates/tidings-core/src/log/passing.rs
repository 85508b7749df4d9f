//! Events that have no place in the log, since whoever gives places is away: for those who are here now.

use std::sync::Arc;

use super::Log;
use super::note::Note;
use crate::channel::ChannelName;
use crate::event::Event;
use crate::history::Frame;

/// Events without a place that wait for one subscriber: what comes beyond is not for it.
pub const PASSING_EVENTS_MAX: usize = 100;

impl<W> Log<W> {
    /// Gives an event to the subscribers of a channel, after all that they are to have had by now. It moves no cursor,
    /// is in no history, and is not told to be missing. Answers how many get it.
    pub fn pass_by(
        &mut self,
        now_ms: u64,
        channel: &ChannelName,
        (id, event): (&str, &Event),
        wake: &mut impl FnMut(&W),
    ) -> usize {
        let frame = Arc::new(Frame::passing(id, now_ms, channel.clone(), event));
        // What is not shown yet may be long in coming: the engine is away.
        let at = self.shown_through.unwrap_or(self.head);
        let mut recipients = 0;
        for index in self.reader_indices(channel) {
            let subscriber = &mut self.subscribers[index as usize];
            let waiting = subscriber.notes.iter().flat_map(|notes| notes.iter());
            if waiting.filter(|note| note.passing.is_some()).count() >= PASSING_EVENTS_MAX {
                continue;
            }
            subscriber.note(Note { passing: Some(Arc::clone(&frame)), ..Note::new(at, "", String::new()) });
            recipients += 1;
            subscriber.wake_for_notes(wake);
        }
        recipients
    }
}
