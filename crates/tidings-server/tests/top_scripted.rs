//! `tidings top` on a terminal of its own, against a real hub.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};

use hub::{Hub, PATIENCE, now, signal, within_patience};
use screen::Screen;
use tempfile::TempDir;

mod hub;
mod screen;

const TIDINGS: &str = env!("CARGO_BIN_EXE_tidings");
const LINES: usize = 30;
const COLUMNS: usize = 120;
/// What a terminal is told when another screen is taken, and given back.
const TAKEN: &str = "\x1b[?1049h";
const GIVEN_BACK: &str = "\x1b[?1049l";
const CURSOR_SHOWN: &str = "\x1b[?25h";

/// The program on a terminal that script(1) makes.
struct Terminal {
    child: Child,
    keys: ChildStdin,
    shown: Arc<Mutex<String>>,
    dir: TempDir,
}

impl Terminal {
    fn start(hub: &Hub, arguments: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let pid = dir.path().join("pid");
        let command = format!(
            "stty rows {LINES} cols {COLUMNS}; echo $$ > '{}'; exec '{TIDINGS}' top {arguments} --url {}",
            pid.display(),
            hub.url()
        );
        let mut child = Command::new("script")
            .args(["-q", "-e", "-f", "-c", &command, "/dev/null"])
            .env("TERM", "xterm-256color")
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("script(1) is there");
        let keys = child.stdin.take().expect("piped");
        let shown = Arc::new(Mutex::new(String::new()));
        let (mut stdout, to) = (child.stdout.take().expect("piped"), Arc::clone(&shown));
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = stdout.read(&mut buffer) {
                to.lock().expect("whole").push_str(&String::from_utf8_lossy(&buffer[..n]));
            }
        });
        Self { child, keys, shown, dir }
    }

    /// All that it was told so far.
    fn told(&self) -> String {
        self.shown.lock().expect("whole").clone()
    }

    /// Waits until this is to be read on it.
    #[track_caller]
    fn wait_for(&self, wished: &str) -> String {
        let start = now();
        loop {
            let mut screen = Screen::new(LINES, COLUMNS);
            screen.take(&self.told());
            let text = screen.text();
            if text.contains(wished) {
                return text;
            }
            assert!(start.elapsed() < PATIENCE, "{wished:?} is never to be read on\n{text}");
            std::thread::yield_now();
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("it reads");
        self.keys.flush().expect("it reads");
    }

    fn pid(&self) -> u32 {
        std::fs::read_to_string(self.dir.path().join("pid"))
            .expect("written")
            .trim()
            .parse()
            .expect("a number")
    }

    /// Waits for its end. Answers its code; the terminal must be as it was.
    #[track_caller]
    fn end(mut self) -> Option<i32> {
        let code = self.child.wait().expect("it ends").code();
        let start = now();
        // What it told last may still be on its way.
        while !self.told().contains(GIVEN_BACK) {
            assert!(start.elapsed() < PATIENCE, "never given back: {:?}", self.told());
            std::thread::yield_now();
        }
        let told = self.told();
        assert!(told.rfind(CURSOR_SHOWN) > told.rfind(TAKEN), "no cursor afterwards: {told:?}");
        code
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A stream that is held open until the answer is dropped.
fn stream(hub: &Hub, query: &str) -> std::net::TcpStream {
    let mut socket = std::net::TcpStream::connect(hub.address()).expect("it listens");
    let request = format!("GET /api/sse/stream?{query} HTTP/1.1\r\nhost: {}\r\n\r\n", hub.address());
    socket.write_all(request.as_bytes()).expect("taken in");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let mut first = [0; 64];
    assert!(socket.read(&mut first).expect("an answer") > 0);
    socket
}

#[test]
fn it_shows_who_is_there_filters_kicks_and_gives_the_terminal_back() {
    let hub = Hub::start();
    let _ada = stream(&hub, "user=ada&channels=jobs&type=display");
    let _bob = stream(&hub, "user=bob&channels=jobs&type=display");
    let mut top = Terminal::start(&hub, "");
    top.wait_for("3 connections, this monitor among them");
    top.wait_for("bob");
    hub.wait_for_stats(|stats| stats["connections"]["by_type"]["admin"] == 1);
    top.press("/bo\r");
    let text = top.wait_for("1 of 1  by connected_at, ascending  filter: bo");
    assert!(!text.contains("ada"), "{text}");
    top.press("\r");
    let text = top.wait_for("+0ms     opened");
    assert!(text.contains("state     live") && text.contains("channels  jobs"), "{text}");
    top.press("kbye");
    top.wait_for("who stays away; reason: bye");
    top.press("\r");
    hub.wait_for_stats(|stats| stats["connections"]["closed_total"]["kicked"] == 1);
    top.wait_for("kicked ");
    top.press("/\x7f\x7f\r");
    top.wait_for("2 of 2");
    top.press("q");
    assert_eq!(top.end(), Some(0));
    let stats = hub.wait_for_stats(|stats| stats["connections"]["active"] == 1);
    assert_eq!(stats["connections"]["closed_total"]["disconnected"], 1, "it said that it left");
    hub.assert_books_balance();
}

#[test]
fn a_page_that_the_hub_refuses_is_taken_up_as_soon_as_it_has_room() {
    let hub = Hub::start();
    let mut top = Terminal::start(&hub, "");
    top.wait_for("1 connection, this monitor");
    let pages: Vec<_> = (0..62).map(|n| format!("%24hub%2Fconnections%3Fq%3D{n}")).collect();
    let crowd = stream(&hub, &format!("channels={}", pages.join(",")));
    hub.wait_for_stats(|stats| stats["connections"]["active"] == 2);
    top.press("s");
    top.wait_for("as many as can be");
    drop(crowd);
    hub.wait_for_stats(|stats| stats["connections"]["active"] == 1);
    let _cyd = stream(&hub, "user=cyd&channels=jobs");
    top.wait_for("cyd");
    top.press("q");
    assert_eq!(top.end(), Some(0));
    hub.assert_books_balance();
}

#[test]
fn it_comes_back_with_the_hub() {
    let mut hub = Hub::start();
    let mut top = Terminal::start(&hub, "");
    top.wait_for("1 connection, this monitor");
    hub.kill();
    top.wait_for("NOT LIVE");
    hub.start_again();
    top.wait_for("1 connection, this monitor");
    top.press("\x03");
    assert_eq!(top.end(), Some(130));
    hub.assert_books_balance();
}

#[test]
fn a_signal_gives_the_terminal_back_too() {
    let hub = Hub::start();
    let top = Terminal::start(&hub, "--sort=-user");
    top.wait_for("1 connection, this monitor");
    signal(top.pid(), "TERM");
    assert_eq!(top.end(), Some(143));
    hub.wait_for_stats(|stats| stats["connections"]["active"] == 0);
    hub.assert_books_balance();
}

#[test]
fn one_frame_is_text_and_no_terminal_is_an_error_that_says_so() {
    let hub = Hub::start();
    let _ada = stream(&hub, "user=a%E2%80%AEda&channels=jobs");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(TIDINGS);
        command.arg("top").args(arguments).args(["--url", &hub.url()]).stdin(Stdio::null());
        within_patience(command.stdout(Stdio::piped()).stderr(Stdio::piped()))
    };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let once = run(&["--once"]);
    assert_eq!(once.status.code(), Some(0), "{}", text(&once.stderr));
    let frame = text(&once.stdout);
    assert!(frame.contains("✓ the books balance: 1 opened − 0 closed = 1 open"), "{frame}");
    assert!(frame.ends_with("1 of 1  by connected_at, ascending\n"), "{frame}");
    assert!(frame.contains("1 connection  1 user  1 channel\n"), "{frame}");
    assert!(frame.contains("a\\u{202e}da") && !frame.contains(['\x1b', '\u{202e}']), "{frame:?}");
    for (arguments, wanted) in
        [(&[][..], "--once"), (&["--sort=shoe", "--once"], "--sort is one of connected_at")]
    {
        let refused = run(arguments);
        assert_eq!(refused.status.code(), Some(2));
        assert!(text(&refused.stderr).contains(wanted), "{}", text(&refused.stderr));
        assert!(refused.stdout.is_empty());
    }
    hub.assert_books_balance();
}
