//! The README's minute, lived through: its own commands against the real binary, and the bytes that it shows.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

mod hub;

use hub::Hub;

const README: &str = include_str!("../../../README.md");
const ADDRESS: &str = "http://127.0.0.1:3000";
/// What differs from run to run.
const OF_THE_RUN: [&str; 4] = ["id", "connection_id", "node", "client_id"];

#[test]
fn the_minute_of_the_readme_is_as_it_says() {
    let hub = Hub::start();
    let [listen, publish] = ["curl -N", "curl http"].map(|start| command(start, &hub.url()));

    let mut listening = shell(&listen);
    let mut seen = BufReader::new(listening.stdout.take().expect("piped"));
    let connected = event(&mut seen);
    let answer = shell(&publish).wait_with_output().expect("ends").stdout;
    let shown_answer = block("json", "\"recipients\"");
    assert_eq!(masked(&String::from_utf8_lossy(&answer)), masked(shown_answer.trim()));

    let shown = block("text", "event: connected");
    let shown: Vec<&str> = shown.split_terminator("\n\n").collect();
    assert_eq!([connected, event(&mut seen)].map(|event| told(&event)), [told(shown[0]), told(shown[1])]);

    assert_eq!(hub.stats()["connections"]["active"], 1);
    let closed = hub::now();
    listening.kill().expect("it runs");
    hub.wait_for_stats(|stats| stats["connections"]["active"] == 0);
    println!("the count fell {} ms after kill -9 of the curl", closed.elapsed().as_millis());
    listening.wait().expect("ended");
    hub.assert_books_balance();
}

/// The README's command that begins so, asking this hub.
fn command(start: &str, url: &str) -> String {
    let line = README.lines().find(|line| line.starts_with(start)).expect("the README has it");
    assert!(line.contains(ADDRESS), "{line}");
    line.replace(ADDRESS, url)
}

/// The README's block of that kind that holds a text.
fn block(kind: &str, holding: &str) -> String {
    let blocks = README.split("```").skip(1).step_by(2);
    let found = blocks.filter_map(|block| block.strip_prefix(kind)).find(|block| block.contains(holding));
    found.expect("the README shows it").trim_start().to_owned()
}

fn shell(command: &str) -> Child {
    // exec, so that to kill it is to kill the curl.
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("exec {command}")]).stdin(Stdio::null()).stderr(Stdio::null());
    shell.stdout(Stdio::piped()).spawn().expect("a shell")
}

fn event(from: &mut BufReader<ChildStdout>) -> String {
    let mut event = String::new();
    while !event.ends_with("\n\n") {
        assert!(from.read_line(&mut event).expect("a stream") > 0, "it ended after {event:?}");
    }
    event
}

/// An event's lines, in order, without what differs from run to run.
fn told(event: &str) -> Vec<String> {
    let line = |line: &str| match line.split_once(": ") {
        Some(("id", _)) => "id: …".to_owned(),
        Some(("data", data)) => format!("data: {}", masked(data)),
        _ => line.to_owned(),
    };
    event.trim_end().lines().map(line).collect()
}

/// JSON with its members in their order, without what differs from run to run. An event's own data stays.
fn masked(json: &str) -> String {
    let mut value: Value = serde_json::from_str(json).expect("JSON");
    for name in OF_THE_RUN {
        if let Some(text @ Value::String(_)) = value.get_mut(name) {
            *text = "…".into();
        }
    }
    value.to_string()
}
