//! Listens, serves, and stops in order and in time.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::ports::Clock;

/// How long requests that are being answered may go on after the word to stop. All of ours end in milliseconds; only
/// a client that does not read its answer takes longer.
const DRAIN: Duration = Duration::from_secs(3);

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
    let server = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let patience = async {
        stop.cancelled().await;
        clock.sleep_until(clock.monotonic() + DRAIN).await;
    };
    tokio::select! {
        served = server.into_future() => Ok(served?),
        () = patience => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::super::router::{Shared, router};
    use super::*;
    use crate::adapters::system::SystemClock;
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
        let router = router(Shared { health: health.clone(), metrics: recorder.handle(), webhook: None, api: None });
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

    #[tokio::test]
    async fn an_address_in_use_is_named() {
        let first = listen(([127, 0, 0, 1], 0).into()).await.unwrap();
        let second = listen(first.local_addr().unwrap()).await.unwrap_err().to_string();
        assert!(second.starts_with("cannot listen on 127.0.0.1:"), "{second}");
    }
}
