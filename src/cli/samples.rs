//! Broadcasts for the tests of what we print.

use crate::app::report::{ReasonCount, Summary};
use crate::domain::broadcast::{AudienceKind, BroadcastState, Channels, TOLERANCE, Treatment};
use crate::domain::delivery::{Settlement, WhenInDoubt};
use crate::domain::forecast::Forecast;
use crate::domain::ids::BroadcastId;
use crate::domain::progress::Progress;
use crate::domain::reason::{HaltReason, Reason};
use crate::ports::{BroadcastReport, Halt};

pub(super) fn running() -> BroadcastReport {
    BroadcastReport {
        id: BroadcastId::from_i64(910_000_000_000_000_000),
        title: "Fire drill at noon".to_owned(),
        state: BroadcastState::Running,
        halt: None,
        treatment: Treatment {
            when_in_doubt: WhenInDoubt::Hold,
            urgent: true,
            deadline_at: "2026-11-27T10:00:00Z".parse().unwrap(),
            tolerance: TOLERANCE,
        },
        audience: AudienceKind::Everyone,
        channels: Channels::Chat,
        expire_at: None,
        recalled_at: None,
        expected: Some(40_000),
        created_at: "2026-11-24T10:00:00Z".parse().unwrap(),
        started_at: Some("2026-11-24T10:00:02Z".parse().unwrap()),
        finished_at: None,
        schedule: None,
        rounds: Vec::new(),
        progress: Progress {
            targeted: 40_000,
            pending: 27_655,
            sent: 12_000,
            failed: 300,
            skipped: 45,
            ..Progress::default()
        },
    }
}

pub(super) fn halted() -> BroadcastReport {
    let halt = Halt {
        reason: HaltReason::SecretExpired,
        detail: Some("AADSTS7000222: the keys are\nexpired".to_owned()),
        since: "2026-11-24T10:04:00Z".parse().unwrap(),
    };
    let title = "A title\nof two lines".to_owned();
    BroadcastReport {
        id: BroadcastId::from_i64(911_000_000_000_000_000),
        title,
        state: BroadcastState::Halted,
        halt: Some(halt),
        ..running()
    }
}

pub(super) fn summary() -> Summary {
    let finished_at = Some("2026-11-24T10:14:12Z".parse().unwrap());
    let progress = Progress {
        targeted: 40_000,
        pending: 0,
        sent: 38_120,
        failed: 878,
        skipped: 1000,
        unconfirmed: 2,
        cancelled: 0,
    };
    let reason = |settlement, reason: Reason, count| ReasonCount {
        settlement,
        code: reason.code(),
        sentence: reason.sentence(),
        remedy: reason.remedy(),
        count,
    };
    Summary {
        report: BroadcastReport { state: BroadcastState::Done, finished_at, progress, ..running() },
        by_reason: vec![
            reason(Settlement::Skipped, Reason::Guest, 1000),
            reason(Settlement::Failed, Reason::BlockedByUser, 878),
            reason(Settlement::Unconfirmed, Reason::AnswerLost, 2),
        ],
        forecast: Forecast::default(),
    }
}
