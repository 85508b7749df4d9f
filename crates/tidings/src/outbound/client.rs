//! Sends one request at a time to one target, each within its time, its answer within its bounds.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;

use super::connect::Connector;
use super::resolve::{Resolve, System};
use super::target::Target;
use super::trust::Trust;

/// A connection that nothing was asked on for so long is closed.
const IDLE_TIMEOUT: Duration = Duration::from_millis(20_000);
/// Connections that are kept open between requests.
const IDLE_CONNECTIONS_MAX: usize = 32;
/// Of an answer's head.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// How a target is asked.
#[derive(Clone, Debug)]
pub(crate) struct ClientOptions {
    /// Who vouches for it, where it is asked over TLS.
    pub(crate) trust: Option<Trust>,
    /// For the whole of a request: resolving, connecting, TLS, the answer.
    pub(crate) timeout: Duration,
    /// Of the answer's body.
    pub(crate) body_bytes_max: usize,
    /// Whether connections are kept for the next request.
    pub(crate) keep_alive: bool,
    /// The setting that allows private addresses, for errors.
    pub(crate) allow_setting: &'static str,
}

/// Asks one target. Cloning it gives another handle to the same connections.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    target: Target,
    options: ClientOptions,
    http: legacy::Client<Connector, Full<Bytes>>,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// What the status says holds also where this is too long to be read.
    pub(crate) body: Result<Bytes, TooLong>,
}

/// An answer's body that is longer than what is read of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer is over {0} bytes")]
pub(crate) struct TooLong(usize);

/// Why there is no answer. Says nothing of what was sent, nor where.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutboundError {
    #[error("no whole answer within {0} ms")]
    Slow(u128),
    #[error("{0}")]
    Connection(String),
    #[error("the answer broke off: {0}")]
    Broken(String),
}

impl Client {
    pub(crate) fn new(target: Target, options: ClientOptions) -> Self {
        Self::resolving(target, options, Arc::new(System))
    }

    pub(crate) fn resolving(target: Target, options: ClientOptions, resolve: Arc<dyn Resolve>) -> Self {
        let connector = Connector {
            reach: target.reach,
            trust: options.trust.clone(),
            resolve,
            allow_setting: options.allow_setting,
        };
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(if options.keep_alive { IDLE_CONNECTIONS_MAX } else { 0 })
            .http1_max_buf_size(HEAD_BYTES_MAX)
            .build(connector);
        Self { target, options, http }
    }

    /// Asks with a method, fields and a body. Whatever the status is, it is an answer.
    pub(crate) async fn ask(
        &self,
        method: Method,
        fields: HeaderMap,
        body: Bytes,
    ) -> Result<Answer, OutboundError> {
        let asked = timeout(self.options.timeout, self.ask_twice(method, fields, body)).await;
        asked.unwrap_or(Err(OutboundError::Slow(self.options.timeout.as_millis())))
    }

    /// A connection that was kept may be closed by the other side at the moment when it is used: what is asked here
    /// may be asked again.
    async fn ask_twice(
        &self,
        method: Method,
        fields: HeaderMap,
        body: Bytes,
    ) -> Result<Answer, OutboundError> {
        let mut sent = self.http.request(self.request(&method, &fields, &body)).await;
        if self.options.keep_alive && sent.as_ref().is_err_and(was_closed) {
            sent = self.http.request(self.request(&method, &fields, &body)).await;
        }
        let response = sent.map_err(|error| OutboundError::Connection(innermost(&error)))?;
        let (head, body) = response.into_parts();
        let most = self.options.body_bytes_max;
        let body = match Limited::new(body, most).collect().await {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(TooLong(most)),
            Err(error) => return Err(OutboundError::Broken(innermost(&*error))),
        };
        Ok(Answer { status: head.status, headers: head.headers, body })
    }

    fn request(&self, method: &Method, fields: &HeaderMap, body: &Bytes) -> Request<Full<Bytes>> {
        const AGENT: &str = concat!("tidings/", env!("CARGO_PKG_VERSION"));
        let mut request = Request::new(Full::new(body.clone()));
        *request.method_mut() = method.clone();
        *request.uri_mut() = self.target.uri.clone();
        *request.headers_mut() = fields.clone();
        request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static(AGENT));
        request
    }
}

/// Before a byte of the answer was there.
fn was_closed(error: &legacy::Error) -> bool {
    if error.is_connect() {
        return false;
    }
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            return error.is_incomplete_message() || error.is_canceled() || error.is_closed();
        }
        source = error.source();
    }
    false
}

/// What is behind an error, which alone says something.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
