//! A request that would be written too late is not written.
//!
//! Between the decision to send and the socket lies a connection to be made or taken from the pool. A process that is
//! frozen in between (a stopped virtual machine, a debugger, `SIGSTOP`) would write the request when it wakes, minutes
//! after the last instant at which it might start, while another worker holds the tenant. So the body itself looks at
//! the clock when the connection asks for it: the head waits in the same buffer and leaves with the body, or not at all.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::domain::time::{Monotonic, Timestamp};
use crate::ports::Clock;

/// The body was asked for after its hour; nothing of its request has left.
#[derive(Debug)]
pub(super) struct TooLate;

impl fmt::Display for TooLate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request came too late to be written")
    }
}

impl Error for TooLate {}

/// A body that can be had within `limit` of its making, by both clocks: the stopwatch stands still while the machine
/// sleeps.
pub(super) struct PunctualBody {
    bytes: Option<Bytes>,
    made: (Monotonic, Timestamp),
    limit: Duration,
    clock: Arc<dyn Clock>,
}

impl PunctualBody {
    pub(super) fn new(bytes: Bytes, limit: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { bytes: Some(bytes), made: (clock.monotonic(), clock.now()), limit, clock }
    }

    fn is_late(&self) -> bool {
        let by_stopwatch = self.clock.monotonic().saturating_since(self.made.0);
        let by_wall = (self.clock.now() - self.made.1).to_std().unwrap_or_default();
        by_stopwatch.max(by_wall) > self.limit
    }
}

impl Body for PunctualBody {
    type Data = Bytes;
    type Error = TooLate;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, TooLate>>> {
        if self.bytes.is_some() && self.is_late() {
            self.bytes = None;
            return Poll::Ready(Some(Err(TooLate)));
        }
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::ports::Pending;

    /// Its hands are moved as if the process had been frozen meanwhile.
    struct Hands(Mutex<Duration>);

    impl Clock for Hands {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH + *self.0.lock().unwrap()
        }

        fn monotonic(&self) -> Monotonic {
            Monotonic::from_origin(*self.0.lock().unwrap())
        }

        fn sleep_until(&self, _: Monotonic) -> Pending<()> {
            Box::pin(std::future::pending())
        }
    }

    fn asked_for_after(wait: Duration) -> Option<Result<Bytes, String>> {
        let hands = Arc::new(Hands(Mutex::default()));
        let mut body = PunctualBody::new(Bytes::from_static(b"news"), Duration::from_secs(3), hands.clone());
        assert_eq!(body.size_hint().exact(), Some(4));
        *hands.0.lock().unwrap() += wait;
        let frame = match Pin::new(&mut body).poll_frame(&mut Context::from_waker(std::task::Waker::noop())) {
            Poll::Ready(frame) => frame?,
            Poll::Pending => return None,
        };
        Some(frame.map(|frame| frame.into_data().unwrap()).map_err(|late| late.to_string()))
    }

    #[test]
    fn whoever_was_frozen_before_the_socket_sends_nothing_when_it_wakes() {
        assert_eq!(asked_for_after(Duration::from_secs(3)), Some(Ok(Bytes::from_static(b"news"))));
        assert!(asked_for_after(Duration::from_secs(20)).unwrap().unwrap_err().contains("too late"));
    }
}
