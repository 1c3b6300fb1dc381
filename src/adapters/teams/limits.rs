//! The vendor's published limits, by bucket. The numbers are data: `throttling.toml`.

use std::sync::LazyLock;
use std::time::Duration;

use serde::Deserialize;

use crate::domain::pacing::{Bucket, Quota};

/// Resource units of the directory a second. Even the smallest tenant has 3500 in ten seconds, in a bucket that refills
/// evenly; a million people are read in eleven seconds at this pace, two processes may read at once, and other programs
/// live on the same units.
const DIRECTORY_UNITS_PER_SECOND: u32 = 100;

#[derive(Deserialize)]
struct LimitsFile {
    bot: Vec<BotLimit>,
    graph_teams: Vec<GraphLimit>,
}

#[derive(Deserialize)]
struct BotLimit {
    id: String,
    max_requests: Option<u32>,
    window_seconds: Option<u64>,
    #[serde(default)]
    windows: Vec<BotWindow>,
}

#[derive(Deserialize)]
struct BotWindow {
    seconds: u64,
    max_requests: u32,
}

#[derive(Deserialize)]
struct GraphLimit {
    method: String,
    paths: Vec<String>,
    rps_app_tenant: u32,
}

static LIMITS: LazyLock<LimitsFile> = LazyLock::new(|| {
    // Invariant: the file is part of the program, and a test reads it.
    toml::from_str(include_str!("throttling.toml")).expect("throttling.toml is well formed")
});

/// The most that one app may ask of one tenant in this bucket.
///
/// Source: the vendor's throttling limits for Teams on Graph and for bots, as collected in November 2026; the
/// directory's is our own, well below what is published.
pub fn published_quota(bucket: Bucket) -> Quota {
    let quota = match bucket {
        Bucket::Check => graph("GET", "/users/{id}/teamwork/installedApps"),
        Bucket::Install => graph("POST", "/users/{id}/teamwork/installedApps"),
        Bucket::Resolve => graph("GET", "/users/{id}/teamwork/installedApps/{iid}/chat"),
        Bucket::Catalog => graph("GET", "/appCatalogs/teamsApps"),
        Bucket::Send => connector(),
        Bucket::Notify => graph("POST", "/users/{id}/teamwork/sendActivityNotification"),
        Bucket::NotifyMany => graph("POST", "/teamwork/sendActivityNotificationToRecipients"),
        Bucket::Directory => Some(Quota::per_second(DIRECTORY_UNITS_PER_SECOND)),
    };
    quota.expect("throttling.toml knows every bucket: a test asks for each")
}

fn graph(method: &str, path: &str) -> Option<Quota> {
    let named = |limit: &&GraphLimit| limit.method == method && limit.paths.iter().any(|known| known == path);
    LIMITS.graph_teams.iter().find(named).map(|limit| Quota::per_second(limit.rps_app_tenant))
}

fn connector() -> Option<Quota> {
    let limit = LIMITS.bot.iter().find(|limit| limit.id == "connector-global")?;
    Some(Quota { requests: limit.max_requests?, window: Duration::from_secs(limit.window_seconds?) })
}

/// How often one bot may write to one chat.
///
/// Source: as above.
pub fn published_chat_quotas() -> Vec<Quota> {
    let limit = LIMITS.bot.iter().find(|limit| limit.id == "send-per-thread");
    let windows = limit.map_or(&[][..], |limit| &limit.windows);
    let quota = |it: &BotWindow| Quota { requests: it.max_requests, window: Duration::from_secs(it.seconds) };
    windows.iter().map(quota).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::app::engine::EngineSettings;

    #[test]
    fn every_bucket_has_its_published_quota() {
        let quotas = Bucket::ALL.map(|bucket| format!("{} {}", bucket.name(), published_quota(bucket)));
        let published = [
            "check 30/s",
            "install 30/s",
            "resolve 30/s",
            "send 50/s",
            "catalog 30/s",
            "directory 100/s",
            "notify 5/s",
            "notify_many 2/s",
        ];
        assert_eq!(quotas, published);
        assert_eq!(published_chat_quotas(), EngineSettings::default().chat_quotas);
    }

    #[test]
    fn the_directory_keeps_far_below_the_smallest_tenants_units() {
        let file: toml::Table = toml::from_str(include_str!("throttling.toml")).unwrap();
        let units = |tenant: &toml::Value| tenant["resource_units"].as_integer().unwrap();
        let smallest = file["graph_directory"]["app_tenant_read"].as_array().unwrap().iter().map(units).min().unwrap();
        assert!(published_quota(Bucket::Directory).rate() * 10.0 < smallest as f64 / 2.0);
    }

    #[test]
    fn our_copies_equal_the_facts_beside_the_repository() {
        let facts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/facts");
        let copies =
            [("errors.toml", include_str!("errors.toml")), ("throttling.toml", include_str!("throttling.toml"))];
        for (name, copy) in copies {
            match std::fs::read_to_string(facts.join(name)) {
                Ok(fact) => assert!(fact == copy, "{name} differs from the fact sheet: copy it again"),
                Err(_) => println!("skipped: no fact sheet {name} beside the repository"),
            }
        }
    }
}
