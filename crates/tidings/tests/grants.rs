//! The seam: what an application's authorizer grants or refuses holds at every endpoint.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tidings::core::grant::{ANONYMOUS, Label};
use tidings::{Authorizer, ChangeError, Grant, HttpOptions, Hub, HubOptions, Problem, Revocation, Selector};
use tower::ServiceExt;

const PATIENCE: Duration = Duration::from_secs(30);

/// Grants what the test says at the moment, or knows nobody.
#[derive(Clone)]
struct Doorman(Arc<Mutex<Result<Grant, Problem>>>);

fn nobody() -> Problem {
    Problem::unauthorized("log in first")
}

impl Authorizer for Doorman {
    async fn authorize(&self, _request: &Parts) -> Result<Grant, Problem> {
        self.0.lock().expect("no test panics with it").clone()
    }
}

struct Application {
    hub: Hub,
    router: Router,
    doorman: Doorman,
}

/// A board of the rooms that somebody watches: no right to publish, and none of an operator.
fn board() -> Grant {
    let selector = |name: &str| Selector::parse(name).expect("a name");
    Grant {
        subscribe: vec![selector("news"), selector("room:*")],
        publish: vec![selector("room:1")],
        ..Grant::nothing("ada")
    }
}

impl Application {
    fn granting(grant: Grant) -> Self {
        let mut options = HubOptions::default();
        options.cleanup.interval_ms = 20;
        let hub = Hub::open(options).expect("opens");
        let doorman = Doorman(Arc::new(Mutex::new(Ok(grant))));
        let router = tidings::router(hub.clone(), doorman.clone(), &HttpOptions::default());
        Self { hub, router, doorman }
    }

    fn now_grant(&self, grant: Result<Grant, Problem>) {
        *self.doorman.0.lock().expect("no test panics with it") = grant;
    }

    async fn ask(&self, method: &str, path: &str, body: &str) -> Response<Body> {
        let request = Request::builder().method(method).uri(path).body(Body::from(body.to_owned()));
        self.router.clone().oneshot(request.expect("a request")).await.expect("an answer")
    }

    async fn json(&self, method: &str, path: &str, body: &str) -> (StatusCode, Value) {
        let answer = self.ask(method, path, body).await;
        let status = answer.status();
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// The answer must be a problem of this status whose detail says this.
    #[track_caller]
    fn refused(answer: &(StatusCode, Value), status: u16, part: &str) {
        assert_eq!(answer.0.as_u16(), status, "{}", answer.1);
        assert!(answer.1["detail"].as_str().is_some_and(|detail| detail.contains(part)), "{}", answer.1);
    }

    async fn stream(&self, query: &str) -> (Stream, Value) {
        let answer = self.ask("GET", &format!("/api/sse/stream?{query}"), "").await;
        assert_eq!(answer.status(), 200, "{query}");
        let mut stream = Stream { body: answer.into_body(), text: String::new() };
        let (ty, connected) = stream.event().await;
        assert_eq!(ty, "connected");
        (stream, connected)
    }
}

struct Stream {
    body: Body,
    text: String,
}

impl Stream {
    /// The next event's type and data.
    async fn event(&mut self) -> (String, Value) {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                let found = field("data: ").map(|data| {
                    let data = serde_json::from_str(data).expect("JSON");
                    (field("event: ").unwrap_or("message").to_owned(), data)
                });
                self.text = rest.to_owned();
                match found {
                    Some(event) => return event,
                    None => continue,
                }
            }
            let frame = tokio::time::timeout(PATIENCE, self.body.frame()).await.expect("something comes");
            let frame = frame.expect("the stream goes on").expect("whole");
            let bytes = frame.into_data().expect("no trailers");
            self.text.push_str(std::str::from_utf8(&bytes).expect("UTF-8"));
        }
    }
}

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

#[expect(clippy::disallowed_methods, reason = "a grant's end is told in real time")]
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    u64::try_from(since.as_millis()).expect("milliseconds")
}

#[tokio::test]
async fn what_is_taken_while_a_stream_asks_for_it_is_not_read() {
    let app = Application::granting(board());
    let (mut stream, connected) = app.stream("channels=news").await;
    let amend = |user, add: &[_], remove: &[_]| {
        app.hub.amend_user(user, add, remove, None).expect("amended").streams_changed
    };
    let user = Label::parse("ada").expect("a user");
    let rooms = [Selector::parse("room:*").expect("a pattern")];
    assert_eq!(amend(&user, &[], &rooms), 0);
    // The request was granted before that, and is carried out after it.
    let id = connected["connection_id"].as_str().expect("a secret");
    let room = Selector::parse("room:1").expect("a name");
    let refused = app.hub.change_channels(id, std::slice::from_ref(&room), &[]);
    assert_eq!(refused.map(drop), Err(ChangeError::NotGranted { channel: room }));
    let news = Selector::parse("news").expect("a name");
    app.hub.change_channels(id, &[], &[news]).expect("a live stream");
    assert_eq!(stream.event().await, ("unsubscribed".to_owned(), json!({ "channels": ["news"] })));
}

#[tokio::test]
async fn what_was_given_for_a_time_leaves_live_streams_when_it_is_over() {
    let app = Application::granting(board());
    let (mut stream, _) = app.stream("channels=news").await;
    let (user, jobs) = (Label::parse("ada").expect("a user"), [Selector::parse("jobs").expect("a name")]);
    let amended = app.hub.amend_user(&user, &jobs, &[], Some(now_ms() + 300)).expect("amended");
    assert_eq!(amended.streams_changed, 1);
    assert_eq!(stream.event().await.0, "subscribed");
    assert_eq!(stream.event().await, ("unsubscribed".to_owned(), json!({ "channels": ["jobs"] })));
    let refused = app.json("GET", "/api/sse/stream?channels=jobs", "").await;
    Application::refused(&refused, 403, "`jobs`");
}

