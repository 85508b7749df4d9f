//! The way to the hub: HTTP/1.1, in the clear or under TLS, every wait bounded.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::timeout;

use super::failure::Failure;
use super::problem::Problem;
use super::trust;
use crate::cli::HubArgs;

pub(crate) const CONNECT_TIMEOUT_MS: u64 = 5_000;
/// From the request to the response's head. A hub answers at once or not at all.
pub(crate) const HEAD_TIMEOUT_MS: u64 = 15_000;
pub(crate) const BODY_TIMEOUT_MS: u64 = 30_000;
pub(crate) const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Tells the hub that this is no browser's own `EventSource`, so that refusals come as statuses.
const CLIENT: &str = concat!("tidings-cli/", env!("CARGO_PKG_VERSION"));

/// A hub that verbs speak to.
#[derive(Debug, Clone)]
pub(crate) struct Hub {
    base: String,
    bearer: Option<HeaderValue>,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Duration,
    pub(crate) body: Bytes,
}

impl Hub {
    pub(crate) fn new(args: &HubArgs) -> Result<Self, Failure> {
        let base = base(&args.url).map_err(Failure::Usage)?;
        let bearer = args.token.as_deref().filter(|token| !token.is_empty()).map(bearer).transpose()?;
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(Duration::from_millis(CONNECT_TIMEOUT_MS)));
        connector.set_nodelay(true);
        connector.enforce_http(false);
        let tls = if base.starts_with("https:") {
            trust::client_config(args.ca_file.as_deref())?
        } else {
            trust::unused()?
        };
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { base, bearer, client })
    }

    /// Asks, and reads the whole answer, whatever its status.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        json: Option<Vec<u8>>,
    ) -> Result<Answer, Failure> {
        let mut headers = HeaderMap::new();
        if json.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, application/problem+json"));
        let response = self.open(method, path, headers, json.unwrap_or_default()).await?;
        let (head, body) = response.into_parts();
        let whole = Limited::new(body, ANSWER_BYTES_MAX).collect();
        let body = timeout(Duration::from_millis(BODY_TIMEOUT_MS), whole)
            .await
            .map_err(|_| self.away(&format!("no whole answer within {BODY_TIMEOUT_MS} ms")))?
            .map_err(|error| self.away(&root_cause(error.as_ref())))?;
        Ok(Answer { status: head.status, retry_after: retry_after(&head.headers), body: body.to_bytes() })
    }

    /// Asks, and returns with the answer's head.
    pub(crate) async fn open(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Response<Incoming>, Failure> {
        let uri = format!("{}{path}", self.base);
        let mut request = Request::builder().method(method).uri(uri);
        if let Some(known) = request.headers_mut() {
            known.extend(headers);
            known.insert(USER_AGENT, HeaderValue::from_static(CLIENT));
            known.insert("tidings-client", HeaderValue::from_static(CLIENT));
            known.extend(self.bearer.clone().map(|bearer| (AUTHORIZATION, bearer)));
        }
        let request = request
            .body(Full::from(body))
            .map_err(|error| Failure::Usage(format!("cannot ask that: {error}")))?;
        timeout(Duration::from_millis(HEAD_TIMEOUT_MS), self.client.request(request))
            .await
            .map_err(|_| self.away(&format!("no answer within {HEAD_TIMEOUT_MS} ms")))?
            .map_err(|error| match trust::distrust(&error) {
                Some(why) => self.distrusted(&why),
                None => self.away(&root_cause(&error)),
            })
    }

    /// The answer came, in a shape that no hub of this protocol gives.
    pub(crate) fn foreign(&self, error: &dyn std::fmt::Display) -> Failure {
        let detail = format!("{error}. Is it a Tidings hub that answers at {}?", self.base);
        Failure::Refused(Problem::new(StatusCode::OK, "the answer isn't understood", detail))
    }

    fn distrusted(&self, why: &str) -> Failure {
        Failure::Unreachable(format!(
            "the certificate of {} is not good here: {why}. If it is the hub's own, name the file of whoever signed it \
             with --ca-file, and a host that the certificate has with --url",
            self.base
        ))
    }

    fn away(&self, why: &str) -> Failure {
        Failure::Unreachable(format!(
            "cannot reach the hub at {}: {why}. Is it running there? `tidings serve --dev` starts one, --url names another",
            self.base
        ))
    }
}

