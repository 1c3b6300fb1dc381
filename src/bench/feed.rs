//! How fast people are notified in their activity feeds, against the maximum flow of the quotas, and whether what is reported
//! as accepted really came into their feeds.
//!
//! Many at once are notified only where the app is known to be installed, because Teams takes the others along without a
//! word. The simulated Teams does just that, and its ledger tells who got nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::app::submit::{Going, Wanted};
use crate::config::Settings;
use crate::domain::flow::{Means, Mix, Rates, least_time_by, maximum_flow_by};
use crate::domain::ids::EntraId;
use crate::domain::notification::Notification;
use crate::domain::pacing::Quota;
use crate::domain::time::Timestamp;
use crate::wiring::{Demonstration, LedgerCounts, Simulation, Stentor};

const LOOK_EVERY: Duration = Duration::from_millis(100);
/// People read at once.
const PAGE: u32 = 500;

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// People of the broadcast.
    pub recipients: u64,
    /// The part of them who have the app, in percent.
    pub installed_percent: u8,
    /// By how much the published quotas were multiplied, on both sides.
    pub quota_factor: u32,
    /// From the worker's start to the end.
    pub seconds: f64,
    /// The least that the quotas allow.
    pub bound_seconds: f64,
    /// The one divided by the other.
    pub fraction_of_bound: f64,
    /// People a second of whom nothing is known that fit through the quotas at best.
    pub maximum_flow: f64,
    /// Requests that the simulated Teams received, by bucket.
    pub requests: BTreeMap<String, u64>,
    /// 429s among them.
    pub throttled: u64,
    /// People whose notification Teams took.
    pub accepted: u64,
    /// Everybody else: how she ended, and why.
    pub others: BTreeMap<String, u64>,
    /// Where the simulated Teams put a notification, by its ledger.
    pub notified_people: u64,
    /// Of the accepted, those who got nothing.
    pub accepted_without: u64,
    /// Of all others, those who got something all the same.
    pub notified_without: u64,
    /// Notifications that took the place of an earlier one.
    pub replaced: u64,
    /// Notifications beyond the first that somebody sees.
    pub seen_twice: u64,
}

/// Notifies everybody of `simulation`, of whom `installed_percent` have the app.
///
/// # Errors
/// When Stentor or the simulator does not start, or the broadcast does not end.
pub async fn run(
    mut settings: Settings,
    simulation: Simulation,
    installed_percent: u8,
    quota_factor: u32,
) -> anyhow::Result<Measured> {
    for quota in settings.engine.quotas.values_mut() {
        *quota = Quota { requests: quota.requests * quota_factor, ..*quota };
    }
    let installed = f64::from(installed_percent) / 100.0;
    let simulation = Simulation { installed: Some(installed), quota_factor: f64::from(quota_factor), ..simulation };
    let activity_type = settings.teams.activity_type.clone();
    let said = |content: &_| {
        let notification = Notification::of(content, &activity_type);
        Going::Feed(Box::new(Wanted { notification, ..Wanted::default() }))
    };
    let demo = Demonstration::open_going(settings, simulation, said).await?;
    let measured = measure(&demo, installed_percent, quota_factor).await;
    demo.close().await?;
    measured
}

async fn measure(demo: &Demonstration, installed_percent: u8, quota_factor: u32) -> anyhow::Result<Measured> {
    let stentor = &demo.stentor;
    let before = demo.ledger();
    let (began, ended, recipients) = notify_all(demo).await?;
    let (accepted, others) = outcomes(stentor, demo).await?;
    let LedgerCounts { requests, throttled, replaced, seen_twice, .. } = demo.ledger();
    let notified = demo.notified();
    let rates = Rates::of(&stentor.settings.engine.quotas);
    let installed = f64::from(installed_percent) / 100.0;
    let bound = least_time_by(Means::Feed, &rates, &Mix::unknown(recipients), installed);
    let bound_seconds = bound.context("the quotas let everybody through")?.time.as_secs_f64();
    let seconds = (ended - began).as_seconds_f64();
    let named: BTreeSet<EntraId> = accepted.difference(&notified).copied().collect();
    let requests = requests.into_iter().map(|(bucket, count)| {
        let earlier = before.requests.get(&bucket).copied().unwrap_or_default();
        (bucket, count - earlier)
    });
    Ok(Measured {
        recipients,
        installed_percent,
        quota_factor,
        seconds,
        bound_seconds,
        fraction_of_bound: bound_seconds / seconds.max(f64::MIN_POSITIVE),
        maximum_flow: maximum_flow_by(Means::Feed, &rates, installed),
        requests: requests.filter(|(_, count)| *count > 0).collect(),
        throttled: throttled - before.throttled,
        accepted: accepted.len() as u64,
        others,
        notified_people: notified.len() as u64,
        accepted_without: named.len() as u64,
        notified_without: notified.difference(&accepted).count() as u64,
        replaced,
        seen_twice,
    })
}

/// Works until the broadcast is over: when that began, when it ended, and how many people it was for.
async fn notify_all(demo: &Demonstration) -> anyhow::Result<(Timestamp, Timestamp, u64)> {
    let (stop, stentor) = (CancellationToken::new(), &demo.stentor);
    let began = stentor.clock.now();
    let watching = async {
        let report = loop {
            let report = stentor.store.report(stentor.tenant, demo.broadcast).await?.context("it is stored")?;
            if report.state.is_final() {
                break report;
            }
            stentor.clock.sleep_until(stentor.clock.monotonic() + LOOK_EVERY).await;
        };
        stop.cancel();
        let ended = report.finished_at.context("what is final has its instant")?;
        anyhow::Ok((began, ended, report.progress.targeted))
    };
    let (worked, seen) = tokio::join!(stentor.work(stop.clone()), watching);
    worked?;
    seen
}

/// Who was accepted, and how many of the others ended how, by our own record.
async fn outcomes(
    stentor: &Stentor,
    demo: &Demonstration,
) -> anyhow::Result<(BTreeSet<EntraId>, BTreeMap<String, u64>)> {
    let (mut accepted, mut others, mut after) = (BTreeSet::new(), BTreeMap::new(), None);
    loop {
        let page = stentor.store.deliveries(stentor.tenant, demo.broadcast, after, PAGE).await?;
        for (_, person) in &page {
            if person.state == "sent" {
                accepted.insert(person.entra_id);
            } else {
                let why = person.reason.map_or_else(String::new, |reason| format!(": {}", reason.code()));
                *others.entry(format!("{}{why}", person.state)).or_default() += 1;
            }
        }
        match page.last() {
            Some((key, _)) if page.len() == PAGE as usize => after = Some(*key),
            _ => return Ok((accepted, others)),
        }
    }
}
