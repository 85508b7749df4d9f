//! The seam: what an application's authorizer grants or refuses holds at every endpoint.

mod application;
mod decided;

use serde_json::{Value, json};
use tidings::core::grant::ANONYMOUS;
use tidings::{Grant, Problem, Selector};

use crate::application::*;

#[tokio::test]
async fn whom_nobody_knows_gets_401_everywhere_but_where_the_secret_is_the_proof() {
    let app = Application::granting(board());
    let (_stream, connected) = app.stream("channels=news").await;
    app.now_grant(Err(nobody()));
    for (method, path, body) in [
        ("GET", "/api/sse/stream?channels=news", ""),
        ("POST", "/api/sse/publish", "{\"channel\":\"room:1\",\"data\":1}"),
        ("GET", "/api/sse/history?channel=news", ""),
        ("GET", "/api/sse/presence?channel=news", ""),
        ("POST", "/api/sse/ticket", ""),
        ("GET", "/api/sse/stats", ""),
        ("POST", "/api/sse/drain", ""),
    ] {
        Application::refused(&app.json(method, path, body).await, 401, "log in");
    }
    let huge = "x".repeat(2 * 1024 * 1024);
    Application::refused(&app.json("POST", "/api/sse/publish", &huge).await, 401, "log in");
    let id = connected["connection_id"].as_str().expect("a secret");
    for path in ["/api/sse/subscriptions", "/api/sse/refresh"] {
        let body = json!({ "connection_id": id, "add": ["news"] }).to_string();
        Application::refused(&app.json("POST", path, &body).await, 401, "log in");
    }
    assert_eq!(app.ask("POST", "/api/sse/alive", id).await.status(), 204);
    assert_eq!(app.ask("POST", "/api/sse/disconnect", id).await.status(), 204);
    assert_eq!(app.ask("GET", "/health", "").await.status(), 200);
    assert_eq!(app.hub.stats()["connections"]["refused_total"]["unauthorized"], 1);
}

#[tokio::test]
async fn what_is_not_granted_is_refused_by_its_name() {
    let app = Application::granting(board());
    for asked in ["jobs", "room*", "*", "news,jobs"] {
        let answer = app.json("GET", &format!("/api/sse/stream?channels={asked}"), "").await;
        Application::refused(&answer, 403, &format!("`{}`", asked.trim_start_matches("news,")));
    }
    for path in ["history", "presence"] {
        let answer = app.json("GET", &format!("/api/sse/{path}?channel=jobs"), "").await;
        Application::refused(&answer, 403, "`jobs`");
    }
    let publish = |body: Value| {
        let app = &app;
        async move { app.json("POST", "/api/sse/publish", &body.to_string()).await }
    };
    Application::refused(&publish(json!({ "channel": "news", "data": 1 })).await, 403, "`news`");
    let both = json!({ "channels": ["room:1", "news"], "data": 1 });
    Application::refused(&publish(both).await, 403, "`news`");
    assert_eq!(publish(json!({ "channel": "room:1", "data": 1 })).await.0, 200);
    assert_eq!(app.hub.stats()["events"]["published_total"], 1, "all channels are granted, or none has it");

    let (_stream, connected) = app.stream("channels=room:1,room:2:*").await;
    let body = json!({ "connection_id": connected["connection_id"], "add": ["room:3", "jobs"] }).to_string();
    Application::refused(&app.json("POST", "/api/sse/subscriptions", &body).await, 403, "`jobs`");
    let rows = app.hub.connections(&tidings::ConnectionQuery::default());
    assert_eq!(rows.connections[0].channels.len(), 2, "none was added");
}

