//! `tidings-bench run`: the hub and the floor side by side, size by size.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::children::{self, Load, Server, pause};
use crate::figures::*;
use crate::http;
use crate::load::worker::{Order, Report as LoadReport};
use crate::report::{Figure, Report, Table};
use crate::rounds::{Measured, Plan, Side, alternate};
use crate::setting;
use crate::stalled;
use crate::sys;
use crate::watch::memory::Memory;
use crate::watch::metrics::SumCount;

const QUEUE_METRIC: &str = "tidings_publish_queue_seconds";
const CLOSES_MAX: usize = 9_000;
const CLOSE_TIMEOUT_NS: u64 = 30_000_000_000;
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
        let mut size = Size { args, streams, http2_streams, values: Vec::new() };
        size.measure(hub)?;
        table.push_column(streams.to_string(), size.values);
    }
    Ok(table)
}

/// One column under way.
struct Size<'a> {
    args: &'a Args,
    streams: usize,
    http2_streams: usize,
    values: Vec<(Figure, Option<f64>)>,
}

impl Size<'_> {
    fn measure(&mut self, hub: Option<&Path>) -> io::Result<()> {
        let floor = Server::floor()?;
        let load = Load::on_floor(floor.addr)?;
        let mut floor = Side { server: floor, load };
        let mut hub = match hub {
            Some(program) => {
                let server = Server::hub(program)?;
                let load = Load::on_hub(server.addr, self.http2_streams)?;
                Some(Side { server, load })
            }
            None => None,
        };
        let first = self.http2_streams.max(1);
        let idle = hub.as_mut().map(|side| self.fill(side, first)).transpose()?;
        if let Some(hub) = &mut hub {
            give_frame(hub, &mut floor)?;
        }
        let floor_idle = self.fill(&mut floor, 1)?;
        let per_stream =
            |added: Option<Added>, of: fn(Memory) -> u64| added.map(|added| added.per_stream(of));
        self.put(HUB_RSS, per_stream(idle, |memory| memory.rss_bytes));
        self.put(HUB_PSS, per_stream(idle, |memory| memory.pss_bytes));
        self.put(HUB_PRIVATE, per_stream(idle, |memory| memory.private_bytes));
        self.put(FLOOR_RSS, per_stream(Some(floor_idle), |memory| memory.rss_bytes));
        let queued = self.rounds(hub.as_mut(), &mut floor)?;
        let after = match (&hub, idle) {
            (Some(hub), Some(added)) => Some(Added { after: Memory::settled(hub.server.pid())?, ..added }),
            _ => None,
        };
        self.put(HUB_RSS_AFTER, per_stream(after, |memory| memory.rss_bytes));
        self.put(QUEUED, queued);
        self.closes(hub.as_mut())
    }

    fn put(&mut self, figure: Figure, value: Option<f64>) {
        self.values.push((figure, value));
    }

    /// Opens the first streams and publishes, so that what a server sets up once is not counted; then the rest.
    fn fill(&self, side: &mut Side, first: usize) -> io::Result<Added> {
        const FIRST_ROUNDS: usize = 3;
        side.load.order(&Order::Open { streams: first })?;
        for _ in 0..FIRST_ROUNDS {
            side.load.order(&Order::Round { events: 1, data_bytes: self.args.data_bytes as usize })?;
        }
        let before = Memory::settled(side.server.pid())?;
        let streams = self.streams.saturating_sub(first);
        side.load.order(&Order::Open { streams })?;
        let after = Memory::settled(side.server.pid())?;
        Ok(Added { before, after, streams })
    }

    fn rounds(&mut self, hub: Option<&mut Side>, floor: &mut Side) -> io::Result<Option<f64>> {
        let plan = |events| Plan {
            rounds: usize::from(self.args.rounds),
            events,
            data_bytes: self.args.data_bytes as usize,
        };
        let (single, burst) = (plan(1), plan(10));
        let hub_addr = hub.as_ref().map(|side| side.server.addr);
        let queue = || hub_addr.map_or(Ok(None), queue_metric);
        let mut sides: Vec<&mut Side> = hub.into_iter().chain([floor]).collect();
        let queue_before = queue()?;
        let (hub, floor) = parted(alternate(&mut sides, single)?);
        let queue_after = queue()?;
        self.put(HUB_LAST, hub.last_read_median_ms());
        self.put(HUB_LAST_P99, hub.last_read_p99_ms());
        self.put(FLOOR_LAST, floor.last_read_median_ms());
        self.put(FLOOR_LAST_P99, floor.last_read_p99_ms());
        self.put(HUB_P50, hub.latency_p50_ms());
        self.put(HUB_P99, hub.latency_p99_ms());
        self.put(FLOOR_P50, floor.latency_p50_ms());
        self.put(FLOOR_P99, floor.latency_p99_ms());
        self.put(HUB_ANSWER, hub.answered_median_ms());
        self.put(HUB_CPU, hub.cpu_us_per_delivery());
        self.put(FLOOR_CPU, floor.cpu_us_per_delivery());
        self.put(RATIO, ratio(&hub, &floor));
        let (hub, floor) = parted(alternate(&mut sides, burst)?);
        self.put(HUB_BURST_LAST, hub.last_read_median_ms());
        self.put(FLOOR_BURST_LAST, floor.last_read_median_ms());
        self.put(HUB_BURST_P99, hub.latency_p99_ms());
        self.put(HUB_BURST_CPU, hub.cpu_us_per_delivery());
        self.put(FLOOR_BURST_CPU, floor.cpu_us_per_delivery());
        self.put(BURST_RATIO, ratio(&hub, &floor));
        let mean = queue_after.zip(queue_before).and_then(|(after, before)| after.mean_since(before));
        Ok(mean.map(|seconds| seconds * 1e3))
    }

    fn closes(&mut self, hub: Option<&mut Side>) -> io::Result<()> {
        let per_connection = self.http2_streams.max(1);
        let connections = CLOSES_MAX.min(self.streams * 9 / 10) / per_connection;
        let mut times = None;
        if let Some(side) = hub {
            let LoadReport::Closed { first_at_ns, last_at_ns } =
                side.load.order(&Order::Close { connections })?
            else {
                return Err(io::Error::other("closes were not reported as such"));
            };
            let left = self.streams - connections * per_connection;
            let true_at_ns = true_count_at(side.server.addr, left)?;
            let ms = |from: u64| true_at_ns.saturating_sub(from) as f64 / 1e6;
            times = Some((ms(first_at_ns), ms(last_at_ns)));
        }
        self.put(CLOSED, times.map(|_| (connections * per_connection) as f64));
        self.put(CLOSE_FROM_FIRST, times.map(|(first, _)| first));
        self.put(CLOSE_FROM_LAST, times.map(|(_, last)| last));
        Ok(())
    }
}

