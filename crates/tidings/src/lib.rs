//! A real-time hub over Server-Sent Events that never lies about who is connected.
//!
//! [`Hub`] holds the connections and the channels, [`router`] is its HTTP surface, to be merged into an application's
//! own, an [`Authorizer`] says who may do what ([`auth`] has one that takes signed tokens), and a [`Publisher`] publishes from within the application. All four,
//! at work in one file: `examples/axum-embed`.
//!
//! ```no_run
//! use tidings::{ChannelName, GrantEverything, HttpOptions, Hub, HubOptions};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let hub = Hub::open(HubOptions::default())?;
//! let app = tidings::router(hub.clone(), GrantEverything, &HttpOptions::default());
//! let listener = tidings::bind(([127, 0, 0, 1], 3000).into(), &hub.options().stream)?;
//!
//! let (publisher, jobs) = (hub.publisher(), ChannelName::parse("jobs")?);
//! publisher.publish(&jobs, "job_started", &7).await?;
//!
//! tidings::serve(listener, app, hub.clone(), tokio::signal::ctrl_c()).await;
//! hub.drain().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Two guarantees
//!
//! [`serve`], on a listener from [`bind`], takes the socket of each stream over from HTTP and watches it. However the
//! far end leaves, the books know it: at once where it says so, within the heartbeat, the user timeout and two
//! seconds where it vanishes.
//!
//! The router works inside any other server too, `axum::serve` among them, with a weaker guarantee, because a
//! response's body can't see its socket:
//!
//! - a client that sent a byte after its request and then left is noticed when a write to it fails: at the second
//!   event or heartbeat after it left;
//! - a client that takes no bytes leaves the books in time, but its socket stays until the server gives it up;
//! - one that vanished without a word is noticed when the kernel gives it up, which takes a quarter of an hour
//!   unless the listener has [`listener_options`];
//! - the proof of life is `wrote`, and [`audit`] can't compare what it can't see;
//! - without `into_make_service_with_connect_info::<SocketAddr>()` all clients come from one address, `0.0.0.0`, and
//!   share its limit.
//!
//! To have the first guarantee, give [`serve`] the whole application as its router: what isn't a stream is served as
//! by `axum::serve`.

pub mod audit;
#[cfg(any(feature = "hook", feature = "tokens"))]
pub mod auth;
mod authorize;
mod body;
mod clock;
mod fault;
mod gate;
mod histogram;
mod http;
mod hub;
mod journal;
#[cfg(any(feature = "hook", feature = "tokens", feature = "schemas"))]
mod json;
mod net;
mod options;
#[cfg(feature = "outbound")]
mod outbound;
mod outlet;
mod schema;
mod socket;
mod store;
mod stream;
#[cfg(feature = "tls")]
pub mod tls;
mod trail;
mod urlencoded;
#[cfg(feature = "webhooks")]
pub mod webhooks;

pub use tidings_core as core;
pub use tidings_core::channel::{ChannelName, Selector};
pub use tidings_core::grant::{AdminRole, Grant};

pub use self::authorize::{Action, Asked, Authorizer, Counted, DynAuthorizer, GrantEverything};
pub use self::gate::Gate;
pub use self::http::operators::{Deed, ENDPOINTS, Endpoint, ToBeNoted, written_down};
pub use self::http::problem::Problem;
pub use self::http::{AskedFrom, HttpOptions, Surface, in_turn, protect, router, with_security_headers};
pub use self::hub::*;
pub use self::net::{IpNet, IpNetError, RemoteAddress};
pub use self::options::{Bounds, CleanupOptions, ClusterOptions, HubOptions, StreamOptions};
#[cfg(feature = "outbound")]
pub use self::outbound::TargetError;
pub use self::outlet::Ending;
pub use self::schema::{SCHEMA_BYTES_MAX, Schema, SchemaError, VIOLATIONS_TOLD_MAX, Violation, Violations};
pub use self::socket::{Entrance, bind, listener_options, passed, raise_open_files, serve, serve_through};
pub use self::trail::{
    AUDIT_ENTRIES_MAX, AUDIT_REFUSALS_PER_SECOND_MAX, AuditEntry, AuditResult, AuditTrail,
};
