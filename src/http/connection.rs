//! A connection that is given up when whoever is at its other end takes nothing of what is written to them.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How long a write may make no progress.
const TAKES_WITHIN: Duration = Duration::from_secs(60);

/// `inner`, whose writes fail once they have made no progress for a minute.
pub struct Impatient<S> {
    inner: S,
    gives_up: Option<Pin<Box<Sleep>>>,
}

impl<S> Impatient<S> {
    /// The same connection, with a minute's patience.
    pub const fn new(inner: S) -> Self {
        Self { inner, gives_up: None }
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "a connection's patience is the runtime's own; nothing is decided by it"
    )]
    fn judged(&mut self, written: Poll<io::Result<usize>>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.gives_up = None;
            return written;
        }
        let gives_up = self.gives_up.get_or_insert_with(|| Box::pin(sleep(TAKES_WITHIN)));
        gives_up.as_mut().poll(context).map(|()| Err(ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Impatient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Impatient<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.judged(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.judged(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test(start_paused = true)]
    #[allow(clippy::disallowed_methods, reason = "the test's time is the runtime's own")]
    async fn whoever_takes_nothing_is_given_up_and_whoever_takes_slowly_is_not() {
        let (ours, mut theirs) = duplex(1);
        let mut ours = Impatient::new(ours);
        let slowly = async {
            for _ in 0..3 {
                sleep(TAKES_WITHIN / 2).await;
                theirs.read_u8().await.unwrap();
            }
        };
        let (written, ()) = tokio::join!(ours.write_all(b"abcd"), slowly);
        written.unwrap();
        assert_eq!(ours.write_all(b"e").await.unwrap_err().kind(), ErrorKind::TimedOut);
    }
}
