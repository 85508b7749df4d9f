//! The real binary as a hub on a free port, and its books.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]

mod process;
mod wire;

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

pub use process::{now, signal, within_patience};
use serde_json::Value;
use tempfile::TempDir;
pub use wire::{Certificate, Wire, tcp};

/// How long a handshake may take on a busy machine before the test calls it lost.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct Hub {
    child: Option<Child>,
    address: String,
    /// Further addresses, by the name that the hub tells them with.
    others: Vec<(String, String)>,
    dir: TempDir,
    environment: Vec<(String, String)>,
    passed: Option<TcpListener>,
    /// The token that this fixture's own requests show. Without one it is a hub in `--dev`.
    bearer: Option<String>,
    /// What it shows, where it speaks TLS.
    pub certificate: Option<Certificate>,
}

/// The secret that guarded hubs check tokens with.
pub const SECRET: &str = "a secret that nobody but these tests has, and long enough for any hash.";

/// The PROXY header of a proxy's own connection.
pub const LOCAL: [u8; 16] = *b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

impl Hub {
    /// Without `--dev`, checking tokens; `toml` has the settings.
    pub fn start_guarded(environment: &[(&str, &str)], toml: &str) -> Self {
        let mut hub = Self::unstarted(environment, toml, None);
        hub.environment.push(("TIDINGS_AUTH_KEY".to_owned(), SECRET.to_owned()));
        hub.bearer = Some(hub.token(&["--user", "operator", "--admin", "--expires-in", "1d"]));
        hub.start_again();
        hub
    }

