//! `tidings serve`: the hub as a process, from the listener to the last word.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use tidings::webhooks::Webhooks;
use tidings::{HttpOptions, Hub, Problem, StreamOptions, audit};
use tidings_server::config::{Config, loopback_only};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::doorman::Doorman;
use crate::{logging, options, pages};

/// A drain ends within its window and this.
const DRAIN_SLACK: Duration = Duration::from_secs(2);
/// Webhooks are told of it within the window and this, and of the rest after the next start.
const FLUSH_SLACK: Duration = Duration::from_secs(4);
/// For what HTTP/2 was handed and has not yet sent.
const FLUSH_PAUSE: Duration = Duration::from_millis(50);

/// Runs the hub until it is told to stop.
pub(crate) fn run(config: &Config) -> ExitCode {
    logging::start(config);
    if let Err(error) = tidings::raise_open_files() {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("the runtime can't start: {error}")),
    };
    let ended = runtime.block_on(serve(config));
    // What still runs must not hold up the end: a second signal may have come while the rings are written.
    runtime.shutdown_background();
    ended.unwrap_or_else(|error| fail(&error.to_string()))
}

async fn serve(config: &Config) -> io::Result<ExitCode> {
    let hub_options = options::hub(config);
    // Before it listens: a key that can't be read lets nobody in.
    let doorman = Doorman::new(config)?;
    let (listener, passed) = listen(config, &hub_options.stream)?;
    let address = listener.local_addr()?;
    if config.dev {
        loopback_only(address).map_err(|reason| io::Error::new(io::ErrorKind::InvalidInput, reason))?;
    }
    // Before the hub takes up the rings: a signal that ended the process just after would lose them.
    let mut signals = Signals::new()?;
    let hub = Hub::open(hub_options)?;
    let webhooks = start_webhooks(config, &hub)?;
    let http = HttpOptions {
        origins: config.cors.origins.iter().map(ToString::to_string).collect(),
        loopback_origins: config.dev,
        loopback_hosts: config.dev,
    };
    let app = tidings::router(hub.clone(), doorman, &http)
        .merge(pages::router())
        .fallback(async || Problem::not_found("there is nothing by that path"));
    let (stop, mut stopped) = watch::channel(false);
    let until_stopped = async move {
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    tokio::spawn(audit::run(hub.clone(), address));
    let server = tokio::spawn(tidings::serve(listener, app, hub.clone(), until_stopped));
    greet(&hub, address, config.dev);
    tokio::select! {
        _ = signals.next() => {}
        () = drain_without_stopping(&hub) => {}
    }
    if passed {
        // Whoever comes now waits in the backlog, which the service manager holds, for the next process; whoever
        // was taken from it already is sent there.
        hub.send_on();
        let _ = stop.send(true);
    }
    let code = finish(&hub, webhooks.as_ref(), &mut signals).await;
    let _ = stop.send(true);
    let _ = server.await;
    Ok(code)
}

/// Before anybody connects: those who are told have all of it.
fn start_webhooks(config: &Config, hub: &Hub) -> io::Result<Option<Webhooks>> {
    let (webhooks, outbox) = config.webhook_options().map_err(io::Error::other)?;
    if webhooks.is_empty() {
        return Ok(None);
    }
    Webhooks::start(hub, webhooks, outbox).map(Some).map_err(io::Error::other)
}

/// A drain that was asked for over HTTP: the process stays, unready, until it is stopped.
async fn drain_without_stopping(hub: &Hub) {
    hub.drain_asked().await;
    hub.drain().await;
    std::future::pending::<()>().await;
}

/// Drains and puts the rings away, unless a second signal says that there is no time.
async fn finish(hub: &Hub, webhooks: Option<&Webhooks>, signals: &mut Signals) -> ExitCode {
    let orderly = async {
        let window = Duration::from_millis(hub.options().drain_window_ms);
        let flushed_by = Instant::now() + window + FLUSH_SLACK;
        if tokio::time::timeout(window + DRAIN_SLACK, hub.drain()).await.is_err() {
            hub.end_all();
            let left = hub.cut_drain_short().connections_after;
            tracing::warn!(connections = left, "the drain took too long and was cut off");
        }
        hub.farewells_said().await;
        tokio::time::sleep(FLUSH_PAUSE).await;
        let putting_away = hub.clone();
        let put_away = tokio::task::spawn_blocking(move || putting_away.put_away());
        if let Some(webhooks) = webhooks
            && !webhooks.flush(flushed_by.saturating_duration_since(Instant::now())).await
        {
            tracing::warn!("webhooks have not taken all events: the rest is told after the next start");
        }
        let _ = put_away.await;
    };
    tokio::select! {
        () = orderly => ExitCode::SUCCESS,
        signal = signals.next() => {
            let left = hub.cut_drain_short().connections_after;
            tracing::warn!(connections = left, "second signal: stopping at once");
            // As a shell tells of a process that a signal ended.
            ExitCode::from(128 + signal)
        }
    }
}

fn listen(config: &Config, stream: &StreamOptions) -> io::Result<(TcpListener, bool)> {
    if let Some(listener) = tidings::passed(stream)? {
        return Ok((listener, true));
    }
    let address = config.server.listen;
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("can't listen on {address}: {error}"));
    Ok((tidings::bind(address, stream).map_err(named)?, false))
}

/// The line that others wait for, and in development what to try.
fn greet(hub: &Hub, address: SocketAddr, dev: bool) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "listening on http://{address}");
    if dev {
        let _ = writeln!(
            out,
            "\n  open     http://{address}/                    a live channel and a publish box\n  \
               open     http://{address}/admin/monitoring    who is connected\n  \
               listen   curl -N http://{address}/api/sse/stream?channels=jobs\n  \
               publish  curl -d '{{\"channel\":\"jobs\",\"type\":\"job_started\",\"data\":{{\"id\":7}}}}' \
             http://{address}/api/sse/publish\n"
        );
    }
    let _ = out.flush();
    tracing::info!(node = %hub.node(), %address, dev, "serving");
}

fn fail(message: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "error: {message}");
    ExitCode::FAILURE
}

/// SIGTERM and SIGINT, which mean the same.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// The next signal's number.
    async fn next(&mut self) -> u8 {
        const SIGINT: u8 = 2;
        const SIGTERM: u8 = 15;
        tokio::select! {
            _ = self.terminate.recv() => SIGTERM,
            _ = self.interrupt.recv() => SIGINT,
        }
    }
}
