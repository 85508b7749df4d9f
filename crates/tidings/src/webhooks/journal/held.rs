//! Who was told to be there and not to be gone. After a crash they are told to be gone, so that whoever keeps a list has
//! a true one.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::super::record::{Connection, Happened, Record};

/// What the records up to one of them add up to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in super::super) struct Held {
    /// The records of another journal have another.
    pub(in super::super) epoch: String,
    /// The number of the next record.
    pub(in super::super) next: u64,
    #[serde(with = "as_list")]
    connections: HashMap<String, Connection>,
    channels: BTreeSet<String>,
}

impl Held {
    pub(in super::super) fn new(epoch: String) -> Self {
        Self { epoch, next: 1, ..Self::default() }
    }

    /// One more record.
    pub(in super::super) fn apply(&mut self, record: &Record) {
        self.next = record.seq + 1;
        match &record.what {
            Happened::Connected { connection, .. } => {
                self.connections.insert(connection.id.clone(), connection.clone());
            }
            Happened::Disconnected { connection, .. } => {
                self.connections.remove(&connection.id);
            }
            Happened::ChannelOccupied { channel } => {
                self.channels.insert(channel.clone());
            }
            Happened::ChannelVacated { channel } => {
                self.channels.remove(channel);
            }
            Happened::Overflow { .. } => {}
        }
    }

    /// Those who are left, in the order in which they came, and the channels that are.
    pub(in super::super) fn left(&self) -> (Vec<Connection>, Vec<String>) {
        let mut connections: Vec<_> = self.connections.values().cloned().collect();
        connections.sort_by(|a, b| (a.connected_at, &a.id).cmp(&(b.connected_at, &b.id)));
        (connections, self.channels.iter().cloned().collect())
    }
}

mod as_list {
    use super::{Connection, HashMap};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        map: &HashMap<String, Connection>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(map.values())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<HashMap<String, Connection>, D::Error> {
        let list = Vec::<Connection>::deserialize(from)?;
        Ok(list.into_iter().map(|connection| (connection.id.clone(), connection)).collect())
    }
}
