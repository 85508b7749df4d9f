//! A browser at the monitor: it says where its pages are from, and keeps the cookie.

use crate::http::{Answer, send};
use crate::hub::Hub;

pub(crate) const PASSWORD: &str = "a horse that nobody guesses";

/// Two operators in the configuration, `ann` who may everything and `bob` who reads.
pub(crate) fn operators() -> String {
    let hash = tidings_server::config::PasswordHash::of(PASSWORD).expect("made");
    [("ann", "operator"), ("bob", "read")]
        .map(|(name, role)| {
            format!("[[admin.operators]]\nname = \"{name}\"\nrole = \"{role}\"\npassword = \"{hash}\"\n")
        })
        .concat()
}

/// What a browser adds to a request of the hub's own page.
pub(crate) fn own_page(hub: &Hub) -> Vec<(String, String)> {
    vec![("origin".to_owned(), hub.url()), ("sec-fetch-site".to_owned(), "same-origin".to_owned())]
}

pub(crate) fn submit(hub: &Hub, path: &str, more: &[(&str, &str)], form: &str) -> Answer {
    let own = own_page(hub);
    let mut headers: Vec<(&str, &str)> =
        own.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    headers.push(("content-type", "application/x-www-form-urlencoded"));
    headers.push(("accept", "text/html,application/xhtml+xml"));
    headers.extend(more);
    send(hub, "POST", path, &headers, form)
}

/// Logs in, and answers the cookie as it is sent back.
#[track_caller]
pub(crate) fn log_in(hub: &Hub, form: &str) -> String {
    let answer = submit(hub, "/admin/login", &[], form);
    assert_eq!((answer.status, answer.header("location")), (303, Some("monitoring")), "{answer:?}");
    let cookie = answer.header("set-cookie").expect("a cookie");
    cookie.split(';').next().expect("a pair").to_owned()
}

pub(crate) fn by_password(name: &str) -> String {
    format!("name={name}&password={}", PASSWORD.replace(' ', "+"))
}

/// A request of the monitor's own page.
pub(crate) fn from_monitor(hub: &Hub, cookie: &str, method: &str, path: &str, body: &str) -> Answer {
    let own = own_page(hub);
    let mut headers: Vec<(&str, &str)> =
        own.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    headers.extend([("cookie", cookie), ("tidings-client", "js/1"), ("content-type", "application/json")]);
    send(hub, method, path, &headers, body)
}
