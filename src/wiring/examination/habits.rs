//! What is set, and what the database remembers of it: credentials, quotas, halts, workers, weeks.

use std::time::Duration;

use super::super::credential::credential_life;
use crate::adapters::postgres::PgStore;
use crate::adapters::postgres::condition::{RestingBucket, TenantCondition};
use crate::adapters::teams::published_quota;
use crate::config::{Settings, duration_text};
use crate::domain::check::Check;
use crate::domain::credential::CredentialLife;
use crate::domain::fault::Faults;
use crate::domain::pacing::{Bucket, Quota};
use crate::domain::reason::HaltReason;
use crate::domain::time::Timestamp;
use crate::ports::StoreError;

const SETTINGS: (&str, &str) = ("settings", "Everything is set that Teams needs");
const CREDENTIAL: (&str, &str) = ("credential", "The credential can be read, and holds for a while");
const WEEKS: (&str, &str) = ("weeks", "No week of the large tables is missing");
const HALT: (&str, &str) = ("halt", "Nothing is halted");
const WORKERS: (&str, &str) = ("workers", "Somebody works on what is to be done");
const QUOTAS: (&str, &str) = ("quotas", "The quotas are within what Microsoft publishes");
const COOLDOWNS: (&str, &str) = ("cooldowns", "Teams does not ask us to wait");

/// Below this part of a quota, somebody else uses the same registration.
const SHARE_LEAST: f64 = 0.5;

/// Whether everything is set, and holds together: `trouble` is what the client of Teams says.
pub(super) fn settings(settings: &Settings, trouble: Option<&str>) -> Check {
    let (name, promise) = SETTINGS;
    if let Err(Faults(faults)) = settings.teams() {
        let cure = faults.iter().map(|fault| format!("{}: {}", fault.field, fault.cure)).collect::<Vec<_>>().join("\n");
        let details = faults.iter().map(|fault| format!("{} {}", fault.field, fault.problem)).collect();
        return Check::failed_at(name, promise, details, cure);
    }
    match trouble {
        None => Check::ok(name, promise),
        Some(trouble) => {
            let cure =
                "Correct [teams] and [network]; `stentor config --origins` prints both, and where each came from.";
            Check::failed(name, promise, trouble, cure)
        }
    }
}

/// How long the credential holds, as far as anybody here knows.
pub(super) async fn credential(settings: &Settings, now: Timestamp) -> Check {
    let (name, promise) = CREDENTIAL;
    match credential_life(settings).await {
        Err(error) => {
            let cure = "Correct what [teams] says of the credential, and let this user read its files.";
            Check::failed(name, promise, error.to_string(), cure)
        }
        Ok(None) => Check::not_checked(name, promise, "there is none"),
        Ok(Some(life)) => lasting(life, now),
    }
}

fn lasting(life: CredentialLife, now: Timestamp) -> Check {
    let (name, promise) = CREDENTIAL;
    let kind = life.kind.name().replace('_', " ");
    let Some(days) = life.days_left(now) else {
        return Check::ok(name, promise).remark(format!("{kind}; when it ends is not told here"));
    };
    match life.has_ended(now) {
        true => Check::failed(name, promise, format!("{kind}: it has ended"), life.kind.cure()),
        false if life.is_short(now) => {
            Check::failed(name, promise, format!("{kind}: {days} days are left"), life.kind.cure()).as_warning()
        }
        false => Check::ok(name, promise).remark(format!("{kind}; {days} days are left")),
    }
}

/// What is known of the tenant, without making it known.
pub(super) async fn of_tenant(
    settings: &Settings,
    store: Option<&PgStore>,
) -> Result<Option<TenantCondition>, StoreError> {
    match (store, settings.identity()) {
        (Some(store), Ok(identity)) => store.tenant_condition(identity.tenant_id, identity.app_id).await,
        _ => Ok(None),
    }
}

