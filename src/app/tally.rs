//! Turns what the engine did into metrics. It decides nothing, and nothing reads it back.
//!
//! Counters add up by themselves. Gauges are read as one number a process, so what belongs to a tenant is kept on a
//! board, and the board's sum or worst is shown.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics::{counter, gauge, histogram};

use crate::app::hold::Landed;
use crate::app::quota::Buckets;
use crate::domain::ids::{ChunkNumber, RoundId, TenantKey};
use crate::domain::outcome::HaltScope;
use crate::domain::pacing::Bucket;
use crate::domain::reason::{HaltReason, Reason};
use crate::domain::time::Monotonic;
use crate::ports::{Flush, Flushed};
use crate::telemetry;

/// How one tenant stands.
struct Standing {
    open: u32,
    buckets: Vec<(Bucket, f64, Duration)>,
}

static BOARD: Mutex<BTreeMap<TenantKey, Standing>> = Mutex::new(BTreeMap::new());

/// A request came back.
pub fn landed(landed: &Landed) {
    let (step, outcome) = (landed.step.name(), landed.answer.outcome.label());
    let took = (landed.ended_at - landed.started_at).as_seconds_f64();
    counter!(telemetry::ATTEMPTS, "step" => step, "outcome" => outcome).increment(1);
    histogram!(telemetry::REQUEST_SECONDS, "step" => step).record(took);
}

/// A request started this much later than planned.
pub fn started(late: Duration) {
    histogram!(telemetry::WORKER_LAG_SECONDS).record(late.as_secs_f64());
}

/// A flush was committed: what it settled of chunks that are still ours is final.
pub fn flushed(flush: &Flush, flushed: &Flushed, took: Duration) {
    histogram!(telemetry::FLUSH_SECONDS).record(took.as_secs_f64());
    histogram!(telemetry::FLUSH_FACTS).record(flush.facts.len() as f64);
    let ours = |round: RoundId, chunk: ChunkNumber| flushed.held.contains(&(round, chunk));
    for fact in flush.facts.iter().filter(|fact| ours(fact.round, fact.chunk)) {
        if let Some(settlement) = fact.settles {
            let reason = fact.reason.map_or("none", Reason::code);
            counter!(telemetry::DELIVERIES_SETTLED, "settlement" => settlement.name(), "reason" => reason).increment(1);
        }
    }
}

/// The service asked us to wait.
pub fn throttled(bucket: Bucket) {
    counter!(telemetry::THROTTLED, "bucket" => bucket.name()).increment(1);
}

/// We stopped a broadcast or a tenant.
pub fn halted(scope: HaltScope, reason: HaltReason) {
    let scope = match scope {
        HaltScope::Broadcast => "broadcast",
        HaltScope::Tenant => "tenant",
    };
    counter!(telemetry::HALTS, "scope" => scope, "reason" => reason.code()).increment(1);
}

/// How a tenant stands.
pub fn stands(tenant: TenantKey, open: u32, buckets: &Buckets, now: Monotonic) {
    let standing = Standing { open, buckets: buckets.standing(now) };
    on_board(|board| drop(board.insert(tenant, standing)));
}

/// A tenant is ours no more.
pub fn left(tenant: TenantKey) {
    on_board(|board| drop(board.remove(&tenant)));
}

fn on_board(change: impl FnOnce(&mut BTreeMap<TenantKey, Standing>)) {
    // A panic while the board was held cannot have left it half-written.
    let mut board = BOARD.lock().unwrap_or_else(PoisonError::into_inner);
    change(&mut board);
    gauge!(telemetry::OPEN_SENDS).set(board.values().map(|standing| f64::from(standing.open)).sum::<f64>());
    for bucket in Bucket::ALL {
        let all = || board.values().flat_map(|standing| &standing.buckets).filter(|(known, ..)| *known == bucket);
        let share = all().map(|(_, share, _)| *share).fold(1.0, f64::min);
        let rest = all().map(|(.., rest)| rest.as_secs_f64()).fold(0.0, f64::max);
        gauge!(telemetry::BUCKET_SHARE, "bucket" => bucket.name()).set(share);
        gauge!(telemetry::COOLDOWN_SECONDS_LEFT, "bucket" => bucket.name()).set(rest);
    }
}
