//! What every answer says to browsers, whatever else it says.

use axum::Router;
use axum::middleware::map_response;
use axum::response::Response;
use http::header::{
    self, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What holds where an answer doesn't say otherwise. No answer of the API is a page, so that as one it may do nothing.
/// `cross-origin-resource-policy` is for what is loaded without CORS: who may read by CORS is CORS's to say.
const DEFAULTS: [(HeaderName, &str); 7] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (X_FRAME_OPTIONS, "DENY"),
    (OPENER, "same-origin"),
    (RESOURCE, "same-origin"),
    (CACHE_CONTROL, "no-store"),
];

/// Gives each answer of an application the headers that browsers are to be told. One that is there stays.
///
/// `hsts_seconds` is for how long a browser is to use nothing but HTTPS for this host; 0 says nothing of it. Only for
/// answers that leave by TLS (RFC 6797 §7.2).
pub fn with_security_headers(app: Router, hsts_seconds: u64) -> Router {
    let hsts =
        (hsts_seconds > 0).then(|| HeaderValue::from_str(&format!("max-age={hsts_seconds}")).ok()).flatten();
    app.layer(map_response(move |mut answer: Response| {
        add(answer.headers_mut());
        if let Some(hsts) = &hsts {
            answer.headers_mut().insert(STRICT_TRANSPORT_SECURITY, hsts.clone());
        }
        std::future::ready(answer)
    }))
}

fn add(headers: &mut HeaderMap) {
    for (name, value) in DEFAULTS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    // Who asks decides what is answered, and whether a page may read it: no cache may mix them up.
    let varies = |name: &str| {
        headers.get_all(header::VARY).iter().any(|value| {
            value.to_str().unwrap_or_default().split(',').any(|one| one.trim().eq_ignore_ascii_case(name))
        })
    };
    if !varies("origin") {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_says_itself_stays() {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(header::VARY, HeaderValue::from_static("Origin, accept"));
        add(&mut headers);
        assert_eq!(headers[CACHE_CONTROL], "no-cache");
        assert_eq!(headers.get_all(header::VARY).iter().count(), 1);
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
}
