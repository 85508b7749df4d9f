//! The hook and the webhooks of the binary: what its settings do, and that its log and `tidings check` keep secrets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use crate::hub::{Hub, SECRET as KEY, within_patience};
use crate::receiver::Receiver;
use crate::{SECRET, toml};

/// Answers each question with the same grant.
fn application(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            let mut socket = BufReader::new(socket);
            let mut length = 0;
            for line in socket.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()) {
                let length_of = line.to_ascii_lowercase();
                length = length_of
                    .strip_prefix("content-length: ")
                    .map_or(length, |n| n.parse().expect("a number"));
            }
            socket.read_exact(&mut vec![0; length]).expect("a question");
            let head =
                format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", answer.len());
            let _ = socket.get_mut().write_all(format!("{head}{answer}").as_bytes());
        }
    });
    format!("http://{address}/hook?key=canary")
}

fn status(hub: &Hub, headers: &str) -> String {
    let mut socket = TcpStream::connect(hub.address()).expect("the hub listens");
    let request =
        format!("GET /api/sse/stream?channels=news HTTP/1.1\r\nhost: {}\r\n{headers}\r\n", hub.address());
    socket.write_all(request.as_bytes()).expect("taken in");
    let mut status = String::new();
    BufReader::new(socket).read_line(&mut status).expect("an answer");
    status
}

#[test]
fn a_hub_asks_its_application_and_tells_it_and_no_secret_is_in_its_log() {
    let receiver = Receiver::start(1);
    let url = application(r#"{"sub":"ann","ttl":600,"subscribe":["news"]}"#);
    let hub = Hub::start_guarded(
        &[("TIDINGS_AUTH_HOOK_URL", &url), ("TIDINGS_LOG_LEVEL", "trace")],
        &toml(&[&receiver], ""),
    );
    assert!(status(&hub, "cookie: sid=canary\r\n").contains(" 200 "));
    receiver.until(|state| state.taken >= 2);
    receiver.with(|state| assert!(state.wrong.is_empty(), "{:?}", state.wrong));
    hub.wait_for_stats(|stats| stats["connections"]["active"] == 0);
    let log = hub.log();
    assert!(log.contains("user=ann"), "{log}");
    for secret in ["canary", SECRET, &SECRET["whsec_".len()..], KEY] {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
    }
    hub.assert_books_balance();
}

#[test]
fn what_can_not_be_meant_is_told_before_anything_starts_and_without_a_secret() {
    let run = |verb: &str, toml: &str| {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("tidings.toml"), toml).expect("written");
        let mut program = Command::new(env!("CARGO_BIN_EXE_tidings"));
        let program = program.arg(verb).current_dir(dir.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = within_patience(program);
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.success(), said)
    };
    let hook = "auth.hook_url = \"http://127.0.0.1:1/canary\"\nserver.listen = \"127.0.0.1:0\"\n";
    for (toml, part) in [
        (
            "auth.hook_url = \"http://169.254.169.254/canary\"\n".to_owned(),
            "auth.hook_url: its address is link-local",
        ),
        ("auth.hook_url = \"http://1.1.1.1/canary\"\n".to_owned(), "auth.hook_url: plain http://"),
        (
            "auth.hook_url = \"https://u:canary@a.example/\"\n".to_owned(),
            "auth.hook_url: a name and password",
        ),
        (format!("{hook}auth.hook_headers = [\"connection\"]\n"), "auth.hook_headers: `connection`"),
        (format!("{hook}auth.hook_ca_file = \"none.pem\"\n"), "auth.hook_ca_file: cannot read"),
        (format!("{hook}cors.origins = [\"*\"]\n"), "cors.origins: with auth.cookie or auth.hook_url"),
        (format!("{hook}[[webhook]]\nurl = \"http://127.0.0.1/canary\"\n"), "webhook[0].secret: is required"),
        (
            format!("{hook}[[webhook]]\nurl = \"http://127.0.0.1/\"\nsecret = \"canary\"\n"),
            "webhook[0].secret: has to be whsec_",
        ),
        (
            format!("{hook}[[webhook]]\nurl = \"http://8.8.8.8/canary\"\nsecret = \"{SECRET}\"\n"),
            "webhook[0].url: plain http://",
        ),
    ] {
        for verb in ["check", "serve"] {
            let (succeeded, said) = run(verb, &toml);
            assert!(!succeeded && said.contains(part) && !said.contains("canary"), "{verb} {toml}\n{said}");
        }
    }
    let (sound, said) = run(
        "check",
        &format!("{hook}[[webhook]]\nurl = \"http://127.0.0.1/canary\"\nsecret = \"{SECRET}\"\n"),
    );
    assert!(sound && said.contains("webhook[0].secret = \"***\""), "{said}");
    assert!(!said.contains("canary") && !said.contains(SECRET), "{said}");
}
