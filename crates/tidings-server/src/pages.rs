//! The two pages in the binary: a live channel at `/`, and the monitor at `/admin/monitoring`, which `admin` shows to operators.
//!
//! The first is of hand-written modules without a build, the second what `monitor/` builds. Nothing is from elsewhere, so
//! that the policy can forbid everything but `'self'`, and what they show is reached through the public surface alone:
//! they are clients like any other.

pub(crate) mod monitor;

use axum::Router;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tidings::Problem;

/// The pages and what they load, to be merged into the hub's own routes.
pub(crate) fn router() -> Router {
    FILES
        .iter()
        .fold(Router::new(), |router, file| router.route(file.path, get(move || async { file.response() })))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
}

struct File {
    path: &'static str,
    content_type: &'static str,
    body: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static FILES: [File; 11] = [
    File { path: "/", content_type: HTML, body: include_str!("pages/index.html") },
    File { path: "/assets/tidings.css", content_type: CSS, body: include_str!("pages/tidings.css") },
    File { path: "/assets/client.js", content_type: SCRIPT, body: include_str!("pages/client.js") },
    File { path: "/assets/elements.js", content_type: SCRIPT, body: include_str!("pages/elements.js") },
    File { path: "/assets/feed.js", content_type: SCRIPT, body: include_str!("pages/feed.js") },
    File { path: "/assets/light.js", content_type: SCRIPT, body: include_str!("pages/light.js") },
    File { path: "/assets/live.js", content_type: SCRIPT, body: include_str!("pages/live.js") },
    File { path: "/assets/publish.js", content_type: SCRIPT, body: include_str!("pages/publish.js") },
    File { path: "/assets/sse.js", content_type: SCRIPT, body: include_str!("pages/sse.js") },
    File { path: "/assets/stream.js", content_type: SCRIPT, body: include_str!("pages/stream.js") },
    File { path: "/assets/words.js", content_type: SCRIPT, body: include_str!("pages/words.js") },
];

impl File {
    fn response(&self) -> Response {
        let headers = [
            (CONTENT_TYPE, self.content_type),
            (CONTENT_SECURITY_POLICY, POLICY),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "no-referrer"),
            // The names carry no hash: a new binary must not be met by an old script.
            (CACHE_CONTROL, "no-cache"),
        ];
        (headers, self.body).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages() -> impl Iterator<Item = &'static File> {
        FILES.iter().filter(|file| file.content_type == HTML)
    }

    /// Every `/assets/…` that stands in quotes in `body`.
    fn assets_named_in(body: &str) -> impl Iterator<Item = &str> {
        body.split(['"', '\'']).filter(|word| word.starts_with("/assets/"))
    }

    #[test]
    fn every_response_carries_the_policy() {
        for file in &FILES {
            let response = file.response();
            let headers = response.headers();
            assert_eq!(headers[CONTENT_SECURITY_POLICY], POLICY, "{}", file.path);
            assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff", "{}", file.path);
            assert_eq!(headers[REFERRER_POLICY], "no-referrer", "{}", file.path);
            assert_eq!(headers[CONTENT_TYPE], file.content_type, "{}", file.path);
        }
        assert!(!POLICY.contains("unsafe"), "{POLICY}");
    }

    #[test]
    fn every_asset_named_is_served_and_every_asset_served_is_named() {
        let named: std::collections::BTreeSet<&str> =
            FILES.iter().flat_map(|file| assets_named_in(file.body)).collect();
        let served: std::collections::BTreeSet<&str> =
            FILES.iter().map(|file| file.path).filter(|path| path.starts_with("/assets/")).collect();
        assert_eq!(named, served);
    }

    #[test]
    fn no_page_needs_what_the_policy_forbids() {
        for page in pages() {
            for forbidden in
                ["<style", " style=", " onclick=", " onload=", " onsubmit=", "javascript:", "<base"]
            {
                assert!(!page.body.contains(forbidden), "{} has {forbidden}", page.path);
            }
            for script in page.body.split("<script").skip(1) {
                assert!(
                    script.starts_with(" type=\"module\" src=\"/assets/"),
                    "{} has an inline script",
                    page.path
                );
            }
        }
    }

    #[test]
    fn no_script_turns_a_string_into_markup_or_code() {
        for file in FILES.iter().filter(|file| file.content_type == SCRIPT) {
            for way in
                ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"]
            {
                assert!(!file.body.contains(way), "{} uses {way}", file.path);
            }
        }
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        for file in &FILES {
            let outside = file.body.replace("http://www.w3.org/2000/svg", "");
            assert!(
                !outside.contains("http://") && !outside.contains("https://"),
                "{} names another host",
                file.path
            );
        }
    }
}
