//! What is told, as it stands in the journal and in a request.

use serde::{Deserialize, Serialize};
use tidings_core::close::CloseReason;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) seq: u64,
    /// Milliseconds since 1970.
    pub(super) at: u64,
    pub(super) node: String,
    #[serde(flatten)]
    pub(super) what: Happened,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Happened {
    Connected {
        connection: Connection,
        channels: Vec<String>,
    },
    Disconnected {
        connection: Connection,
        reason: CloseReason,
    },
    ChannelOccupied {
        channel: String,
    },
    ChannelVacated {
        channel: String,
    },
    /// So many records before this one are lost, as far as that is known.
    Overflow {
        lost: Option<u64>,
    },
}

/// Who it was, as the books knew them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Connection {
    pub(super) id: String,
    pub(super) user: String,
    pub(super) client_id: Option<String>,
    pub(super) r#type: String,
    pub(super) connected_at: u64,
}

impl Record {
    /// Its name, and its place in the order of all: the same for whoever is told it twice.
    pub(super) fn id(epoch: &str, seq: u64) -> String {
        format!("{epoch}-{seq}")
    }

    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn parse(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }
}

/// A time in milliseconds since 1970 as RFC 3339 writes it, in UTC.
pub(super) fn rfc3339(at_ms: u64) -> String {
    let (days, ms) = (at_ms / 86_400_000, at_ms % 86_400_000);
    // The civil calendar in eras of 400 years that begin in March, so that a leap day is the last of its year.
    let z = days + 719_468;
    let (era, of_era) = (z / 146_097, z % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_others_read_them() {
        for (at_ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_799_999, "2000-02-29T23:59:59.999Z"),
            (1_795_270_825_567, "2026-11-21T14:20:25.567Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799_000, "9999-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(rfc3339(at_ms), text);
        }
    }

    #[test]
    fn a_record_reads_back_as_it_was_written() {
        let connection = Connection {
            id: "a-1-2".to_owned(),
            user: "ann".to_owned(),
            client_id: None,
            r#type: "client".to_owned(),
            connected_at: 1,
        };
        for what in [
            Happened::Connected { connection: connection.clone(), channels: vec!["news".to_owned()] },
            Happened::Disconnected { connection, reason: CloseReason::Lost },
            Happened::ChannelOccupied { channel: "news".to_owned() },
            Happened::ChannelVacated { channel: "news".to_owned() },
            Happened::Overflow { lost: Some(3) },
            Happened::Overflow { lost: None },
        ] {
            let record = Record { id: Record::id("e", 7), seq: 7, at: 9, node: "n".to_owned(), what };
            assert_eq!(Record::parse(&record.to_json()), Some(record));
        }
    }
}
