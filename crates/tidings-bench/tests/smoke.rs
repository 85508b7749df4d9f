//! The floor and a load on it, as the processes that a run starts: exact counts, and nothing left behind.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;

use serde_json::{Value, json};

const CONNECTIONS: usize = 50;

/// Ends with the test, by its id, however the test ends.
struct Process(Child);

impl Process {
    fn start(args: &[&str]) -> (Self, ChildStdin, BufReader<ChildStdout>) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tidings-bench"))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let input = child.stdin.take().expect("piped");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        (Self(child), input, output)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn line(output: &mut impl BufRead) -> String {
    let mut line = String::new();
    output.read_line(&mut line).expect("a line");
    line
}

struct Load {
    _process: Process,
    orders: ChildStdin,
    reports: BufReader<ChildStdout>,
}

impl Load {
    fn order(&mut self, order: &Value) -> Value {
        writeln!(self.orders, "{order}").expect("the load reads");
        serde_json::from_str(&line(&mut self.reports)).expect("a report")
    }
}

fn floor_and_load() -> (Process, Load) {
    let (floor, _, mut said) = Process::start(&["floor", "--listen", "127.0.0.1:0"]);
    let said = line(&mut said);
    let addr = said.trim().strip_prefix("listening on http://").expect("the address").to_owned();
    let (process, orders, reports) = Process::start(&["load", "--target", &addr, "--floor"]);
    (floor, Load { _process: process, orders, reports })
}

#[test]
fn every_stream_gets_every_event_once() {
    let (_floor, mut load) = floor_and_load();
    assert_eq!(load.order(&json!({"open": {"streams": CONNECTIONS}})), "done");
    for _ in 0..5 {
        let round = load.order(&json!({"round": {"events": 1, "data_bytes": 100}}));
        assert_eq!(round["round"]["deliveries"], CONNECTIONS, "{round}");
        let burst = load.order(&json!({"round": {"events": 10, "data_bytes": 100}}));
        assert_eq!(burst["round"]["deliveries"], CONNECTIONS * 10, "{burst}");
        assert!(burst["round"]["last_read_ns"].as_u64() > Some(0), "{burst}");
    }
    assert_eq!(load.order(&json!("verify")), "done");
    let sample = load.order(&json!("sample"));
    let frame = sample["sample"]["frame"].as_str().expect("the witness kept the last event");
    assert!(frame.contains("data: \"0000000054:"), "{frame}");
}

#[test]
fn streams_that_stall_or_close_are_not_waited_for() {
    let (_floor, mut load) = floor_and_load();
    assert_eq!(load.order(&json!({"open": {"streams": CONNECTIONS}})), "done");
    assert_eq!(load.order(&json!({"stall": {"connections": 10}})), "done");
    assert!(load.order(&json!({"close": {"connections": 20}}))["closed"].is_object());
    let round = load.order(&json!({"round": {"events": 1, "data_bytes": 100}}));
    assert_eq!(round["round"]["deliveries"], CONNECTIONS - 20, "{round}");
    assert_eq!(load.order(&json!({"open": {"streams": 20}})), "done");
    let round = load.order(&json!({"round": {"events": 3, "data_bytes": 100}}));
    assert_eq!(round["round"]["deliveries"], CONNECTIONS * 3, "{round}");
}

#[test]
fn a_server_that_ends_is_told_not_waited_for() {
    let (floor, mut load) = floor_and_load();
    assert_eq!(load.order(&json!({"open": {"streams": 5}})), "done");
    drop(floor);
    let report = load.order(&json!({"round": {"events": 1, "data_bytes": 100}}));
    assert!(report["failed"]["why"].is_string(), "{report}");
}

/// A server as thin as the floor, but one that closes the publisher's connection after each answer.
fn server_that_closes_idle_publishers(streams: usize) -> (std::net::SocketAddr, mpsc::Receiver<()>) {
    let (closed, closes) = mpsc::channel();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for _ in 0..streams {
            let (mut stream, _) = listener.accept().expect("a stream");
            stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").expect("its head");
            open.push(stream);
        }
        while let Ok((mut publisher, _)) = listener.accept() {
            let mut head = BufReader::new(publisher.try_clone().expect("a handle"));
            let mut length = 0;
            loop {
                let line = line(&mut head).to_ascii_lowercase();
                if let Some(value) = line.strip_prefix("content-length:") {
                    length = value.trim().parse().expect("a length");
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            head.read_exact(&mut body).expect("the body");
            for stream in &mut open {
                stream.write_all(&body).expect("a reader");
            }
            publisher.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").expect("the publisher");
            drop((publisher, head));
            if closed.send(()).is_err() {
                break;
            }
        }
    });
    (addr, closes)
}

#[test]
fn a_publisher_whose_idle_connection_was_closed_takes_a_new_one() {
    let (addr, closes) = server_that_closes_idle_publishers(3);
    let (process, orders, reports) = Process::start(&["load", "--target", &addr.to_string(), "--floor"]);
    let mut load = Load { _process: process, orders, reports };
    assert_eq!(load.order(&json!({"open": {"streams": 3}})), "done");
    for _ in 0..2 {
        let round = load.order(&json!({"round": {"events": 1, "data_bytes": 100}}));
        assert_eq!(round["round"]["deliveries"], 3, "{round}");
        closes.recv().expect("the connection is closed by now");
    }
}
