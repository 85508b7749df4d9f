//! The document that an issuer publishes its keys in, from an address that the configuration names.

use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode, Uri};

pub(super) use crate::outbound::Trust;
use crate::outbound::{Client, ClientOptions, OutboundError, Target, TooLong};

/// For the whole of a fetch: resolving, connecting, TLS, the answer.
const FETCH_TIMEOUT: Duration = Duration::from_millis(5_000);
/// Of the answer's body.
const FETCH_BYTES_MAX: usize = 256 * 1024;

/// Why a document could not be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("{0}")]
    Outbound(#[from] OutboundError),
    #[error("{0}")]
    TooLong(#[from] TooLong),
    #[error("answered {0}, and only 200 is taken: no redirect is followed")]
    Status(StatusCode),
}

/// Fetches one document, now and then. Without trust, only over plain HTTP.
#[derive(Clone, Debug)]
pub(super) struct Fetcher(Client);

impl Fetcher {
    pub(super) fn new(address: Uri, trust: Option<Trust>) -> Self {
        let options = ClientOptions {
            trust,
            timeout: FETCH_TIMEOUT,
            body_bytes_max: FETCH_BYTES_MAX,
            keep_alive: false,
            allow_setting: "auth.jwks_url",
        };
        Self(Client::new(Target::anywhere(address), options))
    }

    pub(super) async fn fetch(&self) -> Result<Bytes, FetchError> {
        const KINDS: HeaderValue = HeaderValue::from_static("application/jwk-set+json, application/json");
        let fields = HeaderMap::from_iter([(header::ACCEPT, KINDS)]);
        let answer = self.0.ask(Method::GET, fields, Bytes::new()).await?;
        match answer.status {
            StatusCode::OK => Ok(answer.body?),
            status => Err(FetchError::Status(status)),
        }
    }
}
