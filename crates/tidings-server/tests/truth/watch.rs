//! What the hub says of those who have gone, as soon as it says so.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::hub::Hub;

/// Between two looks: the close carries its own time, so that looking seldom costs no accuracy.
const PAUSE: Duration = Duration::from_millis(20);

/// How a connection ended.
#[derive(Clone, Debug)]
pub struct Closed {
    pub reason: String,
    /// Milliseconds since 1970, by the hub.
    pub at_ms: u64,
}

type Seen = Arc<(Mutex<HashMap<String, Closed>>, Condvar)>;

/// Looks at the closed connections of a hub for as long as it is held.
pub struct Watch {
    seen: Seen,
    over: Arc<AtomicBool>,
    looking: Option<JoinHandle<()>>,
}

impl Watch {
    pub fn over(hub: &Arc<Hub>) -> Self {
        let (seen, over) = (Seen::default(), Arc::new(AtomicBool::new(false)));
        let (hub, told, stop) = (Arc::clone(hub), Arc::clone(&seen), Arc::clone(&over));
        let looking = std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                look(&hub, &told);
                std::thread::sleep(PAUSE);
            }
        });
        Self { seen, over, looking: Some(looking) }
    }

    /// How the one connection of a user ended, or nothing within the time.
    pub fn wait_for(&self, user: &str, patience: Duration) -> Option<Closed> {
        let (seen, told) = &*self.seen;
        let seen = seen.lock().expect("whole");
        let (seen, _) =
            told.wait_timeout_while(seen, patience, |seen| !seen.contains_key(user)).expect("whole");
        seen.get(user).cloned()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(looking) = self.looking.take() {
            let _ = looking.join();
        }
    }
}

fn look(hub: &Hub, (seen, told): &(Mutex<HashMap<String, Closed>>, Condvar)) {
    let body: Value = serde_json::from_str(&hub.get("/api/sse/connections/closed?limit=1000")).expect("JSON");
    let mut seen = seen.lock().expect("whole");
    for closed in body["connections"].as_array().expect("a list") {
        let text = |name: &str| closed[name].as_str().expect("a text").to_owned();
        let at_ms = closed["closed_at"].as_u64().expect("a time");
        seen.entry(text("user")).or_insert_with(|| Closed { reason: text("reason"), at_ms });
    }
    told.notify_all();
}

/// Milliseconds since 1970, as the hub counts them.
#[expect(clippy::disallowed_methods, reason = "a test's clock, to be compared with the hub's")]
pub fn wall_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as u64
}
