//! Lines that came in and wait to be sent: bounded, so that whoever writes them waits when the hub does.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::super::problem::Problem;
use super::event::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX};

/// A longer line is refused without being sent.
pub(crate) const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A line, or why it can't be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Counted from 1.
    pub(super) number: u64,
    pub(super) text: Result<String, Problem>,
}

/// Between the thread that reads and the task that sends.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    /// For the reader: there is room again.
    room: Condvar,
    /// For the sender: there is something, or nothing more will come.
    news: Notify,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<Line>,
    bytes: usize,
    ended: bool,
    failure: Option<io::Error>,
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// All that has come in, as soon as there is anything; `None` when nothing more will come.
    pub(super) async fn take(&self) -> Option<Vec<Line>> {
        loop {
            {
                let mut state = self.lock();
                if !state.lines.is_empty() {
                    state.bytes = 0;
                    let lines = std::mem::take(&mut state.lines);
                    self.room.notify_one();
                    return Some(lines.into());
                }
                if state.ended {
                    return None;
                }
            }
            self.news.notified().await;
        }
    }

    /// Why the reading ended, if not with the input.
    pub(super) fn failure(&self) -> Option<io::Error> {
        self.lock().failure.take()
    }

    /// Waits while a whole batch waits already.
    fn put(&self, line: Line) {
        let bytes = line.text.as_ref().map_or(0, String::len);
        let mut state = self.lock();
        while state.lines.len() >= BATCH_EVENTS_MAX || state.bytes >= BATCH_BYTES_MAX {
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.bytes += bytes;
        state.lines.push_back(line);
        drop(state);
        self.news.notify_one();
    }

    fn end(&self, failure: Option<io::Error>) {
        let mut state = self.lock();
        state.ended = true;
        state.failure = failure;
        drop(state);
        self.news.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads on a thread of its own, which nobody waits for: a read from a terminal or a pipe can't be called off.
pub(super) fn spawn_reader(input: impl Read + Send + 'static, inbox: Arc<Inbox>) -> io::Result<()> {
    let name = "stdin".to_owned();
    std::thread::Builder::new().name(name).spawn(move || {
        let failure = read_lines(BufReader::new(input), LINE_BYTES_MAX, |line| inbox.put(line)).err();
        inbox.end(failure);
    })?;
    Ok(())
}

fn read_lines(mut input: impl BufRead, line_bytes_max: usize, mut put: impl FnMut(Line)) -> io::Result<()> {
    for number in 1.. {
        let mut line = Vec::new();
        let limit = line_bytes_max as u64 + 1;
        if input.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let ended = line.last() == Some(&b'\n');
        let text = if !ended && line.len() > line_bytes_max {
            input.skip_until(b'\n')?;
            Err(too_long(line_bytes_max))
        } else {
            let line = line.strip_suffix(b"\n").unwrap_or(&line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            Ok(String::from_utf8_lossy(line).into_owned())
        };
        put(Line { number, text });
    }
    Ok(())
}

fn too_long(line_bytes_max: usize) -> Problem {
    let detail = format!("a line of more than {line_bytes_max} bytes is no event");
    Problem::new(http::StatusCode::PAYLOAD_TOO_LARGE, "not sent", detail)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines_of(input: &[u8], portion: usize, line_bytes_max: usize) -> Vec<Line> {
        let mut lines = Vec::new();
        read_lines(BufReader::with_capacity(portion, input), line_bytes_max, |line| lines.push(line))
            .expect("memory");
        lines
    }

    fn texts(lines: &[Line]) -> Vec<Option<&str>> {
        lines.iter().map(|line| line.text.as_deref().ok()).collect()
    }

    #[test]
    fn each_line_is_one_with_or_without_its_end() {
        let lines = lines_of(b"a\r\n\nb\xff\nlast", 3, 100);
        assert_eq!(texts(&lines), [Some("a"), Some(""), Some("b\u{fffd}"), Some("last")]);
        assert_eq!(lines.iter().map(|line| line.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
    }

    #[test]
    fn a_line_over_the_limit_is_skipped_and_the_next_is_whole() {
        let lines = lines_of(b"1234\n12345\n123456789012345\nok", 3, 4);
        assert_eq!(texts(&lines), [Some("1234"), None, None, Some("ok")]);
    }

    #[tokio::test]
    async fn what_came_in_is_taken_at_once_and_in_order() {
        let inbox = Arc::new(Inbox::new());
        let input: String = (1..=2_000).map(|n| format!("{n}\n")).collect();
        spawn_reader(io::Cursor::new(input), Arc::clone(&inbox)).expect("a thread");
        let mut taken = Vec::new();
        while let Some(lines) = inbox.take().await {
            assert!(!lines.is_empty() && lines.len() <= BATCH_EVENTS_MAX);
            taken.extend(lines.into_iter().map(|line| line.number));
        }
        assert_eq!(taken, (1..=2_000).collect::<Vec<u64>>());
    }

    #[tokio::test]
    async fn a_reader_waits_while_a_batch_waits() {
        let inbox = Arc::new(Inbox::new());
        let line = "x".repeat(1024);
        let input = format!("{line}\n").repeat(5_000);
        spawn_reader(io::Cursor::new(input), Arc::clone(&inbox)).expect("a thread");
        let mut total = 0;
        while let Some(lines) = inbox.take().await {
            let bytes: usize = lines.iter().map(|line| line.text.as_ref().map_or(0, String::len)).sum();
            assert!(bytes < BATCH_BYTES_MAX + line.len(), "{bytes} bytes waited");
            total += lines.len();
        }
        assert_eq!(total, 5_000);
    }

    #[tokio::test]
    async fn a_failed_read_is_told_after_the_lines_before_it() {
        struct Broken(bool);
        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                if std::mem::replace(&mut self.0, true) {
                    return Err(io::ErrorKind::ConnectionReset.into());
                }
                buffer[..2].copy_from_slice(b"a\n");
                Ok(2)
            }
        }
        let inbox = Arc::new(Inbox::new());
        spawn_reader(Broken(false), Arc::clone(&inbox)).expect("a thread");
        assert_eq!(inbox.take().await.map(|lines| lines.len()), Some(1));
        assert_eq!(inbox.take().await, None);
        assert_eq!(inbox.failure().map(|error| error.kind()), Some(io::ErrorKind::ConnectionReset));
    }

    proptest! {
        #[test]
        fn portions_make_no_difference(input in "[ab\r\n]{0,60}", portion in 1_usize..9) {
            prop_assert_eq!(lines_of(input.as_bytes(), portion, 5), lines_of(input.as_bytes(), 1_000, 5));
        }

        #[test]
        fn no_line_is_lost(lines in prop::collection::vec("[^\r\n]{0,9}", 0..20)) {
            let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let read = lines_of(input.as_bytes(), 7, 100);
            prop_assert_eq!(texts(&read), lines.iter().map(|line| Some(line.as_str())).collect::<Vec<_>>());
        }
    }
}
