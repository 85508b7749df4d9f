//! What goes for every request of a browser: no page of another site changes anything, and ours asks nobody but this
//! server and the hub.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tidings::Problem;

use super::App;

pub(super) async fn check(State(app): State<App>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let site = request.headers().get("sec-fetch-site").and_then(|site| site.to_str().ok());
    // The session's cookie is `SameSite=Strict`; this says so where the browser says whose page asks.
    if !reads && !matches!(site, None | Some("same-origin" | "none")) {
        return Problem::forbidden("only this server's own page may change something").into_response();
    }
    let is_data = request.uri().path().starts_with("/api/");
    let mut response = next.run(request).await;
    let hub = app.settings.hub.as_ref().map(|hub| hub.to_string().trim_end_matches('/').to_owned());
    let policy = format!(
        "default-src 'self'; connect-src 'self' {}; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
        hub.unwrap_or_default()
    );
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if is_data {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
