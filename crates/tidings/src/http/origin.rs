//! Who may call from a page of another origin, and by what name the hub is called.

use axum::body::Body;
use http::header::{self, HeaderMap, HeaderValue};
use http::uri::Authority;
use http::{Method, Request, StatusCode};

use super::HttpOptions;
use super::problem::Problem;

/// The endpoints that a page of any origin may call without asking: the secret in the body is the proof.
const OPEN_TO_BEACONS: [&str; 2] = ["/api/sse/disconnect", "/api/sse/alive"];

/// Refuses what a page of another origin forged, or reached by a name that is not ours.
pub(super) fn check(request: &Request<Body>, options: &HttpOptions) -> Result<(), Problem> {
    if options.loopback_hosts && authority(request).is_some_and(|host| !is_loopback(host)) {
        let detail = "this hub answers to localhost, *.localhost, 127.0.0.0/8 and [::1] alone, as with --dev, so that \
                      no page can reach it by a name of its own: call it by one of these, or have the proxy send one as \
                      Host";
        return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, "Misdirected request", detail));
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if reads || OPEN_TO_BEACONS.contains(&request.uri().path()) || !is_foreign(request, options) {
        return Ok(());
    }
    Err(Problem::forbidden(
        "this page's origin is not allowed: add it to cors.origins, or, where it is the hub's own, have the proxy pass \
         Host on as it came",
    ))
}

impl HttpOptions {
    /// Whether a page of this origin may read the answers of a path.
    pub(super) fn may_read(&self, origin: &HeaderValue, path: &str) -> bool {
        // A beacon of JSON asks first, by a preflight, with credentials.
        OPEN_TO_BEACONS.contains(&path) || self.allow(origin)
    }

    fn allow(&self, origin: &HeaderValue) -> bool {
        let Ok(origin) = origin.to_str() else { return false };
        self.origins.iter().any(|allowed| allowed == "*" || allowed == origin)
            || (self.loopback_origins && host_of(origin).is_some_and(is_loopback))
    }
}

/// Where a request comes from, as far as browsers tell. Among the extensions of each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedFrom {
    /// No page, or one of the hub's own origin that only reads: nothing says that there is another.
    Nowhere,
    /// A page of the hub's own origin, which the browser says.
    OwnPage,
    /// A page of another origin, one of [`HttpOptions::origins`].
    AllowedPage,
    /// A page of another origin.
    Elsewhere,
}

/// Where a request comes from.
pub(super) fn asked_from(request: &Request<Body>, options: &HttpOptions) -> AskedFrom {
    if is_foreign(request, options) {
        return AskedFrom::Elsewhere;
    }
    let origin = request.headers().get(header::ORIGIN);
    if site_is(request.headers(), &["same-origin"])
        || origin.is_some_and(|origin| is_own(origin, authority(request)))
    {
        return AskedFrom::OwnPage;
    }
    if origin.is_some() { AskedFrom::AllowedPage } else { AskedFrom::Nowhere }
}

/// Whether the browser says that another origin's page asks. It says so by `Origin`, wherever something is changed; by
/// `Sec-Fetch-Site` only where the hub's address is one that it trusts, which plain HTTP beyond loopback is not.
pub(super) fn is_foreign(request: &Request<Body>, options: &HttpOptions) -> bool {
    let origin = request.headers().get(header::ORIGIN);
    // A browser says it once: which of two is meant would be luck.
    if request.headers().get_all(header::ORIGIN).iter().count() > 1 {
        return true;
    }
    if origin.is_some_and(|origin| options.allow(origin)) {
        return false;
    }
    // Behind a proxy that puts another name in `Host`, the browser alone knows that page and hub are of one origin.
    let is_own = site_is(request.headers(), &["same-origin"])
        || origin.is_none_or(|origin| is_own(origin, authority(request)));
    !is_own || !site_is_none_of(request.headers(), &["cross-site", "same-site"])
}

