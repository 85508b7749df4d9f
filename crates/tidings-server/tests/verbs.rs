//! The verbs against the hub itself. A handshake for each step: a line that a verb printed, or the hub's own books.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};

use hub::{Hub, PATIENCE, signal, within_patience};
use serde_json::Value;

mod hub;

fn tidings(hub: &Hub, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    command.args(args).env("TIDINGS_URL", hub.url()).env_remove("TIDINGS_TOKEN").stdin(Stdio::null());
    command
}

#[track_caller]
fn run(hub: &Hub, args: &[&str], code: i32) -> String {
    let output = within_patience(tidings(hub, args).stdout(Stdio::piped()).stderr(Stdio::piped()));
    assert_exit(&output, code);
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[track_caller]
fn assert_exit(output: &Output, code: i32) {
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (shown(&output.stdout), shown(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "stdout: {out}\nstderr: {err}");
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text:?}"))
}

/// A `tail` that runs beside the test, and ends with it.
struct Tail {
    child: Child,
    lines: Receiver<String>,
    notices: Receiver<String>,
}

impl Tail {
    /// Returns once the hub greeted it.
    fn start(hub: &Hub, args: &[&str]) -> Self {
        let mut command = tidings(hub, &["tail"]);
        command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("starts");
        let lines = lines_of(child.stdout.take().expect("piped"));
        let notices = lines_of(child.stderr.take().expect("piped"));
        let mut tail = Self { child, lines, notices };
        tail.wait_for_notice("connected id=");
        tail
    }

    #[track_caller]
    fn line(&mut self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line, in time and before the end")
    }

    /// Reads the notices on to one that says this.
    #[track_caller]
    fn wait_for_notice(&mut self, part: &str) {
        let mut before = Vec::new();
        while let Ok(notice) = self.notices.recv_timeout(PATIENCE) {
            if notice.contains(part) {
                return;
            }
            before.push(notice);
        }
        panic!("it ended or fell silent without {part:?}: {before:#?}");
    }

    fn exit_code(mut self) -> Option<i32> {
        self.child.wait().expect("ends").code()
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines_of(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        BufReader::new(stream).lines().map_while(Result::ok).try_for_each(|line| tell.send(line))
    });
    told
}

fn active(stats: &Value) -> Option<u64> {
    stats["connections"]["active"].as_u64()
}

#[test]
fn what_is_published_is_printed_and_ctrl_c_leaves_nothing_behind() {
    let hub = Hub::start();
    let mut tail = Tail::start(&hub, &["jobs,logs"]);
    assert_eq!(active(&hub.stats()), Some(1));
    let told = run(&hub, &["publish", "jobs", "{\"id\":7}", "--type", "job_started", "--json"], 0);
    assert_eq!(json(&told)["recipients"], 1, "{told}");
    run(&hub, &["publish", "logs", "GET / \u{1b}[2J"], 0);
    assert_eq!(tail.line(), "jobs\tjob_started\t{\"id\":7}");
    assert_eq!(tail.line(), "logs\tmessage\tGET / \\u{1b}[2J");
    signal(tail.child.id(), "INT");
    assert_eq!(tail.exit_code(), Some(130));
    let stats = hub.wait_for_stats(|stats| active(stats) == Some(0));
    assert_eq!(stats["connections"]["closed_total"]["disconnected"], 1, "{stats:#}");
    hub.assert_books_balance();
}

#[test]
fn nobody_there_is_a_success_with_no_recipients() {
    let hub = Hub::start();
    let told = run(&hub, &["publish", "jobs", "1", "--json"], 0);
    assert_eq!(json(&told)["recipients"], 0, "{told}");
    hub.assert_books_balance();
}

#[test]
fn an_id_given_twice_is_published_once() {
    let hub = Hub::start();
    let mut tail = Tail::start(&hub, &["jobs", "--data"]);
    let first = run(&hub, &["publish", "jobs", "1", "--id", "e1", "--json"], 0);
    let again = run(&hub, &["publish", "jobs", "1", "--id", "e1", "--json"], 0);
    assert_eq!(json(&first)["offset"], json(&again)["offset"]);
    run(&hub, &["publish", "jobs", "2"], 0);
    assert_eq!((tail.line(), tail.line()), ("1".to_owned(), "2".to_owned()));
    hub.assert_books_balance();
}

#[test]
fn a_piped_log_loses_no_line_over_a_restart() {
    const HALF: usize = 1_500;
    let mut hub = Hub::start();
    let mut tail = Tail::start(&hub, &["logs", "--data"]);
    let mut publish = tidings(&hub, &["publish", "logs", "-"]);
    let mut publish = publish.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    let mut stdin = publish.stdin.take().expect("piped");
    let mut feed = |from: usize, to: usize| {
        let lines: String = (from..to).map(|n| format!("{{\"n\":{n}}}\n")).collect();
        stdin.write_all(lines.as_bytes()).expect("taken in");
    };
    feed(0, HALF);
    for n in 0..HALF {
        assert_eq!(tail.line(), format!("{{\"n\":{n}}}"));
    }
    assert!(hub.stop().success());
    feed(HALF, HALF + 200);
    hub.start_again();
    feed(HALF + 200, 2 * HALF);
    drop(stdin);
    for n in HALF..2 * HALF {
        assert_eq!(tail.line(), format!("{{\"n\":{n}}}"));
    }
    let output = publish.wait_with_output().expect("ends");
    assert_exit(&output, 0);
    let summary = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(summary.contains(&format!("published {0} of {0} lines", 2 * HALF)), "{summary}");
    hub.assert_books_balance();
}

#[test]
fn a_crash_is_told_as_a_gap_and_the_stream_goes_on() {
    let mut hub = Hub::start();
    let mut tail = Tail::start(&hub, &["jobs", "--data"]);
    run(&hub, &["publish", "jobs", "1"], 0);
    assert_eq!(tail.line(), "1");
    hub.kill();
    hub.start_again();
    tail.wait_for_notice("gap on jobs");
    run(&hub, &["publish", "jobs", "2"], 0);
    assert_eq!(tail.line(), "2");
    hub.assert_books_balance();
}

#[test]
fn history_is_read_from_its_beginning_or_from_a_cursor() {
    let hub = Hub::start();
    for n in ["1", "2", "3"] {
        run(&hub, &["publish", "jobs", n], 0);
    }
    let all = run(&hub, &["tail", "jobs", "--since-beginning", "--json", "--exit-after", "3"], 0);
    let lines: Vec<Value> = all.lines().map(json).filter(|line| line["type"] != "gap").collect();
    assert_eq!(lines.iter().map(|line| line["data"].clone()).collect::<Vec<_>>(), [1, 2, 3]);
    let cursor = lines[0]["cursor"].as_str().expect("a cursor");
    assert_eq!(run(&hub, &["tail", "jobs", "--from", cursor, "--data", "--exit-after", "2"], 0), "2\n3\n");
    hub.assert_books_balance();
}

#[test]
fn a_kick_ends_a_tail_for_good_or_for_a_moment() {
    let hub = Hub::start();
    let mut tail = Tail::start(&hub, &["jobs", "--label", "display"]);
    let list = json(&run(&hub, &["connections", "--type", "display", "--json"], 0));
    let rows = list["connections"].as_array().expect("rows");
    assert_eq!(rows.len(), 1, "{list:#}");
    let id = rows[0]["id"].as_str().expect("a public id");
    assert!(run(&hub, &["connections"], 0).contains(id));
    run(&hub, &["kick", id, "--reason", "mended", "--reconnect"], 0);
    tail.wait_for_notice("reconnecting");
    tail.wait_for_notice("connected id=");
    run(&hub, &["kick", "--user", "anonymous"], 0);
    tail.wait_for_notice("error: the hub ended the stream for good");
    assert_eq!(tail.exit_code(), Some(4));
    let closed = json(&run(&hub, &["connections", "--closed", "--json"], 0));
    let kicked =
        closed["connections"].as_array().expect("rows").iter().filter(|row| row["reason"] == "kicked");
    assert_eq!(kicked.count(), 2, "{closed:#}");
    run(&hub, &["kick", id], 1);
    hub.assert_books_balance();
}

#[test]
fn refused_lines_are_counted_and_the_others_arrive() {
    let hub = Hub::start();
    let mut tail = Tail::start(&hub, &["logs", "--data"]);
    let huge = "x".repeat(200_000);
    let mut publish = tidings(&hub, &["publish", "logs", "-"]);
    let mut publish = publish.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    let input = format!("\"a\"\n{huge}\n\"b\"\n");
    publish.stdin.take().expect("piped").write_all(input.as_bytes()).expect("taken in");
    let output = publish.wait_with_output().expect("ends");
    assert_exit(&output, 1);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("error: line 2: ") && told.contains("published 2 of 3 lines"), "{told}");
    assert_eq!((tail.line(), tail.line()), ("\"a\"".to_owned(), "\"b\"".to_owned()));
    run(&hub, &["publish", "logs", "1", "--type", "gap"], 1);
    hub.assert_books_balance();
}

#[test]
fn a_drained_hub_sends_its_clients_away_and_takes_no_new_ones() {
    let hub = Hub::start_with(&[("TIDINGS_DRAIN_WINDOW_MS", "100")]);
    let mut tail = Tail::start(&hub, &["jobs"]);
    assert!(run(&hub, &["cleanup", "--all", "--json"], 0).starts_with('{'));
    run(&hub, &["drain"], 0);
    tail.wait_for_notice("draining");
    run(&hub, &["tail", "jobs", "--max-attempts", "1"], 3);
    let stats = hub.wait_for_stats(|stats| active(stats) == Some(0));
    assert_eq!(stats["connections"]["closed_total"]["draining"], 1, "{stats:#}");
    hub.assert_books_balance();
}

#[test]
fn stats_of_the_verb_are_the_hub_s() {
    let hub = Hub::start();
    let _tail = Tail::start(&hub, &["jobs"]);
    let told = json(&run(&hub, &["stats", "--json"], 0));
    assert_eq!(active(&told), Some(1));
    assert!(run(&hub, &["stats"], 0).contains("balance: 1 opened, 1 active, 0 closed"));
    hub.assert_books_balance();
}
