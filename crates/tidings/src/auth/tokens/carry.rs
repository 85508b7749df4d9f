//! Where a request has its token (RFC 6750 §2): the header, or a cookie, or the query, where these are allowed.

use std::borrow::Cow;

use http::header::{AUTHORIZATION, COOKIE, HeaderValue};
use http::request::Parts;

/// Which ways of carrying a token are taken, besides the header.
#[derive(Clone, Debug, Default)]
pub struct Carriers {
    /// The name of a cookie.
    pub cookie: Option<String>,
    /// `token=` in the query, which ends up in the logs of proxies and in the browser's history.
    pub query: bool,
}

/// A token as it came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Carried {
    /// By a way that the page which asks had to choose.
    Shown(String),
    /// By a cookie, which a browser adds for whatever page asks.
    Cookie(String),
    /// Twice in one way: which one counts would be luck.
    Twice,
    Nothing,
}

impl Carriers {
    /// The first of header, query and cookie that is there.
    pub(super) fn find(&self, request: &Parts) -> Carried {
        one(bearer(request), Carried::Shown)
            .or_else(|| one(self.in_query(request).into_iter(), Carried::Shown))
            .or_else(|| one(self.in_cookies(request).into_iter(), Carried::Cookie))
            .unwrap_or(Carried::Nothing)
    }

    fn in_query(&self, request: &Parts) -> Vec<String> {
        let query = request.uri.query().filter(|_| self.query).unwrap_or_default();
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
        pairs.into_iter().filter(|(name, _)| name == "token").map(|(_, token)| token).collect()
    }

    fn in_cookies(&self, request: &Parts) -> Vec<String> {
        let Some(cookie) = self.cookie.as_deref() else { return Vec::new() };
        let mut found = Vec::new();
        for header in request.headers.get_all(COOKIE).iter().map(text) {
            let pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
            let own = pairs.filter(|(name, _)| *name == cookie);
            found.extend(own.map(|(_, token)| token.trim_matches('"').to_owned()));
        }
        found
    }
}

/// What other schemes say is for somebody in front of the hub.
fn bearer(request: &Parts) -> impl Iterator<Item = String> {
    request.headers.get_all(AUTHORIZATION).iter().filter_map(|value| {
        let value = text(value);
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
    })
}

/// A byte that is no text makes a token that is none, not one that is not there.
fn text(value: &HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

fn one(mut tokens: impl Iterator<Item = String>, carried: fn(String) -> Carried) -> Option<Carried> {
    let first = tokens.next()?;
    Some(if tokens.next().is_some() { Carried::Twice } else { carried(first) })
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn found(carriers: &Carriers, uri: &str, headers: &[(&str, &str)]) -> Carried {
        let mut request = Request::get(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        carriers.find(&request.body(()).expect("a request").into_parts().0)
    }

    fn shown(token: &str) -> Carried {
        Carried::Shown(token.to_owned())
    }

    #[test]
    fn the_header_goes_before_the_query_and_the_query_before_the_cookie() {
        let all = Carriers { cookie: Some("hub".to_owned()), query: true };
        let headers = [("authorization", "Bearer a.b.c"), ("cookie", "hub=e")];
        assert_eq!(found(&all, "/?token=d", &headers), shown("a.b.c"));
        assert_eq!(found(&all, "/?token=d", &headers[1..]), shown("d"));
        assert_eq!(found(&all, "/?x=y", &headers[1..]), Carried::Cookie("e".to_owned()));
        assert_eq!(found(&all, "/", &[("authorization", "bearer  a.b.c ")]), shown("a.b.c"));
        assert_eq!(
            found(&all, "/", &[("authorization", "Basic eA=="), ("cookie", "a=b; hub=\"e\"")]),
            Carried::Cookie("e".to_owned())
        );
    }

    #[test]
    fn what_is_not_allowed_is_not_seen() {
        let none = Carriers::default();
        for headers in [
            &[("cookie", "hub=e; token=d")][..],
            &[("authorization", "Bearer")],
            &[("authorization", "a.b.c")],
        ] {
            assert_eq!(found(&none, "/?token=d", headers), Carried::Nothing);
        }
        let other = Carriers { cookie: Some("hub".to_owned()), query: false };
        assert_eq!(found(&other, "/?token=d", &[("cookie", "Hub=e; xhub=e; hub")]), Carried::Nothing);
    }

    #[test]
    fn of_two_neither_counts() {
        let all = Carriers { cookie: Some("hub".to_owned()), query: true };
        let bearers = [("authorization", "Bearer a"), ("authorization", "Bearer b")];
        assert_eq!(found(&all, "/", &bearers), Carried::Twice);
        assert_eq!(found(&all, "/?token=a&token=b", &[]), Carried::Twice);
        assert_eq!(found(&all, "/", &[("cookie", "hub=a; hub=b")]), Carried::Twice);
        assert_eq!(found(&all, "/", &[("cookie", "hub=a"), ("cookie", "hub=b")]), Carried::Twice);
    }
}
