//! What a connection's own client tells the hub, by the id that only it knows.

use std::time::Duration;

use http::{Method, StatusCode};

use super::super::hub::Hub;

/// Keeps the promise of a lease, three times in its length; returns when the hub knows nothing of the connection.
pub(super) async fn check_in(hub: Hub, connection_id: String, lease: Duration) {
    let mut ticks = tokio::time::interval(lease / 3);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let answer = hub.ask(Method::POST, "/api/sse/alive", Some(proof(&connection_id))).await;
        if answer.is_ok_and(|answer| answer.status == StatusCode::NOT_FOUND) {
            return;
        }
    }
}

/// The beacon: this connection is over.
pub(super) async fn leave(hub: &Hub, connection_id: &str) {
    // Whether it arrives or not, the client goes.
    let _ = hub.ask(Method::POST, "/api/sse/disconnect", Some(proof(connection_id))).await;
}

fn proof(connection_id: &str) -> Vec<u8> {
    serde_json::json!({ "connection_id": connection_id }).to_string().into_bytes()
}
