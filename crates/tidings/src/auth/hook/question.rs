//! What the application is asked: what somebody wants to do, with what their request came with.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tidings_core::grant::ANONYMOUS;

use super::options::{HookEvent, HookOptions};
use crate::authorize::{Action, Asked};

/// Of the question's shape, for applications that will see others.
const VERSION: u32 = 1;
/// Members of a query that are the hub's own, and say nothing of who asks. What stands beside them is the application's.
const HUBS_OWN: [&str; 13] = [
    "after",
    "channel",
    "channels",
    "client_id",
    "envelope",
    "last_event_id",
    "lease",
    "limit",
    "since",
    "sort",
    "ticket",
    "type",
    "search",
];

/// What stands for all that is sent: two questions with one key would have one answer.
pub(super) type Key = [u8; 32];

/// A question, ready to be sent.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) key: Key,
    pub(super) fields: HeaderMap,
    pub(super) body: Bytes,
    /// Whether no kept answer will do.
    pub(super) anew: bool,
    /// Whose kept answers the decision takes the place of: not of all who are nobody.
    pub(super) replaces: Option<Arc<str>>,
}

#[derive(Serialize)]
struct Said<'a> {
    version: u32,
    action: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    channels: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote: Option<IpAddr>,
    query: String,
}

impl Question {
    pub(super) fn new(request: &Parts, asked: &Asked, options: &HookOptions) -> Self {
        let asked = as_wished(asked, options);
        let said = Said {
            version: VERSION,
            action: asked.action.as_str(),
            channels: asked.channels.as_deref(),
            r#type: asked.kind.as_deref(),
            client_id: asked.client_id.as_deref(),
            user: asked.user.as_deref(),
            remote: asked.remote,
            query: query(request.uri.query().unwrap_or_default()),
        };
        let body = serde_json::to_vec(&said).unwrap_or_default();
        let mut fields = forwarded(request, options);
        let key = key(&fields, &body);
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        fields.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let anew = asked.action == Action::Refresh;
        let replaces = asked.user.filter(|user| anew && **user != *ANONYMOUS);
        Self { key, fields, body: body.into(), anew, replaces }
    }
}

/// What isn't to be a question of its own is the question whose session it is: one answer serves all of these.
fn as_wished(asked: &Asked, options: &HookOptions) -> Asked {
    let is_wished = match asked.action {
        Action::Connect | Action::Refresh => true,
        Action::Subscribe => options.events.contains(&HookEvent::Subscribe),
        Action::Publish => options.events.contains(&HookEvent::Publish),
    };
    if is_wished { asked.clone() } else { Asked { remote: asked.remote, ..Asked::default() } }
}

/// The chosen fields of a request. Cookies in several fields become one, as HTTP/1.1 has them (RFC 9113 §8.2.3).
fn forwarded(request: &Parts, options: &HookOptions) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for name in &options.headers {
        if name == header::COOKIE {
            fields.extend(cookies(request, &options.cookies_withheld).map(|value| (name.clone(), value)));
            continue;
        }
        let mut values = request.headers.get_all(name).iter();
        values.try_for_each(|value| fields.try_append(name.clone(), value.clone()).map(|_| ())).ok();
    }
    fields
}

fn cookies(request: &Parts, withheld: &[String]) -> Option<HeaderValue> {
    let is_withheld = |cookie: &[u8]| {
        let name = cookie.split(|byte| *byte == b'=').next().unwrap_or_default();
        withheld.iter().any(|withheld| withheld.as_bytes() == name.trim_ascii())
    };
    let values = request.headers.get_all(header::COOKIE).iter();
    let all = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b';')).map(<[u8]>::trim_ascii);
    let kept: Vec<&[u8]> = all.filter(|cookie| !cookie.is_empty() && !is_withheld(cookie)).collect();
    if kept.is_empty() { None } else { HeaderValue::from_bytes(&kept.join(&b"; "[..])).ok() }
}

/// A query without what is the hub's own, otherwise as it came.
fn query(query: &str) -> String {
    let own = |pair: &&str| !HUBS_OWN.contains(&pair.split('=').next().unwrap_or_default());
    query.split('&').filter(own).collect::<Vec<_>>().join("&")
}

