//! The reading end, of which each webhook has its own.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::sync::Arc;

use super::line;
use super::segments::Segments;
use crate::webhooks::record::Record;

/// Goes along the journal.
#[derive(Debug)]
pub(in super::super) struct Reader {
    segments: Arc<Segments>,
    /// The number of the next record.
    next: u64,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    first: u64,
    file: BufReader<File>,
    at: u64,
}

/// What was read.
#[derive(Debug, Default)]
pub(in super::super) struct Taken {
    /// As text and by its head.
    pub(in super::super) records: Vec<(String, Record)>,
    /// Records before these that are gone.
    pub(in super::super) lost: u64,
}

impl Reader {
    pub(super) fn new(segments: Arc<Segments>, next: u64) -> Self {
        Self { segments, next, open: None }
    }

    pub(in super::super) fn next(&self) -> u64 {
        self.next
    }

    /// Reads on up to a record, within bounds, but at least one. What is lost is before all that is read.
    pub(in super::super) fn take(&mut self, until: u64, most: usize, bytes_max: usize) -> io::Result<Taken> {
        let mut taken = Taken::default();
        let mut bytes = 0;
        let mut text = Vec::new();
        if let Some(open) = &mut self.open {
            // What was read ahead may have been taken back since, and written anew.
            open.file.seek(SeekFrom::Start(open.at))?;
        }
        while self.next < until && taken.records.len() < most && bytes < bytes_max {
            let Some(open) = self.open_for_next(&mut taken)? else { break };
            text.clear();
            let read = open.file.read_until(b'\n', &mut text)?;
            if !text.ends_with(b"\n") {
                // Its end; what follows stands in the next file.
                let first = open.first;
                open.file.seek(SeekFrom::Start(open.at))?;
                self.open = None;
                let Some(after) = self.segments.after(first) else { break };
                if after.first > self.next && !taken.records.is_empty() {
                    break;
                }
                taken.lost += after.first.saturating_sub(self.next);
                self.next = self.next.max(after.first);
                continue;
            }
            open.at += read as u64;
            let line = text.strip_suffix(b"\n").and_then(line::read);
            let Some((line, record)) = line.and_then(|line| Some((line, Record::parse(line)?))) else {
                // A line that the disk changed counts as lost when the next one shows its number.
                continue;
            };
            if record.seq < self.next {
                continue;
            }
            if record.seq > self.next && !taken.records.is_empty() {
                if let Some(open) = &mut self.open {
                    open.at -= read as u64;
                    open.file.seek(SeekFrom::Start(open.at))?;
                }
                break;
            }
            taken.lost += record.seq - self.next;
            self.next = record.seq + 1;
            bytes += line.len();
            taken.records.push((line.to_owned(), record));
        }
        Ok(taken)
    }

    /// Everybody has all before this record: what it stood in may go.
    pub(in super::super) fn release(&self, seq: u64) {
        self.segments.release(seq);
    }

    fn open_for_next(&mut self, taken: &mut Taken) -> io::Result<Option<&mut Open>> {
        if self.open.is_none() {
            let Some(segment) = self.segments.with(self.next) else { return Ok(None) };
            if segment.first > self.next && !taken.records.is_empty() {
                return Ok(None);
            }
            taken.lost += segment.first.saturating_sub(self.next);
            self.next = self.next.max(segment.first);
            let file = match File::open(self.segments.path(segment.first)) {
                Ok(file) => file,
                // It made room just now: the next look finds the one after.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            };
            self.open = Some(Open { first: segment.first, file: BufReader::new(file), at: 0 });
        }
        Ok(self.open.as_mut())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::webhooks::record::Happened;

    fn line_of(seq: u64, channel: &str) -> Vec<u8> {
        let what = Happened::ChannelOccupied { channel: channel.to_owned() };
        let record = Record { id: Record::id("e", seq), seq, at: 1, node: "n".to_owned(), what };
        let mut line = Vec::new();
        line::write(&mut line, &record.to_json());
        line
    }

    #[test]
    fn what_was_read_ahead_and_then_taken_back_is_not_told() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("outbox-00000000000000000001.jsonl");
        let (first, taken_back) = (line_of(1, "first"), line_of(2, "taken-back"));
        fs::write(&path, [&*first, &*taken_back].concat()).expect("written");
        let segments = Arc::new(Segments::of(dir.path()).expect("read"));
        let mut reader = Reader::new(segments, 1);
        let channels =
            |taken: Taken| taken.records.into_iter().map(|(_, record)| record.what).collect::<Vec<_>>();
        let occupied = |channel: &str| vec![Happened::ChannelOccupied { channel: channel.to_owned() }];
        // The disk has not taken the second for good.
        assert_eq!(channels(reader.take(2, 100, 1_000).expect("read")), occupied("first"));
        fs::write(&path, [&*first, &*line_of(2, "second")].concat()).expect("written");
        assert_eq!(channels(reader.take(3, 100, 1_000).expect("read")), occupied("second"));
        assert_eq!(reader.next(), 3);
    }
}
