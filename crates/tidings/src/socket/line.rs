//! What a stream is written on, in the clear or under TLS: first as HTTP's server holds it, then as its writer does.

use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite};

use super::door::Door;

/// A socket in the hands of HTTP.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    type Line: Line;

    fn door(&self) -> &Door;

    /// Out of HTTP's hands, to be written by the hub.
    fn into_line(self) -> Self::Line;

    /// Closes it once HTTP is done with it.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// A socket that a stream's writer holds: it never waits, and what comes in is thrown away.
pub(super) trait Line: Unpin + Send + 'static {
    fn door(&self) -> &Door;

    /// Throws away what came in: how many bytes, or 0 at the end.
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>>;

    /// Bytes of what is to be written next that are on their way already: they come first in what
    /// [`try_write`](Self::try_write) is given, as they were, until it tells of them as written.
    fn committed(&self) -> usize;

    /// Writes what there is room for. 0 is progress all the same: of bytes that were taken before.
    fn try_write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Ready when [`try_write`](Self::try_write) may do more.
    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Says that nothing follows, as far as there is room for it.
    fn say_last(&mut self, last: &[u8]);
}

impl Wire for Door {
    type Line = Self;

    fn door(&self) -> &Door {
        self
    }

    fn into_line(self) -> Self {
        self
    }

    async fn close(self) {}
}

impl Line for Door {
    fn door(&self) -> &Door {
        self
    }

    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut scratch = [0; 512];
        loop {
            ready!(self.io().poll_read_ready(cx))?;
            match self.io().try_read(&mut scratch) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return Poll::Ready(read),
            }
        }
    }

    fn committed(&self) -> usize {
        0
    }

    fn try_write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match slices {
            [one] => self.io().try_write(one),
            several => self.io().try_write_vectored(several),
        }
    }

    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io().poll_write_ready(cx)
    }

    fn say_last(&mut self, last: &[u8]) {
        if !last.is_empty() {
            let _ = self.io().try_write(last);
        }
    }
}
