//! An id that is given again gets the first answer again, and nothing is sent: also over a restart, and also where a
//! newer event of its key took the first one's place.

use serde_json::{Value, json};

use crate::hub::Hub;
use crate::streams::{Manner, Stream, Version};

fn publish(hub: &Hub, event: &Value) -> Value {
    serde_json::from_str(&hub.post("/api/sse/publish", &event.to_string())).expect("JSON")
}

/// The answer, but for the word that it is one given before.
fn repeated(hub: &Hub, event: &Value) -> Value {
    let mut answer = publish(hub, event);
    assert_eq!(answer["duplicate"], true, "{answer}");
    answer.as_object_mut().expect("an object").remove("duplicate");
    answer
}

#[test]
fn a_repeat_gets_the_first_answer_and_sends_nothing_also_over_a_restart() {
    let mut hub = Hub::start_with(&[("TIDINGS_DRAIN_WINDOW_MS", "1")]);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let open = |hub: &Hub, cursor: Option<&str>| {
        let headers: Vec<_> = cursor.iter().map(|cursor| ("last-event-id", *cursor)).collect();
        let path = "/api/sse/stream?channels=jobs";
        let stream = Stream::open(hub.address(), Manner::polite(Version::Http1), path, &headers);
        runtime.block_on(stream).expect("a stream")
    };
    let mut stream = open(&hub, None);
    assert_eq!(runtime.block_on(stream.expect()).ty, "connected");
    let plain = json!({ "channel": "jobs", "id": "a", "data": 1 });
    let replaced = json!({ "channel": "jobs", "id": "b", "key": "k", "data": 2 });
    let newer = json!({ "channel": "jobs", "id": "c", "key": "k", "data": 3 });
    let events = [plain, replaced, newer];
    let first: Vec<_> = events.iter().map(|event| publish(&hub, event)).collect();
    assert!(first.iter().all(|answer| answer["recipients"] == 1), "{first:?}");
    let again = |hub: &Hub| events.iter().map(|event| repeated(hub, event)).collect::<Vec<_>>();
    assert_eq!(again(&hub), first);
    let told: Vec<_> = (0..3).map(|_| runtime.block_on(stream.expect())).collect();
    assert!(told.iter().map(|event| event.data.as_str()).eq(["1", "2", "3"]), "{told:?}");
    let cursor = told.last().map(|event| event.id.clone()).expect("a cursor");
    drop(stream);

    for _ in 0..2 {
        assert!(hub.stop().success());
        hub.start_again();
        assert_eq!(again(&hub), first);
    }
    publish(&hub, &json!({ "channel": "jobs", "data": 4 }));
    let mut stream = open(&hub, Some(&cursor));
    assert_eq!(runtime.block_on(stream.expect()).ty, "connected");
    assert_eq!(runtime.block_on(stream.expect()).data, "4");
}