#[tokio::test]
async fn a_change_outlives_the_grants_from_before_it_and_not_those_that_came_after() {
    let app = Application::granting(board());
    let (user, news) = (Label::parse("ada").expect("a user"), [Selector::parse("news").expect("a name")]);
    let amended = app.hub.amend_user(&user, &[], &news, None).expect("amended");
    let day_ms = 24 * 3_600_000;
    let until = amended.until_ms.expect("a day, where nobody is here");
    assert!(until.abs_diff(now_ms() + day_ms) < 60_000, "{until}");
    let ends = |issued: Option<u64>, expires: u64| {
        let grant = Grant { issued_at_ms: issued, expires_at_ms: Some(expires), ..board() };
        app.now_grant(Ok(grant));
    };
    let held = || app.hub.amendment_of(&user).and_then(|(_, _, until)| until).expect("it holds");
    ends(Some(now_ms() + 60_000), now_ms() + 30 * day_ms);
    let _newer = app.stream("").await;
    assert_eq!(held(), until, "a newer grant says by itself what it gives");
    let later = now_ms() + 10 * day_ms;
    ends(Some(now_ms() - 60_000), later);
    let _older = app.stream("").await;
    assert_eq!(held(), later);
    ends(None, later + 1);
    let _unknown = app.stream("").await;
    assert_eq!(held(), later + 1);
}

#[tokio::test]
async fn a_stream_is_under_one_grant_and_one_that_allows_more_takes_its_place() {
    let narrow = Grant { subscribe: vec![Selector::parse("news").expect("a name")], ..board() };
    let app = Application::granting(Grant { token_id: Some("narrow".into()), ..narrow });
    let (mut stream, connected) = app.stream("channels=news").await;
    app.now_grant(Ok(Grant { token_id: Some("broad".into()), ..board() }));
    let body = json!({ "connection_id": connected["connection_id"], "add": ["room:1"] }).to_string();
    assert_eq!(app.json("POST", "/api/sse/subscriptions", &body).await.0, 200);
    assert_eq!(stream.event().await.0, "subscribed");
    let order =
        |id: &str| Revocation { token_id: Some(Label::parse(id).expect("an id")), ..Revocation::default() };
    assert_eq!(app.hub.revoke(&order("narrow")).expect("revoked").streams_ended, 0);
    assert_eq!(app.hub.revoke(&order("broad")).expect("revoked").streams_ended, 1);
}

#[tokio::test]
async fn a_revoked_token_tells_itself_until_when_it_is_refused() {
    let app = Application::granting(Grant { admin: true.into(), ..board() });
    let (_, revoked) = app.json("POST", "/api/sse/revocations", "{\"jti\":\"t-1\"}").await;
    let month = now_ms() / 1000 + 30 * 86_400;
    assert!(revoked["until"].as_u64().expect("a time").abs_diff(month) < 60, "nobody knows: {revoked}");
    let ends_ms = now_ms() + 400 * 86_400_000;
    app.now_grant(Ok(Grant { token_id: Some("t-1".into()), expires_at_ms: Some(ends_ms), ..board() }));
    Application::refused(&app.json("GET", "/api/sse/history?channel=news", "").await, 401, "revoked");
    let page = app.hub.revocations(&tidings::RevocationQuery::default());
    assert_eq!((page.total, page.revocations[0].until), (1, ends_ms / 1000));
    assert_eq!(app.hub.revocation_count(), (0, 1));
}

#[tokio::test]
async fn what_operators_say_of_users_is_kept_for_so_many_and_the_next_is_told() {
    let app = Application::granting(Grant { admin: true.into(), ..board() });
    let amend = |user: &Label, add: &[_], remove: &[_]| {
        app.hub.amend_user(user, add, remove, None).expect("amended").streams_changed
    };
    let label = |n: u32| Label::parse(&n.to_string()).expect("a user");
    let add = [Selector::parse("news").expect("a name")];
    (0..10_000).for_each(|n| assert_eq!(amend(&label(n), &add, &[]), 0));
    let refused = app.json("PUT", "/api/sse/users/one-more/channels", "{\"add\":[\"a\"]}").await;
    Application::refused(&refused, 503, "10000 users");
    assert_eq!(refused.1["limit_name"], "amended_users_max");
    assert_eq!(amend(&label(1), &[], &add), 0, "whoever is kept can be changed");
    let nothing = app.json("PUT", "/api/sse/users/one-more/channels", "{}").await;
    assert_eq!(nothing.0, 200, "no change is kept for nobody");

    // Those whose time is over give way.
    (0..100_000).for_each(|n| assert_eq!(app.hub.revoke_user(&label(n), 0), Ok(0)));
    (0..100_000).for_each(|n| assert_eq!(app.hub.revoke_user(&label(200_000 + n), 3_600_000), Ok(0)));
    let refused = app.json("POST", "/api/sse/revocations", "{\"user\":\"one-more\"}").await;
    Application::refused(&refused, 503, "100000 users");
    assert_eq!(refused.1["limit_name"], "revoked_users_max");
    assert_eq!(app.hub.revoke_user(&label(200_001), 1), Ok(0));
}