    /// A token of this hub's, by the verb that makes them.
    pub fn token(&self, arguments: &[&str]) -> String {
        let mut verb = Command::new(env!("CARGO_BIN_EXE_tidings"));
        let verb = verb.arg("token").args(arguments).current_dir(self.dir.path());
        let verb = verb.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let output = within_patience(verb.stdout(Stdio::piped()).stderr(Stdio::piped()));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    /// A hub in `--dev`, with a data directory of its own.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// With settings from the environment, as `("TIDINGS_STREAM_HEARTBEAT_MS", "200")`.
    pub fn start_with(environment: &[(&str, &str)]) -> Self {
        Self::prepared(environment, "", None)
    }

    /// On this address; nothing is asked of it that it would have to answer in the clear.
    pub fn start_on(address: &str, environment: &[(&str, &str)]) -> Self {
        let mut hub = Self::unstarted(environment, "", None);
        hub.address = address.to_owned();
        hub.start_again();
        hub
    }

    /// Under TLS, with a certificate of its own.
    pub fn start_sealed(environment: &[(&str, &str)]) -> Self {
        let mut hub = Self::unstarted(environment, "", None);
        let certificate = Certificate::write(hub.dir.path());
        hub.environment.extend(certificate.settings());
        hub.certificate = Some(certificate);
        hub.start_again();
        hub
    }

    /// The same hub, whose certificate is now another.
    pub fn showing(mut self, certificate: Certificate) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// With a `tidings.toml` too.
    pub fn start_with_file(environment: &[(&str, &str)], toml: &str) -> Self {
        Self::prepared(environment, toml, None)
    }

    /// With a listening socket that it is passed, as by a service manager, at each start.
    pub fn start_passed(environment: &[(&str, &str)], listener: TcpListener) -> Self {
        Self::prepared(environment, "", Some(listener))
    }

    fn prepared(environment: &[(&str, &str)], toml: &str, passed: Option<TcpListener>) -> Self {
        let mut hub = Self::unstarted(environment, toml, passed);
        hub.start_again();
        hub
    }

    fn unstarted(environment: &[(&str, &str)], toml: &str, passed: Option<TcpListener>) -> Self {
        let environment =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let dir = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(dir.path().join("tidings.toml"), toml).expect("a file");
        Self {
            child: None,
            address: "127.0.0.1:0".to_owned(),
            others: Vec::new(),
            dir,
            environment,
            passed,
            bearer: None,
            certificate: None,
        }
    }

    /// On the same address and data directory as before.
    pub fn start_again(&mut self) {
        assert!(self.child.is_none(), "it still runs");
        let log = File::options().create(true).append(true).open(self.log_path()).expect("a log file");
        let mut child = self.serving().stdout(Stdio::piped()).stderr(log).spawn().expect("starts");
        let stdout = child.stdout.take().expect("piped");
        self.child = Some(child);
        (self.address, self.others) = listening(stdout);
    }

    /// Starts it where it is to refuse: what it said.
    pub fn refused_start(&mut self) -> String {
        assert!(self.child.is_none(), "it still runs");
        let mut program = self.serving();
        let output = within_patience(program.stdout(Stdio::piped()).stderr(Stdio::piped()));
        assert!(!output.status.success(), "it starts");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// The same with a `tidings.toml` that is to be refused.
    pub fn refused_with_file(toml: &str) -> String {
        Self::unstarted(&[], toml, None).refused_start()
    }

    /// The hub as it is started, and started again.
    fn serving(&self) -> Command {
        let mut program = self.program();
        program
            .arg("serve")
            .args(self.bearer.is_none().then_some("--dev"))
            .args(["--listen", &self.address, "--data-dir"])
            .arg(self.data_dir())
            .current_dir(self.dir.path())
            // A test's own, and no setting.
            .env_remove("TIDINGS_SEED")
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        program
    }

    /// The binary itself, or a shell that becomes it after it put the listener where sd_listen_fds(3) has it.
    fn program(&self) -> Command {
        const BINARY: &str = env!("CARGO_BIN_EXE_tidings");
        const PASS_ON: &str = "export LISTEN_PID=$$ LISTEN_FDS=1; exec \"$0\" \"$@\" 3<&0 </dev/null";
        let Some(listener) = &self.passed else {
            let mut program = Command::new(BINARY);
            program.stdin(Stdio::null());
            return program;
        };
        let mut shell = Command::new("sh");
        let listener = listener.try_clone().expect("another descriptor");
        shell.args(["-c", PASS_ON, BINARY]).stdin(OwnedFd::from(listener));
        shell
    }

    pub fn url(&self) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    pub fn address(&self) -> std::net::SocketAddr {
        self.address.parse().expect("an address")
    }

    /// Where it listens besides: `admin`, `metrics`.
    pub fn other_address(&self, name: &str) -> String {
        let found = self.others.iter().find(|(other, _)| other == name);
        found.unwrap_or_else(|| panic!("no {name} in {:?}", self.others)).1.clone()
    }

    /// The directory that all is in: its file, its log, its data.
    pub fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    pub fn stats(&self) -> Value {
        let body = self.get("/api/sse/stats");
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error} in the stats: {body}"))
    }

    /// The body of a plain GET, by nothing but a socket.
    pub fn get(&self, path: &str) -> String {
        self.request("GET", path, "")
    }

    /// The body of the answer to a POST of JSON.
    pub fn post(&self, path: &str, body: &str) -> String {
        self.request("POST", path, body)
    }

    fn request(&self, method: &str, path: &str, body: &str) -> String {
        let tls = self.certificate.as_ref().map(|certificate| certificate.trusted(&["http/1.1"]));
        // Where operators are heard.
        let admin = self.others.iter().find(|(name, _)| name == "admin").map(|(_, address)| address);
        let address = admin.map_or(self.address(), |address| address.parse().expect("an address"));
        let mut socket = tcp(address, None);
        if self.environment.iter().any(|(name, _)| name == "TIDINGS_SERVER_PROXY_PROTOCOL") {
            socket.write_all(&LOCAL).expect("taken in");
        }
        let mut stream = Wire::over(socket, address, tls);
        let bearer = self.bearer.as_ref().map(|token| format!("authorization: Bearer {token}\r\n"));
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\n\
             {}content-length: {}\r\n\r\n{body}",
            self.address,
            bearer.unwrap_or_default(),
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("taken in");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (_head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {answer:?}"));
        body.to_owned()
    }

    /// Asks for the stats until they are as wished; the requests are the clock.
    #[track_caller]
    pub fn wait_for_stats(&self, wished: impl Fn(&Value) -> bool) -> Value {
        let start = now();
        loop {
            let stats = self.stats();
            if wished(&stats) {
                return stats;
            }
            assert!(start.elapsed() < PATIENCE, "it never came to that: {stats:#}");
        }
    }

    /// Asks for the sockets that the hub holds until they are so many, but for the one that asks.
    #[track_caller]
    pub fn wait_for_sockets(&self, wished: u64) {
        let start = now();
        loop {
            let metrics = self.get("/metrics");
            let line = metrics.lines().find_map(|line| line.strip_prefix("tidings_sockets "));
            let sockets: u64 =
                line.and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("none in {metrics}"));
            if sockets == wished + 1 {
                return;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "{sockets} sockets are left, instead of {wished} and this one"
            );
        }
    }

    /// `opened_total == active + Σ closed_total`, now.
    #[track_caller]
    pub fn assert_books_balance(&self) {
        let stats = self.stats();
        let connections = &stats["connections"];
        let closed = connections["closed_total"].as_object().expect("reasons");
        let closed: u64 = closed.values().map(|count| count.as_u64().expect("a count")).sum();
        let (opened, active) = (&connections["opened_total"], &connections["active"]);
        assert_eq!(opened.as_u64(), active.as_u64().map(|active| active + closed), "{connections:#}");
    }

    /// SIGTERM, and the end that it brings.
    pub fn stop(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("it runs");
        signal(child.id(), "TERM");
        child.wait().expect("ends")
    }

    /// SIGKILL: no drain, no goodbye.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().expect("was alive");
        child.wait().expect("ends");
    }

