//! `tidings-bench run`: the hub and the floor side by side, size by size.

use std::io;
use std::path::{Path, PathBuf};

use crate::report::{Report, Table};
use crate::size::Size;
use crate::{setting, stalled, sys};

/// Descriptors that a process needs beside its streams.
const DESCRIPTORS_BESIDE: u64 = 100;

/// `tidings-bench run`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The hub's program [default: `tidings` beside this program]
    #[arg(long)]
    pub(crate) hub: Option<PathBuf>,
    /// How many streams, size by size
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 5_000, 10_000, 19_000])]
    connections: Vec<usize>,
    /// Measured rounds of each kind; three more warm up
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u16).range(11..=1000))]
    rounds: u16,
    /// Bytes of each event's data
    #[arg(long, default_value_t = 150, value_parser = clap::value_parser!(u32).range(16..=60_000))]
    data_bytes: u32,
    /// Also over HTTP/2 (cleartext, prior knowledge)
    #[arg(long)]
    http2: bool,
    /// Streams to an HTTP/2 connection
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=100))]
    http2_streams: u16,
    /// Leave out the readers that stop reading
    #[arg(long)]
    no_stalled: bool,
    /// Only the floor, without a hub
    #[arg(long, conflicts_with = "http2")]
    floor_only: bool,
    /// Write the figures to this file, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> io::Result<()> {
    let began = sys::now_ns();
    let room = sys::raise_open_files()?.saturating_sub(DESCRIPTORS_BESIDE);
    let hub = if args.floor_only { None } else { Some(hub_program(args.hub.as_deref())?) };
    let mut report = Report { setting: setting::facts(), tables: Vec::new() };
    report.tables.push(table(args, hub.as_deref(), 0, room)?);
    if args.http2 {
        report.tables.push(table(args, hub.as_deref(), usize::from(args.http2_streams), room)?);
    }
    if let Some(hub) = hub.filter(|_| !args.no_stalled) {
        report.tables.push(stalled::measure(&hub, &stalled::Load::default())?);
    }
    let seconds = (sys::now_ns() - began) / 1_000_000_000;
    report.setting.push(format!("the run took {seconds} s"));
    print!("{}", report.text());
    args.json.as_deref().map_or(Ok(()), |path| report.write(path))
}

/// The program named, or the one built beside this one.
pub(crate) fn hub_program(named: Option<&Path>) -> io::Result<PathBuf> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => std::env::current_exe()?.with_file_name("tidings"),
    };
    // The hub is started in a directory of its own.
    path.canonicalize().map_err(|error| {
        let path = path.display();
        io::Error::new(
            error.kind(),
            format!(
                "{path}: {error}; build it (cargo build --release -p tidings-server) or name it with --hub"
            ),
        )
    })
}

fn table(args: &Args, hub: Option<&Path>, http2_streams: usize, room: u64) -> io::Result<Table> {
    let mut table = Table::new(match http2_streams {
        0 => "Streams over HTTP/1.1".to_owned(),
        streams => format!("Streams over HTTP/2, {streams} to a connection (the floor stays HTTP/1.1)"),
    });
    for streams in &args.connections {
        let streams = (*streams).min(usize::try_from(room).unwrap_or(usize::MAX));
        eprintln!("{}: {streams} …", table.title);
        let size = Size::new(streams, http2_streams, usize::from(args.rounds), args.data_bytes as usize);
        table.push_column(size.streams().to_string(), size.measure(hub)?);
    }
    Ok(table)
}
