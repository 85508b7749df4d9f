//! What comes before HTTP on the sockets of a listener.

#[cfg(feature = "tls")]
use std::sync::Arc;

use crate::hub::Hub;

/// What each socket has to go through before HTTP. By default, nothing.
#[derive(Clone, Debug, Default)]
pub struct Entrance {
    /// TLS: without it, HTTP is spoken in the clear.
    #[cfg(feature = "tls")]
    pub tls: Option<Arc<crate::tls::Tls>>,
    /// The PROXY protocol, version 2, by which the hub's `trusted_proxies`, and nobody else, tell where a client is.
    /// It comes before TLS.
    pub proxy_protocol: bool,
    /// For operators and collectors of numbers: a full house has some room left for them.
    pub for_operators: bool,
}

impl Entrance {
    /// Whether HTTP is the first thing that is said.
    pub(super) fn is_plain(&self) -> bool {
        #[cfg(feature = "tls")]
        if self.tls.is_some() {
            return false;
        }
        !self.proxy_protocol
    }

    /// Lets the hub tell of it.
    pub(super) fn enter_into(&self, hub: &Hub) {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            // With several listeners, the first one's.
            let _ = hub.inner().tls.set(Arc::clone(tls));
        }
        #[cfg(not(feature = "tls"))]
        let _ = hub;
    }
}
