//! `tidings tail` against a hub that breaks off, refuses and sends away on cue.

use std::io::{BufRead, BufReader, Read};
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::Duration;

use script::{Reply, Script, assert_exit, piped, signal, stderr, stdout, tidings};

mod script;

const STREAM: &str = "GET /api/sse/stream";

fn greeting(heartbeat_ms: u64) -> String {
    format!(
        "event: connected\nid: c0\ndata: {{\"protocol\":1,\"connection_id\":\"secret\",\"id\":\"pub1\",\
         \"user\":\"ann\",\"channels\":[\"jobs\"],\"heartbeat_ms\":{heartbeat_ms}}}\n\n"
    )
}

fn event(n: u32) -> String {
    format!(
        "id: c{n}\nevent: done\ndata: {{\"channel\":\"jobs\",\"type\":\"done\",\"id\":\"e{n}\",\"offset\":{n},\
         \"time\":1,\"data\":{{\"n\":{n}}}}}\n\n"
    )
}

#[test]
fn after_a_break_it_comes_back_as_the_same_client_where_it_was() {
    let script = Script::start(|_, connection| match connection {
        0 => Reply::Stream(greeting(15_000) + &event(1) + &event(2) + "id: c3\ndata: cut in the mid"),
        1 => Reply::Cut,
        _ => Reply::Stream(event(3) + &event(4)),
    });
    let output =
        script.tidings(&["tail", "jobs,logs:*", "--json", "--exit-after", "4"]).output().expect("runs");
    assert_exit(&output, 0);
    let lines: Vec<serde_json::Value> =
        stdout(&output).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let told: Vec<_> =
        lines.iter().map(|line| (&line["cursor"], &line["data"]["n"], &line["channel"])).collect();
    for (n, (cursor, data, channel)) in (1..).zip(&told) {
        assert_eq!(
            (cursor.as_str(), data.as_u64(), channel.as_str()),
            (Some(&*format!("c{n}")), Some(n), Some("jobs"))
        );
    }
    assert_eq!(told.len(), 4);
    let requests = script.requests(STREAM);
    assert_eq!(
        requests.iter().map(|r| r.header("last-event-id")).collect::<Vec<_>>(),
        [None, Some("c2"), Some("c2")]
    );
    let client_id = requests[0].query("client_id").expect("chosen by the client");
    assert!(client_id.len() >= 32, "guessable: {client_id}");
    assert!(requests.iter().all(|request| request.query("client_id") == Some(client_id)));
    assert!(requests.iter().all(|request| request.query("channels") == Some("jobs%2Clogs%3A%2A")));
    assert!(requests.iter().all(|request| request.header("tidings-client").is_some()));
    for state in ["connected id=pub1 user=ann channels=jobs", "the stream ended; reconnecting in"] {
        assert!(stderr(&output).contains(state), "{}", stderr(&output));
    }
}

#[test]
fn a_hub_that_sends_away_is_obeyed_after_the_last_event_is_out() {
    let closing = "event: closing\ndata: {\"reason\":\"kicked\",\"reconnect\":false,\"retry_ms\":0,\"detail\":\"bye\"}\n\n";
    let script = Script::start(move |_, _| Reply::Stream(greeting(15_000) + &event(1) + closing));
    let output = script.tidings(&["tail", "jobs"]).output().expect("runs");
    assert_exit(&output, 4);
    assert_eq!(stdout(&output), "jobs\tdone\t{\"n\":1}\n");
    assert!(
        stderr(&output).contains("error: the hub ended the stream for good (kicked: bye)"),
        "{}",
        stderr(&output)
    );
    assert_eq!(script.requests(STREAM).len(), 1);
}

#[test]
fn a_204_is_obeyed() {
    let script = Script::start(|_, _| Reply::Whole(204, "", String::new()));
    let output = script.tidings(&["tail", "jobs"]).output().expect("runs");
    assert_exit(&output, 4);
    assert_eq!(script.requests(STREAM).len(), 1);
}

#[test]
fn a_refusal_for_good_is_told_once_by_title_and_detail() {
    let script = Script::start(|_, _| {
        let problem = r#"{"title":"Channel not granted","status":403,"detail":"jobs\u001b[2J"}"#;
        Reply::Whole(403, "content-type: application/problem+json\r\n", problem.into())
    });
    let output = script.tidings(&["tail", "jobs"]).output().expect("runs");
    assert_exit(&output, 1);
    assert_eq!(stderr(&output), "error: Channel not granted: jobs\\u{1b}[2J\n");
    assert_eq!(script.requests(STREAM).len(), 1);
}

