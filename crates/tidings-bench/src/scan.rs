//! Counts complete events in a byte stream without parsing it: the fast path of the load generator.

/// Ends the data of every event that this crate publishes, and stands nowhere else.
pub(crate) const MARKER: &[u8; 4] = b"~tb~";

/// Looks for the marker, then for the empty line that completes its event, over any split of the stream.
///
/// Chunk framing and fields pass by unread. The one assumption, checked on a witness connection by a real
/// parser, is that a server doesn't end a chunk inside the marker.
#[derive(Clone, Copy, Default)]
pub(crate) struct Scanner {
    /// 0–3: bytes of the marker matched. 4: marker seen. 5: marker, then a line feed seen last.
    matched: u8,
}

impl Scanner {
    const IN_EVENT: u8 = MARKER.len() as u8;
    const AFTER_LINE: u8 = Self::IN_EVENT + 1;

    /// How many events `bytes` completes.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) -> u32 {
        let mut complete = 0;
        loop {
            if self.matched == 0 {
                let Some(at) = bytes.iter().position(|byte| *byte == MARKER[0]) else { return complete };
                bytes = &bytes[at..];
            }
            let Some((byte, rest)) = bytes.split_first() else { return complete };
            bytes = rest;
            complete += u32::from(self.step(*byte));
        }
    }

    fn step(&mut self, byte: u8) -> bool {
        self.matched = match self.matched {
            Self::AFTER_LINE if byte == b'\n' => {
                self.matched = 0;
                return true;
            }
            Self::IN_EVENT | Self::AFTER_LINE if byte == b'\n' => Self::AFTER_LINE,
            Self::IN_EVENT | Self::AFTER_LINE => Self::IN_EVENT,
            matched if byte == MARKER[usize::from(matched)] => matched + 1,
            // The marker's first byte may begin it anew; its last one is the same byte.
            _ if byte == MARKER[0] => 1,
            _ => 0,
        };
        false
    }
}

#[cfg(test)]
mod tests {
    use super::{MARKER, Scanner};

    fn stream(events: usize) -> Vec<u8> {
        let mut bytes = b"HTTP/1.1 200 OK\r\n\r\n3\r\n:\n\n\r\n".to_vec();
        for seq in 0..events {
            let event = format!("id: {seq}\nevent: tick\ndata: \"~t~~tb{}~tb~\"\n\n", seq % 10);
            bytes.extend(format!("{:x}\r\n{event}\r\n", event.len()).bytes());
            bytes.extend(b"d\r\n: heartbeat\n\n\r\n");
        }
        bytes
    }

    #[test]
    fn counts_complete_events_in_one_piece() {
        assert_eq!(Scanner::default().feed(&stream(1_000)), 1_000);
    }

    #[test]
    fn counts_the_same_over_every_split() {
        let bytes = stream(12);
        for size in 1..64 {
            let mut scanner = Scanner::default();
            let count: u32 = bytes.chunks(size).map(|piece| scanner.feed(piece)).sum();
            assert_eq!(count, 12, "pieces of {size}");
        }
    }

    #[test]
    fn an_event_counts_only_with_its_empty_line() {
        let mut scanner = Scanner::default();
        assert_eq!(scanner.feed(b"data: \"~tb~\"\n"), 0);
        assert_eq!(scanner.feed(b"id: 7\n"), 0);
        assert_eq!(scanner.feed(b"\n"), 1);
        assert_eq!(scanner.feed(b"\n\n: heartbeat\n\n"), 0);
    }

    #[test]
    fn a_marker_that_begins_inside_a_false_start_counts() {
        let text = [b"~t~".as_slice(), MARKER, b"\n\n~tb", MARKER, b"\n\n"].concat();
        assert_eq!(Scanner::default().feed(&text), 2);
    }
}
