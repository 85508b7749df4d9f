//! Each error that a write can end in ends that connection at once, for the right reason, told in the log with the
//! user, and ends no other.

use std::time::Duration;

use serde_json::Value;

use crate::client::Client;
use crate::hub::{Hub, PATIENCE, now};

/// Short of it, a far end that acknowledges nothing may still be slow.
const USER_TIMEOUT_MS: u64 = 1_000;
/// The head, the greeting, and then the event that fails.
const FAILING_WRITE: u32 = 3;

struct Case {
    error: &'static str,
    /// As the standard library tells it.
    words: &'static str,
    reason: &'static str,
    /// The far end acknowledged nothing for so long before.
    silent_ms: u64,
}

const CASES: [Case; 9] = [
    case("EPIPE", "Broken pipe", "client_left", 0),
    case("ECONNRESET", "Connection reset by peer", "client_left", 0),
    case("ETIMEDOUT", "Connection timed out", "stalled", 0),
    case("ETIMEDOUT", "Connection timed out", "lost", USER_TIMEOUT_MS),
    case("EHOSTUNREACH", "No route to host", "lost", 0),
    case("ENETUNREACH", "Network is unreachable", "lost", 0),
    case("ENOBUFS", "No buffer space available", "error", 0),
    case("ENOMEM", "Cannot allocate memory", "error", 0),
    case("EIO", "Input/output error", "error", 0),
];

const fn case(error: &'static str, words: &'static str, reason: &'static str, silent_ms: u64) -> Case {
    Case { error, words, reason, silent_ms }
}

#[test]
fn every_write_error_ends_its_connection_and_no_other() {
    for case in &CASES {
        let fault = format!("write.{}@victim=#{FAILING_WRITE}", case.error);
        let timeout = USER_TIMEOUT_MS.to_string();
        let hub =
            Hub::start_with(&[("TIDINGS_FAULTS", &fault), ("TIDINGS_STREAM_USER_TIMEOUT_MS", &timeout)]);
        happens(case, &hub);
    }
}

fn happens(case: &Case, hub: &Hub) {
    let open = |user: &str| {
        let client = Client::ask(hub.address(), &format!("channels=jobs&user={user}"));
        client.expect("accepted").greeted().unwrap_or_else(|| panic!("{user} is let in"))
    };
    let mut others: Vec<Client> = ["ada", "victim's neighbour", "anonymous"]
        .map(|user| open(&user.replace([' ', '\''], "-")))
        .into_iter()
        .collect();
    let mut victim = open("victim");
    wait_for_silence(hub, case.silent_ms);

    let published = hub.post("/api/sse/publish", r#"{"channel":"jobs","data":1}"#);
    assert!(published.contains(r#""recipients":4"#), "{published}");
    assert!(victim.read_to_end(Duration::from_secs(10)), "{}: it hangs", case.error);
    let stats = hub.wait_for_stats(|stats| stats["connections"]["active"] == 3);
    assert_eq!(stats["connections"]["closed_total"][case.reason], 1, "{}: {stats:#}", case.error);
    assert_eq!(stats["connections"]["opened_total"], 4);

    let log = hub.log();
    let failure = log.lines().find(|line| line.contains("a stream's socket failed"));
    let failure = failure.unwrap_or_else(|| panic!("{}: not logged", case.error));
    for part in [case.words, "user=victim", &format!("reason={}", case.reason)] {
        assert!(failure.contains(part), "no {part} in {failure}");
    }
    // The others have the same event, and the next.
    hub.post("/api/sse/publish", r#"{"channel":"jobs","data":2}"#);
    for other in &mut others {
        assert_eq!(other.next_event().map(|event| event.data).as_deref(), Some("1"), "{}", case.error);
        assert_eq!(other.next_event().map(|event| event.data).as_deref(), Some("2"), "{}", case.error);
    }
    hub.assert_books_balance();
}

/// Until the victim's kernel has acknowledged nothing for so long, as the hub itself tells it.
fn wait_for_silence(hub: &Hub, silent_ms: u64) {
    let start = now();
    loop {
        let answer: Value = serde_json::from_str(&hub.get("/api/sse/connections?user=victim")).expect("JSON");
        let proof = &answer["connections"][0]["proof"];
        if proof["age_ms"].as_u64().expect("an age") >= silent_ms {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{proof}");
    }
}