#[test]
fn a_busy_hub_is_asked_again_no_sooner_than_it_said() {
    let refused = "retry: 10\nevent: refused\ndata: {\"title\":\"Node full\",\"status\":503}\n\n";
    let script = Script::start(move |_, connection| match connection {
        0 => Reply::Whole(503, "retry-after: 2\r\n", String::new()),
        1 => Reply::Stream(refused.into()),
        _ => Reply::Stream(greeting(15_000) + &event(1)),
    });
    let output = script.tidings(&["tail", "jobs", "--exit-after", "1"]).output().expect("runs");
    assert_exit(&output, 0);
    assert!(stderr(&output).contains("Node full"), "{}", stderr(&output));
    let at: Vec<_> = script.requests(STREAM).iter().map(|request| request.at).collect();
    assert!(at[1] - at[0] >= Duration::from_secs(2), "came back after {:?}", at[1] - at[0]);
    assert!(at[2] - at[1] >= Duration::from_secs(1), "the second step is two seconds, or their half");
}

#[test]
fn an_interrupt_says_goodbye_by_the_beacon() {
    let (hold, more) = mpsc::channel();
    let more = Mutex::new(Some(more));
    let script = Script::start(move |request, _| match more.lock().expect("not poisoned").take() {
        Some(more) if request.is(STREAM) => Reply::Open(greeting(15_000) + &event(1), more),
        _ => Reply::Whole(204, "", String::new()),
    });
    let mut child = piped(&mut script.tidings(&["tail", "jobs"]));
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    assert_eq!(lines.next().expect("a line").expect("UTF-8"), "jobs\tdone\t{\"n\":1}");
    signal(&child, "INT");
    assert_eq!(child.wait().expect("ends").code(), Some(130));
    let beacon = &script.wait_for("POST /api/sse/disconnect", 1)[0];
    assert_eq!(beacon.json(), serde_json::json!({"connection_id": "secret"}));
    drop(hold);
}

#[test]
fn a_reader_that_takes_nothing_does_not_hold_off_the_end() {
    let (hold, more) = mpsc::channel();
    let more = Mutex::new(Some(more));
    let flood: String = (1..20_000).map(event).collect();
    let script = Script::start(move |request, _| match more.lock().expect("not poisoned").take() {
        Some(more) if request.is(STREAM) => Reply::Open(greeting(15_000) + &flood, more),
        _ => Reply::Whole(204, "", String::new()),
    });
    let mut child = piped(&mut script.tidings(&["tail", "jobs", "--quiet"]));
    let mut stdout = BufReader::with_capacity(1, child.stdout.take().expect("piped"));
    stdout.read_line(&mut String::new()).expect("a line");
    signal(&child, "TERM");
    script.wait_for("POST /api/sse/disconnect", 1);
    assert_eq!(child.wait().expect("ends").code(), Some(143));
    drop(hold);
}

#[test]
fn a_reader_that_had_enough_ends_it_quietly() {
    let (say, more) = mpsc::channel();
    let more = Mutex::new(Some(more));
    let script = Script::start(move |request, _| match more.lock().expect("not poisoned").take() {
        Some(more) if request.is(STREAM) => Reply::Open(greeting(15_000) + &event(1), more),
        _ => Reply::Whole(204, "", String::new()),
    });
    let mut child = piped(&mut script.tidings(&["tail", "jobs", "--quiet"]));
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    stdout.read_line(&mut String::new()).expect("a line");
    drop(stdout);
    say.send(event(2)).expect("the stream is open");
    assert_eq!(child.wait().expect("ends").code(), Some(0));
    let mut complaint = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut complaint).expect("UTF-8");
    assert_eq!(complaint, "");
}

#[test]
fn silence_beyond_two_heartbeats_is_a_dead_connection() {
    let (hold, more) = mpsc::channel();
    let more = Mutex::new(Some(more));
    let script = Script::start(move |_, _| match more.lock().expect("not poisoned").take() {
        Some(more) => Reply::Open(greeting(100), more),
        None => Reply::Stream(greeting(100) + &event(1)),
    });
    let output = script.tidings(&["tail", "jobs", "--exit-after", "1"]).output().expect("runs");
    assert_exit(&output, 0);
    assert!(stderr(&output).contains("silent for 5 s; reconnecting"), "{}", stderr(&output));
    let at: Vec<_> = script.requests(STREAM).iter().map(|request| request.at).collect();
    assert!(at[1] - at[0] < Duration::from_secs(20), "noticed after {:?} only", at[1] - at[0]);
    drop(hold);
}

