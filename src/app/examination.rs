//! Lets everything be examined that a broadcast rests on, while whoever asked for it looks on: what `stentor doctor` does.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::errand::Errand;
use crate::domain::check::{Check, Verdict};
use crate::domain::time::Timestamp;
use crate::ports::{Clock, Examiner};

/// An examination, and what it has found so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExaminationReport {
    /// When it began.
    pub began_at: Timestamp,
    /// When it ended; `None` while it goes on.
    pub ended_at: Option<Timestamp>,
    /// Nothing was found so far that does not hold. A warning alone is sound.
    pub sound: bool,
    /// What was found, from the ground up.
    pub checks: Vec<Check>,
    /// Why it did not come to its end; `None` when it did, or may.
    pub failure: Option<String>,
}

/// Begins one, unless one is under way: then `None`.
///
/// Must be called inside a runtime.
pub fn begin(
    examinations: &Errand<ExaminationReport>,
    examiner: &Arc<dyn Examiner>,
    clock: &Arc<dyn Clock>,
) -> Option<ExaminationReport> {
    let report =
        ExaminationReport { began_at: clock.now(), ended_at: None, sound: true, checks: Vec::new(), failure: None };
    let (examiner, clock) = (Arc::clone(examiner), Arc::clone(clock));
    let work = async move |examinations: Errand<ExaminationReport>| {
        let mut found = |check: Check| {
            examinations.tell(|report| {
                report.sound &= check.verdict != Verdict::Failure;
                report.checks.push(check);
            });
        };
        if let Err(why) = examiner.examine(&mut found).await {
            examinations.tell(|report| report.failure = Some(why));
        }
    };
    examinations.begin(report, work, move |report| report.ended_at = Some(clock.now()))
}
