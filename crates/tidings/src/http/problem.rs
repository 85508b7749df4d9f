//! Errors as `application/problem+json` (RFC 9457), and refusals told to an `EventSource` as a stream that ends.

use axum::body::Body;
use axum::response::IntoResponse;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Response, StatusCode};
use serde_json::{Value, json};
use tidings_core::channel::NameError;
use tidings_core::wire;

use crate::body::{EVENT_STREAM, stream_headers};
use crate::hub::{BadQuery, HubChannelError, TooOften};

/// What went wrong, and what to do about it.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    title: &'static str,
    detail: String,
    retry_after_ms: Option<u64>,
    more: Vec<(&'static str, Value)>,
}

impl Problem {
    /// A problem with a status, a title that is always the same for it, and what it is about this time.
    pub fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, title, detail: detail.into(), retry_after_ms: None, more: Vec::new() }
    }

    /// 400: the request says something that can't be.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Bad request", detail)
    }

    /// 401: nobody knows who is asking.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Not authorized", detail)
    }

    /// 403: whoever is asking may not.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Forbidden", detail)
    }

    /// 404: there is no such thing.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not found", detail)
    }

    /// 405: the path knows other methods.
    pub fn method_not_allowed() -> Self {
        let detail = "this path has no such method: the header Allow says which it has";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed", detail)
    }

    /// 413: more than is taken.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "Too large", detail)
    }

    /// 429: a limit of the client's own is reached.
    pub fn too_many(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "Too many", detail)
    }

    /// 503: not now.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Not now", detail)
    }

    /// When to come again.
    #[must_use]
    pub fn retry_after_ms(mut self, retry_after_ms: u64) -> Self {
        self.retry_after_ms = Some(retry_after_ms);
        self
    }

    /// One more member of the problem's body.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.more.push((name, value.into()));
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The problem's body.
    pub fn body(&self) -> Value {
        let mut body = json!({
            "type": "about:blank",
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        // An item of a batch has no header of its own, and a refusal told as a stream none that a page can read.
        if let Some(ms) = self.retry_after_ms {
            body["retry_after"] = json!(retry_after(ms));
            body["retry_after_ms"] = json!(ms);
        }
        for (name, value) in &self.more {
            body[name] = value.clone();
        }
        body
    }

    /// The refusal of a stream. A browser's own `EventSource` never comes again after a status other than 200, so a
    /// refusal that will pass is told to it as a stream: when to come again, why, end.
    pub fn refuse_stream(self, headers: &HeaderMap, soft: bool) -> Response<Body> {
        let passes = matches!(self.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        if !(soft && passes && is_event_source(headers)) {
            return self.into_response();
        }
        let retry_ms = self.retry_after_ms.unwrap_or(5_000).max(1_000);
        let mut text = Vec::new();
        wire::retry(&mut text, retry_ms + rand::random_range(0..=retry_ms / 2));
        wire::event(&mut text, None, Some("refused"), &self.body().to_string());
        let mut response = Response::new(Body::from(text));
        stream_headers(response.headers_mut());
        response
    }
}

/// Whole seconds (RFC 9110 §10.2.3), and never at once.
fn retry_after(ms: u64) -> u64 {
    ms.div_ceil(1000).max(1)
}

impl From<TooOften> for Problem {
    fn from(TooOften { limit_name, per_second, retry_ms }: TooOften) -> Self {
        let whose = if limit_name.ends_with("_user") { "a user" } else { "an address" };
        Self::too_many(format!("{whose} may ask {per_second} times a second"))
            .retry_after_ms(retry_ms)
            .with("limit_name", limit_name)
            .with("limit", per_second)
    }
}

impl From<BadQuery> for Problem {
    fn from(error: BadQuery) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl From<HubChannelError> for Problem {
    fn from(error: HubChannelError) -> Self {
        let detail = error.to_string();
        match error {
            HubChannelError::Unknown { .. } | HubChannelError::Query { .. } => Self::bad_request(detail),
            HubChannelError::TooMany { hub_channels_max } => Self::unavailable(detail)
                .with("limit_name", "hub_channels_max")
                .with("limit", hub_channels_max),
        }
    }
}

impl From<NameError> for Problem {
    fn from(error: NameError) -> Self {
        Self::bad_request(error.to_string())
    }
}

/// Whether the request is a browser's own `EventSource`: it asks for an event stream, the browser says how it was
/// asked (Fetch Metadata), and no client library names itself.
pub(super) fn is_event_source(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepts.flat_map(|value| value.split(',')).any(|value| value.trim().starts_with(EVENT_STREAM))
        && headers.contains_key("sec-fetch-mode")
        && !headers.contains_key("tidings-client")
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body().to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            // RFC 9110 §15.5.2: a 401 says how to show who one is.
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"tidings\""));
        }
        if self.status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
            // RFC 9110 §15.5.16: which codings would have been taken.
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        if let Some(ms) = self.retry_after_ms {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_after(ms)));
        }
        response
    }
}
