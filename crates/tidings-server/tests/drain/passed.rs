//! A restart with a listening socket that was passed in: nobody is refused, and nobody's connection breaks.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use http::Method;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::audience::{Audience, What};
use crate::hub::{Hub, PATIENCE};
use crate::streams::{Manner, Stream, Version, request};
use crate::{last_summary, numbers};

const COMERS: usize = 8;
const RESTARTS: usize = 3;

#[test]
fn those_who_come_all_the_time_meet_no_refusal_and_no_error() {
    let mut hub = start(&[("TIDINGS_DRAIN_WINDOW_MS", "300"), ("TIDINGS_LIMITS_CONNECTIONS_PER_IP", "0")]);
    let runtime = Runtime::new().expect("a runtime");
    let comers = Comers::start(&runtime, hub.address());
    let audience = Audience::seat(hub.address(), 20);
    for _ in 0..RESTARTS {
        comers.wait_for_more(&runtime, 50);
        hub.terminate();
        assert_eq!(hub.wait().code(), Some(0));
        hub.start_again();
        let (_, _, after) = numbers(&last_summary(&hub));
        assert_eq!(after, 0);
    }
    comers.wait_for_more(&runtime, 50);
    let came = comers.finish(&runtime);
    println!("{came} came over {RESTARTS} restarts, and none was refused");
    assert_eq!(hub.stats()["connections"]["refused_total"]["draining"], 0);
    drop(audience);
    hub.wait_for_stats(|stats| stats["connections"]["active"] == 0);
    hub.assert_books_balance();
}

#[test]
fn while_it_drains_it_accepts_nobody_and_the_next_process_does() {
    let mut hub = start(&[("TIDINGS_DRAIN_WINDOW_MS", "800")]);
    let mut audience = Audience::seat(hub.address(), 20);
    hub.terminate();
    audience.wait_for(3, What::is_closing);
    let runtime = Runtime::new().expect("a runtime");
    let address = hub.address();
    let waiting = runtime.spawn(async move { Stream::open(address, manner(), PATH, &[]).await.map(|_| ()) });
    let published = runtime.spawn(async move {
        request(address, Method::POST, "/api/sse/publish", r#"{"channel":"news","data":7}"#).await
    });
    assert_eq!(hub.wait().code(), Some(0));
    assert!(!waiting.is_finished() && !published.is_finished(), "somebody answered while nobody listens");
    hub.start_again();
    runtime.block_on(async {
        within(waiting).await.expect("a stream");
        assert_eq!(within(published).await.expect("an answer").status, 200);
    });
    assert_eq!(numbers(&last_summary(&hub)), (20, 20, 0));
    audience.wait_for(20, |what| *what == What::News(7));
    assert_eq!(audience.number(|what| matches!(what, What::Refused(_))), 0);
}

#[test]
fn asked_to_drain_it_still_tells_that_it_is_unready() {
    let hub = start(&[("TIDINGS_DRAIN_WINDOW_MS", "100")]);
    hub.post("/api/sse/drain", "");
    crate::signals::assert_unready(&hub);
}

const PATH: &str = "/api/sse/stream?channels=news&type=comer";

fn start(settings: &[(&str, &str)]) -> Hub {
    Hub::start_passed(settings, TcpListener::bind("127.0.0.1:0").expect("a port"))
}

fn manner() -> Manner {
    Manner::polite(Version::Http1)
}

async fn within<T>(task: JoinHandle<T>) -> T {
    tokio::time::timeout(PATIENCE, task).await.expect("in time").expect("no panic")
}

/// Clients that open a stream, read its first event and go, again and again.
struct Comers {
    came: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Comers {
    fn start(runtime: &Runtime, address: SocketAddr) -> Self {
        let (came, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let come = |n: usize| {
            let (came, stop) = (Arc::clone(&came), Arc::clone(&stop));
            let version = if n.is_multiple_of(2) { Version::Http1 } else { Version::Http2 };
            runtime.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let stream = Stream::open(address, Manner::polite(version), PATH, &[]).await;
                    let mut stream = stream.unwrap_or_else(|refused| panic!("{version:?}: {refused:?}"));
                    assert_eq!(stream.expect().await.ty, "connected");
                    came.fetch_add(1, Ordering::Relaxed);
                }
            })
        };
        let tasks = (0..COMERS).map(come).collect();
        Self { came, stop, tasks }
    }

    fn wait_for_more(&self, runtime: &Runtime, more: usize) {
        let wished = self.came.load(Ordering::Relaxed) + more;
        runtime.block_on(async {
            let enough = async {
                while self.came.load(Ordering::Relaxed) < wished {
                    assert!(!self.tasks.iter().any(JoinHandle::is_finished), "one was turned away");
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(PATIENCE, enough).await.expect("in time");
        });
    }

    /// How many came, none of them in vain.
    fn finish(self, runtime: &Runtime) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            runtime.block_on(within(task));
        }
        self.came.load(Ordering::Relaxed)
    }
}
