//! What stands before every endpoint: bounds on the head, and what pages of other origins may do.

use axum::Router;
use axum::body::Body;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Request, StatusCode};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::origin::AskedFrom;
use super::problem::Problem;
use super::{CrossSite, HttpOptions, operators, origin};
use crate::hub::Hub;
use crate::options::Bounds;

/// Puts before an application's own routes what stands before the hub's: the bounds on a request's head, and the rules of
/// what pages of other origins may do. Their handlers find out by [`AskedFrom`], among the request's extensions, where a
/// request comes from.
pub fn protect(api: Router, hub: &Hub, options: &HttpOptions) -> Router {
    let bounds = hub.options().bounds;
    let hub = hub.clone();
    let origins = options.clone();
    let cross = options.clone();
    let allowed = AllowOrigin::predicate(move |origin: &HeaderValue, parts: &Parts| {
        origins.may_read(origin, parts.uri.path())
    });
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
    let guard = from_fn(move |mut request: Request<Body>, next: Next| {
        let (cross, hub) = (cross.clone(), hub.clone());
        async move {
            let checked = within(&request, &bounds).and_then(|()| origin::check(&request, &cross));
            let from = origin::asked_from(&request, &cross);
            if from == AskedFrom::Elsewhere {
                request.extensions_mut().insert(CrossSite);
            }
            request.extensions_mut().insert(from);
            match checked {
                Ok(()) => next.run(request).await,
                Err(problem) => {
                    operators::note_forged(&hub, &cross.trail, request, &problem).await;
                    problem.into_response()
                }
            }
        }
    });
    // The guard's own refusals are for a page to read, too.
    api.layer(guard).layer(cors)
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
