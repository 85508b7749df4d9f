//! `tidings serve`: the hub as a process, from the listener to the last word.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tidings::tls::Tls;
use tidings::webhooks::Webhooks;
use tidings::{AuditTrail, Hub, audit};
use tidings_server::config::Config;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::doorman::Doorman;
use crate::listeners::{self, Bound, Shared};
use crate::{engine, logging, options};

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
    let hub_options = options::hub(config)?;
    // Before it listens: a key that can't be read lets nobody in.
    let doorman = Arc::new(Doorman::new(config)?);
    let tls = config.open_tls().map_err(io::Error::other)?.map(Arc::new);
    let trail = match &config.admin.audit_file {
        Some(path) => AuditTrail::to_file(path)?,
        None => AuditTrail::default(),
    };
    let (bound, passed) = listeners::bind(config, &hub_options.stream, tls.as_ref())?;
    // Before the hub takes up the rings: a signal that ended the process just after would lose them.
    let mut signals = Signals::new()?;
    let hangups = signal(SignalKind::hangup())?;
    let (hub, unfit) = engine::open_hub(config, hub_options).await?;
    let webhooks = start_webhooks(config, &hub)?;
    let shared = Shared { hub: hub.clone(), doorman, trail };
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(audit::run(hub.clone(), bound.iter().map(|bound| bound.address).collect()));
    keep_current(tls, hangups);
    greet(&hub, &bound, config.dev);
    let servers: Vec<_> = bound
        .into_iter()
        .map(|bound| {
            let app = bound.app(config, &shared);
            let mut stopped = stopped.clone();
            let until_stopped = async move {
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            tokio::spawn(tidings::serve_through(
                bound.listener,
                bound.entrance,
                app,
                hub.clone(),
                until_stopped,
            ))
        })
        .collect();
    let failed = tokio::select! {
        _ = signals.next() => None,
        () = drain_without_stopping(&hub) => None,
        error = unfit => Some(error),
    };
    if passed {
        // Whoever comes now waits in the backlog, which the service manager holds, for the next process; whoever
        // was taken from it already is sent there.
        hub.send_on();
        let _ = stop.send(true);
    }
    let code = finish(&hub, webhooks.as_ref(), &mut signals).await;
    let _ = stop.send(true);
    for server in servers {
        let _ = server.await;
    }
    failed.map_or(Ok(code), Err)
}

/// Before anybody connects: those who are told have all of it.
fn start_webhooks(config: &Config, hub: &Hub) -> io::Result<Option<Webhooks>> {
    let (webhooks, outbox) = config.webhook_options().map_err(io::Error::other)?;
    if webhooks.is_empty() {
        return Ok(None);
    }
    Webhooks::start(hub, webhooks, outbox).map(Some).map_err(io::Error::other)
}

/// Takes in what comes to the certificate's files, by itself and at SIGHUP, which would end the process otherwise.
fn keep_current(tls: Option<Arc<Tls>>, mut hangups: Signal) {
    if let Some(tls) = tls.clone() {
        tokio::spawn(async move { tls.watch().await });
    }
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            match &tls {
                Some(tls) => tls.look_now(),
                None => tracing::info!("SIGHUP: there is nothing to reload without TLS"),
            }
        }
    });
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

/// The line that others wait for, and in development what to try.
fn greet(hub: &Hub, bound: &[Bound], dev: bool) {
    let Some(first) = bound.first() else { return };
    let (scheme, address) = (first.scheme(), first.address);
    let mut out = io::stdout().lock();
    for other in bound.iter().skip(1) {
        let _ = writeln!(out, "{} on {}://{}", other.name.unwrap_or_default(), other.scheme(), other.address);
    }
    let _ = writeln!(out, "listening on {scheme}://{address}");
    if dev {
        let _ = writeln!(
            out,
            "\n  open     {scheme}://{address}/                    a live channel and a publish box\n  \
               open     {scheme}://{address}/admin/monitoring    who is connected\n  \
               listen   curl -N {scheme}://{address}/api/sse/stream?channels=jobs\n  \
               publish  curl -d '{{\"channel\":\"jobs\",\"type\":\"job_started\",\"data\":{{\"id\":7}}}}' \
             {scheme}://{address}/api/sse/publish\n"
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
