//! A real-time hub over Server-Sent Events that never lies about who is connected.
//!
//! [`Hub`] holds the connections and the channels, [`router`] is its HTTP surface, and [`serve`] is a server that sees
//! every way in which a client can leave. [`Hub::publisher`] publishes from within the application.
//!
//! The router also works inside any other axum server. What is then weaker, because a body can't see its socket: a
//! client that sent a byte too many and left is noticed at a failing write only, a client that takes no bytes is
//! ended in the books at once and its socket when the server notices, and proof of life is `wrote`. [`serve`] with the
//! whole application as its router has the full guarantee.

pub mod audit;
mod authorize;
mod body;
mod clock;
mod fault;
mod histogram;
mod http;
mod hub;
mod net;
mod options;
mod outlet;
mod socket;
mod store;
mod stream;

pub use tidings_core as core;

pub use self::authorize::{Authorizer, DynAuthorizer, GrantEverything};
pub use self::http::problem::Problem;
pub use self::http::{HttpOptions, router};
pub use self::hub::*;
pub use self::net::{IpNet, IpNetError};
pub use self::options::{Bounds, CleanupOptions, HubOptions, StreamOptions};
pub use self::outlet::Ending;
pub use self::socket::{Stop, bind, listener_options, passed, serve};
