//! Webhooks: what a receiver is told, in which order, and that none of it is lost, whatever becomes of either side.

mod documented;
mod outbox;
#[path = "../receiver/mod.rs"]
mod receiver;
mod told;

use std::collections::HashMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tidings::core::channel::Selector;
use tidings::webhooks::{OutboxOptions, WebhookOptions, Webhooks};
use tidings::{Grant, Hub, HubOptions, Open};

use crate::receiver::{Receiver, Request};

const SECRET: &[u8] = b"a secret of thirty-two bytes, ok";

fn secret() -> String {
    format!("whsec_{}", STANDARD.encode(SECRET))
}

fn quick() -> OutboxOptions {
    OutboxOptions { retry_ms: 20, retry_max_ms: 100, ..OutboxOptions::default() }
}

fn hub(dir: &Path) -> Hub {
    Hub::open(HubOptions { data_dir: Some(dir.to_owned()), ..HubOptions::default() }).expect("opens")
}

fn start(hub: &Hub, receivers: &[&Receiver], options: OutboxOptions) -> Webhooks {
    let webhooks = receivers.iter().map(|receiver| told_to(receiver)).collect();
    Webhooks::start(hub, webhooks, options).expect("they are told")
}

fn told_to(receiver: &Receiver) -> WebhookOptions {
    let authorities = receiver.authority.clone().map(String::into_bytes);
    WebhookOptions { authorities, ..WebhookOptions::new(receiver.url("/told"), secret()) }
}

/// A stream of a user, which lives until it is dropped.
fn open(hub: &Hub, user: &str, channels: &[&str]) -> http::Response<axum::body::Body> {
    let (parts, ()) = http::Request::new(()).into_parts();
    let channels = channels.iter().map(|channel| Selector::parse(channel).expect("a name")).collect();
    let mut open = Open::new(Grant::everything(user), channels, hub.client(&parts));
    open.client_id = Some(format!("tab-of-{user}").into());
    hub.stream(open).expect("let in")
}

/// The events of requests, each of them signed.
fn events(requests: &[Request]) -> Vec<Value> {
    let of = |request: &Request| {
        assert_signed(request);
        request.json()["data"].as_array().expect("events").clone()
    };
    requests.iter().flat_map(of).collect()
}

#[track_caller]
fn assert_signed(request: &Request) {
    let (id, timestamp) = (request.header("webhook-id"), request.header("webhook-timestamp"));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).expect("any length");
    mac.update(format!("{id}.{timestamp}.{}", request.body).as_bytes());
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    assert!(!id.is_empty() && request.header("webhook-signature") == signature, "{request:?}");
}

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().expect("a type")).collect()
}

/// What somebody knows who keeps a list by these events: the connections by their ids, and the occupied channels.
fn picture(events: &[Value]) -> (HashMap<String, Value>, Vec<String>) {
    let (mut connections, mut channels) = (HashMap::new(), Vec::new());
    for event in events {
        let connection = &event["connection"];
        let id = connection["id"].as_str().unwrap_or_default().to_owned();
        let channel = event["channel"].as_str().unwrap_or_default().to_owned();
        match event["type"].as_str().expect("a type") {
            "connected" => drop(connections.insert(id, connection.clone())),
            "disconnected" => drop(connections.remove(&id)),
            "channel_occupied" => channels.push(channel),
            "channel_vacated" => channels.retain(|other| *other != channel),
            _ => {}
        }
    }
    channels.sort_unstable();
    channels.dedup();
    (connections, channels)
}
