//! What is written down of what operators do, and of what was refused.

use serde_json::{Value, json};

use crate::browser::{PASSWORD, by_password, from_monitor, log_in, operators, submit};
use crate::http::send;
use crate::server::Server;

fn file(hub: &Server) -> Vec<Value> {
    let text = std::fs::read_to_string(hub.dir().join("audit.jsonl")).expect("the file");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[test]
fn each_deed_has_a_line_with_who_what_from_where_and_how_it_ended() {
    let settings = [("TIDINGS_ADMIN_AUDIT_FILE", "audit.jsonl"), ("TIDINGS_LOG_LEVEL", "error")];
    let hub = Server::guarded(&settings, &operators());
    let ann = log_in(&hub, &by_password("ann"));
    let bob = log_in(&hub, &by_password("bob"));
    submit(&hub, "/admin/login", &[], "name=eve%40example.com&password=canary-4d");
    submit(&hub, "/admin/login", &[], "name=ann&password=canary-4d");
    let act =
        |cookie: &str, method: &str, path: &str, body: &str| from_monitor(&hub, cookie, method, path, body);
    act(&ann, "GET", "/api/sse/stats", "").ok();
    act(&ann, "DELETE", "/api/sse/connections/x-1-1.5ec2e7", "").problem(404);
    act(&ann, "PUT", "/api/sse/users/carl%20b/channels", "{\"add\":[\"a\",\"b\"],\"remove\":[\"c\"]}").ok();
    act(&ann, "POST", "/api/sse/revocations", "{\"user\":\"dora\"}").ok();
    act(&ann, "POST", "/api/sse/publish", "{\"channel\":\"news\",\"data\":\"canary-5e\"}").ok();
    act(
        &ann,
        "POST",
        "/api/sse/publish",
        "[{\"channel\":\"a\",\"data\":1},{\"channels\":[\"b\",\"c\"],\"data\":1}]",
    )
    .ok();
    act(&ann, "POST", "/api/sse/publish", "{\"channel\":\"$hub/x\",\"data\":1}").problem(400);
    act(&bob, "POST", "/api/sse/cleanup", "{}").problem(403);
    send(&hub, "DELETE", "/api/sse/connections/canary-6f", &[], "").problem(401);
    send(&hub, "POST", "/api/sse/drain", &[("origin", "https://evil.example")], "").problem(403);
    submit(&hub, "/admin/logout", &[("cookie", &bob)], "");

    let told = |line: &Value| {
        let text = |name: &str| line[name].as_str().unwrap_or("-").to_owned();
        format!("{} {} {} {} {}", text("action"), text("who"), text("role"), text("target"), text("result"))
    };
    let lines = file(&hub);
    assert_eq!(
        lines.iter().map(told).collect::<Vec<_>>(),
        [
            "login ann operator - done",
            "login bob read - done",
            "login - - - refused",
            "login ann operator - refused",
            "kick ann operator x-1-1 failed",
            "change_channels ann operator carl b done",
            "revoke ann operator dora done",
            "publish ann operator news done",
            "publish ann operator a,b,c done",
            "publish ann operator $hub/x failed",
            "cleanup bob read - refused",
            "kick - - - refused",
            "drain - - - refused",
            "logout bob read - done",
        ]
    );
    assert_eq!(lines[5]["detail"], "add=a,b remove=c");
    assert_eq!(lines[12]["detail"], "from a page of another origin");
    for line in &lines {
        assert!(line["from"].as_str().is_some_and(|from| from.starts_with("127.0.0.1:")), "{line}");
        assert!(line["at"].as_u64().is_some_and(|at| at > 1_700_000_000_000), "{line}");
    }
    let log = hub.log();
    assert_eq!(
        log.lines().filter(|line| line.contains("operator action")).count(),
        lines.len(),
        "at any level\n{log}"
    );
    assert!(log.contains("action=change_channels who=ann role=operator"), "{log}");
    let shown = act(&ann, "GET", "/api/sse/audit", "").ok();
    assert_eq!(shown["entries"].as_array().map(Vec::len), Some(lines.len()));
    assert_eq!(shown["entries"][0], lines[lines.len() - 1], "newest first");
    let everything = format!("{log}{shown}{lines:?}");
    for secret in ["5ec2e7", "canary", "eve@", "eve%40", PASSWORD, ann.split_once('=').expect("a pair").1] {
        assert!(!everything.contains(secret), "{secret}");
    }
}

#[test]
fn a_flood_of_refusals_is_counted_and_not_written() {
    let hub = Server::guarded(&[("TIDINGS_ADMIN_AUDIT_FILE", "audit.jsonl")], "");
    for _ in 0..200 {
        send(&hub, "POST", "/api/sse/drain", &[], "").problem(401);
    }
    hub.post("/api/sse/cleanup", "{}");
    let lines = file(&hub);
    let left_out: u64 = lines.iter().filter_map(|line| line["left_out"].as_u64()).sum();
    assert_eq!(lines.len() as u64 + left_out, 201);
    assert!(left_out > 0, "two hundred in a moment: {}", lines.len());
    assert_eq!(
        (&lines[lines.len() - 1]["action"], &lines[lines.len() - 1]["result"]),
        (&json!("cleanup"), &json!("done"))
    );
}
