//! One document fetched over HTTP, from an address that the configuration names. No redirects are followed, nothing is
//! kept open, and neither time nor size is left to the other side.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::Scheme;
use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// For the whole of a fetch: resolving, connecting, TLS, the answer.
pub(super) const FETCH_TIMEOUT: Duration = Duration::from_millis(5_000);
/// Of the answer's body.
const FETCH_BYTES_MAX: usize = 256 * 1024;

/// Why a document could not be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("no whole answer within {} ms", FETCH_TIMEOUT.as_millis())]
    Slow,
    #[error("{0}")]
    Connection(#[from] io::Error),
    #[error("{0}")]
    Http(#[from] hyper::Error),
    #[error("answered {0}, and only 200 is taken: no redirect is followed")]
    Status(StatusCode),
    #[error("the body can't be read: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
}

/// Whom a TLS server has to be vouched for by.
#[derive(Clone)]
pub(super) struct Trust(Arc<ClientConfig>);

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Trust")
    }
}

impl Trust {
    /// By whom this machine trusts; `SSL_CERT_FILE` names others.
    pub(super) fn of_the_machine() -> io::Result<Self> {
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

    /// By these certificate authorities.
    pub(super) fn of(authorities: Vec<CertificateDer<'static>>) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(authorities);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(io::Error::other)?.with_root_certificates(roots).with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }
}

/// The document at an address. Without trust, only over plain HTTP.
pub(super) async fn fetch(address: &Uri, trust: Option<&Trust>) -> Result<Bytes, FetchError> {
    let whole = async {
        let host = address.host().unwrap_or_default();
        let tls = address.scheme() == Some(&Scheme::HTTPS);
        let port = address.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let socket = TcpStream::connect((bare.as_str(), port)).await?;
        if !tls {
            return ask(socket, address).await;
        }
        let trust = trust.ok_or_else(|| io::Error::other("https:// without certificate authorities"))?;
        let name = ServerName::try_from(bare).map_err(io::Error::other)?;
        ask(TlsConnector::from(Arc::clone(&trust.0)).connect(name, socket).await?, address).await
    };
    timeout(FETCH_TIMEOUT, whole).await.unwrap_or(Err(FetchError::Slow))
}

async fn ask<S>(socket: S, address: &Uri) -> Result<Bytes, FetchError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket)).await?;
    let path = address.path_and_query().map_or("/", |path| path.as_str());
    let authority = address.authority().map_or("", |authority| authority.as_str());
    // A name and password before the `@` are no part of `Host` (RFC 9110 §7.2).
    let host = authority.rsplit('@').next().unwrap_or_default();
    let request = Request::get(path)
        .header(header::HOST, host)
        .header(header::ACCEPT, "application/jwk-set+json, application/json")
        .header(header::USER_AGENT, concat!("tidings/", env!("CARGO_PKG_VERSION")))
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(io::Error::other)?;
    let answered = async {
        let response = sender.send_request(request).await?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let body = Limited::new(response.into_body(), FETCH_BYTES_MAX).collect().await;
        Ok(body.map_err(FetchError::Body)?.to_bytes())
    };
    tokio::pin!(connection);
    tokio::pin!(answered);
    let mut over = false;
    loop {
        tokio::select! {
            answer = &mut answered => return answer,
            _ = &mut connection, if !over => over = true,
        }
    }
}