fn key(fields: &HeaderMap, body: &[u8]) -> Key {
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    add(body);
    for (name, value) in fields {
        add(name.as_str().as_bytes());
        add(value.as_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use http::Request;
    use serde_json::{Value, json};

    use super::*;

    fn options(events: &[HookEvent]) -> HookOptions {
        HookOptions {
            events: events.to_vec(),
            ..HookOptions::new("https://app.example/".parse().expect("a URL"))
        }
    }

    fn request(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::get(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).expect("a request").into_parts().0
    }

    fn asked(action: Action) -> Asked {
        Asked {
            action,
            channels: Some(vec!["news".to_owned()]),
            client_id: Some("c".to_owned()),
            remote: Some("203.0.113.7".parse().expect("an address")),
            ..Asked::default()
        }
    }

    fn said(question: &Question) -> Value {
        serde_json::from_slice(&question.body).expect("JSON")
    }

    #[test]
    fn it_tells_what_is_wanted_and_forwards_the_chosen_fields_alone() {
        let parts = request(
            "/api/sse/stream?channels=news&room=7&last_event_id=x&lang=de&ticket=canary",
            &[("cookie", "sid=1"), ("cookie", "b=2"), ("x-own", "no"), ("connection", "close")],
        );
        let question = Question::new(&parts, &asked(Action::Connect), &options(&[]));
        assert_eq!(
            said(&question),
            json!({ "version": 1, "action": "connect", "channels": ["news"], "client_id": "c", "remote": "203.0.113.7",
                    "query": "room=7&lang=de" })
        );
        assert_eq!(question.fields.get("cookie").expect("forwarded"), "sid=1; b=2");
        assert!(!question.fields.contains_key("x-own") && !question.fields.contains_key("connection"));
    }

    #[test]
    fn cookies_that_are_good_for_others_are_kept_back() {
        let cookies = |values: &[&str]| {
            let headers: Vec<_> = values.iter().map(|value| ("cookie", *value)).collect();
            let own = HookOptions { cookies_withheld: vec!["admin".to_owned()], ..options(&[]) };
            let question = Question::new(&request("/", &headers), &asked(Action::Connect), &own);
            question.fields.get("cookie").map(|value| value.to_str().expect("text").to_owned())
        };
        assert_eq!(
            cookies(&["admin=1;a=1 ; admin =2", "b=admin=3; ; admins=4"]).as_deref(),
            Some("a=1; b=admin=3; admins=4")
        );
        assert_eq!(cookies(&["admin=1", "admin"]), None);
    }

    #[test]
    fn what_is_no_question_of_its_own_is_the_sessions() {
        let parts = request("/api/sse/publish", &[("cookie", "sid=1")]);
        let plain = Question::new(&parts, &asked(Action::Publish), &options(&[]));
        assert_eq!(said(&plain)["action"], "connect");
        assert!(said(&plain).get("channels").is_none());
        let other = Question::new(&parts, &asked(Action::Subscribe), &options(&[HookEvent::Publish]));
        assert_eq!(plain.key, other.key, "one answer for both");
        let own = Question::new(&parts, &asked(Action::Publish), &options(&[HookEvent::Publish]));
        assert_eq!(said(&own)["action"], "publish");
        let refresh = Asked { user: Some("ann".into()), ..asked(Action::Refresh) };
        let refresh = Question::new(&parts, &refresh, &options(&[]));
        assert!(refresh.anew && !own.anew);
        assert_eq!((refresh.replaces.as_deref(), own.replaces), (Some("ann"), None));
        let nobodys = Asked { user: Some(ANONYMOUS.into()), ..asked(Action::Refresh) };
        let nobodys = Question::new(&parts, &nobodys, &options(&[]));
        assert_eq!((nobodys.anew, nobodys.replaces), (true, None));
    }

    #[test]
    fn whatever_differs_in_what_is_sent_is_another_question() {
        let ask = |uri: &str, headers: &[(&str, &str)], asked: &Asked| {
            Question::new(&request(uri, headers), asked, &options(&[])).key
        };
        let all = asked(Action::Connect);
        let first = ask("/?a=1", &[("cookie", "sid=1")], &all);
        assert_eq!(first, ask("/?a=1&last_event_id=9", &[("cookie", "sid=1"), ("x-own", "1")], &all));
        for other in [
            ask("/?a=2", &[("cookie", "sid=1")], &all),
            ask("/?a=1", &[("cookie", "sid=2")], &all),
            ask("/?a=1", &[("authorization", "sid=1")], &all),
            ask("/?a=1", &[], &all),
            ask("/?a=1", &[("cookie", "sid=1")], &Asked { channels: None, ..all.clone() }),
            ask("/?a=1", &[("cookie", "sid=1")], &Asked { remote: None, ..all.clone() }),
            ask("/?a=1", &[("cookie", "sid=1")], &Asked { client_id: Some("d".to_owned()), ..all.clone() }),
        ] {
            assert_ne!(first, other);
        }
    }
}
