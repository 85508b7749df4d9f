//! `tidings tail`: events as they come, over any number of connections.

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;

use clap::Args;

use super::failure::{Exit, Failure};
use super::follow::{Follower, Wanted};
use super::hub::Hub;
use super::signals;
use crate::cli::HubArgs;
use printer::Printer;

mod output;
mod printer;

pub(crate) const HELP: &str = "\
Examples:
  tidings tail jobs,logs                      CHANNEL, TYPE and DATA in columns parted by tabs
  tidings tail 'group:*' --type checkin       a pattern; only events of one type
  tidings tail jobs --data | jq .status       the data alone, one JSON text a line
  tidings tail jobs --json --exit-after 1     one event with all that is known of it, then exit 0
  tidings tail jobs --from CURSOR             on from the `cursor` that --json printed

After a break it comes back by itself and misses nothing that the hub still holds. What the hub \
no longer holds is told as a gap, on the standard error; with --json also in its place, as an \
object of type `gap`. Control characters are shown escaped, except with --raw.";

#[derive(Debug, Args)]
pub(crate) struct TailArgs {
    /// Names or patterns, parted by commas; without any, all that the token names
    #[arg(value_name = "CHANNELS", value_delimiter = ',')]
    channels: Vec<String>,
    /// Print each event as one JSON object: channel, type, id, offset, time, data, cursor
    #[arg(long, group = "form")]
    json: bool,
    /// Print each event's data alone
    #[arg(long, group = "form")]
    data: bool,
    /// Print the stream's own bytes
    #[arg(long, group = "form")]
    raw: bool,
    /// Only events of this type (`message`: of none); may be given again
    #[arg(long = "type", value_name = "TYPE", conflicts_with = "raw")]
    types: Vec<String>,
    /// Begin after this cursor
    #[arg(long, value_name = "CURSOR")]
    from: Option<String>,
    /// Begin with the oldest event that the hub holds
    #[arg(long, conflicts_with = "from")]
    since_beginning: bool,
    /// Leave after N events
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    exit_after: Option<u64>,
    /// Name to keep over reconnects; drawn at random if not given
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Label that the hub's monitor shows
    #[arg(long, default_value = "tail")]
    label: String,
    /// Promise to check in every SECONDS, so that the hub notices a loss behind a proxy
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    lease: Option<u64>,
    /// Give up after N failed attempts in a row; 0: never
    #[arg(long, value_name = "N", default_value_t = 0)]
    max_attempts: u32,
    /// Don't tell of connecting and reconnecting; gaps and errors are told all the same
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    hub: HubArgs,
}

/// Stands for the start of what the hub holds.
const EARLIEST: &str = "earliest";

pub(crate) async fn run(args: TailArgs) -> Result<Exit, Failure> {
    let hub = Hub::new(&args.hub)?;
    let printer = Printer::new(&args);
    let beginning = args.since_beginning.then(|| EARLIEST.to_owned());
    let wanted = Wanted {
        channels: Rc::new(RefCell::new(args.channels)),
        client_id: args.client_id,
        label: args.label,
        lease_seconds: args.lease,
        envelope: printer.wants_envelope(),
        cursor: args.from.or(beginning).unwrap_or_default(),
        attempts_max: args.max_attempts,
    };
    let mut follower = Follower::new(hub, wanted, printer);
    let farewell = follower.farewell();
    let mut following = pin!(follower.follow());
    let outcome = tokio::select! {
        outcome = &mut following => outcome.map(|()| Exit::Done),
        exit = signals::ended() => exit.map_err(Failure::from),
    };
    farewell.say().await;
    outcome
}