    /// SIGTERM, without waiting for what comes of it.
    pub fn terminate(&self) {
        signal(self.pid(), "TERM");
    }

    /// The end that was asked for.
    pub fn wait(&mut self) -> ExitStatus {
        self.child.take().expect("it runs").wait().expect("ends")
    }

    /// What it logged, over all its starts.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Where it keeps what outlives it.
    pub fn data_dir(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    /// Where `KEPT_HUBS` names a directory, what the hub left behind is kept there, to be searched for secrets when the
    /// whole suite is over: see `tests/canary`.
    fn keep_for_a_search(&self) {
        let Some(kept) = std::env::var_os("KEPT_HUBS") else { return };
        let name = self.dir.path().file_name().expect("a temporary directory's name");
        let kept = std::path::Path::new(&kept).join(name);
        let _ = std::fs::create_dir_all(&kept);
        let data =
            std::fs::read_dir(self.data_dir()).into_iter().flatten().flatten().map(|entry| entry.path());
        for path in data.chain([self.log_path()]).filter(|path| path.is_file()) {
            let _ = std::fs::copy(&path, kept.join(path.file_name().expect("a file's name")));
        }
    }

    fn log_path(&self) -> std::path::PathBuf {
        self.dir.path().join("hub.log")
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.keep_for_a_search();
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "--- the hub's log\n{}---", self.log());
        }
    }
}

/// Waits for the line that tells the address, and keeps reading so that the hub never blocks on its own words.
fn listening(stdout: impl Read + Send + 'static) -> (String, Vec<(String, String)>) {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let mut others = Vec::new();
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let Some((name, url)) = line.split_once(" on http") else { continue };
            let Some((_, address)) = url.split_once("://") else { continue };
            let address = address.trim().trim_end_matches('/').to_owned();
            match name {
                "listening" => drop(tell.send((address, std::mem::take(&mut others)))),
                name => others.push((name.to_owned(), address)),
            }
        }
    });
    told.recv_timeout(PATIENCE).expect("the hub tells where it listens")
}
