//! `GET /metrics`: read from the hub at the moment of asking, in the text formats that Prometheus reads.

use std::collections::HashSet;

use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use http::{HeaderMap, Response, header};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::Shared;
use crate::authorize::Counted;
use crate::hub::{EngineState, Hub, Latency};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) async fn metrics(State(app): Shared, headers: HeaderMap) -> Response<Body> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Readings(app.hub, app.authorizer.counted_boxed())));
    let mut out = String::new();
    if let Err(error) = text::encode(&mut out, &registry) {
        return super::Problem::unavailable(error.to_string()).into_response();
    }
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    if accept
        .flat_map(|value| value.split(','))
        .any(|kind| kind.trim().starts_with("application/openmetrics-text"))
    {
        return ([(header::CONTENT_TYPE, OPEN_METRICS)], out).into_response();
    }
    ([(header::CONTENT_TYPE, PROMETHEUS)], prometheus(&out)).into_response()
}

/// The same in the older text format, in which a counter's family has the name of its samples and nothing marks the
/// end. A reader of that format would take a counter without it for a metric of no known type.
fn prometheus(open: &str) -> String {
    let counters: HashSet<&str> =
        open.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
    let mut out = String::with_capacity(open.len());
    for line in open.lines().filter(|line| *line != "# EOF") {
        let family = line.strip_prefix("# ").and_then(|rest| rest.split(' ').nth(1));
        match family.filter(|family| counters.contains(family)) {
            Some(family) => out.push_str(&line.replacen(family, &format!("{family}_total"), 1)),
            None => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

#[derive(Debug)]
struct Readings(Hub, Vec<Counted>);

impl Collector for Readings {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let r = self.0.readings();
        // A node with nobody on it says 0 rather than nothing, so that a sum over it is a number.
        let nobody = r.by_type.is_empty().then_some(("client", 0));
        let by_type = r.by_type.iter().map(|(kind, n)| (&**kind, *n)).chain(nobody);
        gauges(&mut to, "tidings_connections", "Live connections.", "type", by_type)?;
        counter(&mut to, "tidings_connections_opened", "Connections ever opened.", r.opened)?;
        let closed = r.closed.iter().map(|(reason, n)| (reason.as_str(), *n));
        counters(&mut to, "tidings_connections_closed", "Connections ended.", "reason", closed)?;
        let refused = r.refused.iter().copied();
        counters(&mut to, "tidings_connections_refused", "Streams refused.", "kind", refused)?;
        let by_rate = self.0.refused_by_rate();
        counters(&mut to, "tidings_rate_refusals", "Sockets and requests over a rate.", "limit", by_rate)?;
        gauge(&mut to, "tidings_users", "Users with a live connection.", r.users as u64)?;
        gauge(&mut to, "tidings_sockets", "Sockets that the server holds.", r.sockets as u64)?;
        let turned_away = r.turned_away.iter().copied();
        let help = "Sockets closed before a request was heard on them.";
        counters(&mut to, "tidings_sockets_refused", help, "reason", turned_away)?;
        gauge(&mut to, "tidings_channels", "Channels with subscribers or events.", r.channels as u64)?;
        gauge(&mut to, "tidings_history_bytes", "Encoded bytes kept for replay.", r.ring_bytes as u64)?;
        counter(&mut to, "tidings_events_published", "Events published.", r.totals.published)?;
        counter(&mut to, "tidings_events_delivered", "Events handed to streams.", r.totals.delivered)?;
        counter(&mut to, "tidings_events_replayed", "Of these, from before the stream.", r.totals.replayed)?;
        counter(&mut to, "tidings_gaps", "Gaps told.", r.totals.gaps)?;
        let cleaned = r.stale_connections_cleaned;
        counter(&mut to, "tidings_stale_connections_cleaned", "Stale connections ended, ever.", cleaned)?;
        counter(&mut to, "tidings_shutdown_cleanups", "Shutdowns, ever.", r.shutdown_cleanups)?;
        let cleaned = r.shutdown_connections_cleaned;
        counter(
            &mut to,
            "tidings_shutdown_connections_cleaned",
            "Connections that shutdowns ended, ever.",
            cleaned,
        )?;
        let left = r.last_shutdown.as_ref().is_some_and(|summary| summary.connections_after > 0);
        gauge(
            &mut to,
            "tidings_shutdown_incomplete",
            "1 if the last shutdown left connections.",
            left.into(),
        )?;
        let truth = self.0.truth();
        gauge(&mut to, "tidings_truth_mismatch", "Books and kernel differ by so many.", truth.mismatch)?;
        counter(&mut to, "tidings_truth_audits", "Audits of the books.", truth.audits)?;
        let draining = self.0.phase() == crate::hub::Phase::Draining;
        gauge(&mut to, "tidings_draining", "1 while draining.", draining.into())?;
        let is_up = !matches!(self.0.engine_state(), EngineState::Away | EngineState::NotYet);
        gauge(&mut to, "tidings_engine_up", "1 while what the log is on answers.", is_up.into())?;
        let nodes = self.0.nodes();
        gauge(&mut to, "tidings_cluster_nodes", "Hubs of the cluster.", nodes.len() as u64)?;
        let active = nodes.iter().map(|node| node.active).sum();
        gauge(&mut to, "tidings_cluster_connections", "Live connections of all hubs.", active)?;
        let (users, tokens) = self.0.revocation_count();
        let revoked = [("user", users as u64), ("token", tokens as u64)].into_iter();
        gauges(&mut to, "tidings_revocations", "Users and tokens that are shut out.", "kind", revoked)?;
        let refused = self.0.revoked_refused();
        counter(
            &mut to,
            "tidings_revoked_refused",
            "Requests of users and tokens that are shut out.",
            refused,
        )?;
        for counted in &self.1 {
            counters(&mut to, counted.name, counted.help, counted.label, counted.counts.iter().copied())?;
        }
        let outbox = self.0.outbox();
        counter(&mut to, "tidings_webhook_events_delivered", "Events that webhooks took.", outbox.delivered)?;
        counter(
            &mut to,
            "tidings_webhook_requests_failed",
            "Requests to webhooks that failed.",
            outbox.failed,
        )?;
        counter(
            &mut to,
            "tidings_webhook_events_lost",
            "Events that the outbox had no room for.",
            outbox.lost,
        )?;
        gauge(&mut to, "tidings_webhook_events_pending", "Events that wait for a webhook.", outbox.pending)?;
        let age = outbox.oldest_age_seconds;
        gauge(&mut to, "tidings_webhook_oldest_age_seconds", "Age of the oldest of these.", age)?;
        #[cfg(feature = "tls")]
        tls(&mut to, &self.0)?;
        let latencies = self.0.latencies();
        let help = "From when a publish request is read until every subscriber on the node is woken.";
        histogram(&mut to, "tidings_publish_queue_seconds", help, &latencies.publish_queue)?;
        let help = "From publish until a stream's socket took the event.";
        histogram(&mut to, "tidings_publish_to_write_seconds", help, &latencies.publish_to_write)
    }
}

/// What a hub that speaks TLS itself has to tell of it.
#[cfg(feature = "tls")]
fn tls(to: &mut DescriptorEncoder<'_>, hub: &Hub) -> Result {
    let Some(tls) = hub.tls() else { return Ok(()) };
    counters(to, "tidings_tls_handshakes", "TLS handshakes done.", "kind", tls.handshakes().into_iter())?;
    let Some(expires) = tls.certificate_expires() else { return Ok(()) };
    let help = "When the certificate that is shown expires, in seconds since 1970.";
    let expires = u64::try_from(expires).unwrap_or_default();
    gauge(to, "tidings_tls_certificate_expires_timestamp_seconds", help, expires)
}

/// Exemplars have labels; there are none.
type NoLabels = [(&'static str, &'static str); 0];

type Result<T = (), E = std::fmt::Error> = std::result::Result<T, E>;

fn counter(to: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> Result {
    let metric = ConstCounter::new(value);
    metric.encode(to.encode_descriptor(name, help, None, MetricType::Counter)?)
}

fn gauge(to: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> Result {
    let metric = ConstGauge::new(value);
    metric.encode(to.encode_descriptor(name, help, None, MetricType::Gauge)?)
}

fn counters<'a>(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    label: &str,
    values: impl Iterator<Item = (&'a str, u64)>,
) -> Result {
    let mut family = to.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (value, n) in values {
        ConstCounter::new(n).encode(family.encode_family(&[(label, value)])?)?;
    }
    Ok(())
}

fn gauges<'a>(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    label: &str,
    values: impl Iterator<Item = (&'a str, u64)>,
) -> Result {
    let mut family = to.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (value, n) in values {
        ConstGauge::new(n).encode(family.encode_family(&[(label, value)])?)?;
    }
    Ok(())
}

fn histogram(to: &mut DescriptorEncoder<'_>, name: &str, help: &str, latency: &Latency) -> Result {
    let mut metric = to.encode_descriptor(name, help, None, MetricType::Histogram)?;
    let count = latency.buckets.iter().map(|(_, n)| n).sum();
    metric.encode_histogram::<NoLabels>(latency.sum_seconds, count, &latency.buckets, None)
}
