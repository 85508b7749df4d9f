//! `tidings publish`: one event, or every line that comes in.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::time::Instant;

use super::failure::{Exit, Failure};
use super::hub::Hub;
use super::{signals, terminal};
use crate::cli::HubArgs;
use event::Template;
use inbox::Inbox;
use send::Sender;
use tally::Tally;

mod event;
mod inbox;
mod send;
mod tally;

pub(crate) const HELP: &str = "\
Examples:
  tidings publish jobs '{\"id\":7,\"status\":\"done\"}' --type job_completed
  tidings publish news hello                        no JSON, so the string \"hello\"
  tail -F app.log | tidings publish logs -          each line an event
  tidings publish rooms - --text < numbers.txt      each line a string, JSON or not

A line that is JSON (an object, but also 7, true, null) is published as that JSON, any other as a string. \
Every event gets an id, so that sending it again after a lost answer publishes nothing twice. \
While the hub is away the reading stops, and goes on where it was. Refused lines are reported and \
skipped (exit code 1 at the end). Nobody subscribed is a success with 0 recipients.";

/// A single event that can't be sent is soon told to the person who typed it; a pipe waits for its hub.
const SINGLE_ATTEMPTS_MAX: u32 = 3;

#[derive(Debug, Args)]
pub(crate) struct PublishArgs {
    /// The channel's name
    channel: String,
    /// The event's data; `-`: each line of the standard input is an event; nothing: null
    #[arg(allow_negative_numbers = true)]
    data: Option<String>,
    /// The event's type
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// The event's id, drawn at random if not given; with `-` line N gets ID-N
    #[arg(long)]
    id: Option<String>,
    /// Replay only keeps the latest event of a key
    #[arg(long)]
    key: Option<String>,
    /// Publish strings, even what looks like JSON
    #[arg(long)]
    text: bool,
    /// Print the hub's own JSON (one event only)
    #[arg(long)]
    json: bool,
    /// Give up after N failed attempts in a row; 0: never [default: 3 for one event, 0 with `-`]
    #[arg(long, value_name = "N")]
    max_attempts: Option<u32>,
    /// No progress, no summary; refusals are told all the same
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    hub: HubArgs,
}

pub(crate) async fn run(args: PublishArgs) -> Result<Exit, Failure> {
    let hub = Hub::new(&args.hub)?;
    let id = args.id.clone().unwrap_or_else(|| format!("{:032x}", rand::random::<u128>()));
    let template = Template { channel: &args.channel, kind: args.kind.as_deref(), key: args.key.as_deref() };
    match args.data.as_deref() {
        Some("-") if args.json => {
            Err(Failure::Usage("--json shows the answer to one event: leave it out with `-`".into()))
        }
        Some("-") => lines(hub, &args, &template, &id).await,
        data => {
            let data = data.map_or_else(|| "null".to_owned(), |data| event::data_of(data, args.text));
            one(hub, &args, template.event(1, &id, &data)).await
        }
    }
}

async fn one(hub: Hub, args: &PublishArgs, event: event::Encoded) -> Result<Exit, Failure> {
    let attempts_max = args.max_attempts.unwrap_or(SINGLE_ATTEMPTS_MAX);
    let mut sender = Sender::new(hub, attempts_max, Tally::of_one(Instant::now()));
    tokio::select! {
        outcome = sender.deliver(vec![event]) => outcome?,
        exit = signals::ended() => return Ok(exit?),
    }
    let (result, refusal) = sender.tally.into_last();
    if let Some(problem) = refusal {
        return Err(Failure::Refused(problem));
    }
    let result = result.unwrap_or_default();
    let told = super::answer::render(result.as_bytes(), args.json, "published");
    if !args.quiet {
        terminal::print(&told)?;
    }
    Ok(Exit::Done)
}

async fn lines(hub: Hub, args: &PublishArgs, template: &Template<'_>, id: &str) -> Result<Exit, Failure> {
    let inbox = Arc::new(Inbox::new());
    inbox::spawn_reader(io::stdin(), Arc::clone(&inbox))?;
    let tally = Tally::new(Instant::now(), terminal::is_watched() && !args.quiet, args.quiet);
    let mut sender = Sender::new(hub, args.max_attempts.unwrap_or(0), tally);
    let outcome = tokio::select! {
        outcome = pump(&inbox, &mut sender, |line, data| template.event(line, &format!("{id}-{line}"), &event::data_of(data, args.text))) => outcome,
        exit = signals::ended() => exit.map_err(Failure::from),
    };
    sender.tally.finish(Instant::now());
    outcome
}

/// How often the progress line is drawn anew.
const PROGRESS_MS: u64 = 500;

/// Sends what has come in while the last batch was on its way: a lone line at once, a flood in large batches.
async fn pump(
    inbox: &Inbox,
    sender: &mut Sender,
    encode: impl Fn(u64, &str) -> event::Encoded,
) -> Result<Exit, Failure> {
    let mut ticks = tokio::time::interval(Duration::from_millis(PROGRESS_MS));
    loop {
        let portion = tokio::select! {
            portion = inbox.take() => portion,
            now = ticks.tick() => { sender.tally.draw(now); continue }
        };
        let Some(lines) = portion else { break };
        let mut events = Vec::with_capacity(lines.len());
        for line in lines {
            match line.text {
                Ok(text) => events.push(encode(line.number, &text)),
                Err(problem) => sender.tally.refused(line.number, &problem),
            }
        }
        for batch in event::batches(events) {
            sender.deliver(batch).await?;
            sender.tally.draw(Instant::now());
        }
    }
    if let Some(error) = inbox.failure() {
        sender.tally.say(format_args!("error: cannot read the standard input: {error}"));
        return Ok(Exit::Refused);
    }
    Ok(if sender.tally.has_refusals() { Exit::Refused } else { Exit::Done })
}
