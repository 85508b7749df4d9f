use std::io;

use tokio::signal::unix::{SignalKind, signal};

use super::failure::Exit;

/// Resolves once somebody asks the program to end, to what the shell then expects.
pub(crate) async fn ended() -> io::Result<Exit> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => Ok(Exit::Interrupted),
        _ = terminate.recv() => Ok(Exit::Terminated),
    }
}
