//! Whom TLS servers have to be vouched for by.

use std::io;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
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

    /// Those in a file of them, as PEM, or else whom this machine trusts.
    pub(crate) fn by(pem: Option<&[u8]>) -> io::Result<Self> {
        let Some(pem) = pem else { return Self::of_the_machine() };
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let found =
            found.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("{error:?}")))?;
        if found.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "there is no certificate in it, as PEM"));
        }
        Self::of(found)
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
