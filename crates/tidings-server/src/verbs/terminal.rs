//! Where words for the person go: the standard error, which may be closed, a file, or a terminal with a progress
//! line on it. A failed write there is nobody's failure.

use std::fmt;
use std::io::{self, IsTerminal, Write};

use super::failure::Failure;

/// Says one line.
pub(crate) fn tell(line: fmt::Arguments<'_>) {
    let mut stderr = io::stderr().lock();
    let _ = writeln!(stderr, "{line}");
}

/// Whether a person looks at the standard error right now.
pub(crate) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Prints a result, whole, and finds out at once when nobody reads it.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    Ok(())
}

/// Carriage return, then "erase to the end of the line".
const CLEAR_LINE: &str = "\r\x1b[K";

/// A line that is drawn over itself, on a terminal only.
#[derive(Debug)]
pub(crate) struct StatusLine {
    shown: bool,
    drawn: bool,
}

impl StatusLine {
    pub(crate) fn new(shown: bool) -> Self {
        Self { shown, drawn: false }
    }

    pub(crate) fn draw(&mut self, line: &str) {
        if self.shown {
            self.drawn = true;
            let mut stderr = io::stderr().lock();
            let _ = write!(stderr, "{CLEAR_LINE}{line}").and_then(|()| stderr.flush());
        }
    }

    /// Says a line of its own, above the status.
    pub(crate) fn tell(&mut self, line: fmt::Arguments<'_>) {
        self.clear();
        tell(line);
    }

    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            let mut stderr = io::stderr().lock();
            let _ = write!(stderr, "{CLEAR_LINE}").and_then(|()| stderr.flush());
        }
    }
}
