//! Processes: how they are run and told, and what they take.

use std::process::{Command, Output};
use std::sync::mpsc;
use std::time::Instant;

use super::{Hub, PATIENCE};

impl Hub {
    /// What it has of the machine's memory.
    pub fn rss_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kib * 1024
    }
}

/// Runs a program to its end, with what it said. One that waits for what never comes is killed.
pub fn within_patience(command: &mut Command) -> Output {
    let child = command.spawn().expect("starts");
    let pid = child.id();
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || tell.send(child.wait_with_output()));
    let output = told.recv_timeout(PATIENCE).or_else(|_| {
        signal(pid, "KILL");
        told.recv()
    });
    output.expect("the thread tells").expect("ends")
}

/// Sends a signal by the name that `kill` knows.
pub fn signal(pid: u32, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &pid.to_string()]).status().expect("kill runs").success());
}

#[expect(clippy::disallowed_methods, reason = "a test's patience is real time")]
pub fn now() -> Instant {
    Instant::now()
}
