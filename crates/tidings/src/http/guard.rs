//! What stands before every endpoint: bounds on the head, and who may call from a page of another origin.

use axum::Router;
use axum::body::Body;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Request, StatusCode};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::HttpOptions;
use super::problem::Problem;
use crate::options::Bounds;

/// The endpoints that a page of any origin may call without asking: the secret in the body is the proof.
const OPEN_TO_BEACONS: [&str; 2] = ["/api/sse/disconnect", "/api/sse/alive"];

pub(super) fn protect(api: Router, bounds: Bounds, options: &HttpOptions) -> Router {
    let origins = options.clone();
    let cross = options.clone();
    let allowed = AllowOrigin::predicate(move |origin: &HeaderValue, _: &Parts| origins.allow(origin));
    let cors = CorsLayer::new()
        .allow_origin(allowed)
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("last-event-id"),
            HeaderName::from_static("tidings-client"),
        ])
        .expose_headers([header::RETRY_AFTER]);
    let guard = from_fn(move |request: Request<Body>, next: Next| {
        let cross = cross.clone();
        async move {
            let checked = within(&request, &bounds).and_then(|()| same_site(&request, &cross));
            match checked {
                Ok(()) => next.run(request).await,
                Err(problem) => problem.into_response(),
            }
        }
    });
    // The guard's own refusals are for a page to read, too.
    api.layer(guard).layer(cors)
}

impl HttpOptions {
    fn allow(&self, origin: &HeaderValue) -> bool {
        let Ok(origin) = origin.to_str() else { return false };
        self.origins.iter().any(|allowed| allowed == "*" || allowed == origin)
            || (self.loopback_origins && is_loopback(origin))
    }
}

fn is_loopback(origin: &str) -> bool {
    let Ok(uri) = origin.parse::<http::Uri>() else { return false };
    matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// A method that changes something, from a page of another site that was not allowed: a forged request.
fn same_site(request: &Request<Body>, options: &HttpOptions) -> Result<(), Problem> {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let cross = request.headers().get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    let origin = request.headers().get(header::ORIGIN);
    if !changes
        || !cross
        || OPEN_TO_BEACONS.contains(&request.uri().path())
        || origin.is_some_and(|origin| options.allow(origin))
    {
        return Ok(());
    }
    Err(Problem::forbidden("this page's origin is not allowed: add it to cors.origins"))
}

fn within(request: &Request<Body>, bounds: &Bounds) -> Result<(), Problem> {
    let line = line_len(request);
    if bounds.request_line_bytes > 0 && line > bounds.request_line_bytes {
        let detail = format!("the request line is {line} bytes: keep it to {}", bounds.request_line_bytes);
        return Err(Problem::new(StatusCode::URI_TOO_LONG, "Request line too long", detail)
            .with("limit_name", "limits.request_line_bytes")
            .with("limit", bounds.request_line_bytes));
    }
    let head = line + head_len(request.headers());
    if bounds.head_bytes > 0 && head > bounds.head_bytes {
        let detail = format!("the request head is {head} bytes: keep it to {}", bounds.head_bytes);
        return Err(Problem::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "Request head too large",
            detail,
        )
        .with("limit_name", "limits.head_bytes")
        .with("limit", bounds.head_bytes));
    }
    Ok(())
}

/// `GET /path?query HTTP/1.1`, as HTTP/1.1 would say it: HTTP/2 has the same bound, whatever its frames took.
fn line_len(request: &Request<Body>) -> usize {
    const AROUND: usize = "  HTTP/1.1".len();
    let target = request.uri().path_and_query().map_or(1, |target| target.as_str().len());
    request.method().as_str().len() + target + AROUND
}

fn head_len(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}
