use clap::Args;
use http::Method;
use serde_json::{Map, Value};

use super::failure::{Exit, Failure};
use super::hub::{Hub, percent};
use super::{answer, terminal};
use crate::cli::HubArgs;

pub(crate) const HELP: &str = "\
Examples:
  tidings kick ID                   one connection; `tidings connections` shows the ids
  tidings kick --user ann --reason 'account closed'
  tidings kick ID --reconnect       to move it on: the client comes back by itself

Without --reconnect the client is told to stay away.";

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("whom").required(true).args(["connection_id", "user"]))]
pub(crate) struct KickArgs {
    /// The connection's public id
    connection_id: Option<String>,
    /// All of this user's connections
    #[arg(long)]
    user: Option<String>,
    /// What the client is told
    #[arg(long)]
    reason: Option<String>,
    /// Tell the client to come back
    #[arg(long)]
    reconnect: bool,
    /// Print the hub's own JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    hub: HubArgs,
}

pub(crate) async fn run(args: KickArgs) -> Result<Exit, Failure> {
    let hub = Hub::new(&args.hub)?;
    let path = match (&args.user, &args.connection_id) {
        (Some(user), _) => format!("/api/sse/users/{}/connections", percent(user)),
        (None, id) => format!("/api/sse/connections/{}", percent(id.as_deref().unwrap_or_default())),
    };
    let answer = hub.ask(Method::DELETE, &path, Some(body(&args))).await?.accepted()?;
    terminal::print(&answer::render(&answer, args.json, "kicked"))?;
    Ok(Exit::Done)
}

fn body(args: &KickArgs) -> Vec<u8> {
    let mut body = Map::new();
    if let Some(reason) = &args.reason {
        body.insert("reason".to_owned(), Value::from(reason.as_str()));
    }
    body.insert("reconnect".to_owned(), Value::from(args.reconnect));
    Value::from(body).to_string().into_bytes()
}
