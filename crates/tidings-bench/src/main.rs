//! Measures a Tidings hub against the least that a server could do for the same delivery.

mod floor;
mod http;
mod load;
mod scan;
mod sys;

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
    /// Serve the floor: one write a socket, nothing else
    Floor(floor::Args),
    /// Hold streams to a server, as told over standard input (one JSON order a line)
    Load(load::worker::Args),
}

fn main() -> ExitCode {
    let outcome = sys::catch_interrupts().and_then(|()| match Cli::parse().verb {
        Verb::Floor(args) => floor::run(&args),
        Verb::Load(args) => load::worker::run(&args),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tidings-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
