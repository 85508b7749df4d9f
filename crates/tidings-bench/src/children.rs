//! The servers and loads of a run, each a process of its own, on a CPU of its own, gone with this one.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::load::worker::{Order, Report};
use crate::sys;

const SERVER_CPU: usize = 0;
const CLIENT_CPU: usize = 1;
const START_TIMEOUT_NS: u64 = 10_000_000_000;
const ORDER_TIMEOUT_NS: u64 = 120_000_000_000;
const POLL: Duration = Duration::from_millis(20);

/// Whether servers and clients can have a CPU each.
pub(crate) fn can_pin() -> bool {
    sys::cpus_of_machine() > CLIENT_CPU
}

/// Killed, by its id, and waited for when dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // Fails only where the child is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn spawn(command: &mut Command, cpu: usize) -> io::Result<Killed> {
    sys::die_with_parent(command);
    if !can_pin() {
        return command.spawn().map(Killed);
    }
    // A child inherits the CPU from its first instruction on; pinned later, threads of its own could escape.
    sys::pin_to_cpu(cpu)?;
    let child = command.spawn().map(Killed);
    sys::pin_to_cpu(CLIENT_CPU)?;
    child
}

/// A running server that said where it listens.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    child: Killed,
    /// What to trust, where it speaks TLS.
    pub(crate) ca_file: Option<PathBuf>,
    _scratch: TempDir,
}

impl Server {
    /// `tidings serve --dev` with an empty data directory, and without the limits that a load on one machine meets.
    pub(crate) fn hub(program: &Path) -> io::Result<Self> {
        Self::start_hub(program, TempDir::new()?, None)
    }

    /// The same under TLS, with a certificate of its own (ECDSA, P-256).
    pub(crate) fn sealed_hub(program: &Path) -> io::Result<Self> {
        let scratch = TempDir::new()?;
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).map_err(io::Error::other)?;
        let file = scratch.path().join("certificate.pem");
        std::fs::write(&file, made.cert.pem())?;
        std::fs::write(file.with_file_name("key.pem"), made.signing_key.serialize_pem())?;
        Self::start_hub(program, scratch, Some(file))
    }

    fn start_hub(program: &Path, scratch: TempDir, certificate: Option<PathBuf>) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.args(["serve", "--dev", "--listen", "127.0.0.1:0", "--data-dir"]).arg(scratch.path());
        for limit in ["CONNECTIONS_PER_USER", "CONNECTIONS_PER_IP", "CONNECTIONS", "PUBLISHES_PER_SECOND"] {
            command.env(format!("TIDINGS_LIMITS_{limit}"), "0");
        }
        if let Some(file) = &certificate {
            command.env("TIDINGS_TLS_CERTIFICATE_FILE", file);
            command.env("TIDINGS_TLS_KEY_FILE", file.with_file_name("key.pem"));
        }
        command.current_dir(scratch.path());
        Ok(Self { ca_file: certificate, ..Self::start(command, scratch)? })
    }

    pub(crate) fn floor() -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["floor", "--listen", "127.0.0.1:0"]);
        Self::start(command, TempDir::new()?)
    }

    /// Output goes to a file: a pipe that nobody empties would one day stop the server.
    fn start(mut command: Command, scratch: TempDir) -> io::Result<Self> {
        let log = scratch.path().join("server.log");
        let output = File::create(&log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = spawn(&mut command, SERVER_CPU)
            .map_err(|error| io::Error::new(error.kind(), format!("{program} does not start: {error}")))?;
        let deadline = sys::now_ns() + START_TIMEOUT_NS;
        loop {
            let said = std::fs::read_to_string(&log)?;
            if let Some(addr) = listening_on(&said) {
                return Ok(Self { addr, child, ca_file: None, _scratch: scratch });
            }
            if child.0.try_wait()?.is_some() || sys::now_ns() > deadline {
                return Err(io::Error::other(format!("{program} never listened; it said: {said}")));
            }
            pause(POLL)?;
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.0.id()
    }
}

fn listening_on(said: &str) -> Option<SocketAddr> {
    let complete = &said[..=said.rfind('\n')?];
    let line = complete.lines().find_map(|line| line.split_once("listening on "))?.1;
    let line = line.split_once("://")?.1;
    line.split_whitespace().next()?.trim_end_matches('/').parse().ok()
}

/// A load generator in its own process.
pub(crate) struct Load {
    orders: ChildStdin,
    reports: ChildStdout,
    unread: Vec<u8>,
    _child: Killed,
}

impl Load {
    pub(crate) fn on_hub(addr: SocketAddr, http2_streams: usize) -> io::Result<Self> {
        Self::start(addr, &["--http2-streams", &http2_streams.to_string()])
    }

    /// On a hub that speaks TLS, or on any other.
    pub(crate) fn on(hub: &Server, http2_streams: usize) -> io::Result<Self> {
        let streams = http2_streams.to_string();
        let mut args = vec!["--http2-streams", &streams];
        let ca_file = hub.ca_file.as_ref().map(|file| file.to_string_lossy());
        if let Some(file) = &ca_file {
            args.extend(["--ca-file", file]);
        }
        Self::start(hub.addr, &args)
    }

    pub(crate) fn on_floor(addr: SocketAddr) -> io::Result<Self> {
        Self::start(addr, &["--floor"])
    }

    fn start(addr: SocketAddr, args: &[&str]) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["load", "--target", &addr.to_string()]).args(args);
        let mut child = spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped()), CLIENT_CPU)?;
        let missing = || io::Error::other("a load without its pipes");
        let orders = child.0.stdin.take().ok_or_else(missing)?;
        let reports = child.0.stdout.take().ok_or_else(missing)?;
        Ok(Self { orders, reports, unread: Vec::new(), _child: child })
    }

    /// A report of failure is an error here.
    pub(crate) fn order(&mut self, order: &Order) -> io::Result<Report> {
        let mut line = serde_json::to_vec(order)?;
        line.push(b'\n');
        self.orders.write_all(&line)?;
        match serde_json::from_slice(&self.line()?)? {
            Report::Failed { why } => Err(io::Error::other(format!("{order:?}: {why}"))),
            report => Ok(report),
        }
    }

    fn line(&mut self) -> io::Result<Vec<u8>> {
        let deadline = sys::now_ns() + ORDER_TIMEOUT_NS;
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                return Ok(self.unread.drain(..=end).collect());
            }
            if sys::interrupted() || sys::now_ns() > deadline {
                return Err(io::Error::other("the load was stopped before it reported"));
            }
            if sys::readable_within(self.reports.as_raw_fd(), Duration::from_millis(200))? {
                let mut piece = [0; 4096];
                let read = self.reports.read(&mut piece)?;
                if read == 0 {
                    return Err(io::Error::other("the load ended; what it said is above"));
                }
                self.unread.extend_from_slice(&piece[..read]);
            }
        }
    }
}

/// Between two looks at something; an error once a signal came.
pub(crate) fn pause(time: Duration) -> io::Result<()> {
    std::thread::sleep(time);
    if sys::interrupted() { Err(io::Error::other("interrupted")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::listening_on;

    #[test]
    fn finds_the_address_once_its_line_is_complete() {
        assert_eq!(listening_on("listening on http://127.0.0.1:30"), None);
        let said = "INFO ready\nlistening on http://127.0.0.1:3000\nopen it\n";
        assert_eq!(listening_on(said), "127.0.0.1:3000".parse().ok());
    }
}