impl Answer {
    /// The body of a success; anything else is the hub's refusal.
    pub(crate) fn accepted(self) -> Result<Bytes, Failure> {
        if self.status.is_success() { Ok(self.body) } else { Err(Failure::Refused(self.problem())) }
    }

    pub(crate) fn problem(&self) -> Problem {
        Problem::read(self.status, &self.body)
    }
}

/// What the hub asks to wait, in whole seconds; the form with a date is for caches.
pub(crate) fn retry_after(headers: &HeaderMap) -> Duration {
    let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Duration::from_secs(seconds.unwrap_or(0))
}

/// The innermost error: "Connection refused", not "client error".
pub(crate) fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// A name as one segment of a path or one value of a query.
pub(crate) fn percent(name: &str) -> String {
    use std::fmt::Write;
    name.bytes().fold(String::with_capacity(name.len()), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => drop(write!(out, "%{byte:02X}")),
        }
        out
    })
}

/// `?a=b&c=d` of what was given, or nothing.
pub(crate) fn query<'a>(pairs: impl IntoIterator<Item = (&'a str, Option<String>)>) -> String {
    let mut query = String::new();
    for (name, value) in pairs {
        if let Some(value) = value {
            query.push(if query.is_empty() { '?' } else { '&' });
            query.push_str(name);
            query.push('=');
            query.push_str(&percent(&value));
        }
    }
    query
}

fn base(url: &str) -> Result<String, String> {
    let example = "write it as http://HOST:PORT or https://HOST:PORT";
    let uri: Uri = url.parse().map_err(|error| format!("--url {url:?} is no URL ({error}): {example}"))?;
    let scheme = uri.scheme_str().filter(|scheme| ["http", "https"].contains(scheme));
    let scheme =
        scheme.ok_or_else(|| format!("--url {url:?} has no scheme that is known here: {example}"))?;
    let authority = uri.authority().ok_or_else(|| format!("--url {url:?} names no host: {example}"))?;
    if authority.as_str().contains('@') {
        return Err("--url carries a name or password: give a token with TIDINGS_TOKEN instead".to_owned());
    }
    if uri.query().is_some() {
        return Err(format!("--url {url:?} has a query: {example}"));
    }
    Ok(format!("{scheme}://{authority}{}", uri.path().trim_end_matches('/')))
}

fn bearer(token: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.trim()))
        .map_err(|_| Failure::Usage("the token holds characters that no header may carry".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_with_its_prefix_and_without_its_last_slash() {
        assert_eq!(base("http://127.0.0.1:3000").as_deref(), Ok("http://127.0.0.1:3000"));
        assert_eq!(base("http://[::1]:3000/hub/").as_deref(), Ok("http://[::1]:3000/hub"));
        assert_eq!(base("https://hub.example").as_deref(), Ok("https://hub.example"));
    }

    #[test]
    fn a_url_that_cannot_work_says_what_to_write() {
        for (url, hint) in [
            ("127.0.0.1:3000", "http://"),
            ("hub", "http://"),
            ("ftp://hub", "https://"),
            ("http://a:b@h/", "TIDINGS_TOKEN"),
        ] {
            assert!(base(url).is_err_and(|why| why.contains(hint)), "{url}");
        }
    }

    #[test]
    fn a_token_never_shows_in_a_debug_print_or_an_error() {
        let value = bearer("s3cret").expect("plain");
        assert!(!format!("{value:?}").contains("s3cret"));
        let error = bearer("s3cret\nX").expect_err("a line break");
        assert!(!error.to_string().contains("s3cret"));
    }

    #[test]
    fn names_are_escaped_in_paths_and_queries() {
        assert_eq!(percent("a/b c?ü"), "a%2Fb%20c%3F%C3%BC");
        let pairs = [("user", Some("a&b".to_owned())), ("sort", None), ("limit", Some("5".to_owned()))];
        assert_eq!(query(pairs), "?user=a%26b&limit=5");
    }
}
