//! HTTP/2: hyper writes the streams as bodies. Each stream is a task of its own, which can be killed when its window
//! stays shut, and leaves the others alone. An answer that is no stream has the same patience.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use atomic_waker::AtomicWaker;
use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::watch;
use tokio::time::{Sleep, sleep, timeout};
use tower::ServiceExt;

use super::accept::Guest;
use super::line::Wire;
use super::patience::{PatientAnswer, PatientBody};
use crate::body::Handoff;
use crate::hub::Hub;

const STREAMS_MAX: u32 = 256;
const HEADER_LIST_BYTES_MAX: u32 = 64 * 1024;
/// Streams reset by the far end before they were looked at (CVE-2023-44487); more, and the connection ends.
const RESETS_PENDING_MAX: usize = 20;
/// Streams that the far end's own errors had us reset; more, and the connection ends.
const RESETS_OF_OURS_MAX: usize = 256;
const SEND_BUFFER_BYTES_MAX: usize = 32 * 1024;

/// Ends one HTTP/2 stream: its task is dropped, and h2 resets the stream (RFC 9113 §5.4.2).
#[derive(Clone, Debug, Default)]
pub(crate) struct StreamKill(Arc<KillState>);

#[derive(Debug, Default)]
struct KillState {
    killed: AtomicBool,
    /// Pieces that an answer, which is no stream, was asked for.
    pieces: AtomicU64,
    waker: AtomicWaker,
}

impl StreamKill {
    pub(super) fn kill(&self) {
        self.0.killed.store(true, Ordering::Release);
        self.0.waker.wake();
    }

    /// The next piece of an answer is asked for, by the stream's own task.
    pub(super) fn note_piece(&self) {
        self.0.pieces.fetch_add(1, Ordering::Relaxed);
    }
}

tokio::task_local! {
    /// The kill switch of the stream that this task answers.
    static KILL: StreamKill;
}

pub(super) async fn serve<W: Wire>(wire: W, app: Router, hub: Hub, guest: Guest) {
    let stream = hub.options().stream;
    let patience = Duration::from_millis(stream.stall_ms);
    let idle_timeout = Duration::from_millis(stream.header_timeout_ms);
    let peer = wire.door().peer().clone();
    let remote = peer.address;
    let tasks = Arc::new(Tasks { open: watch::Sender::new(0), patience, remote });
    let open = &tasks.open;
    let guest = Mutex::new(Some(guest));
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        let (app, peer) = (app.clone(), peer.clone());
        let guest = guest.lock().unwrap_or_else(PoisonError::into_inner).take();
        async move {
            // This runs within the stream's own task.
            let kill = KILL.try_with(StreamKill::clone).unwrap_or_default();
            request.extensions_mut().insert(peer.of_stream(kill.clone()));
            let request = request.map(|body| Body::new(PatientBody::new(body, patience)));
            let answer = app.oneshot(request).await;
            drop(guest);
            answer.map(|answer| patient(answer, kill))
        }
    });
    let connection = http2::Builder::new(StreamTasks(Arc::clone(&tasks)))
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_millis(stream.heartbeat_ms))
        .keep_alive_timeout(Duration::from_millis(stream.user_timeout_ms))
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEADER_LIST_BYTES_MAX)
        .max_pending_accept_reset_streams(RESETS_PENDING_MAX)
        .max_local_error_reset_streams(RESETS_OF_OURS_MAX)
        .max_send_buf_size(SEND_BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(wire), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = unused(open, idle_timeout) => {
            // Told first, so that a request which is on its way is answered (RFC 9113 §6.8).
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = &mut connection => ended,
                () = unused(open, idle_timeout) => Ok(()),
            }
        }
    };
    if let Err(error) = ended {
        let error = cause(&error);
        tracing::info!(%error, %remote, "an HTTP/2 connection failed");
    }
}

/// A stream of the hub is ended by the hub. Any other answer is when nothing of it is taken for too long.
fn patient(answer: Response<Body>, kill: StreamKill) -> Response<Body> {
    match answer.extensions().get::<Handoff>() {
        Some(_) => answer,
        None => answer.map(|body| Body::new(PatientAnswer::new(body, kill))),
    }
}

/// Waits until no stream was open for so long: what HTTP/1.1 has in the wait for the next head.
async fn unused(open: &watch::Sender<usize>, idle_timeout: Duration) {
    let mut open = open.subscribe();
    loop {
        let _ = open.wait_for(|streams| *streams == 0).await;
        if timeout(idle_timeout, open.changed()).await.is_err() {
            return;
        }
    }
}

/// What lies at the bottom of an error, as the kernel or the far end said it.
fn cause<'a>(error: &'a (dyn std::error::Error + 'static)) -> &'a (dyn std::error::Error + 'static) {
    error.source().map_or(error, cause)
}

/// What the tasks of a connection's streams share.
#[derive(Debug)]
struct Tasks {
    /// How many there are.
    open: watch::Sender<usize>,
    /// For how long an answer of which nothing is taken is kept; 0 is without end.
    patience: Duration,
    remote: SocketAddr,
}

/// Runs each stream as a task with a kill switch, and knows how many there are.
#[derive(Clone, Debug)]
struct StreamTasks(Arc<Tasks>);

impl<F> Executor<F> for StreamTasks
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, stream: F) {
        let kill = StreamKill::default();
        let open = OpenStream::new(&self.0);
        let stream = Killable { stream: Some(Box::pin(stream)), kill: kill.clone(), waiting: None, open };
        tokio::spawn(KILL.scope(kill, stream));
    }
}

struct Killable<F> {
    stream: Option<Pin<Box<F>>>,
    kill: StreamKill,
    /// The pieces of an answer until now, and the end of the patience with the last.
    waiting: Option<(u64, Pin<Box<Sleep>>)>,
    open: OpenStream,
}

/// A stream that counts as open for as long as this is held.
struct OpenStream(Arc<Tasks>);

impl OpenStream {
    fn new(tasks: &Arc<Tasks>) -> Self {
        tasks.open.send_modify(|streams| *streams += 1);
        Self(Arc::clone(tasks))
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.open.send_modify(|streams| *streams -= 1);
    }
}

impl<F> Killable<F> {
    /// Whether nothing of an answer was taken for too long.
    fn poll_untaken(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (pieces, Tasks { patience, remote, .. }) =
            (self.kill.0.pieces.load(Ordering::Relaxed), &*self.open.0);
        if pieces == 0 || patience.is_zero() {
            return Poll::Pending;
        }
        if self.waiting.as_ref().is_none_or(|(before, _)| *before != pieces) {
            self.waiting = Some((pieces, Box::pin(sleep(*patience))));
        }
        let Some((_, patience)) = &mut self.waiting else { return Poll::Pending };
        ready!(patience.as_mut().poll(cx));
        tracing::debug!(%remote, "an answer over HTTP/2 is not taken: its stream is reset");
        Poll::Ready(())
    }
}

impl<F: Future> Future for Killable<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.kill.0.waker.register(cx.waker());
        if self.kill.0.killed.load(Ordering::Acquire) {
            self.stream = None;
        }
        let Some(stream) = &mut self.stream else { return Poll::Ready(()) };
        if stream.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        ready!(self.poll_untaken(cx));
        self.stream = None;
        Poll::Ready(())
    }
}