/// Memory before and after so many streams were added.
#[derive(Clone, Copy)]
struct Added {
    before: Memory,
    after: Memory,
    streams: usize,
}

impl Added {
    fn per_stream(self, of: fn(Memory) -> u64) -> f64 {
        (of(self.after) as f64 - of(self.before) as f64) / self.streams.max(1) as f64
    }
}

/// The floor writes the very bytes that the hub sends for such an event.
fn give_frame(hub: &mut Side, floor: &mut Side) -> io::Result<()> {
    let LoadReport::Sample { frame: Some(frame) } = hub.load.order(&Order::Sample)? else {
        return Err(io::Error::other("the witness has no event of the hub's"));
    };
    floor.load.order(&Order::UseFrame { frame }).map(|_| ())
}

/// The floor is always the last side.
fn parted(mut measured: Vec<Measured>) -> (Measured, Measured) {
    let floor = measured.pop().unwrap_or_default();
    (measured.pop().unwrap_or_default(), floor)
}

fn ratio(hub: &Measured, floor: &Measured) -> Option<f64> {
    Some(hub.cpu_us_per_delivery()? / floor.cpu_us_per_delivery()?)
}

fn queue_metric(hub: std::net::SocketAddr) -> io::Result<Option<SumCount>> {
    let response = http::get(hub, "/metrics")?;
    Ok(SumCount::read(&String::from_utf8_lossy(&response.body), QUEUE_METRIC))
}

fn true_count_at(hub: std::net::SocketAddr, left: usize) -> io::Result<u64> {
    let deadline = sys::now_ns() + CLOSE_TIMEOUT_NS;
    loop {
        let active = active_connections(hub)?;
        let now = sys::now_ns();
        if active == left as u64 {
            return Ok(now);
        }
        if now > deadline {
            return Err(io::Error::other(format!("{active} active 30 s after all but {left} were closed")));
        }
        pause(Duration::from_millis(1))?;
    }
}

/// What the hub's own books say.
pub(crate) fn active_connections(hub: std::net::SocketAddr) -> io::Result<u64> {
    let response = http::get(hub, "/api/sse/stats")?;
    let stats: serde_json::Value = serde_json::from_slice(&response.body)?;
    let active = stats.pointer("/connections/active").and_then(serde_json::Value::as_u64);
    active.ok_or_else(|| io::Error::other(format!("/api/sse/stats without connections.active: {stats}")))
}

/// Used by `setting` to say so.
pub(crate) fn pinned() -> &'static str {
    if children::can_pin() {
        "servers on CPU 0, clients on CPU 1"
    } else {
        "one CPU for servers and clients: not comparable with runs on two"
    }
}
