//! The terminal: taken over as a whole, and given back however the program ends.

use std::io::{self, IsTerminal};

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event};
use tokio::sync::mpsc;

/// Keys and resizes that wait to be taken, at most: whoever types faster waits.
const INPUTS_MAX: usize = 64;

/// A terminal that shows frames. Dropping it, also in a panic, gives it back as it was.
pub(super) struct Screen {
    pub(super) terminal: DefaultTerminal,
}

impl Screen {
    /// Takes it over: another screen, no echo, and a panic that is told on the first one.
    pub(super) fn open() -> io::Result<Self> {
        Ok(Self { terminal: ratatui::try_init()? })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = ratatui::try_restore();
    }
}

/// Whether there is one to draw on and to type at.
pub(super) fn is_there() -> bool {
    io::stdout().is_terminal() && io::stdin().is_terminal()
}

/// What is typed. Reading blocks, so that it has a thread of its own, which ends with the program.
pub(super) fn inputs() -> mpsc::Receiver<Event> {
    let (to, inputs) = mpsc::channel(INPUTS_MAX);
    std::thread::spawn(move || {
        while let Ok(input) = event::read() {
            if to.blocking_send(input).is_err() {
                return;
            }
        }
    });
    inputs
}