#[tokio::test]
async fn operators_endpoints_need_the_operators_right() {
    let app = Application::granting(board());
    for (method, path) in [
        ("GET", "/api/sse/stats"),
        ("GET", "/api/sse/connections"),
        ("GET", "/api/sse/connections/closed"),
        ("GET", "/api/sse/channels"),
        ("GET", "/api/sse/users"),
        ("DELETE", "/api/sse/connections/nobody"),
        ("DELETE", "/api/sse/users/ada/connections"),
        ("PUT", "/api/sse/users/ada/channels"),
        ("POST", "/api/sse/revocations"),
        ("POST", "/api/sse/cleanup"),
        ("POST", "/api/sse/drain"),
    ] {
        Application::refused(&app.json(method, path, "{\"user\":\"ada\"}").await, 403, "admin");
    }
    assert_eq!(app.ask("GET", "/ready", "").await.status(), 200, "it does not drain");
    app.now_grant(Ok(Grant { admin: true.into(), ..board() }));
    assert_eq!(app.ask("GET", "/api/sse/stats", "").await.status(), 200);
}

#[tokio::test]
async fn the_hubs_own_channels_are_read_by_operators_and_left_with_the_right() {
    let everything = vec![Selector::everything(), Selector::parse("$hub/stats").expect("a name")];
    let reader = Grant { subscribe: everything, ..Grant::nothing("ada") };
    let app = Application::granting(reader.clone());
    let refused = app.json("GET", "/api/sse/stream?channels=$hub/stats", "").await;
    Application::refused(&refused, 403, "`$hub/stats` is not granted");
    let (_all, connected) = app.stream("").await;
    assert_eq!(connected["channels"], json!([]), "named in the grant, and not read");
    for path in ["/api/sse/history", "/api/sse/presence"] {
        let refused = app.json("GET", &format!("{path}?channel=$hub/stats"), "").await;
        Application::refused(&refused, 403, "not granted");
    }
    app.now_grant(Ok(Grant { admin: true.into(), ..reader.clone() }));
    let (mut stream, connected) = app.stream("channels=$hub/stats,jobs").await;
    assert_eq!(stream.event().await.0, "stats");
    app.now_grant(Ok(reader));
    let id = connected["connection_id"].as_str().expect("a secret");
    let refused = json!({ "connection_id": id, "add": ["$hub/connections"], "remove": [] }).to_string();
    let refused = app.json("POST", "/api/sse/subscriptions", &refused).await;
    Application::refused(&refused, 403, "`$hub/connections` is not granted");
    let (status, change) = app.json("POST", "/api/sse/refresh", id).await;
    assert_eq!((status.as_u16(), &change["removed"]), (200, &json!(["$hub/stats"])));
    loop {
        match stream.event().await {
            (ty, _) if ty == "stats" => {}
            told => {
                break assert_eq!(told, ("unsubscribed".to_owned(), json!({ "channels": ["$hub/stats"] })));
            }
        }
    }
}

#[tokio::test]
async fn a_grant_fixes_the_type_the_limit_and_what_a_stream_without_channels_reads() {
    let app =
        Application::granting(Grant { kind: Some("board".into()), connections_max: Some(1), ..board() });
    let (_stream, connected) = app.stream("type=admin").await;
    assert_eq!((&connected["type"], &connected["user"]), (&json!("board"), &json!("ada")));
    assert_eq!(connected["channels"], json!(["news"]), "what it names literally");
    let refused = app.json("GET", "/api/sse/stream", "").await;
    Application::refused(&refused, 429, "held_by");
    assert_eq!((&refused.1["limit"], &refused.1["held_by"][0]["id"]), (&json!(1), &connected["id"]));
    assert_eq!(app.hub.users(&tidings::UserQuery::default()).users[0].limit, 1);
    app.now_grant(Ok(Grant::nothing("bob")));
    let (_heartbeats_only, connected) = app.stream("").await;
    assert_eq!(connected["channels"], json!([]));
}

