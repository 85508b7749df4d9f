//! Who a request is from, where operators may ask: by a session's cookie, or as everywhere else.

use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, Method};
use tidings::{Asked, AskedFrom, Authorizer, Counted, Grant, Problem};

use super::sessions::{Session, Sessions, wall_ms};
use crate::doorman::Doorman;

/// Clones are the same one.
#[derive(Clone)]
pub(crate) struct Gate {
    doorman: Arc<Doorman>,
    sessions: Sessions,
}

impl Gate {
    pub(crate) fn new(doorman: Arc<Doorman>, sessions: Sessions) -> Self {
        Self { doorman, sessions }
    }

    /// The session that a request is part of: one that the hub's own page sent, or no page at all. What it shows by
    /// itself, a token, goes before.
    pub(crate) fn session(&self, request: &Parts) -> Option<Session> {
        if request.headers.contains_key(AUTHORIZATION) {
            return None;
        }
        match request.extensions.get::<AskedFrom>() {
            Some(AskedFrom::OwnPage) => {}
            Some(AskedFrom::Nowhere) if reads(&request.method) => {}
            _ => return None,
        }
        self.sessions.of(request, wall_ms())
    }
}

impl Authorizer for Gate {
    async fn authorize(&self, request: &Parts) -> Result<Grant, Problem> {
        self.authorize_for(request, &Asked::default()).await
    }

    async fn authorize_for(&self, request: &Parts, asked: &Asked) -> Result<Grant, Problem> {
        let Some(session) = self.session(request) else {
            return self.doorman.authorize_for(request, asked).await;
        };
        if reads(&request.method) || asks_first(&request.method, &request.headers) {
            return Ok(session.grant);
        }
        Err(Problem::forbidden(
            "a change that comes with a login's cookie needs what no form can send: the header `Tidings-Client`, or a \
             body of `application/json`",
        ))
    }

    fn forget(&self, user: &str) {
        self.doorman.forget(user);
    }

    fn counted(&self) -> Vec<Counted> {
        self.doorman.counted()
    }
}

fn reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Whether a browser would ask by a preflight before it sent this to another origin (Fetch, "CORS-safelisted").
fn asks_first(method: &Method, headers: &HeaderMap) -> bool {
    let is_json = headers.get(CONTENT_TYPE).is_some_and(|kind| {
        let kind = kind.to_str().unwrap_or_default();
        kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
    });
    *method != Method::POST || is_json || headers.contains_key("tidings-client")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_form_never_asks_first() {
        for kind in [
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "text/plain",
            "",
            "application/jsonx",
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
            assert!(!asks_first(&Method::POST, &headers), "{kind}");
        }
        for kind in ["application/json", "Application/JSON; charset=utf-8"] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
            assert!(asks_first(&Method::POST, &headers), "{kind}");
        }
        assert!(asks_first(&Method::DELETE, &HeaderMap::new()));
        let named = HeaderMap::from_iter([(
            http::HeaderName::from_static("tidings-client"),
            HeaderValue::from_static("x"),
        )]);
        assert!(asks_first(&Method::POST, &named));
    }
}
