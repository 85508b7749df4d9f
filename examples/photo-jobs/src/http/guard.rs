//! Nobody signs in here, so only this machine's own pages are let in. The hub's endpoints have the same guard of their
//! own.

use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tidings::Problem;

pub(super) async fn check(request: Request, next: Next) -> Response {
    if let Err(problem) = allowed(&request) {
        return problem.into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        header::HeaderValue::from_static("default-src 'self'; img-src 'self' blob:; frame-ancestors 'none'"),
    );
    response
}

fn allowed(request: &Request) -> Result<(), Problem> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !is_loopback(host) {
        // Some other name may have been pointed here by a page that wants to read the photos.
        let detail = "call this server localhost, 127.0.0.1 or [::1]";
        return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, "Misdirected request", detail));
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let site = request.headers().get("sec-fetch-site").and_then(|site| site.to_str().ok());
    if reads || matches!(site, None | Some("same-origin" | "none")) {
        return Ok(());
    }
    Err(Problem::forbidden("only this server's own page may change something"))
}

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}
