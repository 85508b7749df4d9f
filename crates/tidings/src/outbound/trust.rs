//! Whom TLS servers have to be vouched for by.

use std::io;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// The certificate authorities that count.
#[derive(Clone)]
pub(crate) struct Trust(pub(super) Arc<ClientConfig>);

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Trust")
    }
}

impl Trust {
    /// Whom this machine trusts; `SSL_CERT_FILE` names others.
    pub(crate) fn of_the_machine() -> io::Result<Self> {
        let found = rustls_native_certs::load_native_certs();
        if found.certs.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "this machine trusts no certificate authority, so that no https:// address can be checked: install \
                 ca-certificates, or name a file of certificates in SSL_CERT_FILE",
            ));
        }
        Self::of(found.certs)
    }

    /// These certificate authorities.
    pub(crate) fn of(authorities: Vec<CertificateDer<'static>>) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(authorities);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(io::Error::other)?.with_root_certificates(roots).with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }
}
