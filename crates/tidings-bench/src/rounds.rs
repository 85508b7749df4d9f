//! Rounds of publishing, hub and floor in turn, so that what disturbs the machine disturbs both.

use std::io;

use crate::children::{Load, Server};
use crate::load::worker::{Order, Report};
use crate::watch::cpu;
use crate::watch::quantile::{median, quantile};

/// A server and the load on it.
pub(crate) struct Side {
    pub(crate) server: Server,
    pub(crate) load: Load,
}

/// What to publish in each round.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    pub(crate) events: u32,
    pub(crate) data_bytes: usize,
}

/// What the rounds of one side measured; times in milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    last_read_ms: Vec<f64>,
    answered_ms: Vec<f64>,
    cpu_us_per_delivery: Vec<f64>,
    client_cpu_us_per_delivery: Vec<f64>,
    latency_p50_ms: Option<f64>,
    latency_p99_ms: Option<f64>,
}

impl Side {
    fn round(&mut self, plan: Plan, measured: &mut Measured) -> io::Result<()> {
        let cpu_before = cpu::at_rest_ns(self.server.pid())?;
        let order = Order::Round { events: plan.events, data_bytes: plan.data_bytes };
        let Report::Round { answered_ns, last_read_ns, deliveries, cpu_ns: client_ns } =
            self.load.order(&order)?
        else {
            return Err(io::Error::other("a round was not reported as one"));
        };
        let cpu_ns = cpu::at_rest_ns(self.server.pid())? - cpu_before;
        measured.last_read_ms.push(ms(last_read_ns));
        measured.answered_ms.push(ms(answered_ns));
        let us_per_delivery = |ns: u64| ns as f64 / 1e3 / deliveries.max(1) as f64;
        measured.cpu_us_per_delivery.push(us_per_delivery(cpu_ns));
        measured.client_cpu_us_per_delivery.push(us_per_delivery(client_ns));
        Ok(())
    }

    fn take_latencies(&mut self, measured: &mut Measured) -> io::Result<()> {
        if let Report::Latencies { p50_ns, p99_ns } = self.load.order(&Order::Latencies)? {
            measured.latency_p50_ms = Some(ms(p50_ns));
            measured.latency_p99_ms = Some(ms(p99_ns));
        }
        Ok(())
    }
}

impl Measured {
    pub(crate) fn last_read_median_ms(&self) -> Option<f64> {
        median(&self.last_read_ms)
    }

    pub(crate) fn last_read_p99_ms(&self) -> Option<f64> {
        quantile(&self.last_read_ms, 0.99)
    }

    pub(crate) fn answered_median_ms(&self) -> Option<f64> {
        median(&self.answered_ms)
    }

    pub(crate) fn cpu_us_per_delivery(&self) -> Option<f64> {
        median(&self.cpu_us_per_delivery)
    }

    pub(crate) fn client_cpu_us_per_delivery(&self) -> Option<f64> {
        median(&self.client_cpu_us_per_delivery)
    }

    pub(crate) fn latency_p50_ms(&self) -> Option<f64> {
        self.latency_p50_ms
    }

    pub(crate) fn latency_p99_ms(&self) -> Option<f64> {
        self.latency_p99_ms
    }
}

/// Warms all sides up, then measures them round by round; who goes first alternates.
pub(crate) fn alternate(sides: &mut [&mut Side], plan: Plan) -> io::Result<Vec<Measured>> {
    const WARM_UP_ROUNDS: usize = 3;
    let mut measured: Vec<Measured> = sides.iter().map(|_| Measured::default()).collect();
    for side in sides.iter_mut() {
        let mut warm_up = Measured::default();
        for _ in 0..WARM_UP_ROUNDS {
            side.round(plan, &mut warm_up)?;
        }
        side.take_latencies(&mut warm_up)?;
    }
    for round in 0..plan.rounds {
        for turn in 0..sides.len() {
            let index = (turn + round) % sides.len();
            sides[index].round(plan, &mut measured[index])?;
        }
    }
    for (side, measured) in sides.iter_mut().zip(&mut measured) {
        side.take_latencies(measured)?;
        side.load.order(&Order::Verify)?;
    }
    Ok(measured)
}

fn ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}
