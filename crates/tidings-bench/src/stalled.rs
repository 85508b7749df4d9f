//! `tidings-bench stalled`: what readers that stop reading cost the hub, and the other readers.

use std::io;
use std::path::{Path, PathBuf};

use crate::children::{self, Server};
use crate::load::worker::{Order, Report as LoadReport};
use crate::report::{Figure, Report, Table};
use crate::run;
use crate::setting;
use crate::sys;
use crate::watch::books;
use crate::watch::memory::Memory;
use crate::watch::sockets;

/// `tidings-bench stalled`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The hub's program [default: `tidings` beside this program]
    #[arg(long)]
    hub: Option<PathBuf>,
    #[command(flatten)]
    load: Load,
    /// Write the figures to this file, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Load {
    /// Readers that stop reading
    #[arg(long, default_value_t = 1_000)]
    stalled: usize,
    /// Readers that go on
    #[arg(long, default_value_t = 100)]
    healthy: usize,
    /// Published while the readers are stalled, in all
    #[arg(long, default_value_t = 20_000_000)]
    published_bytes: usize,
    /// Bytes of each event's data
    #[arg(long, default_value_t = 16_000)]
    data_bytes: usize,
}

impl Default for Load {
    fn default() -> Self {
        Self { stalled: 1_000, healthy: 100, published_bytes: 20_000_000, data_bytes: 16_000 }
    }
}

pub(crate) fn run(args: &Args) -> io::Result<()> {
    sys::raise_open_files()?;
    let hub = run::hub_program(args.hub.as_deref())?;
    let tables = vec![measure(&hub, &args.load)?];
    let report = Report { setting: setting::facts(), tables };
    print!("{}", report.text());
    args.json.as_deref().map_or(Ok(()), |path| report.write(path))
}

macro_rules! figure {
    ($name:literal, $unit:literal, $how:literal) => {
        Figure { name: $name, unit: $unit, how: $how }
    };
}

const GROWTH: Figure = figure!(
    "hub memory, growth while readers stalled",
    "MiB",
    "the server's Rss after the last event less Rss just before the readers stopped"
);
const GROWTH_ALL: Figure = figure!(
    "hub memory, growth since it stood idle",
    "MiB",
    "the same, less Rss with all readers open and nothing published: what the channel's history keeps counts too"
);
const SEND_MAX: Figure = figure!(
    "kernel memory of the worst stalled socket, hub's end",
    "KiB",
    "largest w + f of skmem in ss -tm at the hub's port, after the last event (– without ss)"
);
const SEND_QUEUE_MAX: Figure = figure!(
    "longest send queue, hub's end",
    "KiB",
    "largest Send-Q in the same output: bytes not acknowledged"
);
const STALLED_SEEN: Figure =
    figure!("sockets with a send queue", "", "lines of the same output with a Send-Q above 0");
const TCP_MEMORY: Figure = figure!(
    "kernel memory of all TCP sockets, growth per stalled reader",
    "KiB",
    "growth of the pages that /proc/net/sockstat counts, both ends and all of the machine, divided by the stalled readers"
);
const ALONE_P99: Figure = figure!(
    "healthy readers' p99, alone",
    "ms",
    "delivery latency, before the others connect; one event after the other"
);
const ALL_P99: Figure = figure!(
    "all readers' p99, everyone reading",
    "ms",
    "the same, when all are connected and read; over all of them"
);
const FILLING_P99: Figure = figure!(
    "healthy readers' p99, others' sockets filling",
    "ms",
    "the first 25 events after the others stop: these still go to all, until their sockets are full"
);
const DURING_P99: Figure = figure!(
    "healthy readers' p99, others stalled",
    "ms",
    "the events after those, the same as alone, while the others' sockets are full"
);
const FACTOR: Figure = figure!("p99, others stalled / alone", "×", "the two divided");
const FACTOR_ALL: Figure = figure!("p99, others stalled / everyone reading", "×", "the two divided");
const ACTIVE: Figure =
    figure!("streams that the hub still counts", "", "active in /api/sse/stats right after the last event");
const EVENTS_MB: Figure = figure!(
    "published while readers were stalled",
    "MB",
    "events × bytes of their data; cut short where the hub's memory grows by more than 1 GiB, or after 60 s"
);
const SECONDS: Figure = figure!("time that the readers were stalled", "s", "from the stop to the last event");

