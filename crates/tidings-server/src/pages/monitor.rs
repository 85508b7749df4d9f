//! The monitor at `/admin/monitoring`: what `monitor/` builds, embedded, so that the binary needs no Node to be built.

use axum::Router;
use axum::body::Bytes;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, LOCATION, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tidings::Problem;

mod names {
    include!("monitor/names.rs");
}

pub(crate) const PATH: &str = "/admin/monitoring";

/// Nothing inline and nothing from elsewhere; and no string becomes markup or code (Trusted Types).
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

/// Its name changes with its bytes, so that nobody need ever ask again.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// What the page loads: no secret, and the same for everybody.
pub(crate) fn assets() -> Router {
    Router::new()
        // Its links are relative to the path without the slash.
        .route(
            "/admin/monitoring/",
            get(async || (StatusCode::PERMANENT_REDIRECT, [(LOCATION, "../monitoring")])),
        )
        .route(names::SCRIPT_PATH, get(async |asked: HeaderMap| SCRIPT.response(&asked)))
        .route(names::STYLE_PATH, get(async |asked: HeaderMap| STYLE.response(&asked)))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
}

const INDEX: &str = include_str!("monitor/index.html");

/// The page itself, for whoever may see it.
pub(crate) async fn index(asked: HeaderMap) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-cache"),
        (ETAG, names::INDEX_ETAG),
        (VARY, "cookie"),
    ];
    let known = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    // RFC 9110 §13.1.2: a list, compared weakly; `*` is whatever there is.
    let fresh = known
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == names::INDEX_ETAG);
    if fresh {
        return (StatusCode::NOT_MODIFIED, guards(), headers).into_response();
    }
    (guards(), headers, INDEX).into_response()
}

struct Asset {
    content_type: &'static str,
    plain: &'static [u8],
    gzip: &'static [u8],
}

static SCRIPT: Asset = Asset {
    content_type: "text/javascript; charset=utf-8",
    plain: include_bytes!("monitor/app.js"),
    gzip: include_bytes!("monitor/app.js.gz"),
};

static STYLE: Asset = Asset {
    content_type: "text/css; charset=utf-8",
    plain: include_bytes!("monitor/app.css"),
    gzip: include_bytes!("monitor/app.css.gz"),
};

impl Asset {
    fn response(&self, asked: &HeaderMap) -> Response {
        let headers =
            [(CONTENT_TYPE, self.content_type), (CACHE_CONTROL, FOR_EVER), (VARY, "accept-encoding")];
        if takes_gzip(asked) {
            return (guards(), headers, [(CONTENT_ENCODING, "gzip")], Bytes::from_static(self.gzip))
                .into_response();
        }
        (guards(), headers, Bytes::from_static(self.plain)).into_response()
    }
}

fn guards() -> [(HeaderName, &'static str); 6] {
    [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ]
}

/// RFC 9110 §12.5.3, as far as one encoding goes: named, or meant by `*`, and not with a weight of nothing.
fn takes_gzip(asked: &HeaderMap) -> bool {
    let offers: Vec<(String, bool)> = asked
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|offer| {
            let (name, weight) = offer.split_once(';').unwrap_or((offer, "q=1"));
            let weight = weight.trim().trim_start_matches(['q', 'Q']).trim_start_matches('=');
            (name.trim().to_ascii_lowercase(), weight.parse::<f32>().is_ok_and(|weight| weight > 0.0))
        })
        .collect();
    let of = |name: &str| offers.iter().find(|(offered, _)| offered == name).map(|(_, wanted)| *wanted);
    of("gzip").or_else(|| of("*")).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        for (offer, takes) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, gzip;q=0.8", true),
            ("GZIP", true),
            ("*", true),
            ("gzip;q=0, *", false),
            ("identity", false),
            ("*;q=0", false),
            ("", false),
        ] {
            let asked = HeaderMap::from_iter([(ACCEPT_ENCODING, offer.parse().expect("a header"))]);
            assert_eq!(takes_gzip(&asked), takes, "{offer}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn the_policy_allows_nothing_inline_and_nothing_from_elsewhere() {
        assert!(!POLICY.contains("unsafe") && !POLICY.contains("http") && !POLICY.contains("*"), "{POLICY}");
        for forbidden in ["<style", " style=", "javascript:", "<base", "https://"] {
            assert!(!INDEX.contains(forbidden), "the page has {forbidden}");
        }
        for script in INDEX.split("<script").skip(1) {
            assert!(
                script.starts_with(" type=\"module\" crossorigin src=\"./monitoring/app-"),
                "an inline script"
            );
        }
    }

    #[test]
    fn the_page_names_its_files_beside_itself() {
        for path in [names::SCRIPT_PATH, names::STYLE_PATH] {
            let beside = path.strip_prefix("/admin/").expect("below /admin/");
            assert!(INDEX.contains(&format!("\"./{beside}\"")), "{beside} in\n{INDEX}");
        }
    }
}
