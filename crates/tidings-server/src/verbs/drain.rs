use clap::Args;
use http::Method;

use super::failure::{Exit, Failure};
use super::hub::Hub;
use super::{answer, terminal};
use crate::cli::HubArgs;

pub(crate) const HELP: &str = "\
Example, before a node is taken away:
  tidings drain && tidings stats --watch

New streams are refused and the live ones are closed, spread over the hub's drain window. \
The process stays, unready, until it is stopped.";

#[derive(Debug, Args)]
pub(crate) struct DrainArgs {
    /// Print the hub's own JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    hub: HubArgs,
}

pub(crate) async fn run(args: DrainArgs) -> Result<Exit, Failure> {
    let hub = Hub::new(&args.hub)?;
    let answer = hub.ask(Method::POST, "/api/sse/drain", Some(b"{}".to_vec())).await?.accepted()?;
    terminal::print(&answer::render(&answer, args.json, "draining"))?;
    Ok(Exit::Done)
}
