//! docs/guide/webhooks.md: its receiver does what the text says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use crate::SECRET;
use crate::hub::{Hub, PATIENCE};

struct Guide {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Guide {
    fn start() -> Option<Self> {
        let code = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/code/webhooks/receiver.mjs");
        let mut node = Command::new("node");
        node.arg(code)
            .env("PORT", "0")
            .env("WEBHOOK_SECRET", SECRET)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = node.spawn().inspect_err(|error| println!("skipped: no node: {error}")).ok()?;
        let stdout = child.stdout.take().expect("piped");
        let (tell, lines) = mpsc::channel();
        std::thread::spawn(move || {
            BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|line| tell.send(line))
        });
        Some(Self { child, lines })
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("it says something")
    }
}

impl Drop for Guide {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_receiver_of_the_guide_knows_who_is_there_and_believes_nobody_else() {
    let Some(guide) = Guide::start() else { return };
    let port = guide.line().strip_prefix("listening on ").expect("its port").to_owned();
    let toml = format!("[[webhook]]\nurl = \"http://127.0.0.1:{port}/told\"\nsecret = \"{SECRET}\"\n");
    let hub = Hub::start_with_file(&[], &toml);
    let mut stream = TcpStream::connect(hub.address()).expect("the hub listens");
    let path = "/api/sse/stream?user=ann&channels=news";
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", hub.address()).expect("taken in");
    assert_eq!([guide.line(), guide.line()], ["connected ann ann", "channel_occupied news ann"]);
    drop(stream);
    assert_eq!([guide.line(), guide.line()], ["disconnected ann ", "channel_vacated news "]);
    assert_eq!(forged(&port), "HTTP/1.1 401 Unauthorized");
    hub.assert_books_balance();
}

fn forged(port: &str) -> String {
    let mut socket = TcpStream::connect(format!("127.0.0.1:{port}")).expect("it listens");
    let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_secs();
    let head = format!("webhook-id: a\r\nwebhook-timestamp: {now}\r\nwebhook-signature: v1,Zm9yZ2Vk\r\n");
    let request =
        format!("POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{head}content-length: 2\r\n\r\n{{}}");
    socket.write_all(request.as_bytes()).expect("taken in");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    answer.lines().next().unwrap_or_default().to_owned()
}
