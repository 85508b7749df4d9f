//! What stands before every endpoint: bounds on the head, and what pages of other origins may do.

use std::convert::Infallible;
use std::future::ready;

use axum::Router;
use axum::body::Body;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Request, StatusCode};
use tower::{Layer, ServiceExt, service_fn};
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
    let cross = options.clone();
    let guarding = hub.clone();
    let guard = from_fn(move |mut request: Request<Body>, next: Next| {
        let (cross, hub) = (cross.clone(), guarding.clone());
        async move {
            let checked = within(&request, &hub.options().bounds)
                .and_then(|()| unencoded(&request))
                .and_then(|()| origin::check(&request, &cross));
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
    in_turn(api.layer(guard).layer(cors(options)), hub, options)
}

/// Puts before all of an application, whatever it answers and by whatever path, how often an address may ask. Whoever
/// asks too often gets no further than this. It is part of what [`protect`] and [`router`](super::router) put before
/// their own paths, and a request that goes through both counts once.
pub fn in_turn(app: Router, hub: &Hub, options: &HttpOptions) -> Router {
    if hub.options().bounds.requests_per_second_per_ip == 0 {
        return app;
    }
    let (hub, cors) = (hub.clone(), cors(options));
    app.layer(from_fn(move |request: Request<Body>, next: Next| {
        let (hub, cors) = (hub.clone(), cors.clone());
        async move {
            let (mut parts, body) = request.into_parts();
            let refused = match parts.extensions.insert(InTurn) {
                None => take_turn(&parts, &hub).err(),
                Some(InTurn) => None,
            };
            match refused {
                None => next.run(Request::from_parts(parts, body)).await,
                // To a preflight, any answer but a good one is a refusal.
                Some(problem) if parts.method == Method::OPTIONS => problem.into_response(),
                Some(problem) => {
                    let answer = problem.refuse_stream(&parts.headers, hub.options().stream.soft_refusal);
                    readable(answer, parts, cors).await
                }
            }
        }
    }))
}

/// Borne by a request that was counted.
#[derive(Clone, Copy, Debug)]
struct InTurn;

/// An answer that pages of other origins may read as they may any other of that path.
async fn readable(answer: Response, parts: Parts, cors: CorsLayer) -> Response {
    let mut answer = Some(answer);
    let answers =
        service_fn(move |_: Request<Body>| ready(Ok::<_, Infallible>(answer.take().unwrap_or_default())));
    match cors.layer(answers).oneshot(Request::from_parts(parts, Body::empty())).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}

fn cors(options: &HttpOptions) -> CorsLayer {
    let origins = options.clone();
    let allowed = AllowOrigin::predicate(move |origin: &HeaderValue, parts: &Parts| {
        origins.may_read(origin, parts.uri.path())
    });
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("last-event-id"),
            HeaderName::from_static("tidings-client"),
        ])
        .expose_headers([header::RETRY_AFTER])
}

/// Paths whose answer costs no more than its refusal, and of which those who look after the hub, or leave it, may not
/// be deprived.
const ALWAYS_ANSWERED: [&str; 3] = ["/health", "/ready", "/api/sse/disconnect"];

fn take_turn(parts: &Parts, hub: &Hub) -> Result<(), Problem> {
    if ALWAYS_ANSWERED.contains(&parts.uri.path()) {
        return Ok(());
    }
    Ok(hub.take_request(hub.client(parts).ip())?)
}

/// What is decoded may be a thousand times what was sent: nothing is.
fn unencoded(request: &Request<Body>) -> Result<(), Problem> {
    let codings = request.headers().get_all(header::CONTENT_ENCODING);
    let is_plain = |value: &HeaderValue| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity");
    if codings.iter().all(is_plain) {
        return Ok(());
    }
    let detail = "send the body as it is, without Content-Encoding";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Encoded body", detail))
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
