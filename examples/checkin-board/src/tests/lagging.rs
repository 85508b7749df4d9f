//! A client that does not read costs the others nothing, and learns that it missed something.

use serde_json::json;

use super::harness::Server;
use crate::event::channel;

#[tokio::test]
async fn who_lags_slows_nobody_and_learns_of_the_gap() {
    let server = Server::with(|settings| settings.history_count = 4).await;
    let ada = server.enter("ada").await;
    let group = channel(ada.start(1).await);
    let token = ada.token().await;
    let (mut slow, mut quick) = (server.listen(&token).await, server.listen(&token).await);
    // It reads nothing meanwhile: far more than the kernel holds for it goes past.
    let (publisher, big) = (server.hub.publisher(), "x".repeat(16_000));
    for n in 0..300 {
        publisher.publish(&group, "board_stale", &json!({ "n": n, "big": big })).expect("it is taken");
        assert_eq!(quick.expect("board_stale").await["n"], n, "the other loses nothing");
    }
    assert_eq!(slow.expect("gap").await, json!({ "channel": group.as_str(), "reason": "slow" }));
    while slow.expect("board_stale").await["n"] != 299 {}
    drop((slow, quick));
    server.close().await;
}
