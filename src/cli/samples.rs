//! Broadcasts for the tests of what we print.

use crate::app::report::{ReasonCount, RoundReasons, Summary};
use crate::domain::broadcast::{
    AudienceKind, BroadcastState, Channel, Channels, RoundKind, RoundState, TOLERANCE, Treatment,
};
use crate::domain::delivery::{Settlement, WhenInDoubt};
use crate::domain::forecast::Forecast;
use crate::domain::ids::{BroadcastId, RoundId};
use crate::domain::progress::Progress;
use crate::domain::reason::{HaltReason, Reason};
use crate::ports::{BroadcastReport, Halt, RoundReport};

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

/// A broadcast that went both ways and was recalled.
pub(super) fn recalled() -> Summary {
    let at = |time: &str| format!("2026-11-24T{time}Z").parse().unwrap();
    let round = |number: u64, kind, channel, progress| RoundReport {
        id: RoundId::new(at("10:00:00"), number),
        kind,
        channel,
        state: RoundState::Done,
        created_at: at("10:00:00"),
        finished_at: Some(at("11:00:00")),
        progress,
    };
    let done =
        |targeted, sent, failed, unconfirmed| Progress { targeted, sent, failed, unconfirmed, ..Progress::default() };
    let mut summary = summary();
    let told = summary.report.progress;
    summary.report.channels = Channels::Both;
    summary.report.recalled_at = Some(at("12:00:00"));
    summary.report.rounds = vec![
        round(1, RoundKind::Send, Channel::Chat, told),
        round(2, RoundKind::Notify, Channel::Feed, done(40_000, 39_000, 1000, 0)),
        round(3, RoundKind::Recall, Channel::Chat, done(38_122, 38_100, 21, 1)),
        round(4, RoundKind::Recall, Channel::Feed, done(39_000, 39_000, 0, 0)),
    ];
    let count = |settlement, reason: Reason, count| ReasonCount {
        settlement,
        code: reason.code().into(),
        sentence: reason.looking_back().into(),
        remedy: reason.remedy_looking_back().into(),
        count,
    };
    summary.by_reason_afterwards = vec![RoundReasons {
        kind: RoundKind::Recall,
        channel: Channel::Chat,
        by_reason: vec![
            count(Settlement::Failed, Reason::NotInstalled, 19),
            count(Settlement::Failed, Reason::MessageUnknown, 2),
            count(Settlement::Unconfirmed, Reason::AnswerLost, 1),
        ],
    }];
    summary
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
        code: reason.code().into(),
        sentence: reason.sentence().into(),
        remedy: reason.remedy().into(),
        count,
    };
    Summary {
        report: BroadcastReport { state: BroadcastState::Done, finished_at, progress, ..running() },
        by_reason: vec![
            reason(Settlement::Skipped, Reason::Guest, 1000),
            reason(Settlement::Failed, Reason::BlockedByUser, 878),
            reason(Settlement::Unconfirmed, Reason::AnswerLost, 2),
        ],
        by_reason_afterwards: Vec::new(),
        forecast: Forecast::default(),
    }
}
