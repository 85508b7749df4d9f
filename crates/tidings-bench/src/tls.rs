//! `tidings-bench tls`: the same streams under TLS and in the clear, side by side.

use std::io;
use std::path::{Path, PathBuf};

use crate::children::{Load, Server};
use crate::figures::{TLS_BURST, TLS_CPU, TLS_FURTHER, TLS_MEMORY, TLS_OPEN};
use crate::fill::{Added, fill};
use crate::load::worker::Order;
use crate::report::{Figure, Report, Table};
use crate::rounds::{Measured, Plan, Side, alternate};
use crate::run::hub_program;
use crate::watch::cpu;
use crate::{setting, sys};

/// `tidings-bench tls`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The hub's program [default: `tidings` beside this program]
    #[arg(long)]
    hub: Option<PathBuf>,
    /// Connections, of HTTP/1.1 and of HTTP/2 each
    #[arg(long, default_value_t = 3_000)]
    connections: usize,
    /// Streams to an HTTP/2 connection, beside those with one
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(2..=100))]
    http2_streams: u16,
    /// Measured rounds of each kind
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u16).range(11..=1000))]
    rounds: u16,
    /// Bytes of each event's data
    #[arg(long, default_value_t = 150, value_parser = clap::value_parser!(u32).range(16..=60_000))]
    data_bytes: u32,
    /// Write the figures to this file, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What one hub came to.
struct Cost {
    bytes_per_connection: f64,
    /// Of the hub's CPU, to take in a connection and open its stream.
    open_us: f64,
    single: Measured,
    burst: Measured,
}

/// One figure of a cost.
type Reading = fn(&Cost) -> Option<f64>;

pub(crate) fn run(args: &Args) -> io::Result<()> {
    sys::raise_open_files()?;
    let hub = hub_program(args.hub.as_deref())?;
    let mut table = Table::new("Under TLS 1.3 and in the clear");
    for (name, http2_streams) in [("HTTP/1.1", 0), ("HTTP/2, 1 stream", 1)] {
        eprintln!("{name} …");
        let [sealed, clear] = measure(args, &hub, http2_streams)?;
        // In the clear, a connection more would say nothing of TLS.
        let further = (http2_streams == 1).then(|| further(args, &hub, &sealed)).transpose()?;
        table.push_column(format!("{name}, TLS"), figures(&sealed, further, None));
        table.push_column(format!("{name}, clear"), figures(&clear, None, None));
        table.push_column(format!("{name}, TLS / clear"), figures(&sealed, None, Some(&clear)));
    }
    let report = Report { setting: setting::facts(), tables: vec![table] };
    print!("{}", report.text());
    args.json.as_deref().map_or(Ok(()), |path| report.write(path))
}

/// Under TLS, and in the clear.
fn measure(args: &Args, hub: &Path, http2_streams: usize) -> io::Result<[Cost; 2]> {
    let data_bytes = args.data_bytes as usize;
    let (mut sealed, sealed_added, sealed_us) =
        filled(Server::sealed_hub(hub)?, http2_streams, args.connections, data_bytes)?;
    let (mut clear, clear_added, clear_us) =
        filled(Server::hub(hub)?, http2_streams, args.connections, data_bytes)?;
    let plan = |events| Plan { rounds: usize::from(args.rounds), events, data_bytes };
    let mut sides = [&mut sealed, &mut clear];
    let [single, burst] = [1, 10].map(|events| alternate(&mut sides, plan(events)));
    let (mut single, mut burst) = (single?, burst?);
    let mut cost = |added: Added, open_us| Cost {
        bytes_per_connection: added.per_stream(|memory| memory.rss_bytes),
        open_us,
        single: single.remove(0),
        burst: burst.remove(0),
    };
    Ok([cost(sealed_added, sealed_us), cost(clear_added, clear_us)])
}

/// Opens the first and then the rest. Answers what they added, and the CPU of each.
fn filled(
    server: Server,
    http2_streams: usize,
    connections: usize,
    data_bytes: usize,
) -> io::Result<(Side, Added, f64)> {
    let load = Load::on(&server, http2_streams)?;
    let mut side = Side { server, load };
    let per_connection = http2_streams.max(1);
    let added = fill(&mut side, per_connection, connections * per_connection, data_bytes)?;
    let before = cpu::at_rest_ns(side.server.pid())?;
    let more = (connections / 10).max(1);
    side.load.order(&Order::Open { streams: more * per_connection })?;
    let open_ns = cpu::at_rest_ns(side.server.pid())? - before;
    Ok((side, added, open_ns as f64 / 1e3 / more as f64))
}

/// Memory of each stream beyond a connection's first, under TLS.
fn further(args: &Args, hub: &Path, one: &Cost) -> io::Result<f64> {
    let streams = usize::from(args.http2_streams);
    eprintln!("HTTP/2, {streams} streams …");
    let connections = (args.connections / streams).max(1);
    let (_side, added, _) = filled(Server::sealed_hub(hub)?, streams, connections, args.data_bytes as usize)?;
    let per_connection = added.per_stream(|memory| memory.rss_bytes) * streams as f64;
    Ok((per_connection - one.bytes_per_connection) / (streams - 1) as f64)
}

/// A cost, or how often another's it is.
fn figures(cost: &Cost, further: Option<f64>, beside: Option<&Cost>) -> Vec<(Figure, Option<f64>)> {
    let all: [(Figure, Reading); 4] = [
        (TLS_MEMORY, |cost| Some(cost.bytes_per_connection)),
        (TLS_CPU, |cost| cost.single.cpu_us_per_delivery()),
        (TLS_BURST, |cost| cost.burst.cpu_us_per_delivery()),
        (TLS_OPEN, |cost| Some(cost.open_us)),
    ];
    let value = |of: Reading| match beside {
        Some(beside) => Some(of(cost)? / of(beside)?),
        None => of(cost),
    };
    let mut figures: Vec<_> = all.into_iter().map(|(figure, of)| (figure, value(of))).collect();
    figures.insert(1, (TLS_FURTHER, further));
    figures
}
