//! Measures a Tidings hub against the least that a server could do for the same delivery.

mod children;
mod compare;
mod crowd;
mod figures;
mod fill;
mod floor;
mod http;
mod load;
mod report;
mod rounds;
mod run;
mod scan;
mod setting;
mod size;
mod stalled;
mod sys;
mod tls;
mod versus;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Load generator for Tidings, and the bare write loop to measure it against
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Measure the hub and the floor side by side
    Run(run::Args),
    /// Measure one hub beside another, as before and after a change
    Versus(versus::Args),
    /// Measure what readers that stop reading cost the hub and the other readers
    Stalled(stalled::Args),
    /// Measure what TLS costs: memory and CPU of the same streams under TLS and in the clear
    Tls(tls::Args),
    /// Show runs written with --json as Markdown, several side by side
    Compare(compare::Args),
    /// Serve the floor: one write a socket, nothing else
    Floor(floor::Args),
    /// Hold streams to a server, as told over standard input (one JSON order a line)
    Load(load::worker::Args),
    /// Hold many different streams to a hub while others come and go, as told over standard input (JSON orders)
    Crowd(crowd::Args),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().verb {
        Verb::Run(args) => sys::catch_interrupts().and_then(|()| run::run(&args)),
        Verb::Versus(args) => sys::catch_interrupts().and_then(|()| versus::run(&args)),
        Verb::Stalled(args) => sys::catch_interrupts().and_then(|()| stalled::run(&args)),
        Verb::Tls(args) => sys::catch_interrupts().and_then(|()| tls::run(&args)),
        Verb::Compare(args) => compare::run(&args),
        Verb::Floor(args) => sys::catch_interrupts().and_then(|()| floor::run(&args)),
        // Waits for standard input, which no flag ends: signals end it as they end any program.
        Verb::Load(args) => load::worker::run(&args),
        Verb::Crowd(args) => crowd::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tidings-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
