//! SIGTERM and SIGINT, once and twice.

use std::time::Duration;

use http::Method;
use tokio::runtime::Runtime;

use crate::audience::{Audience, What};
use crate::hub::{Hub, PATIENCE, now, signal};
use crate::streams::{Manner, Refused, Stream, Version, request};
use crate::{last_summary, numbers};

const WINDOW_MS: u64 = 1_000;
const SLACK: Duration = Duration::from_secs(5);

pub fn window(ms: u64) -> String {
    ms.to_string()
}

#[test]
fn sigterm_and_sigint_drain_and_exit_0() {
    for name in ["TERM", "INT"] {
        let mut hub = Hub::start_with(&[("TIDINGS_DRAIN_WINDOW_MS", &window(WINDOW_MS))]);
        let mut audience = Audience::seat(hub.address(), 20);
        let start = now();
        signal(hub.pid(), name);
        assert_unready(&hub);
        assert_refuses_streams(&hub);
        let status = hub.wait();
        assert_eq!(status.code(), Some(0), "SIG{name}");
        assert!(start.elapsed() < Duration::from_millis(WINDOW_MS) + SLACK, "{:?}", start.elapsed());
        audience.wait_for(20, What::is_closing);
        let mut retries = Vec::new();
        for told in &audience.heard {
            if let What::Closing { reason, reconnect, retry_ms } = &told.what {
                assert_eq!((reason.as_str(), *reconnect), ("draining", true));
                retries.push(*retry_ms);
            }
        }
        retries.sort_unstable();
        retries.dedup();
        assert!(retries.len() > 10, "all are to come back at once: {retries:?}");
        let moments = audience.moments(start, What::is_closing);
        let spread = *moments.last().expect("some") - moments[0];
        assert!(spread >= Duration::from_millis(WINDOW_MS / 2), "closed within {spread:?}");
        hub.start_again();
        assert_eq!(numbers(&last_summary(&hub)), (20, 20, 0));
    }
}

#[test]
fn a_second_signal_exits_at_once_and_the_account_is_true() {
    for (second, code) in [("TERM", 143), ("INT", 130)] {
        let mut hub = Hub::start_with(&[("TIDINGS_DRAIN_WINDOW_MS", "24000")]);
        let mut audience = Audience::seat(hub.address(), 12);
        hub.terminate();
        audience.wait_for(1, What::is_closing);
        let start = now();
        signal(hub.pid(), second);
        assert_eq!(hub.wait().code(), Some(code));
        assert!(start.elapsed() < SLACK, "{:?}", start.elapsed());
        audience.wait_for(12, |what| *what == What::Ended || matches!(what, What::Refused(_)));
        let log = hub.log();
        hub.start_again();
        let summary = last_summary(&hub);
        let (cleaned, before, after) = numbers(&summary);
        assert!(after > 0 && cleaned > 0 && cleaned + after == before && before == 12, "{summary:#}");
        assert!(log.contains(&format!("Shutdown cleanup incomplete: {after} connections remain")), "{log}");
        assert!(log.contains(&format!("second signal: stopping at once connections={after}")), "{log}");
        assert!(hub.get("/metrics").contains("tidings_shutdown_incomplete 1"));
    }
}

#[test]
fn with_nobody_there_it_ends_at_once_and_says_so() {
    let mut hub = Hub::start_with(&[("TIDINGS_DRAIN_WINDOW_MS", "60000")]);
    let start = now();
    assert_eq!(hub.stop().code(), Some(0));
    assert!(start.elapsed() < SLACK, "{:?}", start.elapsed());
    let log = hub.log();
    assert!(
        log.contains("Shutdown cleanup completed: cleaned=0 connections, iterations=1, before=0, after=0")
    );
    hub.start_again();
    assert_eq!(numbers(&last_summary(&hub)), (0, 0, 0));
}

#[track_caller]
pub fn assert_unready(hub: &Hub) {
    let runtime = Runtime::new().expect("a runtime");
    let start = now();
    loop {
        let ready = runtime.block_on(request(hub.address(), Method::GET, "/ready", "")).expect("an answer");
        if ready.status == 503 {
            assert_eq!(ready.headers["content-type"], "application/problem+json");
            break;
        }
        assert!(start.elapsed() < PATIENCE, "it stays ready");
    }
    let health = runtime.block_on(request(hub.address(), Method::GET, "/health", "")).expect("an answer");
    assert_eq!(health.status, 200, "a drain must not look like a death");
}

/// New streams get 503; a browser's own `EventSource`, which would never come again, is told by a stream.
#[track_caller]
pub fn assert_refuses_streams(hub: &Hub) {
    const PATH: &str = "/api/sse/stream?channels=news";
    let runtime = Runtime::new().expect("a runtime");
    for version in [Version::Http1, Version::Http2] {
        let manner = Manner::polite(version);
        match runtime.block_on(Stream::open(hub.address(), manner, PATH, &[])) {
            Err(Refused::Status(503, headers, body)) => {
                assert!(headers.contains_key("retry-after"), "{headers:?}");
                assert!(body.contains("draining"), "{body}");
            }
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("a stream on a hub that drains"),
        }
        let browser = [("sec-fetch-mode", "cors")];
        let told = runtime.block_on(Stream::open(hub.address(), manner, PATH, &browser));
        let mut told = told.unwrap_or_else(|refused| panic!("an EventSource gives up: {refused:?}"));
        let event = runtime.block_on(told.expect());
        assert_eq!(event.ty, "refused");
        assert!(event.data.contains("503"), "{event:?}");
        assert!(told.retry_ms().is_some_and(|ms| ms >= 1_000), "{:?}", told.retry_ms());
        assert!(runtime.block_on(told.next()).is_none(), "it ends");
    }
    assert!(hub.stats()["connections"]["refused_total"]["draining"].as_u64() >= Some(4));
}
