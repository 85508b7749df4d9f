//! Where a stream stands, as the text that `Last-Event-ID` carries.

use std::fmt;

use serde::{Serialize, Serializer};

const BASE: u64 = 36;
// 36^13 > 2^64.
const DIGITS_MAX: usize = 13;
const CURSOR_BYTES_MAX: usize = 64;

/// In place of a cursor: the start of what the log holds. No cursor is written like this.
pub const EARLIEST: &str = "earliest";

/// One life of a log. A log that lost what it held starts another, and no cursor of the old one means anything to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(u64);

/// A place in the stream of all channels. Opaque to clients: `<epoch>-<seq>` in base 36, with a `~` when owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// The log's life that `seq` counts in.
    pub epoch: Epoch,
    /// The last event that lies behind this place.
    pub seq: u64,
    /// Handed out before a gap was told: whoever resumes from it is owed the gap again.
    pub owed: bool,
}

impl Epoch {
    /// The number behind the text.
    pub fn get(self) -> u64 {
        self.0
    }

    /// Reads what `Display` writes, and nothing else.
    pub fn parse(text: &str) -> Option<Epoch> {
        number(text).map(Epoch)
    }
}

impl From<u64> for Epoch {
    fn from(number: u64) -> Self {
        Epoch(number)
    }
}

impl Cursor {
    /// Reads what `Display` writes, and nothing else: one place has one text.
    pub fn parse(text: &str) -> Option<Cursor> {
        if text.len() > CURSOR_BYTES_MAX {
            return None;
        }
        let (place, owed) = match text.strip_suffix('~') {
            Some(place) => (place, true),
            None => (text, false),
        };
        let (epoch, seq) = place.split_once('-')?;
        Some(Cursor { epoch: Epoch::parse(epoch)?, seq: number(seq)?, owed })
    }

    /// Appends the text. Allocates only if `out` has to grow.
    pub fn write_into(&self, out: &mut Vec<u8>) {
        let mut digits = [0; DIGITS_MAX];
        out.extend_from_slice(base36(self.epoch.0, &mut digits).as_bytes());
        out.push(b'-');
        out.extend_from_slice(base36(self.seq, &mut digits).as_bytes());
        if self.owed {
            out.push(b'~');
        }
    }
}

fn base36(mut number: u64, digits: &mut [u8; DIGITS_MAX]) -> &str {
    let mut start = DIGITS_MAX;
    loop {
        start -= 1;
        digits[start] = b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % BASE) as usize];
        number /= BASE;
        if number == 0 {
            break;
        }
    }
    std::str::from_utf8(&digits[start..]).unwrap_or_default()
}

fn number(text: &str) -> Option<u64> {
    let leading_zero = text.len() > 1 && text.starts_with('0');
    if text.is_empty() || text.len() > DIGITS_MAX || leading_zero {
        return None;
    }
    text.bytes().try_fold(0u64, |number, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'z' => byte - b'a' + 10,
            _ => return None,
        };
        number.checked_mul(BASE)?.checked_add(u64::from(digit))
    })
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(base36(self.0, &mut [0; DIGITS_MAX]))
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; DIGITS_MAX];
        write!(f, "{}-{}", self.epoch, base36(self.seq, &mut digits))?;
        if self.owed { f.write_str("~") } else { Ok(()) }
    }
}

impl Serialize for Epoch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_has_one_text() {
        let cursor = |epoch, seq, owed| Cursor { epoch: Epoch(epoch), seq, owed };
        for (text, place) in [
            ("0-0", cursor(0, 0, false)),
            ("a-10", cursor(10, 36, false)),
            ("zz-z~", cursor(1295, 35, true)),
            ("3w5e11264sgsf-3w5e11264sgsf~", cursor(u64::MAX, u64::MAX, true)),
        ] {
            assert_eq!(Cursor::parse(text), Some(place));
            assert_eq!(place.to_string(), text);
        }
    }

    #[test]
    fn anything_else_is_no_cursor() {
        let long = format!("1-{}", "1".repeat(100));
        for text in [
            "",
            "-",
            "~",
            "1",
            "1-",
            "-1",
            "1-~",
            "01-1",
            "1-01",
            "+1-1",
            "1-+1",
            "A-1",
            "1-1~~",
            "1 -1",
            "1-1-1",
            "3w5e11264sgsg-0",
            "0-zzzzzzzzzzzzz",
            "é-1",
            "1-1\n",
            &long,
        ] {
            assert_eq!(Cursor::parse(text), None, "{text:?}");
        }
    }
}
