//! Whose word a verb takes for it that the hub is the one it asked for.

use std::error::Error;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::failure::Failure;

/// TLS that trusts the authorities in a file, or else those that this machine trusts.
pub(super) fn client_config(ca_file: Option<&Path>) -> Result<ClientConfig, Failure> {
    let authorities = match ca_file {
        Some(file) => in_file(file)?,
        None => of_the_machine()?,
    };
    with_authorities(authorities)
}

/// TLS that nobody is asked with.
pub(super) fn unused() -> Result<ClientConfig, Failure> {
    with_authorities(Vec::new())
}

fn with_authorities(authorities: Vec<CertificateDer<'static>>) -> Result<ClientConfig, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(authorities);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| Failure::Usage(format!("TLS can't be set up: {error}")))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

fn in_file(file: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let text = std::fs::read(file)
        .map_err(|error| Failure::Usage(format!("--ca-file: cannot read {file:?}: {error}")))?;
    let found: Option<Vec<_>> = CertificateDer::pem_slice_iter(&text).map(Result::ok).collect();
    found.filter(|found| !found.is_empty()).ok_or_else(|| {
        Failure::Usage(format!("--ca-file: {file:?} has no certificate that can be read: it takes PEM"))
    })
}

fn of_the_machine() -> Result<Vec<CertificateDer<'static>>, Failure> {
    let found = rustls_native_certs::load_native_certs().certs;
    if found.is_empty() {
        let hint = "this machine trusts no certificate authority, so that no https:// address can be checked: install \
                    ca-certificates, or name a file of certificates with --ca-file";
        return Err(Failure::Usage(hint.to_owned()));
    }
    Ok(found)
}

/// What the hub's certificate lacks, if that is why a connection failed.
pub(super) fn distrust(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(rustls::Error::InvalidCertificate(why)) = error.downcast_ref() {
            return Some(why.to_string());
        }
        // The source of an `io::Error` is not what it holds, but the source of that.
        let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = held.map(|held| held as &(dyn Error + 'static)).or_else(|| error.source());
    }
    None
}
