//! The certificate that is shown in handshakes: replaced while others go on.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::pair::Pair;
use super::validity::Validity;

/// What is shown now, if there is anything to show.
#[derive(Debug)]
pub(super) struct Certificates {
    shown: RwLock<Option<Pair>>,
    /// By domain, while an authority asks for them.
    #[cfg(feature = "acme")]
    challenges: RwLock<std::collections::HashMap<String, Arc<CertifiedKey>>>,
}

impl Certificates {
    pub(super) fn new(pair: Option<Pair>) -> Self {
        Self {
            shown: RwLock::new(pair),
            #[cfg(feature = "acme")]
            challenges: RwLock::default(),
        }
    }

    /// From the next handshake on.
    pub(super) fn replace(&self, pair: Pair) {
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Some(pair);
    }

    pub(super) fn validity(&self) -> Option<Validity> {
        self.shown().as_ref()?.validity
    }

    fn shown(&self) -> RwLockReadGuard<'_, Option<Pair>> {
        self.shown.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(feature = "acme")]
impl Certificates {
    /// What an authority is shown that asks for a domain.
    pub(super) fn challenge(&self, domain: String, answer: CertifiedKey) {
        let mut challenges = self.challenges.write().unwrap_or_else(PoisonError::into_inner);
        challenges.insert(domain, Arc::new(answer));
    }

    pub(super) fn end_challenges(&self) {
        self.challenges.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn answer(&self, hello: &ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let challenges = self.challenges.read().unwrap_or_else(PoisonError::into_inner);
        challenges.get(hello.server_name()?).cloned()
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        #[cfg(feature = "acme")]
        if hello.alpn().is_some_and(|mut offered| {
            offered.next() == Some(super::ACME_PROTOCOL) && offered.next().is_none()
        }) {
            return self.answer(&hello);
        }
        let _ = hello;
        Some(Arc::clone(&self.shown().as_ref()?.key))
    }
}
