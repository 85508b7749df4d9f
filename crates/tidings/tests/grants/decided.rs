//! What operators decide of users, beside their grants.

use serde_json::json;
use tidings::core::grant::Label;
use tidings::{ChangeError, Grant, Revocation, Selector};

use crate::application::*;

const DAY_MS: u64 = 24 * 3_600_000;

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
    let until = amended.until_ms.expect("a day, where nobody is here");
    assert!(until.abs_diff(now_ms() + DAY_MS) < 60_000, "{until}");
    let ends = |issued: Option<u64>, expires: u64| {
        let grant = Grant { issued_at_ms: issued, expires_at_ms: Some(expires), ..board() };
        app.now_grant(Ok(grant));
    };
    let held = || app.hub.amendment_of(&user).and_then(|said| said.removed[0].1).expect("it holds");
    ends(Some(now_ms() + 60_000), now_ms() + 30 * DAY_MS);
    let _newer = app.stream("").await;
    assert_eq!(held(), until, "a newer grant says by itself what it gives");
    let later = now_ms() + 10 * DAY_MS;
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

#[tokio::test]
async fn each_change_ends_by_itself() {
    let app = Application::granting(board());
    let (mut stream, _) = app.stream("channels=news,room:1").await;
    let user = Label::parse("ada").expect("a user");
    let [room, jobs] = ["room:1", "jobs"].map(|name| [Selector::parse(name).expect("a name")]);
    app.hub.amend_user(&user, &[], &room, None).expect("amended");
    app.hub.amend_user(&user, &jobs, &[], Some(now_ms() + 300)).expect("amended");
    for (told, channel) in [("unsubscribed", "room:1"), ("subscribed", "jobs"), ("unsubscribed", "jobs")] {
        assert_eq!(stream.event().await, (told.to_owned(), json!({ "channels": [channel] })));
    }
    Application::refused(&app.json("GET", "/api/sse/stream?channels=room:1", "").await, 403, "`room:1`");
    let said = app.hub.amendment_of(&user).expect("one is left");
    assert_eq!((said.added.len(), said.removed.len()), (0, 1));
}

#[tokio::test]
async fn what_is_said_again_without_a_time_holds_no_shorter() {
    let ends_ms = now_ms() + 7 * DAY_MS;
    let app = Application::granting(Grant { expires_at_ms: Some(ends_ms), ..board() });
    let (stream, _) = app.stream("channels=news").await;
    let user = Label::parse("ada").expect("a user");
    let news = [Selector::parse("news").expect("a name")];
    let amended = || app.hub.amend_user(&user, &[], &news, None).expect("amended").until_ms.expect("an end");
    let order = Revocation { user: Some(user.clone()), ..Revocation::default() };
    let revoked = || app.hub.revoke(&order).expect("revoked").until_ms;
    let first = (amended(), revoked());
    assert!(first.0.abs_diff(ends_ms) < 1_000 && first.1.abs_diff(ends_ms) < 1_000, "{first:?}");
    drop(stream);
    assert_eq!((amended(), revoked()), first, "nobody is there any more who would know");
    let shorter = now_ms() + DAY_MS;
    let order = Revocation { until_ms: Some(shorter), ..order };
    assert_eq!(app.hub.revoke(&order).expect("revoked").until_ms, shorter, "but as long as somebody says");
}

#[tokio::test]
async fn a_ticket_is_nowhere_in_what_debug_shows() {
    let app = Application::granting(board());
    let ticket = app.hub.ticket(board());
    let shown = format!("{:?} {ticket:?}", app.hub);
    assert!(shown.contains("Ticket") && !shown.contains(&ticket.ticket), "{shown}");
}

#[tokio::test]
async fn a_deed_is_written_down_also_where_whoever_asked_has_left() {
    let app = Application::granting(Grant { admin: true.into(), ..board() });
    let bob = Grant::nothing("bob");
    {
        let mut asked = std::pin::pin!(app.ask("POST", "/api/sse/revocations", "{\"user\":\"bob\"}"));
        let first = std::future::poll_fn(|context| std::task::Poll::Ready(asked.as_mut().poll(context)));
        assert!(first.await.is_pending(), "it waits for the disk");
    }
    let told = async {
        loop {
            let (_, told) = app.json("GET", "/api/sse/audit", "").await;
            if told["entries"][0]["target"] == "bob" {
                return told["entries"][0]["result"].clone();
            }
            tokio::task::yield_now().await;
        }
    };
    assert_eq!(tokio::time::timeout(PATIENCE, told).await.expect("a line"), "done");
    assert!(app.hub.is_revoked(&bob));
}
