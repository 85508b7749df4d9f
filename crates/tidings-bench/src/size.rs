//! One size of a run: a hub and a floor of their own, filled, measured and emptied.

use std::io;
use std::path::Path;

use crate::children::{Load, Server};
use crate::figures::*;
use crate::fill::{Added, fill};
use crate::load::worker::{Order, Report as LoadReport};
use crate::report::Figure;
use crate::rounds::{Measured, Plan, Side, alternate};
use crate::watch::books;
use crate::watch::memory::Memory;

const CLOSES_MAX: usize = 9_000;

/// One column under way.
pub(crate) struct Size {
    streams: usize,
    http2_streams: usize,
    rounds: usize,
    data_bytes: usize,
    values: Vec<(Figure, Option<f64>)>,
}

impl Size {
    /// 0 `http2_streams`: HTTP/1.1. Otherwise connections are filled, to at least `streams` in all.
    pub(crate) fn new(streams: usize, http2_streams: usize, rounds: usize, data_bytes: usize) -> Self {
        let streams = streams.next_multiple_of(http2_streams.max(1));
        Self { streams, http2_streams, rounds, data_bytes, values: Vec::new() }
    }

    pub(crate) fn streams(&self) -> usize {
        self.streams
    }

    /// Without a hub, the floor alone.
    pub(crate) fn measure(mut self, hub: Option<&Path>) -> io::Result<Vec<(Figure, Option<f64>)>> {
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
        self.closes(hub.as_mut())?;
        Ok(self.values)
    }

    fn put(&mut self, figure: Figure, value: Option<f64>) {
        self.values.push((figure, value));
    }

    fn fill(&self, side: &mut Side, first: usize) -> io::Result<Added> {
        fill(side, first, self.streams, self.data_bytes)
    }

    fn rounds(&mut self, hub: Option<&mut Side>, floor: &mut Side) -> io::Result<Option<f64>> {
        let plan = |events| Plan { rounds: self.rounds, events, data_bytes: self.data_bytes };
        let (single, burst) = (plan(1), plan(10));
        let hub_addr = hub.as_ref().map(|side| side.server.addr);
        let queue = || hub_addr.map_or(Ok(None), books::publish_queue);
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
        self.put(CLIENT_CPU, hub.client_cpu_us_per_delivery());
        self.put(FLOOR_CLIENT_CPU, floor.client_cpu_us_per_delivery());
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
            let true_at_ns = books::true_count_at(side.server.addr, left)?;
            let ms = |from: u64| true_at_ns.saturating_sub(from) as f64 / 1e6;
            times = Some((ms(first_at_ns), ms(last_at_ns)));
        }
        self.put(CLOSED, times.map(|_| (connections * per_connection) as f64));
        self.put(CLOSE_FROM_FIRST, times.map(|(first, _)| first));
        self.put(CLOSE_FROM_LAST, times.map(|(_, last)| last));
        Ok(())
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
