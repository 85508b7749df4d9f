//! What a connection's own client tells the hub, by the id that only it knows.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use http::{Method, StatusCode};
use tokio::time::timeout;

use super::super::hub::Hub;

/// Keeps the promise of a lease, three times in its length; returns when the hub knows nothing of the connection.
pub(crate) async fn check_in(hub: Hub, connection_id: String, lease: Duration) {
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

/// How long the farewell may keep the shell waiting.
pub(crate) const FAREWELL_TIMEOUT_MS: u64 = 1_000;

/// The beacon, ready to be sent while the stream is still open: a proxy may hide that we left, and the hub's books
/// should say that we meant to.
#[derive(Debug, Clone)]
pub(crate) struct Farewell {
    hub: Hub,
    connection_id: Rc<RefCell<Option<String>>>,
}

impl Farewell {
    pub(crate) fn new(hub: Hub) -> Self {
        Self { hub, connection_id: Rc::default() }
    }

    /// There is a connection to take leave of.
    pub(crate) fn arm(&self, connection_id: String) {
        self.connection_id.replace(Some(connection_id));
    }

    /// It is over already.
    pub(crate) fn disarm(&self) {
        self.connection_id.take();
    }

    /// Whether it arrives or not, the client goes.
    pub(crate) async fn say(&self) {
        let Some(connection_id) = self.connection_id.take() else { return };
        let beacon = self.hub.ask(Method::POST, "/api/sse/disconnect", Some(proof(&connection_id)));
        let _ = timeout(Duration::from_millis(FAREWELL_TIMEOUT_MS), beacon).await;
    }
}

fn proof(connection_id: &str) -> Vec<u8> {
    serde_json::json!({ "connection_id": connection_id }).to_string().into_bytes()
}
