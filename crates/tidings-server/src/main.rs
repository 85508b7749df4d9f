//! The binary `tidings`: the hub, and the verbs that speak to one.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

mod cli;
mod verbs;

fn main() -> ExitCode {
    match cli::Cli::parse().command {
        cli::Command::Serve(_) => not_yet("serve"),
        cli::Command::Check(_) => not_yet("check"),
        cli::Command::Verb(verb) => verbs::run(verb),
    }
}

fn not_yet(verb: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "error: `tidings {verb}` isn't wired in this build");
    ExitCode::FAILURE
}
