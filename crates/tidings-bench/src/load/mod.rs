//! The load generator: up to 19,900 streams in one process, on one thread.

mod engine;
mod http1;
mod http2;
pub(crate) mod link;
mod publisher;
mod wire;
mod witness;
pub(crate) mod worker;

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ClientConfig;

/// What all connections of a load go to.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) addr: SocketAddr,
    /// Whether a stream counts as open only with its first event (the hub's `connected`).
    pub(crate) greets: bool,
    /// 0: HTTP/1.1.
    pub(crate) streams_per_connection: usize,
    /// Whom to trust under TLS; in the clear without.
    pub(crate) tls: Option<Trust>,
}

/// For the streams, and for who publishes, which goes by HTTP/1.1.
#[derive(Clone, Debug)]
pub(crate) struct Trust {
    pub(crate) streams: Arc<ClientConfig>,
    pub(crate) publisher: Arc<ClientConfig>,
}

impl Target {
    pub(crate) fn stream_path(&self) -> String {
        "/api/sse/stream?channels=bench".into()
    }

    /// How many streams a connection carries.
    pub(crate) fn streams(&self) -> usize {
        self.streams_per_connection.max(1)
    }
}

/// What a piece of a response brought.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fed {
    pub(crate) opened: u32,
    pub(crate) events: u32,
}
