//! How the quotas of Microsoft stand, and which of them holds everything back.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use crate::domain::pacing::{Bucket, climbed};
use crate::domain::time::Timestamp;
use crate::http::problem::Problem;

/// Broadcasts that are asked which quota is their limit.
const ASKED_MAX: u32 = 8;

/// How all quotas stand.
#[derive(Debug, Serialize, ToSchema)]
pub struct Quotas {
    /// Every bucket.
    pub quotas: Vec<QuotaReport>,
}

/// How one quota stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuotaReport {
    /// Its name.
    pub bucket: Bucket,
    /// Requests that Microsoft grants …
    pub requests: u32,
    /// … in any so many seconds.
    pub window_seconds: f64,
    /// The part of it in use, above 0 to 1: less than 1 for a while after Teams asked us to wait.
    #[schema(minimum = 0, maximum = 1)]
    pub share: f64,
    /// No request starts earlier; null when it does not rest.
    pub rests_until: Option<Timestamp>,
    /// By the forecast, it holds back a broadcast that goes at present.
    pub is_limit: bool,
}

/// How the quotas stand
#[utoipa::path(get, path = "/quotas", tag = "Operations", operation_id = "list_quotas",
    responses((status = 200, description = "Every bucket", body = Quotas)))]
pub async fn list(State(api): State<Api>) -> Result<Json<Quotas>, Problem> {
    let (now, kept) = (api.clock.now(), api.office.buckets(api.tenant).await?);
    let mut limits: BTreeSet<Bucket> = BTreeSet::new();
    for id in api.office.going(api.tenant, ASKED_MAX).await? {
        let Some(report) = api.store.report(api.tenant, id).await? else { continue };
        let grounds = api.foresight().of_broadcast(&report).await?.forecast;
        limits.extend(grounds.filter(|grounds| grounds.unknown_because.is_none()).into_iter().flat_map(|it| it.limits));
    }
    let report = |(bucket, quota): (&Bucket, &crate::domain::pacing::Quota)| {
        let kept = kept.iter().find(|kept| kept.name == bucket.name());
        let since = |at: Timestamp| (now - at).to_std().unwrap_or_default();
        QuotaReport {
            bucket: *bucket,
            requests: quota.requests,
            window_seconds: quota.window.as_secs_f64(),
            share: kept.map_or(1.0, |kept| climbed(kept.share, since(kept.kept_at))),
            rests_until: kept.map(|kept| kept.cooldown_until).filter(|until| *until > now),
            is_limit: limits.contains(bucket),
        }
    };
    Ok(Json(Quotas { quotas: api.settings.quotas.iter().map(report).collect() }))
}