/// No page can set this header (Fetch, "forbidden request-header": `Sec-`).
fn site_is(headers: &HeaderMap, sites: &[&str]) -> bool {
    let mut said = headers.get_all("sec-fetch-site").iter().peekable();
    said.peek().is_some() && said.all(|site| sites.iter().any(|one| site == one))
}

fn site_is_none_of(headers: &HeaderMap, sites: &[&str]) -> bool {
    headers.get_all("sec-fetch-site").iter().all(|site| sites.iter().all(|one| site != one))
}

/// Whether an origin is that of the request itself, by host and port. The scheme is known to whoever ended TLS alone.
fn is_own(origin: &HeaderValue, authority: Option<&str>) -> bool {
    let parsed = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    let Some((scheme, page)) = parsed else { return false };
    let default_port = if scheme == "https" { 443 } else { 80 };
    let place = |text: &str| place(text).map(|(host, port)| (host, port.unwrap_or(default_port)));
    place(page).is_some_and(|page| authority.and_then(place) == Some(page))
}

/// What a request is for: by its target, or else its `Host` (RFC 9110 §7.2). HTTP/1.0 has neither.
fn authority(request: &Request<Body>) -> Option<&str> {
    let host = || request.headers().get(header::HOST).map(|host| host.to_str().unwrap_or_default());
    request.uri().authority().map(Authority::as_str).or_else(host)
}

fn host_of(origin: &str) -> Option<&str> {
    origin.split_once("://").map(|(_, page)| page)
}

/// The host, in small letters, and the port where one is named.
fn place(authority: &str) -> Option<(String, Option<u16>)> {
    let parsed = authority.parse::<Authority>().ok()?;
    let port = match authority.strip_prefix(parsed.host())? {
        "" => None,
        rest => Some(rest.strip_prefix(':')?.parse().ok()?),
    };
    Some((parsed.host().to_ascii_lowercase(), port))
}

fn is_loopback(authority: &str) -> bool {
    let Some((host, _)) = place(authority) else { return false };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost"
        || host.ends_with(".localhost")
        || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_known_by_all_its_names_and_by_no_others() {
        for own in ["localhost", "LOCALHOST:3000", "app.localhost", "127.0.0.1:80", "127.8.9.1", "[::1]:3000"]
        {
            assert!(is_loopback(own), "{own}");
        }
        for other in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "[::2]",
            "a b",
            "::1",
        ] {
            assert!(!is_loopback(other), "{other}");
        }
    }

    #[test]
    fn an_origin_is_the_requests_own_by_host_and_port() {
        let own = |origin: &str, host| is_own(&HeaderValue::from_str(origin).expect("a header"), host);
        for (origin, host) in [
            ("http://hub.example", "hub.example"),
            ("https://hub.example", "hub.example"),
            ("https://hub.example", "Hub.Example:443"),
            ("http://10.0.0.7:3000", "10.0.0.7:3000"),
            ("http://[fd00::1]:3000", "[fd00::1]:3000"),
        ] {
            assert!(own(origin, Some(host)), "{origin} {host}");
        }
        for (origin, host) in [
            ("null", Some("null")),
            ("http://hub.example", None),
            ("http://hub.example:81", Some("hub.example")),
            ("http://hub.example", Some("hub.example:443")),
            ("http://evil.example", Some("hub.example")),
            ("http://hub.example.evil.example", Some("hub.example")),
            ("http://", Some("")),
        ] {
            assert!(!own(origin, host), "{origin} {host:?}");
        }
    }

    #[test]
    fn over_http2_the_authority_is_in_the_target() {
        let options = HttpOptions { loopback_hosts: true, ..HttpOptions::default() };
        let asked = |uri: &str| {
            let request =
                Request::post(uri).header(header::ORIGIN, uri.trim_end_matches('/')).body(Body::empty());
            check(&request.expect("a request"), &options).map_err(|problem| problem.status())
        };
        assert_eq!(asked("http://127.0.0.1:3000/"), Ok(()));
        assert_eq!(asked("http://evil.example/"), Err(StatusCode::MISDIRECTED_REQUEST));
    }
}
