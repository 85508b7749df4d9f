//! The rings over an orderly restart, with publishers that don't stop for it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::Method;
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use crate::hub::Hub;
use crate::streams::{Connection, Manner, Version};

const PUBLISHERS: usize = 4;
/// Published before the signal comes.
const BEFORE: usize = 100;

#[test]
fn what_was_answered_200_is_there_after_the_restart_and_what_was_refused_is_not() {
    let settings = [("TIDINGS_DRAIN_WINDOW_MS", "100"), ("TIDINGS_HISTORY_COUNT", "100000")];
    let mut hub = Hub::start_with(&settings);
    let runtime = Runtime::new().expect("a runtime");
    let next = Arc::new(AtomicU64::new(0));
    let (mut accepted, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..3 {
        let (tell, mut told) = mpsc::unbounded_channel();
        for _ in 0..PUBLISHERS {
            runtime.spawn(publish(hub.address(), Arc::clone(&next), tell.clone()));
        }
        drop(tell);
        let mut answers = 0;
        while let Some((n, status)) = told.blocking_recv() {
            match status {
                200 => assert!(accepted.insert(n)),
                503 => assert!(refused.insert(n)),
                other => panic!("{other}"),
            }
            answers += 1;
            if answers == BEFORE {
                hub.terminate();
            }
        }
        assert_eq!(hub.wait().code(), Some(0));
        hub.start_again();
        let kept = history(&hub);
        let lost: Vec<_> = accepted.difference(&kept).collect();
        assert!(lost.is_empty(), "answered 200 and lost: {lost:?} of {}", accepted.len());
        let ghosts: Vec<_> = refused.intersection(&kept).collect();
        assert!(ghosts.is_empty(), "answered 503 and there: {ghosts:?}");
    }
    println!("{} answered 200 and kept, {} answered 503", accepted.len(), refused.len());
}

/// Publishes number after number, until the hub is gone.
async fn publish(
    address: std::net::SocketAddr,
    next: Arc<AtomicU64>,
    tell: mpsc::UnboundedSender<(u64, u16)>,
) {
    let Ok(mut connection) = Connection::open(address, Manner::polite(Version::Http1)).await else { return };
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        let body = format!(r#"{{"channel":"news","data":{n}}}"#);
        let answer = connection.request(address, Method::POST, "/api/sse/publish", body).await;
        // Whoever gets no answer knows nothing of the event's fate.
        let Ok(answer) = answer else { return };
        let _ = tell.send((n, answer.status));
    }
}

fn history(hub: &Hub) -> BTreeSet<u64> {
    let mut kept = BTreeSet::new();
    let mut since = String::new();
    loop {
        let page = hub.get(&format!("/api/sse/history?channel=news&limit=1000{since}"));
        let page: Value = serde_json::from_str(&page).expect("a page");
        let events = page["events"].as_array().unwrap_or_else(|| panic!("{page:#}"));
        kept.extend(events.iter().map(|event| event["data"].as_u64().expect("a number")));
        if page["more"] != true {
            return kept;
        }
        since = format!("&since={}", page["next"].as_str().expect("a cursor"));
    }
}