pub(crate) fn measure(hub: &Path, load: &Load) -> io::Result<Table> {
    const WARM_UP_EVENTS: usize = 20;
    const EVERYONE_SHARE: usize = 10;
    const FILLING_EVENTS: usize = 25;
    let title = format!(
        "{} readers stop reading, {} go on, {} MB published",
        load.stalled,
        load.healthy,
        load.published_bytes / 1_000_000
    );
    eprintln!("{title} …");
    let events = load.published_bytes / load.data_bytes.max(1);
    let server = Server::hub(hub)?;
    let mut client = Client { load: children::Load::on_hub(server.addr, 0)?, data_bytes: load.data_bytes };
    client.load.order(&Order::Open { streams: load.healthy })?;
    let idle_before_all = Memory::settled(server.pid())?;
    client.publish(WARM_UP_EVENTS)?;
    let alone = client.publish(events)?;
    let kept = Memory::settled(server.pid())?;
    client.load.order(&Order::Open { streams: load.stalled })?;
    let opened = Memory::settled(server.pid())?;
    let everyone = client.publish(events / EVERYONE_SHARE)?;
    let before = Memory::settled(server.pid())?;
    let tcp_before = sockets::tcp_memory_bytes()?;
    client.load.order(&Order::Stall { connections: load.stalled })?;
    let stalled_at = sys::now_ns();
    // The first events still go to all, until the sockets of those who don't read are full.
    let filling_events = FILLING_EVENTS.min(events);
    let filling = client.publish(filling_events)?;
    let (published, during) =
        client.publish_guarded(events - filling_events, server.pid(), before.rss_bytes)?;
    let published = published + filling_events;
    let seconds = (sys::now_ns() - stalled_at) as f64 / 1e9;
    let after = Memory::of(server.pid())?;
    let tcp_after = sockets::tcp_memory_bytes()?;
    let sockets = sockets::of_server(server.addr)?;
    let active = books::active_connections(server.addr)?;
    client.load.order(&Order::Verify)?;

    let mib = |after: u64, before: u64| Some((after as f64 - before as f64) / 1_048_576.0);
    // Idle with all readers open: what the healthy alone took, and what opening the others added.
    let idle = idle_before_all.rss_bytes + opened.rss_bytes.saturating_sub(kept.rss_bytes);
    let worst = |of: fn(&sockets::Socket) -> u64| {
        Some(sockets.as_ref()?.iter().map(of).max().unwrap_or(0) as f64 / 1024.0)
    };
    let queued = sockets.as_ref().map(|all| all.iter().filter(|one| one.send_queue_bytes > 0).count() as f64);
    let tcp = (tcp_after as f64 - tcp_before as f64) / 1024.0 / load.stalled.max(1) as f64;
    let values = vec![
        (GROWTH, mib(after.rss_bytes, before.rss_bytes)),
        (GROWTH_ALL, mib(after.rss_bytes, idle)),
        (SEND_MAX, worst(|socket| socket.send_memory_bytes)),
        (SEND_QUEUE_MAX, worst(|socket| socket.send_queue_bytes)),
        (STALLED_SEEN, queued),
        (TCP_MEMORY, Some(tcp)),
        (ALONE_P99, Some(alone)),
        (ALL_P99, Some(everyone)),
        (FILLING_P99, Some(filling)),
        (DURING_P99, Some(during)),
        (FACTOR, Some(during / alone)),
        (FACTOR_ALL, Some(during / everyone)),
        (ACTIVE, Some(active as f64)),
        (EVENTS_MB, Some((published * load.data_bytes) as f64 / 1e6)),
        (SECONDS, Some(seconds)),
    ];
    let mut table = Table::new(title);
    table.push_column("hub", values);
    Ok(table)
}

struct Client {
    load: children::Load,
    data_bytes: usize,
}

impl Client {
    /// One event after the other, each read by all who read; answers the 99th percentile in milliseconds.
    fn publish(&mut self, events: usize) -> io::Result<f64> {
        for _ in 0..events {
            self.one()?;
        }
        self.p99_ms()
    }

    /// The same, but gives up on a hub that would fill the machine, or that crawls. Answers how many were published.
    fn publish_guarded(&mut self, events: usize, hub: u32, rss_before: u64) -> io::Result<(usize, f64)> {
        const GROWTH_BYTES_MAX: u64 = 1 << 30;
        const TIME_NS_MAX: u64 = 60_000_000_000;
        const LOOK_EVERY: usize = 25;
        let deadline = sys::now_ns() + TIME_NS_MAX;
        for published in 0..events {
            if published % LOOK_EVERY == 0 {
                let growth = Memory::of(hub)?.rss_bytes.saturating_sub(rss_before);
                if growth > GROWTH_BYTES_MAX || sys::now_ns() > deadline {
                    return Ok((published, self.p99_ms()?));
                }
            }
            self.one()?;
        }
        Ok((events, self.p99_ms()?))
    }

    fn one(&mut self) -> io::Result<()> {
        self.load.order(&Order::Round { events: 1, data_bytes: self.data_bytes }).map(|_| ())
    }

    fn p99_ms(&mut self) -> io::Result<f64> {
        match self.load.order(&Order::Latencies)? {
            LoadReport::Latencies { p99_ns, .. } => Ok(p99_ns as f64 / 1e6),
            other => Err(io::Error::other(format!("{other:?} instead of latencies"))),
        }
    }
}
