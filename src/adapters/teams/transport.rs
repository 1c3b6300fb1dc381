//! Makes one HTTP request and reads one bounded answer. Nothing is followed, nothing is tried again.
//!
//! Everything travels over HTTP/1.1: one connection carries one request at a time, so a connection that breaks puts
//! one person in doubt and not fifty. A rate of 50 a second needs about a dozen of them. Should a kept connection
//! prove closed before anything was written to it, the same request goes out on another: it is still the first.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{DATE, HeaderValue};
use reqwest::{Body, Certificate, Client, ClientBuilder, Proxy, Request, Response, redirect, retry};
use tokio_rustls::rustls;
use url::Url;

use super::punctual::{PunctualBody, TooLate};
use super::retry_after::retry_after;
use super::wire::{PROXY_REFUSED, Refusal, UNTRUSTED, bounded};
use crate::domain::time::Timestamp;
use crate::ports::Clock;

/// Connections kept for the next request. A thousand requests a second at half a second each are all kept.
const IDLE_CONNECTIONS_MAX: usize = 1024;
/// Shorter than what the vendor's front ends keep, so that we are the ones to hang up: a request written just as the
/// other side closes is a send in doubt.
const IDLE_LONGEST: Duration = Duration::from_secs(30);

/// The way out of the house.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Way {
    /// As `HTTPS_PROXY` and `NO_PROXY` of the environment say; straight ahead for a custom cloud.
    #[default]
    Environment,
    /// Straight ahead, whatever the environment says.
    Direct,
    /// Through this proxy, which looks up host names itself; the url may hold a name and a password.
    Proxy(Url),
}

/// How to reach the network.
#[derive(Debug, Clone)]
pub struct Network {
    pub request_timeout: Duration,
    pub connect_timeout: Duration,
    pub way: Way,
    pub extra_ca_file: Option<PathBuf>,
    pub connect_to: Vec<(String, SocketAddr)>,
}

/// The network could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    #[error("cannot read the certificates in {}: {cause}", path.display())]
    Certificates { path: PathBuf, cause: String },
    #[error("{0}")]
    Client(String),
}

/// An answer, whatever its status.
#[derive(Debug)]
pub struct Received {
    pub status: u16,
    pub retry_after: Option<Duration>,
    /// The service's own id of the request, for its support.
    pub request_id: Option<String>,
    /// What the directory charged, in its resource units.
    pub units: Option<u32>,
    pub body: Vec<u8>,
    /// `None` when the whole body was read; otherwise why not.
    pub cut: Option<String>,
}

impl Received {
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// The refusal that it is, when it is none.
    pub fn refusal(&self) -> Refusal {
        Refusal::read(self.status, &self.body, self.retry_after)
    }
}

/// No answer: what happened in the words of `errors.toml`, and in the network's own.
#[derive(Debug)]
pub struct Unanswered {
    pub what: &'static str,
    pub detail: String,
}

/// When an answer was dated by whoever gave it, between two instants of our own clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dated {
    /// When we asked.
    pub asked_at: Timestamp,
    /// What the answer said, to the second.
    pub theirs: Timestamp,
    /// When we had it.
    pub answered_at: Timestamp,
}

/// The one HTTP client of a tenant.
pub struct Transport {
    client: Client,
    /// The last `Date` that an answer bore, unread, and the instants of ours around it.
    dated: Mutex<Option<(Timestamp, HeaderValue, Timestamp)>>,
    /// What may pass between the decision to make a request and its first byte.
    write_within: Duration,
    clock: Arc<dyn Clock>,
}

impl Transport {
    pub fn new(network: &Network, clock: Arc<dyn Clock>) -> Result<Self, NetworkError> {
        let builder = builder(network)?
            .timeout(network.request_timeout)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .pool_idle_timeout(IDLE_LONGEST);
        let client = builder.build().map_err(|error| NetworkError::Client(causes(&error)))?;
        let write_within = network.connect_timeout;
        Ok(Self { client, dated: Mutex::default(), write_within, clock })
    }

    /// A request to be filled in; nothing is sent.
    pub fn request(&self, method: reqwest::Method, url: &str) -> reqwest::RequestBuilder {
        self.client.request(method, url)
    }

    /// How the last answer was dated; `None` when none was, in a way that can be read.
    pub fn dated(&self) -> Option<Dated> {
        let (asked_at, date, answered_at) = self.dated.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let theirs = chrono::DateTime::parse_from_rfc2822(date.to_str().ok()?).ok()?.to_utc();
        Some(Dated { asked_at, theirs, answered_at })
    }

