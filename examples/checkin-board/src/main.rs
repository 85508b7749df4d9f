//! A school's check-in boards: each supervisor sees the rooms that they supervise now, and no other. The hub lives in
//! this process, or beside it (`--hub URL`). See README.md.

mod broadcast;
mod clock;
mod event;
mod http;
mod issuer;
mod password;
mod secret;
mod settings;
mod store;
#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal};

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use self::http::School;
use self::settings::Settings;

#[tokio::main]
async fn main() -> io::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_target(false).with_writer(io::stderr);
    logs.with_ansi(io::stderr().is_terminal()).init();
    let settings = Settings::read()?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);

    let school = School::open(settings)?;
    let listener = school.listen().await?;
    println!("listening on http://{}", listener.local_addr()?);
    let stop = async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    };
    school.serve(listener, stop).await
}
