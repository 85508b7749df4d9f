//! A certificate and its key, read from their files and held against each other.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::validity::Validity;

/// A larger file is no certificate and no key.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Why TLS can't be spoken.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate's file can't be read.
    #[error("cannot read {file:?}: {error}")]
    CertificateFile {
        /// Which.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The key's file can't be read.
    #[error("cannot read {file:?}: {error}")]
    KeyFile {
        /// Which.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// There is no certificate in the certificate's file.
    #[error(
        "{file:?} has no certificate that can be read: it takes PEM, each between BEGIN CERTIFICATE and END \
         CERTIFICATE, the server's own first"
    )]
    NoCertificate {
        /// Which.
        file: PathBuf,
    },
    /// There is no key in the key's file.
    #[error("{file:?} has no private key that can be used: it takes PEM, an RSA, ECDSA or Ed25519 key{hint}")]
    NoKey {
        /// Which.
        file: PathBuf,
        /// What may help.
        hint: &'static str,
    },
    /// They don't belong together.
    #[error(
        "the key in {key_file:?} is not that of the first certificate in {certificate_file:?}: name two files that \
         were made together, and put the server's own certificate before those of its authorities"
    )]
    Mismatch {
        /// The one.
        certificate_file: PathBuf,
        /// The other.
        key_file: PathBuf,
    },
    /// The provider of cryptography failed.
    #[error("TLS can't be set up: {0}")]
    Provider(rustls::Error),
}

impl TlsError {
    /// Whether it is the key's file that has to be looked at.
    pub fn is_of_key(&self) -> bool {
        matches!(self, Self::KeyFile { .. } | Self::NoKey { .. } | Self::Mismatch { .. })
    }
}

/// What is shown in handshakes.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) key: Arc<CertifiedKey>,
    /// From when to when, where the certificate says it in the usual way.
    pub(super) validity: Option<Validity>,
}

impl Pair {
    pub(super) fn new(key: CertifiedKey) -> Self {
        let validity = key.cert.first().and_then(|certificate| Validity::of(certificate));
        Self { key: Arc::new(key), validity }
    }

    /// From one text with both.
    #[cfg(feature = "acme")]
    pub(super) fn from_pem(pem: &[u8]) -> Option<Self> {
        let chain: Option<Vec<_>> = CertificateDer::pem_slice_iter(pem).map(Result::ok).collect();
        let key = PrivateKeyDer::from_pem_slice(pem).ok()?;
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        CertifiedKey::from_der(chain.filter(|chain| !chain.is_empty())?, key, &provider).ok().map(Self::new)
    }

    /// Tells the log what this is, and what is wrong with its dates.
    pub(super) fn tell(&self, what: &'static str) {
        let Some(validity) = self.validity else { return tracing::info!("{what}") };
        let (not_before, not_after) = validity.shown();
        let now = crate::clock::unix_seconds();
        if validity.not_after <= now {
            tracing::warn!(
                expired = %not_after,
                "{what}, and it has expired: clients will refuse it until tls.certificate_file has a new one"
            );
        } else if validity.not_before > now {
            tracing::warn!(valid_from = %not_before, "{what}, and it is not valid yet: clients will refuse it until then");
        } else {
            tracing::info!(expires = %not_after, "{what}");
        }
    }
}

pub(super) fn read(certificate_file: &Path, key_file: &Path) -> Result<Pair, TlsError> {
    let chain = content(certificate_file)
        .map_err(|error| TlsError::CertificateFile { file: certificate_file.to_owned(), error })?;
    let chain: Option<Vec<_>> = CertificateDer::pem_slice_iter(&chain).map(Result::ok).collect();
    let chain = chain.filter(|chain| !chain.is_empty());
    let chain = chain.ok_or_else(|| TlsError::NoCertificate { file: certificate_file.to_owned() })?;
    let key = content(key_file).map_err(|error| TlsError::KeyFile { file: key_file.to_owned(), error })?;
    let no_key = |hint| TlsError::NoKey { file: key_file.to_owned(), hint };
    let der = PrivateKeyDer::from_pem_slice(&key).map_err(|_| no_key(hint_of(&key)))?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let private = provider.key_provider.load_private_key(der).map_err(|_| no_key(""))?;
    let key = CertifiedKey::new(chain, private);
    match key.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {
            Ok(Pair::new(key))
        }
        Err(rustls::Error::InconsistentKeys(_)) => Err(TlsError::Mismatch {
            certificate_file: certificate_file.to_owned(),
            key_file: key_file.to_owned(),
        }),
        // The certificate can't be parsed.
        Err(_) => Err(TlsError::NoCertificate { file: certificate_file.to_owned() }),
    }
}

fn hint_of(key: &[u8]) -> &'static str {
    let has = |text: &str| key.windows(text.len()).any(|window| window == text.as_bytes());
    if has("ENCRYPTED") {
        return ". Its key is encrypted, and nobody is there to type a pass phrase: write it without one, with \
                `openssl pkey`";
    }
    if has("BEGIN CERTIFICATE") {
        ". It has a certificate: are the two files the wrong way round?"
    } else {
        ""
    }
}

fn content(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut content)?;
    if content.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("it is larger than {FILE_BYTES_MAX} bytes")));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rcgen::{CertificateParams, KeyPair};
    use tempfile::TempDir;

    use super::*;

    fn made(dir: &TempDir, name: &str) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        let paths = (dir.path().join(format!("{name}.pem")), dir.path().join(format!("{name}.key")));
        fs::write(&paths.0, certificate.pem()).unwrap();
        fs::write(&paths.1, key.serialize_pem()).unwrap();
        paths
    }

    #[test]
    fn a_pair_that_belongs_together_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let (certificate, key) = made(&dir, "a");
        let pair = read(&certificate, &key).unwrap();
        assert!(pair.validity.is_some());
        assert_eq!(pair.key.cert.len(), 1);
    }

    #[test]
    fn what_is_wrong_is_told_with_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let ((certificate, key), (_, other)) = (made(&dir, "a"), made(&dir, "b"));
        let at = |name: &str, text: &str| {
            let path = dir.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let encrypted =
            at("e", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
        let junk = at("j", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        let long = at("l", &"x".repeat(FILE_BYTES_MAX as usize + 1));
        for (certificate, key, said, of_key) in [
            (&certificate, &other, "is not that of the first certificate", true),
            (&key, &key, "BEGIN CERTIFICATE", false),
            (&junk, &key, "BEGIN CERTIFICATE", false),
            (&certificate, &certificate, "the wrong way round", true),
            (&certificate, &encrypted, "pass phrase", true),
            (&dir.path().join("absent"), &key, "cannot read", false),
            (&certificate, &dir.path().to_owned(), "cannot read", true),
            (&long, &key, "larger than", false),
        ] {
            let error = read(certificate, key).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
            assert_eq!(error.is_of_key(), of_key, "{error}");
        }
    }
}
