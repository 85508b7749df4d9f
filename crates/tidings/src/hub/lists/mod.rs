//! What operators see in lists: filtered, sorted and cut into pages by the hub, since they are too long for anybody else.

mod channels;
mod closed;
mod connections;
mod order;
mod query;
mod revocations;
mod row;
mod search;
mod users;

pub use self::channels::{ChannelBy, ChannelPage, ChannelQuery};
pub use self::closed::{ClosedPage, ClosedQuery, ConnectionDetails};
pub use self::connections::{ConnectionBy, ConnectionPage, ConnectionQuery};
pub use self::order::{RowMark, Sort, SortKey};
pub use self::query::{BadQuery, ListQuery};
pub use self::revocations::{RevocationBy, RevocationInfo, RevocationPage, RevocationQuery};
pub(crate) use self::row::Row;
pub use self::row::{ConnectionInfo, Proof, ProofKind, ProvenTo};
pub use self::search::Search;
pub use self::users::{UserBy, UserInfo, UserPage, UserQuery};