    /// Makes `request` and reads at most `bytes_max` of what is answered.
    pub async fn exchange(&self, mut request: Request, bytes_max: usize) -> Result<Received, Unanswered> {
        if let Some(bytes) = request.body().and_then(Body::as_bytes) {
            let bytes = Bytes::copy_from_slice(bytes);
            let punctual = PunctualBody::new(bytes, self.write_within, Arc::clone(&self.clock));
            *request.body_mut() = Some(Body::wrap(punctual));
        }
        let asked_at = self.clock.now();
        let mut response = self.client.execute(request).await.map_err(|error| unanswered(&error))?;
        if let Some(date) = response.headers().get(DATE) {
            let dated = Some((asked_at, date.clone(), self.clock.now()));
            *self.dated.lock().unwrap_or_else(PoisonError::into_inner) = dated;
        }
        let header = |name: &str| response.headers().get(name)?.to_str().ok();
        let retry_after = header("retry-after").and_then(|text| retry_after(text, self.clock.now()));
        let request_id = header("request-id").or_else(|| header("x-ms-request-id")).map(bounded);
        let units = header("x-ms-resource-unit").and_then(|text| text.trim().parse().ok());
        let status = response.status().as_u16();
        let mut body = Vec::new();
        let cut = read(&mut response, &mut body, bytes_max).await.err();
        Ok(Received { status, retry_after, request_id, units, body, cut })
    }
}

/// A client that reaches the network so. It follows nothing and tries nothing again by itself.
pub fn builder(network: &Network) -> Result<ClientBuilder, NetworkError> {
    let mut builder = Client::builder()
        .user_agent(concat!("stentor/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .http1_only()
        .connect_timeout(network.connect_timeout);
    match &network.way {
        Way::Environment => {}
        Way::Direct => builder = builder.no_proxy(),
        Way::Proxy(proxy) => {
            let proxy = Proxy::all(proxy.clone()).map_err(|error| NetworkError::Client(causes(&error)))?;
            builder = builder.proxy(proxy);
        }
    }
    for (host, address) in &network.connect_to {
        builder = builder.resolve(host, *address);
    }
    Ok(builder.tls_certs_merge(extra_certificates(network)?))
}

fn extra_certificates(network: &Network) -> Result<Vec<Certificate>, NetworkError> {
    let Some(path) = &network.extra_ca_file else { return Ok(Vec::new()) };
    let fault = |cause: String| NetworkError::Certificates { path: path.clone(), cause };
    let text = std::fs::read(path).map_err(|error| fault(error.to_string()))?;
    let certificates = Certificate::from_pem_bundle(&text).map_err(|error| fault(causes(&error)))?;
    if certificates.is_empty() { Err(fault("it holds no certificate in PEM".to_owned())) } else { Ok(certificates) }
}

async fn read(response: &mut Response, body: &mut Vec<u8>, bytes_max: usize) -> Result<(), String> {
    while let Some(piece) = response.chunk().await.map_err(|error| causes(&error))? {
        let room = bytes_max - body.len();
        body.extend_from_slice(&piece[..piece.len().min(room)]);
        if piece.len() > room {
            return Err(format!("the answer is larger than {bytes_max} bytes"));
        }
    }
    Ok(())
}

/// Did the request leave? Only a failure to connect (refused, no such name, no trust, too slow) and a body that came
/// too late prove that it did not; in everything else it may have been written.
fn unanswered(error: &reqwest::Error) -> Unanswered {
    let causes = causes(error);
    let what = match () {
        () if is_untrusted(error) => UNTRUSTED,
        () if error.is_connect() && causes.contains("proxy authorization required") => PROXY_REFUSED,
        () if error.is_dns() => "dns",
        () if error.is_connect() || error.is_builder() || is_caused_by::<TooLate>(error) => "connect refused",
        () if error.is_timeout() => "timeout",
        () => "connection reset",
    };
    Unanswered { what, detail: format!("no answer ({what}): {causes}") }
}

/// Whether the other side showed a certificate that we do not believe. Nothing was sent to it then.
pub fn is_untrusted(error: &reqwest::Error) -> bool {
    origins(error).any(|cause| matches!(cause.downcast_ref(), Some(rustls::Error::InvalidCertificate(_))))
}

fn is_caused_by<Cause: Error + 'static>(error: &reqwest::Error) -> bool {
    origins(error).any(|cause| cause.is::<Cause>())
}

/// Whatever `error` was wrapped around, layer by layer.
fn origins(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let mut next = error.source().map(core_of);
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source().map(core_of);
        Some(cause)
    })
}

/// What an IO error was wrapped around: it does not count as its source.
fn core_of<'a>(mut cause: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    while let Some(core) = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        cause = core;
    }
    cause
}

/// What lies beneath an error, without the URL: it names people.
pub fn causes(error: &reqwest::Error) -> String {
    let mut causes = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    causes.dedup();
    let kind = if error.is_timeout() { "timed out" } else { "the exchange failed" };
    if causes.is_empty() { kind.to_owned() } else { bounded(&causes.join(": ")) }
}
