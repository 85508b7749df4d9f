//! `tidings password`: the hash of a password, for `[[admin.operators]]`.

use std::io::{self, IsTerminal, Read};

use clap::Args;
use ratatui::crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use tidings_server::config::PasswordHash;

use super::failure::{Exit, Failure};
use super::terminal;

pub(crate) const HELP: &str = "\
Examples:
  tidings password                         asks for it twice, and shows nothing of it
  pass show tidings/ops | tidings password

What it prints goes to `password` in [[admin.operators]]. The password can't be told from it but by guessing, so take
one that nobody guesses.";

const PASSWORD_CHARS_MIN: usize = 8;
const PASSWORD_BYTES_MAX: usize = 1024;

#[derive(Debug, Args)]
pub(crate) struct PasswordArgs {}

pub(crate) fn run(_: &PasswordArgs) -> Result<Exit, Failure> {
    let password = if io::stdin().is_terminal() { asked_twice()? } else { first_line()? };
    if password.chars().count() < PASSWORD_CHARS_MIN {
        let advice = format!("a password has at least {PASSWORD_CHARS_MIN} characters");
        return Err(Failure::Usage(advice));
    }
    let hash = PasswordHash::of(&password).map_err(Failure::Usage)?;
    terminal::print(&format!("{hash}\n"))?;
    Ok(Exit::Done)
}

fn asked_twice() -> Result<String, Failure> {
    let first = hidden("Password: ")?;
    if hidden("Once more: ")? != first {
        return Err(Failure::Usage("the two differ".to_owned()));
    }
    Ok(first)
}

fn first_line() -> Result<String, Failure> {
    let mut text = String::new();
    let read = io::stdin().lock().take(PASSWORD_BYTES_MAX as u64 + 2).read_to_string(&mut text);
    read.map_err(|error| Failure::Usage(format!("the password can't be read: {error}")))?;
    let line = text.lines().next().unwrap_or_default();
    if line.len() > PASSWORD_BYTES_MAX {
        return Err(Failure::Usage(format!("a password has at most {PASSWORD_BYTES_MAX} bytes")));
    }
    Ok(line.to_owned())
}

/// Asks on the terminal, which shows nothing of what is typed.
fn hidden(prompt: &str) -> Result<String, Failure> {
    let failed = |error: io::Error| Failure::Usage(format!("the terminal can't hide what is typed: {error}"));
    let mut status = terminal::StatusLine::new(true);
    status.draw(prompt);
    enable_raw_mode().map_err(failed)?;
    let typed = typed_line();
    let shown_again = disable_raw_mode();
    terminal::tell(format_args!(""));
    shown_again.map_err(failed)?;
    typed
}

fn typed_line() -> Result<String, Failure> {
    const INTERRUPT: u8 = 3;
    const END: u8 = 4;
    const BACKSPACES: [u8; 2] = [8, 127];
    let mut line = Vec::new();
    for byte in io::stdin().lock().bytes() {
        match byte.map_err(|error| Failure::Usage(error.to_string()))? {
            b'\r' | b'\n' | END => break,
            INTERRUPT => return Err(Failure::Usage("interrupted".to_owned())),
            byte if BACKSPACES.contains(&byte) => drop_last_char(&mut line),
            byte if line.len() < PASSWORD_BYTES_MAX => line.push(byte),
            _ => return Err(Failure::Usage(format!("a password has at most {PASSWORD_BYTES_MAX} bytes"))),
        }
    }
    String::from_utf8(line).map_err(|_| Failure::Usage("that is no UTF-8".to_owned()))
}

/// With the bytes that continue it (RFC 3629 §3).
fn drop_last_char(line: &mut Vec<u8>) {
    while line.pop().is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backspace_takes_a_character_and_not_a_byte() {
        let mut line = "aé".as_bytes().to_vec();
        drop_last_char(&mut line);
        assert_eq!(line, b"a");
        drop_last_char(&mut line);
        drop_last_char(&mut line);
        assert!(line.is_empty());
    }
}
