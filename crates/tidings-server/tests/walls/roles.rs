//! Every operators' endpoint by every role, by every way to carry it.

use tidings::{AdminRole, ENDPOINTS, Endpoint};

use crate::browser::{by_password, from_monitor, log_in, operators};
use crate::http::{Answer, send};
use crate::server::Server;
use crate::sse::Stream;

/// What a role may do comes after the others, since a drain is the last thing.
fn endpoints() -> impl Iterator<Item = (&'static Endpoint, String, &'static str)> {
    let path = |endpoint: &Endpoint| {
        let path = endpoint.path.replace("{id}", "x-1-1").replace("{user}", "nobody");
        if endpoint.action == Some("lift_revocation") { path + "?user=nobody" } else { path }
    };
    let body = |endpoint: &Endpoint| match endpoint.action {
        Some("revoke") => "{\"user\":\"nobody\"}",
        Some("change_channels") => "{\"remove\":[\"a\"]}",
        _ => "",
    };
    let all = ENDPOINTS.iter().filter(|endpoint| endpoint.action != Some("drain"));
    let drain = ENDPOINTS.iter().filter(|endpoint| endpoint.action == Some("drain"));
    all.chain(drain).map(move |endpoint| (endpoint, path(endpoint), body(endpoint)))
}

/// It was let through: done, or there is nothing by that name.
#[track_caller]
fn assert_admitted(answer: &Answer, who: &str, path: &str) {
    assert!(matches!(answer.status, 200 | 202 | 404), "{who} at {path}: {answer:?}");
    if answer.status == 404 {
        let detail = answer.problem(404)["detail"].to_string();
        assert!(detail.contains("connection") || detail.contains("shut out"), "{who} at {path}: {detail}");
    }
}

#[test]
fn every_endpoint_has_its_role_for_every_token_and_every_login() {
    let hub = Server::guarded(&[("TIDINGS_DRAIN_WINDOW_MS", "0")], &operators());
    let roles = [
        (
            "nobody's token",
            hub.token(&["--user", "x", "--subscribe", "*", "--publish", "*"]),
            AdminRole::Nobody,
        ),
        ("a reader's token", hub.token(&["--user", "r", "--admin=read"]), AdminRole::Read),
        ("an operator's token", hub.token(&["--user", "o", "--admin"]), AdminRole::Operator),
    ];
    let logins = [
        ("bob", log_in(&hub, &by_password("bob")), AdminRole::Read),
        ("a reader by token", log_in(&hub, &format!("token={}", roles[1].1)), AdminRole::Read),
        ("ann", log_in(&hub, &by_password("ann")), AdminRole::Operator),
    ];
    let mut asked = 0;
    for (endpoint, path, body) in endpoints() {
        let method = endpoint.method.as_str();
        for forged in [&[][..], &[("authorization", "Bearer x.y.z")], &[("cookie", "tidings-admin=guessed")]]
        {
            send(&hub, method, &path, forged, body).problem(401);
        }
        for (who, token, role) in &roles {
            let answer = send(&hub, method, &path, &[("authorization", &format!("Bearer {token}"))], body);
            check(&answer, who, endpoint, &path, *role);
            asked += 1;
        }
        for (who, cookie, role) in &logins {
            check(&from_monitor(&hub, cookie, method, &path, body), who, endpoint, &path, *role);
            asked += 1;
        }
    }
    assert_eq!(asked, ENDPOINTS.len() * 6);
}

#[track_caller]
fn check(answer: &Answer, who: &str, endpoint: &Endpoint, path: &str, role: AdminRole) {
    if role >= endpoint.role {
        return assert_admitted(answer, who, path);
    }
    let detail = if role == AdminRole::Read { "`operator`" } else { "admin" };
    answer.problem_saying(403, detail);
}

#[test]
fn what_is_no_method_of_an_endpoint_does_nothing_for_anybody() {
    let hub = Server::guarded(&[], "");
    let operator = format!("Bearer {}", hub.token(&["--user", "o", "--admin"]));
    for (endpoint, path, _) in endpoints() {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            if ENDPOINTS.iter().any(|other| other.path == endpoint.path && other.method.as_str() == method) {
                continue;
            }
            // `closed` is no connection's id, and yet a path of that shape.
            let answer = send(&hub, method, &path, &[("authorization", &operator)], "");
            assert!(matches!(answer.status, 404 | 405), "{method} {path}: {answer:?}");
        }
    }
    assert_eq!(hub.stats()["phase"], "serving");
}

#[test]
fn the_hubs_own_channels_are_for_those_who_may_look() {
    let hub = Server::guarded(&[], "");
    let open = |token: &str| {
        Stream::ask(&hub, "channels=$hub/stats", &[("authorization", &format!("Bearer {token}"))]).status
    };
    assert_eq!(open(&hub.token(&["--user", "r", "--admin=read"])), 200);
    assert_eq!(open(&hub.token(&["--user", "o", "--admin"])), 200);
    assert_eq!(open(&hub.token(&["--user", "x", "--subscribe", "*"])), 403);
}
