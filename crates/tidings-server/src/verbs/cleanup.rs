use clap::Args;
use http::Method;

use super::failure::{Exit, Failure};
use super::hub::Hub;
use super::{answer, terminal};
use crate::cli::HubArgs;

pub(crate) const HELP: &str = "\
Examples:
  tidings cleanup                      one sweep, in slices of the hub's own size
  tidings cleanup --batch-size 100     in slices of 100
  tidings cleanup --all                in one slice

Only stale connections are swept; live ones are never touched.";

#[derive(Debug, Args)]
pub(crate) struct CleanupArgs {
    /// How many the sweep takes at a time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "all")]
    batch_size: Option<u32>,
    /// Take all at once
    #[arg(long)]
    all: bool,
    /// Print the hub's own JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    hub: HubArgs,
}

pub(crate) async fn run(args: CleanupArgs) -> Result<Exit, Failure> {
    let hub = Hub::new(&args.hub)?;
    let body = match (args.batch_size, args.all) {
        (Some(size), _) => format!("{{\"batch_size\":{size}}}"),
        (None, true) => "{\"batch_size\":null}".to_owned(),
        (None, false) => "{}".to_owned(),
    };
    let answer = hub.ask(Method::POST, "/api/sse/cleanup", Some(body.into_bytes())).await?.accepted()?;
    terminal::print(&answer::render(&answer, args.json, "swept"))?;
    Ok(Exit::Done)
}