#[test]
fn a_gap_is_told_beside_the_lines_and_among_json() {
    let gap = "event: gap\nid: c9\ndata: {\"channel\":\"jobs\",\"reason\":\"evicted\"}\n\n";
    let script = Script::start(move |_, _| Reply::Stream(greeting(15_000) + gap + &event(10)));
    let plain =
        script.tidings(&["tail", "jobs", "--from", "c1", "--exit-after", "1"]).output().expect("runs");
    assert_eq!(stdout(&plain), "jobs\tdone\t{\"n\":10}\n");
    assert!(
        stderr(&plain).contains("gap on jobs: history no longer reaches back (evicted)"),
        "{}",
        stderr(&plain)
    );
    let json = script.tidings(&["tail", "jobs", "--json", "--exit-after", "1"]).output().expect("runs");
    assert_eq!(
        stdout(&json).lines().next(),
        Some(r#"{"channel":"jobs","type":"gap","data":{"channel":"jobs","reason":"evicted"},"cursor":"c9"}"#)
    );
    assert_eq!(script.requests(STREAM)[0].header("last-event-id"), Some("c1"));
}

#[test]
fn raw_is_the_stream_s_own_bytes_to_the_end_of_the_last_event() {
    let stream = ": hi\r\nretry: 5\n\ndata: \u{1b}[2J\n\ndata: two\n\n: after\n\ndata: three\n\n";
    let script = Script::start(move |_, _| Reply::Stream(stream.into()));
    let output = script.tidings(&["tail", "jobs", "--raw", "--exit-after", "2"]).output().expect("runs");
    assert_exit(&output, 0);
    assert_eq!(stdout(&output), ": hi\r\nretry: 5\n\ndata: \u{1b}[2J\n\ndata: two\n\n");
}

#[test]
fn only_the_types_asked_for_are_printed_and_counted() {
    let other = "id: x\nevent: other\ndata: 1\n\n";
    let script =
        Script::start(move |_, _| Reply::Stream(greeting(15_000) + other + "event: done\ndata: 2\n\n"));
    let args = ["tail", "jobs", "--data", "--type", "done", "--type", "failed", "--exit-after", "1"];
    let output = script.tidings(&args).output().expect("runs");
    assert_eq!(stdout(&output), "2\n");
}

#[test]
fn a_promised_lease_is_kept_and_a_lost_one_brings_a_new_stream() {
    let (hold, more) = mpsc::channel();
    let more = Mutex::new(Some(more));
    let script = Script::start(move |request, before| {
        if request.is("POST /api/sse/alive") {
            return Reply::Whole(if before < 2 { 204 } else { 404 }, "", String::new());
        }
        match more.lock().expect("not poisoned").take() {
            Some(more) if request.is(STREAM) => Reply::Open(greeting(15_000), more),
            _ => Reply::Stream(greeting(15_000) + &event(1)),
        }
    });
    let output =
        script.tidings(&["tail", "jobs", "--lease", "1", "--exit-after", "1"]).output().expect("runs");
    assert_exit(&output, 0);
    assert_eq!(script.requests(STREAM)[0].query("lease"), Some("1"));
    let alive = script.requests("POST /api/sse/alive");
    assert!(alive.len() >= 3);
    assert!(alive.iter().all(|request| request.json() == serde_json::json!({"connection_id": "secret"})));
    drop(hold);
}

#[test]
fn what_is_no_hub_is_named_so() {
    let script = Script::start(|_, _| Reply::Whole(200, "content-type: text/html\r\n", "<html>".into()));
    let output = script.tidings(&["tail", "jobs"]).output().expect("runs");
    assert_exit(&output, 1);
    assert!(stderr(&output).contains("Is it a Tidings hub"), "{}", stderr(&output));
}

#[test]
fn without_a_hub_it_gives_up_only_when_told_to() {
    let output = tidings(&["tail", "jobs", "--url", "http://127.0.0.1:1", "--max-attempts", "2"])
        .output()
        .expect("runs");
    assert_exit(&output, 3);
    assert!(stderr(&output).contains("gave up after 2 attempts"), "{}", stderr(&output));
}
