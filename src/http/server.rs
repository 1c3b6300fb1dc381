//! Listens, serves, and stops in order and in time.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::connection::Impatient;
use crate::ports::Clock;

/// How long requests that are being answered may go on after the word to stop. All of ours end in milliseconds; only
/// a client that does not read its answer takes longer.
const DRAIN: Duration = Duration::from_secs(3);

/// How soon everything of a request but its body must be there. Whoever keeps a connection says something within it, too.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// How long we wait before we listen again when the system gives us no connection.
const REST: Duration = Duration::from_secs(1);

/// We cannot listen there, or serving failed.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Somebody else listens there, or we may not.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        cause: std::io::Error,
    },
    /// The listener failed later on.
    #[error("serving HTTP failed: {0}")]
    Serve(#[from] std::io::Error),
}

/// Listens at `address`; port 0 lets the system choose.
///
/// # Errors
/// [`ServerError::Listen`] when that is not possible.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, ServerError> {
    TcpListener::bind(address).await.map_err(|cause| ServerError::Listen { address, cause })
}

/// Serves `router` until `stop`, then answers what was begun, for three seconds at most.
///
/// # Errors
/// [`ServerError::Serve`] when the listener fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
    clock: &dyn Clock,
) -> Result<(), ServerError> {
    let (begun, mut http) = (GracefulShutdown::new(), http1::Builder::new());
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN);
    while let Some(stream) = accepted(&listener, &stop, clock).await? {
        // Answers are written at once; there is nothing to wait for.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let connection = begun.watch(http.serve_connection(TokioIo::new(Impatient::new(stream)), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended before its time");
            }
        });
    }
    drop(listener);
    tokio::select! {
        () = begun.shutdown() => {}
        () = clock.sleep_until(clock.monotonic() + DRAIN) => {}
    }
    Ok(())
}

/// The next connection; `None` after the word to stop.
async fn accepted(
    listener: &TcpListener,
    stop: &CancellationToken,
    clock: &dyn Clock,
) -> Result<Option<TcpStream>, ServerError> {
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(None),
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => return Ok(Some(stream)),
            Err(error) if was_gone(&error) => {}
            Err(error) if is_short(&error) => {
                tracing::warn!(%error, "no connection can be taken for want of room");
                tokio::select! {
                    () = stop.cancelled() => return Ok(None),
                    () = clock.sleep_until(clock.monotonic() + REST) => {}
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whoever wanted to connect went away before we could answer.
fn was_gone(error: &io::Error) -> bool {
    use ErrorKind as E;
    matches!(error.kind(), E::ConnectionAborted | E::ConnectionReset | E::ConnectionRefused | E::Interrupted)
}

/// The system has no more files or memory for us; others may give some back.
fn is_short(error: &io::Error) -> bool {
    use nix::errno::Errno as E;
    let number = error.raw_os_error().map(E::from_raw);
    matches!(number, Some(E::EMFILE | E::ENFILE | E::ENOBUFS | E::ENOMEM))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::super::router::{Shared, router};
    use super::*;
    use crate::adapters::system::{SystemClock, SystemRandom};
    use crate::app::health::Health;

    async fn get(address: SocketAddr, method: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn the_routes_answer_and_stop_means_stop() {
        let (health, stop) = (Health::default(), CancellationToken::new());
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        let router = router(Shared {
            health: health.clone(),
            metrics: recorder.handle(),
            webhook: None,
            random: Arc::new(SystemRandom),
            api: None,
        });
        let listener = listen(([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let asking = async {
            assert!(get(address, "GET", "/healthz").await.starts_with("HTTP/1.1 200"));
            health.unwell("database", "It does not answer.");
            let sick = get(address, "GET", "/readyz").await;
            assert!(sick.starts_with("HTTP/1.1 503") && sick.contains("It does not answer."), "{sick}");
            health.well("database");
            assert!(get(address, "GET", "/readyz").await.contains(r#""ready":true"#));
            assert!(get(address, "GET", "/metrics").await.contains("text/plain; version=0.0.4"));
            let missing = get(address, "GET", "/admin").await;
            assert!(missing.starts_with("HTTP/1.1 404") && missing.contains("application/problem+json"), "{missing}");
            assert!(get(address, "DELETE", "/api/v1/broadcasts/1").await.starts_with("HTTP/1.1 404"));
            assert!(get(address, "POST", "/api/messages").await.starts_with("HTTP/1.1 404"), "a `work` has no ear");
            assert!(get(address, "POST", "/metrics").await.contains(r#""code":"method_not_allowed""#));
            // A client that never finishes its request does not hold us up.
            let mut silent = TcpStream::connect(address).await.unwrap();
            silent.write_all(b"GET /healthz HTTP/1.1\r\n").await.unwrap();
            stop.cancel();
            silent
        };
        let (served, _silent) = tokio::join!(serve(listener, router, stop.clone(), &SystemClock), asking);
        served.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn headers_that_never_end_are_not_waited_for() {
        let stop = CancellationToken::new();
        let listener = listen(([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let asking = async {
            for said in [&b""[..], b"GET / HTTP/1.1\r\nhost: localhost\r\nx-more: "] {
                let mut stream = TcpStream::connect(address).await.unwrap();
                stream.write_all(said).await.unwrap();
                let mut answer = Vec::new();
                let _ = stream.read_to_end(&mut answer).await;
                assert!(!answer.starts_with(b"HTTP/1.1 200"), "{answer:?}");
            }
            stop.cancel();
        };
        let (served, ()) = tokio::join!(serve(listener, Router::new(), stop.clone(), &SystemClock), asking);
        served.unwrap();
    }

    #[tokio::test]
    async fn an_address_in_use_is_named() {
        let first = listen(([127, 0, 0, 1], 0).into()).await.unwrap();
        let second = listen(first.local_addr().unwrap()).await.unwrap_err().to_string();
        assert!(second.starts_with("cannot listen on 127.0.0.1:"), "{second}");
    }
}
