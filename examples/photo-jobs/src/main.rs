//! A photo manager that made its own live updates once, and had up to four streams a user: here the hub lives in the
//! application, and a tab has one. See README.md.

mod board;
mod folder;
mod http;
mod library;
mod manifest;
mod news;
mod photographer;
mod settings;
mod studio;
#[cfg(test)]
mod tests;
mod thumbnails;

use std::io;

use tidings::{Hub, HubOptions};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use self::settings::Settings;
use self::studio::Studio;

/// Over this a stop spreads its goodbyes. A handful of tabs come back at once.
const DRAIN_WINDOW_MS: u64 = 200;

#[tokio::main]
async fn main() -> io::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_target(false).with_writer(io::stderr).init();
    let settings = Settings::from_environment()?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);

    let hub = Hub::open(hub_options(&settings))?;
    let studio = Studio::open(&settings, hub.publisher())?;
    let app = http::router(&settings, studio.clone(), hub.clone());
    let listener = tidings::bind(settings.listen, &hub.options().stream)?;
    println!("listening on http://{}", listener.local_addr()?);

    // Drained while it still accepts: whoever comes now is told to come again, and not that nobody is there.
    let stop = async {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        hub.drain().await;
    };
    tidings::serve(listener, app, hub.clone(), stop).await;
    // Jobs first: what one of them still tells goes into the rings that are put away, and no page misses it.
    studio.stop().await;
    hub.farewells_said().await;
    hub.put_away();
    Ok(())
}

fn hub_options(settings: &Settings) -> HubOptions {
    HubOptions {
        data_dir: Some(settings.data_dir.join("hub")),
        drain_window_ms: DRAIN_WINDOW_MS,
        ..HubOptions::default()
    }
}
