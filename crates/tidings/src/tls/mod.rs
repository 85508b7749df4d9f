//! TLS on the hub's own sockets: certificates from files that may change while it runs.

#[cfg(feature = "acme")]
mod acme;
mod certificates;
mod pair;
mod validity;
mod watch;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use rustls::server::NoServerSessionStorage;
use rustls::{HandshakeKind, ServerConfig};

#[cfg(feature = "acme")]
pub use self::acme::AcmeOptions;
use self::certificates::Certificates;
use self::pair::Pair;
pub use self::pair::TlsError;
use self::watch::Files;

/// What a certificate authority's challenge is spoken under (RFC 8737 §3).
pub(crate) const ACME_PROTOCOL: &[u8] = b"acme-tls/1";
/// To whoever speaks HTTP in the clear here.
pub(crate) const SPEAK_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    content-type: application/problem+json\r\ncontent-length: 137\r\nconnection: close\r\n\r\n\
    {\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,\
    \"detail\":\"TLS is spoken here, and this request came in the clear: use https://\"}";

/// Where certificates come from, and for how long a handshake is waited for.
#[derive(Clone, Debug)]
pub struct TlsOptions {
    /// The certificate chain, as PEM, the server's own certificate first.
    pub certificate_file: PathBuf,
    /// Its private key, as PEM.
    pub key_file: PathBuf,
    /// A handshake that is not done within this time is given up, in milliseconds.
    pub handshake_timeout_ms: u64,
    /// How often the files are looked at, in milliseconds; 0 is never.
    pub reload_interval_ms: u64,
}

impl TlsOptions {
    /// With the defaults of `docs/configuration.md`.
    pub fn new(certificate_file: impl Into<PathBuf>, key_file: impl Into<PathBuf>) -> Self {
        Self {
            certificate_file: certificate_file.into(),
            key_file: key_file.into(),
            handshake_timeout_ms: 5_000,
            reload_interval_ms: 5_000,
        }
    }
}

/// A server's side of TLS: versions 1.2 and 1.3, and by ALPN HTTP/2 or HTTP/1.1.
#[derive(Debug)]
pub struct Tls {
    handshake_timeout: Duration,
    source: Source,
    config: Arc<ServerConfig>,
    certificates: Arc<Certificates>,
    full_handshakes: AtomicU64,
    resumed_handshakes: AtomicU64,
    /// Asks the watch to look now.
    look: tokio::sync::Notify,
}

/// Where the certificate comes from.
#[derive(Debug)]
enum Source {
    Files(Files),
    #[cfg(feature = "acme")]
    Acme(acme::Acme),
}

impl Tls {
    /// With the certificate and the key that are in the files now. To take in what comes there later, keep
    /// [`watch`](Self::watch) running.
    pub fn open(options: TlsOptions) -> Result<Self, TlsError> {
        let (files, pair) = Files::open(&options)?;
        Self::with(Source::Files(files), Some(pair), options.handshake_timeout_ms)
    }

    /// With a certificate that an authority gives by itself, once [`watch`](Self::watch) runs. Until there is one, each
    /// handshake is refused but the authority's own.
    #[cfg(feature = "acme")]
    pub fn by_acme(options: AcmeOptions, handshake_timeout_ms: u64) -> Result<Self, TlsError> {
        let (acme, pair) = acme::Acme::open(options);
        Self::with(Source::Acme(acme), pair, handshake_timeout_ms)
    }

    fn with(source: Source, pair: Option<Pair>, handshake_timeout_ms: u64) -> Result<Self, TlsError> {
        if let Some(pair) = &pair {
            pair.tell("certificate loaded");
        }
        let certificates = Arc::new(Certificates::new(pair));
        let config = server_config(&certificates, &source).map_err(TlsError::Provider)?;
        Ok(Self {
            handshake_timeout: Duration::from_millis(handshake_timeout_ms),
            source,
            config: Arc::new(config),
            certificates,
            full_handshakes: AtomicU64::new(0),
            resumed_handshakes: AtomicU64::new(0),
            look: tokio::sync::Notify::new(),
        })
    }

    pub(crate) fn config(&self) -> &Arc<ServerConfig> {
        &self.config
    }

    pub(crate) fn handshake_timeout(&self) -> Duration {
        self.handshake_timeout
    }

    pub(crate) fn note_handshake(&self, kind: Option<HandshakeKind>) {
        let counter = match kind {
            Some(HandshakeKind::Resumed) => &self.resumed_handshakes,
            _ => &self.full_handshakes,
        };
        counter.fetch_add(1, Relaxed);
    }

    /// Handshakes that were done: in full, and on the strength of one before.
    pub fn handshakes(&self) -> [(&'static str, u64); 2] {
        [("full", self.full_handshakes.load(Relaxed)), ("resumed", self.resumed_handshakes.load(Relaxed))]
    }

    /// When the certificate that is shown expires, in seconds since 1970, where it can be read from it.
    pub fn certificate_expires(&self) -> Option<i64> {
        self.certificates.validity().map(|validity| validity.not_after)
    }

    /// Keeps the certificate current, for as long as it is polled: looks at the files every `reload_interval_ms`, or
    /// orders a new one in time.
    pub async fn watch(&self) {
        match &self.source {
            Source::Files(files) => files.watch(&self.certificates, &self.look).await,
            #[cfg(feature = "acme")]
            Source::Acme(acme) => acme.keep_current(&self.certificates, &self.look).await,
        }
    }

    /// Has the files read at once, whether they changed or not: what SIGHUP is for.
    pub fn look_now(&self) {
        self.look.notify_one();
    }
}

fn server_config(certificates: &Arc<Certificates>, source: &Source) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = config.with_no_client_auth().with_cert_resolver(Arc::clone(certificates) as _);
    config.alpn_protocols = ["h2", "http/1.1", "http/1.0"].map(|name| name.as_bytes().to_vec()).to_vec();
    match source {
        Source::Files(_) => {}
        #[cfg(feature = "acme")]
        Source::Acme(_) => config.alpn_protocols.push(ACME_PROTOCOL.to_vec()),
    }
    // Who comes again brings a ticket, so that the hub remembers nobody.
    config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new()?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(config)
}

impl From<TlsError> for io::Error {
    fn from(error: TlsError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}

#[cfg(test)]
mod tests {
    use super::SPEAK_TLS;

    #[test]
    fn the_answer_in_the_clear_is_as_long_as_it_says() {
        let text = std::str::from_utf8(SPEAK_TLS).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
        let problem: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(problem["status"], 400);
    }
}
