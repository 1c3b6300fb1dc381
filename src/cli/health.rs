//! `stentor health`: asks a running service how it is. What containers and scripts use in place of curl.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use clap::Args;
use reqwest::StatusCode;
use serde_json::{Value, json};
use url::Url;

use super::complaint::Complaint;
use super::{Global, text};
use crate::adapters::system::SystemClock;
use crate::config::{Need, parse_duration};
use crate::ports::Clock;
use crate::telemetry::Voice;

/// A service on this machine that takes longer than this to say how it is, is not well.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often it is asked again with --wait.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// Ask a running service whether it is ready
///
/// Exits 0 when it is, 1 when it is not or does not answer, and says which part is unwell.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  stentor health\n  stentor health --wait 1m\n  stentor health http://10.0.0.7:8080\n  \
                        stentor health http://127.0.0.1:8080/healthz"
)]
pub(super) struct Health {
    /// Where it is; without a path, /readyz is asked [default: http.listen of the settings]
    #[arg(value_name = "URL", value_parser = address)]
    url: Option<Url>,
    /// Ask again until it is ready, for so long at most
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    wait: Option<Duration>,
}

fn address(text: &str) -> Result<Url, String> {
    let url = text.parse::<Url>().ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| "write the address of a service, such as http://127.0.0.1:8080".to_owned())
}

impl Health {
    pub(super) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        let settings = global.begin(Need::Nothing, Voice::Command)?;
        let url = match self.url {
            Some(url) => url,
            None => format!("http://{}", reachable(settings.http.listen)).parse()?,
        };
        let url = with_path(url);
        let give_up_at = SystemClock.monotonic() + self.wait.unwrap_or_default();
        let body = loop {
            let refusal = match ask(&url).await {
                Ok((status, body)) if status.is_success() => break body,
                Ok((status, body)) => unwell(&url, status, &body),
                Err(error) => silent(&url, &error),
            };
            let again_at = SystemClock.monotonic() + ASK_AGAIN;
            if again_at > give_up_at {
                return Err(refusal.into());
            }
            SystemClock.sleep_until(again_at).await;
        };
        match global.json {
            true => text::print_json(&json!({ "url": url, "ready": true, "parts": body["parts"] }))?,
            false => text::print(&well(&url, &body))?,
        }
        Ok(())
    }
}

/// Where a service that listens at `listen` is reached from this machine: "everywhere" is no destination.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let host = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(host, listen.port())
}

fn with_path(mut url: Url) -> Url {
    if url.path() == "/" {
        url.set_path("/readyz");
    }
    url
}

/// One request, past every proxy: a service is asked where it is, not through the road to Microsoft.
async fn ask(url: &Url) -> reqwest::Result<(StatusCode, Value)> {
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let answer = client.get(url.clone()).send().await?;
    let status = answer.status();
    // Another page than ours may answer in another language; its status is what counts.
    let body = answer.text().await?;
    Ok((status, serde_json::from_str(&body).unwrap_or(Value::Null)))
}

fn silent(url: &Url, error: &reqwest::Error) -> Complaint {
    let what = match error {
        error if error.is_timeout() => format!("did not answer within {} seconds", PATIENCE.as_secs()),
        error if error.is_connect() => "cannot be connected to".to_owned(),
        _ => "broke off its answer".to_owned(),
    };
    let cure = "Start `stentor run`, `serve` or `work --listen`, and check http.listen.";
    Complaint::failed("no_answer", format!("{url} {what}."), cure)
}

fn unwell(url: &Url, status: StatusCode, body: &Value) -> Complaint {
    let parts = body["parts"].as_object().into_iter().flatten();
    let sick = parts.filter(|(_, word)| word.as_str() != Some("ok"));
    let told: Vec<String> =
        sick.map(|(part, word)| format!("{part}: {}", word.as_str().unwrap_or("not well"))).collect();
    let message = match told.as_slice() {
        [] => format!("{url} answers {}.", status.as_u16()),
        told => format!("{url} is not ready. {}", told.join(" ")),
    };
    Complaint::failed("not_ready", message, "Its log tells more.")
}

fn well(url: &Url, body: &Value) -> String {
    let parts: Vec<&str> = body["parts"].as_object().into_iter().flatten().map(|(part, _)| part.as_str()).collect();
    if parts.is_empty() { format!("{url} is well.\n") } else { format!("{url} is ready: {}.\n", parts.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_listens_everywhere_is_asked_here() {
        let asked = |listen: &str| reachable(listen.parse().unwrap()).to_string();
        assert_eq!(asked("0.0.0.0:8080"), "127.0.0.1:8080");
        assert_eq!(asked("[::]:8080"), "[::1]:8080");
        assert_eq!(asked("10.0.0.7:80"), "10.0.0.7:80");
    }

    #[test]
    fn only_an_address_without_a_path_asks_for_readiness() {
        assert_eq!(with_path(address("http://h:1").unwrap()).as_str(), "http://h:1/readyz");
        assert_eq!(with_path(address("http://h:1/healthz").unwrap()).as_str(), "http://h:1/healthz");
        assert!(address("h:1").is_err() && address("ftp://h").is_err());
    }

    #[test]
    fn what_is_unwell_is_named() {
        let url = address("http://h/readyz").unwrap();
        let body = json!({ "ready": false, "parts": { "database": "It does not answer.", "worker": "ok" } });
        let told = unwell(&url, StatusCode::SERVICE_UNAVAILABLE, &body);
        assert_eq!((told.exit, told.code.as_ref()), (1, "not_ready"));
        assert_eq!(told.message, "http://h/readyz is not ready. database: It does not answer.");
        assert_eq!(unwell(&url, StatusCode::NOT_FOUND, &Value::Null).message, "http://h/readyz answers 404.");
        assert_eq!(well(&url, &json!({ "parts": { "database": "ok" } })), "http://h/readyz is ready: database.\n");
    }
}
