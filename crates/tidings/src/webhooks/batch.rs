//! What goes out in one request: events as they happened, so many as there are, within bounds.

use std::io;

use bytes::Bytes;

use super::journal::Reader;
use super::options::WebhookOptions;
use super::record::{Happened, Record, rfc3339};

/// Events of one request.
pub const BATCH_EVENTS_MAX: usize = 100;
/// Bytes of events of one request, as soon as there are so many.
const BATCH_BYTES: usize = 256 * 1024;

/// One request, which is the same whenever it is sent.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub(super) id: String,
    pub(super) body: Bytes,
    pub(super) events: u64,
    /// When the first of it happened.
    pub(super) oldest_ms: u64,
}

/// How far it goes: where nothing of that is wanted, there is no batch.
#[derive(Debug)]
pub(super) struct BatchEnd {
    pub(super) batch: Option<Batch>,
    /// The number of the first record after it.
    pub(super) next: u64,
}

impl Batch {
    pub(super) fn cut(
        reader: &mut Reader,
        until: u64,
        options: &WebhookOptions,
        epoch: &str,
        node: &str,
    ) -> io::Result<BatchEnd> {
        let first = reader.next();
        let taken = reader.take(until, BATCH_EVENTS_MAX, BATCH_BYTES)?;
        let next = reader.next();
        let mut wanted: Vec<&(String, Record)> =
            taken.records.iter().filter(|(_, record)| options.wants(&record.what)).collect();
        let notice = (taken.lost > 0).then(|| {
            let at = taken.records.first().map_or(0, |(_, record)| record.at);
            let what = Happened::Overflow { lost: Some(taken.lost) };
            let id = format!("{}-overflow", Record::id(epoch, first));
            let notice = Record { id, seq: first, at, node: node.to_owned(), what };
            (notice.to_json(), notice)
        });
        if let Some(notice) = &notice {
            wanted.insert(0, notice);
        }
        let (Some((_, oldest)), Some((_, newest))) = (wanted.first(), wanted.last()) else {
            return Ok(BatchEnd { batch: None, next });
        };
        let data = wanted.iter().map(|(json, _)| json.as_str()).collect::<Vec<_>>().join(",");
        let body = format!(r#"{{"type":"events","timestamp":"{}","data":[{data}]}}"#, rfc3339(newest.at));
        let batch = Batch {
            id: format!("msg_{epoch}_{first}_{next}"),
            body: body.into(),
            events: wanted.len() as u64,
            oldest_ms: oldest.at,
        };
        Ok(BatchEnd { batch: Some(batch), next })
    }
}
