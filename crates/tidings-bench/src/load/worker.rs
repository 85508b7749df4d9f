//! A load in a process of its own, told over standard input what to do: one JSON object a line, answered by one.

use std::io::{self, BufRead, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::engine::Engine;
use super::publisher::Content;
use super::{Target, Trust, link};
use crate::sys;

/// What a load can be told.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// Open this many streams more.
    Open { streams: usize },
    /// Publish so many events at once, and read them all.
    Round { events: u32, data_bytes: usize },
    /// Read what waits and check every count.
    Verify,
    /// Latencies of all deliveries since the last such order.
    Latencies,
    /// The bytes of the last event, without chunk framing.
    Sample,
    /// Publish these bytes from now on (the floor writes them as they are).
    UseFrame { frame: String },
    /// So many connections stop reading.
    Stall { connections: usize },
    /// Close so many connections at once.
    Close { connections: usize },
}

/// Every time is in nanoseconds.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Report {
    Done,
    /// `cpu_ns`: what the load itself used.
    Round {
        answered_ns: u64,
        last_read_ns: u64,
        deliveries: u64,
        cpu_ns: u64,
    },
    Latencies {
        p50_ns: u64,
        p99_ns: u64,
    },
    Sample {
        frame: Option<String>,
    },
    /// When, by the machine's monotonic clock.
    Closed {
        first_at_ns: u64,
        last_at_ns: u64,
    },
    Failed {
        why: String,
    },
}

/// `tidings-bench load`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Server to load; on the loopback
    #[arg(long)]
    target: SocketAddr,
    /// The server is the floor: it greets nobody, and is given the bytes to write
    #[arg(long)]
    floor: bool,
    /// Streams to an HTTP/2 connection (0: HTTP/1.1)
    #[arg(long, default_value_t = 0)]
    http2_streams: usize,
    /// Speak TLS, and trust the certificates in this PEM file
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

fn trust_of(ca_file: &Path, http2_streams: usize) -> io::Result<Trust> {
    const HTTP1: &str = "http/1.1";
    let streams = if http2_streams == 0 { HTTP1 } else { "h2" };
    Ok(Trust { streams: link::trust(ca_file, streams)?, publisher: link::trust(ca_file, HTTP1)? })
}

/// Obeys until standard input ends.
pub(crate) fn run(args: &Args) -> io::Result<()> {
    const FRAME_DATA_BYTES: usize = 150;
    let target = Target {
        addr: args.target,
        greets: !args.floor,
        streams_per_connection: args.http2_streams,
        tls: args.ca_file.as_deref().map(|file| trust_of(file, args.http2_streams)).transpose()?,
    };
    let content = if args.floor { Content::default_frame(FRAME_DATA_BYTES) } else { Content::Api };
    let mut engine = Engine::new(target, content)?;
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let order = serde_json::from_str(&line?).map_err(io::Error::other)?;
        let report =
            obey(&mut engine, order).unwrap_or_else(|error| Report::Failed { why: error.to_string() });
        serde_json::to_writer(&mut output, &report)?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
    Ok(())
}

fn obey(engine: &mut Engine, order: Order) -> io::Result<Report> {
    match order {
        Order::Open { streams } => engine.open(streams)?,
        Order::Round { events, data_bytes } => {
            let own = std::process::id();
            let cpu_before = sys::process_cpu_ns(own)?;
            let round = engine.round(events, data_bytes)?;
            return Ok(Report::Round {
                answered_ns: round.answered_ns,
                last_read_ns: round.last_read_ns,
                deliveries: round.deliveries,
                cpu_ns: sys::process_cpu_ns(own)? - cpu_before,
            });
        }
        Order::Verify => {
            engine.catch_up()?;
            engine.verify()?;
        }
        Order::Latencies => {
            let (p50_ns, p99_ns) = engine.take_latencies();
            return Ok(Report::Latencies { p50_ns, p99_ns });
        }
        Order::Sample => return Ok(Report::Sample { frame: engine.sample() }),
        Order::UseFrame { frame } => engine.use_frame(frame),
        Order::Stall { connections } => engine.stall(connections)?,
        Order::Close { connections } => {
            let (first_at_ns, last_at_ns) = engine.close(connections)?;
            return Ok(Report::Closed { first_at_ns, last_at_ns });
        }
    }
    Ok(Report::Done)
}
