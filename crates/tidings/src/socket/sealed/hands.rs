//! The two hands that a sealed socket passes through: HTTP's, and those of a stream's writer.

use std::borrow::Cow;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;

use super::super::door::Door;
use super::super::line::{Line, Wire};
use super::CLOSE_TIMEOUT;
use super::session::{SEAL_BYTES_MAX, Sealed};

impl Wire for Box<Sealed> {
    type Line = Self;

    fn door(&self) -> &Door {
        Sealed::door(self)
    }

    fn into_line(self) -> Self {
        self
    }

    async fn close(mut self) {
        // A far end that is gone hears nothing, and needn't.
        let _ = timeout(CLOSE_TIMEOUT, self.shutdown()).await;
    }
}

impl Line for Box<Sealed> {
    fn door(&self) -> &Door {
        Sealed::door(self)
    }

    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        // What came with the request was opened before.
        let mut came = self.opened().len();
        if came == 0 && !self.is_over() {
            // Records that say nothing count too: whoever sends those without end is no reader.
            came = ready!(self.poll_open(cx))?;
        }
        self.consume(self.opened().len());
        Poll::Ready(Ok(if self.is_over() { 0 } else { came }))
    }

    fn committed(&self) -> usize {
        self.taken
    }

    fn try_write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut progressed = false;
        loop {
            while self.has_unsent() {
                match self.try_send() {
                    Ok(()) => progressed = true,
                    Err(error) if progressed && error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
                    Err(error) => return Err(error),
                }
            }
            if self.taken > 0 {
                return Ok(std::mem::take(&mut self.taken));
            }
            let bytes = gathered(slices);
            if bytes.is_empty() {
                return Ok(0);
            }
            self.seal(&bytes)?;
            self.taken = bytes.len();
        }
    }

    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Sealed::door(self).io().poll_write_ready(cx)
    }

    fn say_last(&mut self, last: &[u8]) {
        let sealed = if last.is_empty() { Ok(()) } else { self.seal(last) };
        if sealed.and_then(|()| self.seal_goodbye()).is_err() {
            return;
        }
        while self.has_unsent() && self.try_send().is_ok() {}
    }
}

/// As much as is encrypted at a time, in one piece.
fn gathered<'a>(slices: &'a [IoSlice<'_>]) -> Cow<'a, [u8]> {
    if let [one] = slices {
        return Cow::Borrowed(&one[..one.len().min(SEAL_BYTES_MAX)]);
    }
    let mut bytes =
        Vec::with_capacity(slices.iter().map(|slice| slice.len()).sum::<usize>().min(SEAL_BYTES_MAX));
    for slice in slices {
        bytes.extend_from_slice(&slice[..slice.len().min(SEAL_BYTES_MAX - bytes.len())]);
    }
    Cow::Owned(bytes)
}

impl AsyncRead for Sealed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.opened().is_empty() && !self.is_over() {
            ready!(self.poll_open(cx))?;
        }
        let opened = self.opened();
        let bytes = opened.len().min(buf.remaining());
        buf.put_slice(&opened[..bytes]);
        self.consume(bytes);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Sealed {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_send(cx))?;
        let bytes = gathered(bufs);
        if !bytes.is_empty() {
            self.seal(&bytes)?;
        }
        // What there is no room for now goes before what comes next.
        match self.poll_send(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(bytes.len())),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_send(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.seal_goodbye()?;
        ready!(self.poll_send(cx))?;
        Pin::new(self.door_mut()).poll_shutdown(cx)
    }
}
