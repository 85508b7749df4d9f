//! What a client says of its own stream reaches that stream by whichever hub.

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use tokio::task::block_in_place;
use tokio::time::{Duration, Instant};

use crate::hub::{PATIENCE, signal};
use crate::redis::placed::META;
use crate::redis::{Server, until};
use crate::scene::Scene;
use crate::streams::{Answer, Manner, Refused, Stream, Version};

/// A hub waits a second for another's answer.
const NO_ANSWER: Duration = Duration::from_secs(5);

fn secret(connected: &Value) -> &str {
    connected["connection_id"].as_str().expect("an id")
}

impl Scene {
    async fn say(&self, hub: usize, what: &str, said: &Value) -> Answer {
        self.ask(hub, Method::POST, &format!("/api/sse/{what}"), &said.to_string()).await
    }

    async fn open(&self, hub: usize, query: &str) -> Result<Stream, Refused> {
        let path = format!("/api/sse/stream?{query}");
        Stream::open(self.hubs[hub].address(), Manner::polite(Version::Http1), &path, &[]).await
    }

    async fn ticket(&self, hub: usize, token: &str) -> String {
        let answer = self.say(hub, &format!("ticket?token={token}"), &json!({})).await;
        answer.json()["ticket"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
    }
}

async fn connected(stream: &mut Stream) -> Value {
    let event = stream.expect().await;
    assert_eq!(event.ty, "connected");
    serde_json::from_str(&event.data).expect("JSON")
}

/// The next event of a publisher's.
async fn message(stream: &mut Stream) -> String {
    loop {
        let event = stream.expect().await;
        match event.ty.as_str() {
            "" | "message" => return event.data,
            "closing" => panic!("{}", event.data),
            _ => {}
        }
    }
}

fn status(refused: Result<Stream, Refused>) -> u16 {
    match refused {
        Err(Refused::Status(status, ..)) => status,
        Err(other) => panic!("{other:?}"),
        Ok(_) => 200,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_a_stream_changes_its_channels_by_any_hub() {
    let settings = [("TIDINGS_LIMITS_CHANNELS_PER_CONNECTION", "3")];
    let mut scene = Scene::configured(Server::start(), 3, &settings, "");
    let (mut stream, connected) = scene.listen(0, "a&user=ann", None).await;
    let id = secret(&connected);
    let change = json!({ "connection_id": id, "add": ["b", "c.*"], "remove": ["a"] });
    let changed = scene.say(1, "subscriptions", &change).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let wanted = json!({ "added": ["b", "c.*"], "removed": ["a"], "channels": ["b", "c.*"] });
    assert_eq!(changed.json(), wanted);
    for (n, channel) in ["a", "b", "c.x"].into_iter().enumerate() {
        scene.publish(2, channel, n).await;
    }
    assert_eq!((&*message(&mut stream).await, &*message(&mut stream).await), ("1", "2"));

    let refused = scene.say(1, "subscriptions", &json!({ "connection_id": id, "add": ["d", "e"] })).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    assert_eq!(refused.json()["limit_name"], "limits.channels_per_connection");
    let taken = scene.ask(2, Method::PUT, "/api/sse/users/ann/channels", r#"{"remove":["d"]}"#).await;
    assert_eq!(taken.status, 200, "{taken:?}");
    let add = json!({ "connection_id": id, "add": ["d"] });
    let refused = scene.say(1, "subscriptions", &add).await;
    assert_eq!(refused.status, 403, "{refused:?}");

    let many: Vec<_> = (0..100).map(|n| format!("x{n}")).collect();
    let refused = scene.say(1, "subscriptions", &json!({ "connection_id": id, "add": many })).await;
    assert_eq!(refused.json()["limit_name"], "limits.channels_per_connection", "{refused:?}");
    let refused =
        scene.say(1, "subscriptions", &json!({ "connection_id": id, "add": ["$hub/nothing"] })).await;
    assert_eq!(refused.status, 400, "{refused:?}");

    // A hub that came just now is one of them.
    scene.add_hub();
    let (young, connected) = scene.listen(3, "a", None).await;
    scene.until_cluster(1, |cluster| cluster["nodes"].as_array().is_some_and(|nodes| nodes.len() == 4)).await;
    let change = json!({ "connection_id": secret(&connected), "add": ["b"] });
    until("the young hub is known", PATIENCE, async || {
        scene.say(0, "subscriptions", &change).await.status == 200
    })
    .await;
    drop(young);

    assert_eq!(scene.say(1, "disconnect", &json!({ "connection_id": id })).await.status, 204);
    scene.until_cluster(1, |cluster| cluster["active"] == 0).await;
    for hub in 0..3 {
        assert_eq!(scene.say(hub, "subscriptions", &add).await.status, 404, "hub {hub}");
        assert_eq!(scene.say(hub, "refresh", &add).await.status, 404, "hub {hub}");
    }
    drop(stream);
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_a_stream_is_refreshed_by_any_hub() {
    let scene = Scene::guarded(2, &[]);
    let token = |arguments: &[&str]| block_in_place(|| scene.hubs[0].token(arguments));
    let first = token(&["--user", "ann", "--subscribe", "a,news", "--publish", "*", "--expires-in", "1h"]);
    let mut stream = scene.open(0, &format!("channels=a,news&token={first}")).await.expect("a stream");
    let connected = connected(&mut stream).await;
    let said = json!({ "connection_id": secret(&connected) });
    let refreshes = || {
        let path = format!("/api/sse/connections/{}", connected["id"].as_str().expect("an id"));
        let details: Value =
            serde_json::from_str(&block_in_place(|| scene.hubs[0].get(&path))).expect("JSON");
        let timeline = details["timeline"].as_array().unwrap_or_else(|| panic!("{details}"));
        timeline.iter().filter(|entry| entry["what"] == "refreshed").count()
    };

    let bobs = token(&["--user", "bob", "--subscribe", "*", "--expires-in", "2h"]);
    let refused = scene.say(1, &format!("refresh?token={bobs}"), &said).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    assert_eq!(scene.say(1, "refresh", &said).await.status, 401);
    assert_eq!(refreshes(), 0);
    let second = token(&["--user", "ann", "--subscribe", "b,news", "--expires-in", "2h"]);
    let refreshed = scene.say(1, &format!("refresh?token={second}"), &said).await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    let refreshed = refreshed.json();
    assert_eq!((&refreshed["removed"], &refreshed["channels"]), (&json!(["a"]), &json!(["news"])));
    assert_eq!(refreshes(), 1, "at its own hub");

    // What the first allowed is allowed no more, and the second stands at that hub.
    let add = |channel: &str| json!({ "connection_id": secret(&connected), "add": [channel] });
    let answer = scene.say(1, &format!("subscriptions?token={second}"), &add("b")).await;
    assert_eq!(answer.json()["channels"], json!(["news", "b"]), "{answer:?}");
    assert_eq!(scene.say(1, &format!("subscriptions?token={second}"), &add("a")).await.status, 403);
    // A grant that allows more takes its place.
    let third = token(&["--user", "ann", "--subscribe", "a,b,news", "--expires-in", "2h"]);
    let answer = scene.say(1, &format!("subscriptions?token={third}"), &add("a")).await;
    assert_eq!(answer.json()["channels"], json!(["news", "b", "a"]), "{answer:?}");
    let event = json!({ "channel": "a", "data": 7 });
    assert_eq!(scene.say(1, &format!("publish?token={first}"), &event).await.status, 200);
    assert_eq!(message(&mut stream).await, "7");
    drop(stream);
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_a_ticket_opens_one_stream_at_whichever_hub() {
    let scene = Scene::guarded(3, &[("TIDINGS_LIMITS_CONNECTIONS_PER_IP", "1")]);
    let token = block_in_place(|| {
        scene.hubs[0].token(&["--user", "ann", "--subscribe", "news", "--publish", "*", "--expires-in", "1h"])
    });
    let ticket = scene.ticket(0, &token).await;
    // Where it is refused, it stays good.
    let mut blocker = scene.open(1, &format!("channels=news&token={token}")).await.expect("a stream");
    connected(&mut blocker).await;
    assert_eq!(status(scene.open(1, &format!("ticket={ticket}")).await), 429);
    drop(blocker);
    block_in_place(|| scene.hubs[1].wait_for_stats(|stats| stats["connections"]["active"] == 0));

    let good_again = Instant::now();
    let mut stream = loop {
        match scene.open(2, &format!("ticket={ticket}")).await {
            Ok(stream) => break stream,
            Err(refused) => assert!(good_again.elapsed() < PATIENCE, "{refused:?}"),
        }
    };
    assert_eq!(connected(&mut stream).await["user"], "ann");
    for hub in 0..3 {
        // It is claimed until the hub that made it has heard that it is used up.
        until("it is void", PATIENCE, async || {
            match status(scene.open(hub, &format!("ticket={ticket}")).await) {
                503 => false,
                other => {
                    assert_eq!(other, 401, "hub {hub}");
                    true
                }
            }
        })
        .await;
    }
    drop(stream);
    block_in_place(|| scene.hubs[2].wait_for_stats(|stats| stats["connections"]["active"] == 0));

    let mut forged = scene.ticket(0, &token).await;
    forged.replace_range(forged.len() - 32.., "0123456789abcdef0123456789abcdef");
    assert_eq!(status(scene.open(1, &format!("ticket={forged}")).await), 401);

    // Of all who try at once, one comes in.
    for _ in 0..5 {
        let ticket = scene.ticket(0, &token).await;
        let query = format!("ticket={ticket}");
        let tries = (0..12).map(|n| scene.open(n % 3, &query));
        let opened: Vec<_> = join_all(tries).await.into_iter().filter_map(Result::ok).collect();
        assert_eq!(opened.len(), 1);
        drop(opened);
        for hub in &scene.hubs {
            block_in_place(|| hub.wait_for_stats(|stats| stats["connections"]["active"] == 0));
        }
    }
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_a_ticket_of_whoever_gives_up_while_it_is_asked_for_stays_good() {
    let scene = Scene::guarded(3, &[("TIDINGS_LIMITS_CONNECTIONS_PER_USER", "1")]);
    let token = block_in_place(|| scene.hubs[0].token(&["--user", "ann", "--subscribe", "news"]));
    let query = format!("ticket={}", scene.ticket(0, &token).await);
    let said = || -> u64 {
        block_in_place(|| scene.redis.cli(&["HGET", META, "seq"])).parse().expect("a place in the log")
    };
    for _ in 0..3 {
        // The hub that made it answers once it goes on: nobody waits for that any more.
        signal(scene.hubs[0].pid(), "STOP");
        let before = said();
        tokio::select! {
            // On a busy machine the hub gives up first.
            opened = scene.open(1, &query) => assert_eq!(status(opened), 503),
            _ = until("it is asked for", PATIENCE, async || said() > before) => {}
        }
        until("the other hub says that it is not used", PATIENCE, async || said() > before + 1).await;
        signal(scene.hubs[0].pid(), "CONT");
        until("it is answered", PATIENCE, async || said() > before + 2).await;
    }
    let mut stream = None;
    until("it is good", PATIENCE, async || match scene.open(2, &query).await {
        Ok(opened) => stream.replace(opened).is_none(),
        refused => {
            assert_eq!(status(refused), 503, "it is claimed until its hub has heard that it is not");
            false
        }
    })
    .await;
    // The only place of this user's, which nobody else ever had.
    connected(stream.as_mut().expect("a stream")).await;
    block_in_place(|| scene.hubs[0].wait_for_stats(|stats| stats["cluster"]["active"] == 1));
    drop(stream);
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_a_stream_whose_hub_does_not_answer_is_gone_within_moments() {
    let mut scene = Scene::configured(Server::start(), 3, &[], "cluster.lease_ms = 3000");
    let (stream, connected) = scene.listen(0, "a", None).await;
    scene.until_cluster(1, |cluster| cluster["active"] == 1).await;
    let change = json!({ "connection_id": secret(&connected), "add": ["b"] });
    scene.hubs[0].kill();
    let asked = Instant::now();
    assert_eq!(scene.say(1, "subscriptions", &change).await.status, 404);
    assert!(asked.elapsed() < NO_ANSWER, "{:?}", asked.elapsed());
    drop(stream);

    let (stream, connected) = scene.listen(2, "a", None).await;
    scene
        .until_cluster(1, |cluster| {
            cluster["nodes"].as_array().is_some_and(|nodes| {
                nodes.iter().any(|node| node["active"] == 1 && node["lease_age_ms"] != 0)
            })
        })
        .await;
    let change = json!({ "connection_id": secret(&connected), "add": ["b"] });
    scene.redis.kill();
    until("the other hub can't be asked", NO_ANSWER, async || {
        let refused = scene.say(1, "subscriptions", &change).await;
        refused.status == 503 && refused.json()["reason"] == "engine_away"
    })
    .await;
    // And it stays so once nobody's lease holds.
    scene.until_cluster(1, |cluster| cluster["nodes"].as_array().is_some_and(|nodes| nodes.len() == 1)).await;
    let refused = scene.say(1, "subscriptions", &change).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    // Its own hub does as it is told, whatever Redis does.
    assert_eq!(scene.say(2, "subscriptions", &change).await.status, 200);
    drop(stream);
    scene.hubs.remove(0);
    scene.close();
}
