//! `tidings-bench versus`: one hub beside another, as the hub before a change beside the one after it.

use std::io;
use std::path::{Path, PathBuf};

use crate::children::{Load, Server};
use crate::figures::{VERSUS_BURST, VERSUS_CPU, VERSUS_MEMORY};
use crate::fill::fill;
use crate::report::{Figure, Report, Table};
use crate::rounds::{Measured, Plan, Side, alternate};
use crate::run::hub_program;
use crate::watch::memory::Memory;
use crate::watch::quantile::median;
use crate::{setting, sys};

/// `tidings-bench versus`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The hub's program [default: `tidings` beside this program]
    #[arg(long)]
    hub: Option<PathBuf>,
    /// The program to hold it against
    #[arg(long)]
    beside: PathBuf,
    /// How many streams, size by size
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 9_000])]
    connections: Vec<usize>,
    /// New processes of both, each of which is filled and measured; who goes first alternates
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=100))]
    repeats: u16,
    /// Measured rounds of each kind in each repeat
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u16).range(11..=1000))]
    rounds: u16,
    /// Bytes of each event's data
    #[arg(long, default_value_t = 150, value_parser = clap::value_parser!(u32).range(16..=60_000))]
    data_bytes: u32,
    /// Write the figures to this file, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What one process came to.
#[derive(Clone, Copy)]
struct Cost {
    bytes_per_stream: f64,
    cpu_us: f64,
    burst_cpu_us: f64,
}

pub(crate) fn run(args: &Args) -> io::Result<()> {
    sys::raise_open_files()?;
    let programs = [hub_program(args.hub.as_deref())?, hub_program(Some(&args.beside))?];
    let mut table = Table::new("Two hubs in turn, over HTTP/1.1");
    for streams in &args.connections {
        let mut costs = [Vec::new(), Vec::new()];
        for repeat in 0..usize::from(args.repeats) {
            eprintln!("{streams} streams, {} of {} …", repeat + 1, args.repeats);
            for (of, cost) in costs.iter_mut().zip(measure(args, &programs, *streams, repeat)?) {
                of.push(cost);
            }
        }
        let [hub, beside] = &costs;
        table.push_column(format!("{streams}, this"), medians(hub));
        table.push_column(format!("{streams}, the other"), medians(beside));
        table.push_column(format!("{streams}, this / the other"), ratios(hub, beside));
    }
    let report = Report { setting: setting::facts(), tables: vec![table] };
    print!("{}", report.text());
    args.json.as_deref().map_or(Ok(()), |path| report.write(path))
}

/// Both, in the order of `programs`.
fn measure(args: &Args, programs: &[PathBuf; 2], streams: usize, repeat: usize) -> io::Result<[Cost; 2]> {
    let data_bytes = args.data_bytes as usize;
    let plan = |events| Plan { rounds: usize::from(args.rounds), events, data_bytes };
    let swapped = repeat % 2 == 1;
    let (first, second) = if swapped { (1, 0) } else { (0, 1) };
    let (mut first, first_bytes) = filled(&programs[first], streams, data_bytes)?;
    let (mut second, second_bytes) = filled(&programs[second], streams, data_bytes)?;
    let mut sides = [&mut first, &mut second];
    let single = alternate(&mut sides, plan(1))?;
    let burst = alternate(&mut sides, plan(10))?;
    let cost = |at: usize, bytes_per_stream| Cost {
        bytes_per_stream,
        cpu_us: cpu(&single[at]),
        burst_cpu_us: cpu(&burst[at]),
    };
    let (first, second) = (cost(0, first_bytes), cost(1, second_bytes));
    Ok(if swapped { [second, first] } else { [first, second] })
}

fn filled(program: &Path, streams: usize, data_bytes: usize) -> io::Result<(Side, f64)> {
    let server = Server::hub(program)?;
    let load = Load::on_hub(server.addr, 0)?;
    let mut side = Side { server, load };
    let added = fill(&mut side, 1, streams, data_bytes)?;
    Ok((side, added.per_stream(|memory: Memory| memory.rss_bytes)))
}

fn cpu(measured: &Measured) -> f64 {
    measured.cpu_us_per_delivery().unwrap_or(f64::NAN)
}

/// What each figure is called, and where it stands.
type Reading = fn(&Cost) -> f64;

const FIGURES: [(Figure, Reading); 3] = [
    (VERSUS_MEMORY, |cost| cost.bytes_per_stream),
    (VERSUS_CPU, |cost| cost.cpu_us),
    (VERSUS_BURST, |cost| cost.burst_cpu_us),
];

fn medians(costs: &[Cost]) -> Vec<(Figure, Option<f64>)> {
    let of = |value: fn(&Cost) -> f64| median(&costs.iter().map(value).collect::<Vec<_>>());
    FIGURES.iter().map(|(figure, value)| (*figure, of(*value))).collect()
}

/// The median of the repeats' ratios: what disturbs one repeat disturbs both of its sides.
fn ratios(hub: &[Cost], beside: &[Cost]) -> Vec<(Figure, Option<f64>)> {
    let of = |value: fn(&Cost) -> f64| {
        median(&hub.iter().zip(beside).map(|(hub, beside)| value(hub) / value(beside)).collect::<Vec<_>>())
    };
    FIGURES.iter().map(|(figure, value)| (*figure, of(*value))).collect()
}
