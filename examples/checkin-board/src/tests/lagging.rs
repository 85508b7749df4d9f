//! A client that does not read costs the others nothing, and learns that it missed something.

use serde_json::json;
use serde_json::value::RawValue;
use tidings::core::event::Draft;

use super::harness::Server;
use crate::event::channel;

const EVENTS: u64 = 300;

#[tokio::test]
async fn who_lags_slows_nobody_and_learns_of_the_gap() {
    let server = Server::with(|settings| settings.history_count = 4).await;
    let ada = server.enter("ada").await;
    let group = channel(ada.start(1).await);
    let token = ada.token().await;
    let (mut slow, mut quick) = (server.listen(&token).await, server.listen(&token).await);
    // It reads nothing meanwhile: far more than the kernel holds for it goes past.
    let (publisher, room) = (server.hub.publisher(), " ".repeat(16_000));
    for n in 0..EVENTS {
        let text =
            format!(r#"{{"type":"board_stale","active_group_id":1,"data":{{}},{room}"timestamp":{n}}}"#);
        let data = RawValue::from_string(text).expect("JSON");
        let draft = Draft { ty: Some("board_stale"), data: &data, id: None, key: None };
        publisher.publish_draft(&group, draft).await.expect("it is taken");
        assert_eq!(quick.expect("board_stale").await["timestamp"], n, "the other loses nothing");
    }
    assert_eq!(slow.expect("gap").await, json!({ "channel": group.as_str(), "reason": "slow" }));
    while slow.expect("board_stale").await["timestamp"] != EVENTS - 1 {}
    drop((slow, quick));
    server.close().await;
}
