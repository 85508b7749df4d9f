//! `tidings top`: who is connected, live, in a terminal.

use std::cell::RefCell;
use std::rc::Rc;

use clap::Args;
use http::Method;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use serde_json::Value;

use super::failure::{Exit, Failure};
use super::hub::Hub;
use super::terminal;
use crate::cli::HubArgs;
use model::{Link, Model};
use ui::{SORTS, Ui};
use view::Theme;

mod details;
mod model;
mod rows;
mod screen;
mod session;
mod ui;
mod view;

pub(crate) const HELP: &str = "\
Examples:
  tidings top                               the live connections, drawn anew each second
  tidings top --sort=-bytes_sent            those that were sent most first
  tidings top --filter display              a part of user, client, address, type or id
  tidings top --once                        one frame as text, for a script or a report

Keys: arrows, PgUp, PgDn move; s sorts, r reverses, / filters, Enter shows a connection in full, \
k kicks it, p pauses, q leaves, ? helps. Colours follow NO_COLOR. Its own stream is a connection \
of type `admin` like any other, and the headline says so.";

/// The frame of `--once`.
const ONCE_COLUMNS: u16 = 140;
const ONCE_ROWS: usize = 40;

#[derive(Debug, Args)]
pub(crate) struct TopArgs {
    /// Print one frame as plain text, and leave
    #[arg(long)]
    once: bool,
    /// Order: connected_at, user, type, events_sent, bytes_sent, behind, ...; `-user`: descending
    #[arg(long, allow_hyphen_values = true, default_value = "connected_at")]
    sort: String,
    /// Only those that have this in their user, client, address, type or id
    #[arg(long, value_name = "TEXT", default_value = "")]
    filter: String,
    #[command(flatten)]
    hub: HubArgs,
}

pub(crate) async fn run(args: TopArgs) -> Result<Exit, Failure> {
    let hub = Hub::new(&args.hub)?;
    let ui = Ui::new(&args.sort, &args.filter).ok_or_else(|| {
        Failure::Usage(format!("--sort is one of {}, with - before it for descending", SORTS.join(", ")))
    })?;
    if args.once {
        terminal::print(&once(&hub, &ui).await?)?;
        return Ok(Exit::Done);
    }
    if !screen::is_there() {
        return Err(Failure::Usage(
            "top draws on a terminal, and this is none: use --once for one frame as text, or `tidings connections`"
                .to_owned(),
        ));
    }
    let colours = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    session::run(hub, Rc::new(RefCell::new(Model::default())), ui, Theme { colours }).await
}

async fn once(hub: &Hub, ui: &Ui) -> Result<String, Failure> {
    let mut model = Model { link: Link::Asked, ..Model::default() };
    let path = format!("/api/sse/connections{}", ui.query(ONCE_ROWS));
    model.take_stats(ask(hub, "/api/sse/stats").await?);
    model.take_list(ask(hub, &path).await?);
    Ok(frame(&model, ui, ONCE_COLUMNS, model.rows.len() as u16 + 7))
}

async fn ask(hub: &Hub, path: &str) -> Result<Value, Failure> {
    let body = hub.ask(Method::GET, path, None).await?.accepted()?;
    serde_json::from_slice(&body).map_err(|error| hub.foreign(&error))
}

/// A frame as text, its lines without what is blank at their ends.
fn frame(model: &Model, ui: &Ui, columns: u16, lines: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(columns, lines)).expect("memory can be drawn on");
    terminal.draw(|frame| view::draw(frame, model, ui, None, Theme { colours: false })).expect("as above");
    text(terminal.backend().buffer())
}

fn text(buffer: &Buffer) -> String {
    let lines = buffer.content().chunks(usize::from(buffer.area.width).max(1));
    let text = lines.map(|line| {
        let line: String = line.iter().map(|cell| cell.symbol()).collect();
        format!("{}\n", line.trim_end())
    });
    text.collect()
}

#[cfg(test)]
mod tests;
