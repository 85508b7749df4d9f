//! The verbs: small programs that speak to a running hub over its public surface, and know no other way in.

use std::process::ExitCode;

use crate::cli::Verb;
use failure::Failure;

mod answer;
mod backoff;
pub(crate) mod cleanup;
pub(crate) mod completions;
pub(crate) mod connections;
pub(crate) mod drain;
mod failure;
mod follow;
mod hub;

pub(crate) mod kick;
pub(crate) mod password;
mod printable;
mod problem;
pub(crate) mod publish;
mod signals;
mod sse;
pub(crate) mod stats;
mod table;
pub(crate) mod tail;
mod terminal;
pub(crate) mod token;
pub(crate) mod top;
mod trust;

/// Runs a verb to its end and tells the shell how it went.
pub(crate) fn run(verb: Verb) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&Failure::Output(error)),
    };
    let outcome = runtime.block_on(dispatch(verb));
    // A write to a pipe that nobody reads may still block a thread: don't wait for it.
    runtime.shutdown_background();
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => report(&failure),
    }
}

async fn dispatch(verb: Verb) -> Result<failure::Exit, Failure> {
    match verb {
        Verb::Tail(args) => tail::run(args).await,
        Verb::Publish(args) => publish::run(args).await,
        Verb::Stats(args) => stats::run(args).await,
        Verb::Connections(args) => connections::run(args).await,
        Verb::Top(args) => top::run(args).await,
        Verb::Kick(args) => kick::run(args).await,
        Verb::Cleanup(args) => cleanup::run(args).await,
        Verb::Drain(args) => drain::run(args).await,
        Verb::Token(args) => token::run(args).await,
        Verb::Password(args) => password::run(&args),
        Verb::Completions(args) => completions::run(&args).await,
    }
}

fn report(failure: &Failure) -> ExitCode {
    if !failure.is_silent() {
        terminal::tell(format_args!("error: {failure}"));
    }
    failure.exit().into()
}