#[tokio::test]
async fn a_ticket_carries_its_grant_and_no_more() {
    let app = Application::granting(board());
    let (_, ticket) = app.json("POST", "/api/sse/ticket", "").await;
    let ticket = ticket["ticket"].as_str().expect("a ticket");
    app.now_grant(Err(nobody()));
    let beyond = app.json("GET", &format!("/api/sse/stream?channels=jobs&ticket={ticket}"), "").await;
    Application::refused(&beyond, 403, "`jobs`");
    let (_stream, connected) = app.stream(&format!("channels=news&ticket={ticket}")).await;
    assert_eq!(connected["user"], "ada");
    let again = app.json("GET", &format!("/api/sse/stream?channels=news&ticket={ticket}"), "").await;
    Application::refused(&again, 401, "ask for a new one");
}

#[tokio::test]
async fn what_an_authorizer_refuses_counts_as_what_it_is() {
    let app = Application::granting(board());
    let refusals = [
        (Problem::bad_request("no such tenant"), 400, "bad_request"),
        (Problem::forbidden("not from here"), 403, "unauthorized"),
        (Problem::too_many("log in more slowly"), 429, "rate"),
    ];
    for (problem, status, kind) in refusals {
        app.now_grant(Err(problem));
        Application::refused(&app.json("GET", "/api/sse/stream", "").await, status, "");
        assert_eq!(app.hub.stats()["connections"]["refused_total"][kind], 1, "{kind}");
    }
    app.now_grant(Err(Problem::unavailable("the sessions are away")));
    Application::refused(&app.json("GET", "/api/sse/stream", "").await, 503, "away");
    let stats = app.hub.stats();
    assert_eq!(stats["connections"]["refused_total"]["unauthorized"], 1, "the hub knows who it was: {stats}");
}

#[tokio::test]
async fn nobody_lifts_the_end_of_somebodys_stream() {
    let ends = now_ms() + 3_600_000;
    let app = Application::granting(Grant { expires_at_ms: Some(ends), ..board() });
    let (_stream, connected) = app.stream("channels=news").await;
    let body = json!({ "connection_id": connected["connection_id"], "add": ["room:1"] }).to_string();
    app.now_grant(Ok(Grant { user: ANONYMOUS.into(), ..board() }));
    for path in ["/api/sse/refresh", "/api/sse/subscriptions"] {
        Application::refused(&app.json("POST", path, &body).await, 403, "another user");
    }
    app.now_grant(Ok(Grant { expires_at_ms: Some(ends + 1), ..board() }));
    let (status, answer) = app.json("POST", "/api/sse/refresh", &body).await;
    assert_eq!((status.as_u16(), &answer["expires_at"]), (200, &json!(ends + 1)));
}

#[tokio::test]
async fn a_refresh_takes_what_is_no_longer_granted_and_nobody_elses_stream() {
    let app = Application::granting(board());
    let (mut stream, connected) = app.stream("channels=news,room:1").await;
    let body = json!({ "connection_id": connected["connection_id"] }).to_string();
    let narrower = Grant { subscribe: vec![Selector::parse("news").expect("a name")], ..board() };
    app.now_grant(Ok(narrower));
    let (status, change) = app.json("POST", "/api/sse/refresh", &body).await;
    assert_eq!(status, 200, "{change}");
    assert_eq!((&change["removed"], &change["channels"]), (&json!(["room:1"]), &json!(["news"])));
    assert_eq!(stream.event().await, ("unsubscribed".to_owned(), json!({ "channels": ["room:1"] })));
    app.now_grant(Ok(Grant { user: "eve".into(), ..board() }));
    Application::refused(&app.json("POST", "/api/sse/refresh", &body).await, 403, "another user");
}

#[tokio::test]
async fn a_stream_ends_with_its_grant() {
    let app = Application::granting(Grant { expires_at_ms: Some(now_ms() + 100), ..board() });
    let (mut stream, _) = app.stream("channels=news").await;
    let mut last = stream.event().await;
    if last.0 == "expiring" {
        last = stream.event().await;
    }
    let (ty, closing) = last;
    assert_eq!((ty.as_str(), &closing["reason"]), ("closing", &json!("expired")));
    assert_eq!(closing["reconnect"], true, "with a new token");
    assert!(app.hub.books_balance());
}
