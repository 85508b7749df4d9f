//! The certificate that is shown in handshakes: replaced while others go on.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::pair::Pair;

/// The one that is shown now.
#[derive(Debug)]
pub(super) struct Certificates(RwLock<Pair>);

impl Certificates {
    pub(super) fn new(pair: Pair) -> Self {
        Self(RwLock::new(pair))
    }

    /// From the next handshake on.
    pub(super) fn replace(&self, pair: Pair) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = pair;
    }

    pub(super) fn expires(&self) -> Option<i64> {
        self.read().validity.map(|validity| validity.not_after)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Pair> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.read().key))
    }
}