/// The lines that nobody can look at, and why.
pub(super) fn not_checked(why: &str) -> Vec<Check> {
    [WEEKS, HALT, WORKERS, QUOTAS, COOLDOWNS].map(|(name, promise)| Check::not_checked(name, promise, why)).into()
}

/// Everything that the database remembers.
pub(super) async fn examine(
    settings: &Settings,
    store: Option<&PgStore>,
    known: Result<Option<TenantCondition>, StoreError>,
) -> Vec<Check> {
    let Some(store) = store else { return not_checked("the database does not answer") };
    let found = async {
        let known = known?;
        let resting = match &known {
            Some(known) => store.resting_buckets(known.tenant_id).await?,
            None => Vec::new(),
        };
        Ok::<_, StoreError>((store.missing_weeks().await?, known, resting))
    };
    match found.await {
        Ok((missing, known, resting)) => {
            vec![weeks(missing), halt(known.as_ref()), workers(known.as_ref()), quotas(settings), cooldowns(&resting)]
        }
        Err(error) => {
            let mut checks = not_checked("the line above failed");
            let (name, promise) = WEEKS;
            let cure = "Look at the log of Postgres, and run it again.";
            checks[0] = Check::failed(name, promise, error.to_string(), cure);
            checks
        }
    }
}

fn weeks(missing: Vec<String>) -> Check {
    let (name, promise) = WEEKS;
    if missing.is_empty() {
        return Check::ok(name, promise);
    }
    let cure =
        "Stop the workers and restore the table from a backup: without it nobody knows what became of that week.";
    Check::failed_at(name, promise, missing, cure)
}

fn halt(known: Option<&TenantCondition>) -> Check {
    let (name, promise) = HALT;
    let Some((code, known)) = known.and_then(|known| Some((known.halt_reason.as_ref()?, known))) else {
        return Check::ok(name, promise);
    };
    let said = known.halt_detail.iter().map(|detail| format!(" It said: {detail}"));
    match HaltReason::from_code(code) {
        Some(reason) => {
            let detail = std::iter::once(reason.sentence().to_owned()).chain(said).collect::<String>();
            Check::failed(name, promise, detail, reason.cure())
        }
        None => Check::failed(name, promise, code.as_str(), "Upgrade: a newer program has halted it."),
    }
}

fn workers(known: Option<&TenantCondition>) -> Check {
    let (name, promise) = WORKERS;
    let (workers, at_work) = known.map_or((0, 0), |known| (known.workers, known.at_work));
    match (workers, at_work) {
        (0, 0) => Check::ok(name, promise).remark("nobody does at present, and nothing is to be done"),
        (0, waiting) => {
            let detail = format!("{waiting} broadcasts wait, and no worker is alive");
            Check::failed(name, promise, detail, "Start `stentor run`, or `stentor work`.")
        }
        (1, _) => Check::ok(name, promise).remark("one worker is alive"),
        (workers, _) => Check::ok(name, promise).remark(format!("{workers} workers are alive")),
    }
}

fn written(quota: Quota) -> String {
    match (quota.requests, quota.window) {
        (requests, window) if window == Duration::from_secs(1) => format!("{requests}/s"),
        (requests, window) => format!("{requests}/{}", duration_text(window)),
    }
}

fn quotas(settings: &Settings) -> Check {
    let (name, promise) = QUOTAS;
    let (mut raised, mut lowered) = (Vec::new(), Vec::new());
    for (bucket, quota) in &settings.engine.quotas {
        let published = published_quota(*bucket);
        // One request in each window may be kept for replies: that is no less than was set.
        let spared = *bucket == Bucket::Send && !settings.bot.replies.is_empty();
        let set = Quota { requests: quota.requests + u32::from(spared), ..*quota };
        let told = format!("quotas.{} is {} of {}", bucket.name(), written(set), written(published));
        if set.rate() > published.rate() {
            raised.push(told);
        } else if set.rate() < published.rate() {
            lowered.push(told);
        }
    }
    if !raised.is_empty() {
        let cure = "Set it back, unless Microsoft has raised it for you: whatever is too much is answered with 429, and waits.";
        return Check::failed_at(name, promise, raised, cure).as_warning();
    }
    Check::ok(name, promise).remark(lowered.join(", "))
}

