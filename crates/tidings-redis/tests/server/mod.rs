//! A Redis of the test's own: started, stopped, killed, and ended with the test, whatever becomes of that.

#![allow(dead_code, reason = "each test file uses what it needs")]

pub(crate) mod placed;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::Instant;

const START_MAX: Duration = Duration::from_secs(20);

/// In C, so that Redis can have it in place of the C library's.
const CLOCK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tidings-redis/tests/server/clock.c");

/// A `redis-server` on a port and in a directory that stay the same over restarts.
pub(crate) struct Server {
    child: Option<Child>,
    port: u16,
    dir: TempDir,
    arguments: Vec<String>,
    /// The clock that it is under, where that can be set.
    clock: Option<PathBuf>,
}

impl Server {
    /// One that keeps nothing on disk.
    pub(crate) fn start() -> Self {
        Self::start_with(&["--save", "", "--appendonly", "no"])
    }

    /// One with further arguments, as `redis-server` takes them.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().expect("a directory"), arguments)
    }

    /// One that finds something in its directory.
    pub(crate) fn start_in(dir: TempDir, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(ToString::to_string).collect();
        let mut server = Self { child: None, port: 0, dir, arguments, clock: None };
        for _ in 0..20 {
            server.port = free_port();
            server.spawn();
            // Another program may have taken the port meanwhile, and Redis ends.
            if server.answers_within(START_MAX) {
                return server;
            }
        }
        panic!("no redis-server starts: {}", server.log());
    }

    /// One that keeps nothing on disk and whose clock can be set; none where there is no C compiler.
    pub(crate) fn start_under_a_clock() -> Option<Self> {
        let mut server = Self::start();
        server.kill();
        let clock = server.dir.path().join("clock.so");
        let mut compiler = Command::new("cc");
        let compiled =
            compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&clock).arg(CLOCK).status().ok()?;
        assert!(compiled.success(), "{CLOCK}");
        server.clock = Some(clock);
        server.set_clock(0);
        server.restart();
        Some(server)
    }

    /// From now on its clock is off by so much.
    pub(crate) fn set_clock(&self, seconds: i64) {
        // Renamed into place: the file is read whenever somebody looks at the time.
        let (new, file) = (self.dir.path().join("clock.new"), self.clock_file());
        std::fs::write(&new, format!("{seconds:+}")).expect("written");
        std::fs::rename(new, file).expect("in place");
    }

    /// Starts it again with the same port and directory.
    pub(crate) fn restart(&mut self) {
        assert!(self.child.is_none(), "it runs");
        self.spawn();
        assert!(self.answers_within(START_MAX), "it does not start again: {}", self.log());
    }

    /// The same with other arguments.
    pub(crate) fn restart_with(&mut self, arguments: &[&str]) {
        self.arguments = arguments.iter().map(ToString::to_string).collect();
        self.restart();
    }

    /// As the power cut: nothing is written any more.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().expect("killed");
        child.wait().expect("gone");
    }

    /// An orderly end, with what `--save` says written.
    pub(crate) fn shut_down(&mut self) {
        let mut child = self.child.take().expect("it runs");
        signal(&child, "TERM");
        child.wait().expect("gone");
    }

    /// It is there and does nothing, until it goes on.
    pub(crate) fn pause(&self) {
        signal(self.child.as_ref().expect("it runs"), "STOP");
    }

    /// It goes on.
    pub(crate) fn go_on(&self) {
        signal(self.child.as_ref().expect("it runs"), "CONT");
    }

    /// Its URL, without a user.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Where its files are.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// What `redis-cli` answers to a command, without the line's end. Panics where it answers with an error.
    pub(crate) fn cli(&self, arguments: &[&str]) -> String {
        let output = Command::new("redis-cli")
            .args(["-e", "-h", "127.0.0.1", "-p", &self.port.to_string()])
            .args(arguments)
            .output()
            .expect("redis-cli runs");
        let text = String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned();
        assert!(output.status.success(), "{arguments:?}: {text} {}", String::from_utf8_lossy(&output.stderr));
        text
    }

    fn spawn(&mut self) {
        let mut command = Command::new("redis-server");
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"]);
        command.arg("--dir").arg(self.dir.path()).arg("--logfile").arg(self.log_file());
        command.args(&self.arguments);
        if let Some(clock) = &self.clock {
            command.env("LD_PRELOAD", clock).env("CLOCK_FILE", self.clock_file());
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(command.spawn().expect("redis-server is installed"));
    }

    fn answers_within(&mut self, bound: Duration) -> bool {
        let deadline = Instant::now() + bound;
        while Instant::now() < deadline {
            if ping(self.port).is_some_and(|answer| !answer.starts_with("-LOADING")) {
                return true;
            }
            let child = self.child.as_mut().expect("just started");
            if child.try_wait().expect("waited for").is_some() {
                self.child = None;
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }

    fn clock_file(&self) -> PathBuf {
        self.dir.path().join("clock")
    }

    fn log_file(&self) -> PathBuf {
        self.dir.path().join("redis.log")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // SIGKILL ends a stopped one too.
            _ = child.kill();
            _ = child.wait();
        }
    }
}

/// Waits until something holds, and panics where it does not in time.
pub(crate) async fn until(what: &str, bound: Duration, mut holds: impl AsyncFnMut() -> bool) -> Duration {
    let since = Instant::now();
    while !holds().await {
        assert!(since.elapsed() < bound, "not within {bound:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    since.elapsed()
}

/// A port that nobody listens on, just now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

fn ping(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    stream.write_all(b"PING\r\n").ok()?;
    let mut answer = [0; 64];
    let bytes = stream.read(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer[..bytes]).into_owned())
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(status.expect("kill runs").success());
}
