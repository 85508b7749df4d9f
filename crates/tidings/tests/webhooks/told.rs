//! What is told.

use std::time::Duration;

use serde_json::json;
use tidings::webhooks::{WebhookEvent, WebhookOptions, Webhooks, WebhooksError};
use tidings::{Hub, HubOptions, KickOrder};

use crate::receiver::{Answer, Receiver, says};
use crate::{events, hub, open, picture, quick, secret, start, told_to, types};

#[tokio::test]
async fn a_connection_and_its_channels_come_and_go_in_order_and_signed() {
    let dir = tempfile::tempdir().expect("a directory");
    let receiver = Receiver::start(says(200, "")).await;
    let hub = hub(dir.path());
    let _webhooks = start(&hub, &[&receiver], quick());
    let first = open(&hub, "ann", &["news", "room:*"]);
    let second = open(&hub, "bob", &["news"]);
    drop(first);
    assert_eq!(hub.kick_user("bob", &KickOrder::default()).0, 1);
    drop(second);
    let requests = receiver.until(|requests| events(requests).len() >= 6).await;
    let told = events(&requests);
    let of = |user: &str| -> Vec<_> {
        let own = told.iter().filter(|event| event["connection"]["user"] == user);
        own.map(|event| (event["type"].as_str().expect("one"), event["reason"].as_str())).collect()
    };
    assert_eq!(of("ann"), [("connected", None), ("disconnected", Some("client_left"))]);
    assert_eq!(of("bob"), [("connected", None), ("disconnected", Some("kicked"))]);
    let channels: Vec<_> = told.iter().filter(|event| event.get("channel").is_some()).cloned().collect();
    assert_eq!(
        types(&channels),
        ["channel_occupied", "channel_vacated"],
        "a pattern's reader is on no channel"
    );
    let connected = &told[0];
    assert_eq!(connected["channels"], json!(["news", "room:*"]));
    assert_eq!(connected["connection"]["client_id"], "tab-of-ann");
    assert_eq!(connected["node"], hub.node());
    let seqs: Vec<_> = told.iter().map(|event| event["seq"].as_u64().expect("a number")).collect();
    assert!(seqs.windows(2).all(|pair| pair[1] == pair[0] + 1), "{seqs:?}");
    let text = format!("{requests:?}");
    assert!(!text.contains("connection_id"), "the secret id is nobody's");
}

#[tokio::test]
async fn each_webhook_is_told_what_it_wants_over_tls_too() {
    let dir = tempfile::tempdir().expect("a directory");
    let (all, some) = (Receiver::start(says(204, "")).await, Receiver::start_tls(says(200, "")).await);
    let hub = hub(dir.path());
    let wanted = vec![WebhookEvent::ChannelOccupied, WebhookEvent::ChannelVacated];
    let webhooks = vec![told_to(&all), WebhookOptions { events: wanted, ..told_to(&some) }];
    let webhooks = Webhooks::start(&hub, webhooks, quick()).expect("they are told");
    drop(open(&hub, "ann", &["news"]));
    assert!(webhooks.flush(Duration::from_secs(20)).await, "{:?}", hub.outbox());
    assert_eq!(events(&all.requests()).len(), 4);
    assert_eq!(types(&events(&some.requests())), ["channel_occupied", "channel_vacated"]);
    let outbox = hub.outbox();
    assert_eq!((outbox.delivered, outbox.pending, outbox.lost, outbox.oldest_age_seconds), (6, 0, 0, 0));
}

#[tokio::test]
async fn one_that_fails_is_tried_again_with_the_same_and_holds_nobody_up() {
    let dir = tempfile::tempdir().expect("a directory");
    let elsewhere = Receiver::start(says(200, "")).await;
    let redirect: &'static str = format!("location: {}\r\n", elsewhere.url("/")).leak();
    let (bad, good) = (Receiver::start(says(500, "")).await, Receiver::start(says(200, "")).await);
    let hub = hub(dir.path());
    let options = WebhookOptions { timeout_ms: 200, ..told_to(&bad) };
    let webhooks = Webhooks::start(&hub, vec![options, told_to(&good)], quick()).expect("they are told");
    let stream = open(&hub, "ann", &["news"]);
    for answer in [
        Answer::HangUp,
        Answer::Silence,
        Answer::Says(301, redirect, String::new()),
        says(410, ""),
        says(429, ""),
    ] {
        let before = bad.count();
        bad.answer(answer);
        bad.until(|requests| requests.len() >= before + 2).await;
    }
    good.until(|requests| events(requests).len() == 2).await;
    assert!(hub.outbox().pending >= 1 && hub.outbox().failed >= 8, "{:?}", hub.outbox());
    let tried = bad.requests();
    let ids: Vec<_> = tried.iter().map(|request| request.header("webhook-id").to_owned()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "one id for one request: {ids:?}");
    assert!(tried.iter().all(|request| request.body == tried[0].body));
    bad.answer(says(200, ""));
    drop(stream);
    assert!(webhooks.flush(Duration::from_secs(20)).await);
    let taken: Vec<_> = bad.requests().split_off(tried.len());
    assert_eq!(picture(&events(&taken)).0.len(), 0);
    assert_eq!(elsewhere.connections(), 0, "no redirect is followed");
}

#[tokio::test]
async fn whoever_answers_at_length_has_taken_them_all_the_same() {
    for answer in [says(200, "x".repeat(100_000)), Answer::Endless] {
        let dir = tempfile::tempdir().expect("a directory");
        let receiver = Receiver::start(answer).await;
        let hub = hub(dir.path());
        let webhooks = start(&hub, &[&receiver], quick());
        drop(open(&hub, "ann", &[]));
        assert!(webhooks.flush(Duration::from_secs(20)).await, "{:?}", hub.outbox());
        assert_eq!((hub.outbox().delivered, hub.outbox().failed), (2, 0));
    }
}

#[tokio::test]
async fn two_with_one_url_and_the_same_events_are_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let hub = hub(dir.path());
    let receiver = Receiver::start(says(200, "")).await;
    let some = |events: &[WebhookEvent]| WebhookOptions { events: events.to_vec(), ..told_to(&receiver) };
    let (one, two) = (WebhookEvent::Connected, WebhookEvent::Disconnected);
    let twice = Webhooks::start(&hub, vec![some(&[]), some(&[one, two]), some(&[two, one])], quick());
    let error = twice.expect_err("they would be told once").to_string();
    assert!(error.contains("webhook 2") && error.contains("take one out"), "{error}");
    Webhooks::start(&hub, vec![some(&[]), some(&[one, two]), some(&[one])], quick()).expect("each its own");
}

#[tokio::test]
async fn what_can_not_be_meant_is_refused_before_anything_is_told() {
    let dir = tempfile::tempdir().expect("a directory");
    let hub = hub(dir.path());
    let refused = |url: &str, secret: &str| {
        let webhook = WebhookOptions::new(url.parse().expect("a URL"), secret);
        Webhooks::start(&hub, vec![webhook], quick()).expect_err(url).to_string()
    };
    assert!(refused("http://169.254.169.254/", &secret()).contains("link-local"));
    assert!(refused("http://127.0.0.1/", "canary").contains("openssl rand"));
    assert!(!refused("http://127.0.0.1/", "canary").contains("canary"));
    let nowhere = Hub::open(HubOptions::default()).expect("opens");
    assert!(matches!(Webhooks::start(&nowhere, Vec::new(), quick()), Err(WebhooksError::NoDataDir)));
}