fn cooldowns(resting: &[RestingBucket]) -> Check {
    let (name, promise) = COOLDOWNS;
    let told = |it: &RestingBucket| {
        let left = (it.cooldown_until - it.now).num_seconds();
        match left {
            1.. => Some(format!("{}: not before {left} s from now", it.name)),
            _ if it.share < SHARE_LEAST && (it.now - it.kept_at).num_minutes() < 15 => {
                Some(format!("{}: {:.0} % of its quota are in use after the last 429", it.name, it.share * 100.0))
            }
            _ => None,
        }
    };
    let found: Vec<String> = resting.iter().filter_map(told).collect();
    if found.is_empty() {
        return Check::ok(name, promise);
    }
    let cure =
        "It passes by itself. Where it comes again, another program uses the same registration: lower the quota.";
    Check::failed_at(name, promise, found, cure).as_warning()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::check::Verdict;

    fn known() -> TenantCondition {
        TenantCondition {
            tenant_id: 1,
            halt_reason: None,
            halt_detail: None,
            workers: 0,
            at_work: 0,
            has_groups: false,
            has_feeds: false,
            has_posts: false,
        }
    }

    #[test]
    fn a_halt_is_told_with_its_cure() {
        assert_eq!(halt(None).verdict, Verdict::Ok);
        assert_eq!(halt(Some(&known())).verdict, Verdict::Ok);
        let halted = TenantCondition {
            halt_reason: Some("bot_disabled".to_owned()),
            halt_detail: Some("the admin".to_owned()),
            ..known()
        };
        let check = halt(Some(&halted));
        assert!(check.places[0].detail.ends_with("It said: the admin") && check.cure == HaltReason::BotDisabled.cure());
    }

    #[test]
    fn work_without_a_worker_is_a_failure_and_idleness_is_none() {
        assert_eq!(workers(None).verdict, Verdict::Ok);
        assert_eq!(workers(Some(&TenantCondition { at_work: 2, ..known() })).verdict, Verdict::Failure);
        let busy = workers(Some(&TenantCondition { at_work: 2, workers: 3, ..known() }));
        assert_eq!((busy.verdict, busy.remark.as_str()), (Verdict::Ok, "3 workers are alive"));
    }

    #[test]
    fn a_raised_quota_is_a_warning_and_a_lowered_one_is_told() {
        let mut settings = Settings::defaults();
        assert_eq!(quotas(&settings).remark, "");
        settings.engine.quotas.insert(Bucket::Send, Quota::per_second(40));
        assert_eq!(quotas(&settings).remark, "quotas.send is 40/s of 50/s");
        settings.engine.quotas.insert(Bucket::Check, Quota::per_second(60));
        let check = quotas(&settings);
        assert_eq!((check.verdict, check.places.len()), (Verdict::Warning, 1));
    }

    #[test]
    fn a_bucket_that_rests_is_a_warning() {
        let now = "2026-11-24T10:00:00Z".parse().unwrap();
        let bucket = |seconds: u64, share| RestingBucket {
            name: "send".to_owned(),
            cooldown_until: now + Duration::from_secs(seconds),
            share,
            kept_at: now,
            now,
        };
        assert_eq!(cooldowns(&[bucket(0, 0.9)]).verdict, Verdict::Ok);
        assert!(cooldowns(&[bucket(30, 1.0)]).places[0].detail.contains("not before 30 s"));
        assert!(cooldowns(&[bucket(0, 0.25)]).places[0].detail.contains("25 %"));
    }
}
