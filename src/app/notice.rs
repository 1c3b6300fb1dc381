//! Tells the author, through the bot, when her broadcast ends, is halted or misses its hour.
//!
//! A notice is a broadcast of its own, to a list of one. So it is as durable, paced and honest as any other, and no
//! second way of sending exists. That she was told is stored with it, in one transaction.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::broadcast::{
    AudienceKind, BroadcastState, Channel, NewBroadcast, RoundKind, TOLERANCE, Treatment, Way,
};
use crate::domain::content::Content;
use crate::domain::delivery::WhenInDoubt;
use crate::domain::ids::{BroadcastId, RoundId, TenantKey};
use crate::domain::progress::Progress;
use crate::ports::{BroadcastReport, Clock, RoundReport, Store, StoreError, Submission, Untold};

/// News of yesterday's trouble help nobody.
const NEWS_FOR: Duration = Duration::from_secs(24 * 3600);

/// Stores the notice that `untold` asks for. `chances` make its ids.
///
/// # Errors
/// The store's; the same call may then be made again.
pub async fn tell(
    store: &dyn Store,
    clock: &dyn Clock,
    chances: [u64; 2],
    tenant: TenantKey,
    untold: Untold,
) -> Result<(), StoreError> {
    let Some(report) = store.report(tenant, untold.broadcast).await? else { return Ok(()) };
    let created_at = clock.now();
    let broadcast = NewBroadcast {
        id: BroadcastId::new(created_at, chances[0]),
        round: RoundId::new(created_at, chances[1]),
        schedule: None,
        author: None,
        content: content(&report, untold.state),
        treatment: Treatment {
            when_in_doubt: WhenInDoubt::Hold,
            urgent: true,
            deadline_at: created_at + NEWS_FOR,
            tolerance: TOLERANCE,
        },
        audience: AudienceKind::List,
        way: Way::Chat,
        expire_at: None,
        expected: None,
        created_at,
    };
    store.tell(untold, &Submission { tenant, broadcast, list: vec![untold.author], lists: vec![], draft: None }).await
}

/// What the author reads.
fn content(report: &BroadcastReport, state: BroadcastState) -> Content {
    let (title, id) = (report.title.replace(['\n', '*', '_', '[', ']', '`'], " "), report.id);
    let progress = &report.progress;
    let (heading, what, next) = match state {
        BroadcastState::Halted => {
            let (sentence, cure) = report
                .halt
                .as_ref()
                .map_or(("We stopped it.", ""), |halt| (halt.reason.sentence(), halt.reason.cure()));
            ("Your announcement was stopped", sentence.to_owned(), cure.to_owned())
        }
        BroadcastState::Missed => {
            let what = "Its hour passed, or it lay still, for longer than you allow. Nothing more goes out by itself.";
            let next = format!("Let it go on with “stentor broadcast resume {id}”, or cancel it.");
            ("Your announcement waits for you", what.to_owned(), next)
        }
        BroadcastState::Done | BroadcastState::Cancelled if report.afterwards().is_some() => {
            let next = format!("“stentor broadcast show {id}” says where everybody stands.");
            let heading = match report.recalled_at {
                Some(_) => "Your announcement was taken back",
                None => "Your announcement was corrected",
            };
            (heading, amends(report), next)
        }
        BroadcastState::Cancelled => ("Your announcement was cancelled", counts(progress), String::new()),
        _ if progress.failed + progress.unconfirmed > 0 => {
            let next = format!("“stentor broadcast show {id}” says why; “stentor broadcast retry {id}” tries again.");
            ("Your announcement has gone out", counts(progress), next)
        }
        _ => ("Your announcement has gone out", counts(progress), String::new()),
    };
    let body = [format!("**{}**", title.trim()), what, next].into_iter().filter(|part| !part.is_empty());
    Content { title: heading.to_owned(), body: body.collect::<Vec<_>>().join("\n\n"), ..Content::default() }
}

/// What came of setting it right: of the last round in each channel.
fn amends(report: &BroadcastReport) -> String {
    let mut last: BTreeMap<Channel, &RoundReport> = BTreeMap::new();
    let amending = |round: &&RoundReport| matches!(round.kind, RoundKind::Correct | RoundKind::Recall);
    let kind = report.afterwards().map(|round| round.kind);
    for round in report.rounds.iter().filter(amending).filter(|round| Some(round.kind) == kind) {
        last.insert(round.channel, round);
    }
    let told = last.into_iter().map(|(channel, round)| {
        let things = match channel {
            Channel::Chat => "messages",
            Channel::Feed => "notifications",
            Channel::Post => "posts",
        };
        let Progress { targeted, sent, failed, skipped, unconfirmed, cancelled, .. } = round.progress;
        let first = format!("{sent} of {targeted} {things} were set right.");
        let left = [
            ("could not be reached", failed + skipped),
            ("may have another one", unconfirmed),
            ("had no turn", cancelled),
        ];
        let named = left.iter().filter(|(_, count)| *count > 0).map(|(what, count)| format!("- {count} {what}"));
        [first].into_iter().chain(named).collect::<Vec<_>>().join("\n")
    });
    told.collect::<Vec<_>>().join("\n\n")
}

fn counts(progress: &Progress) -> String {
    let parts = [
        ("could not be reached", progress.failed),
        ("are left out by rule (guests, no licence, disabled)", progress.skipped),
        ("may have got it: Teams did not confirm", progress.unconfirmed),
        ("were not told any more", progress.cancelled),
    ];
    let named = parts.iter().filter(|(_, count)| *count > 0).map(|(what, count)| format!("- {count} {what}"));
    let first = format!("{} of {} people got it.", progress.sent, progress.targeted);
    [first].into_iter().chain(named).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::broadcast::{Channels, RoundState};
    use crate::domain::reason::HaltReason;
    use crate::ports::Halt;

    fn report(title: &str) -> BroadcastReport {
        let at = "2026-11-24T10:00:00Z".parse().unwrap();
        BroadcastReport {
            id: BroadcastId::from_i64(910_000_000_000_000_000),
            title: title.to_owned(),
            state: BroadcastState::Done,
            halt: Some(Halt { reason: HaltReason::ContentRefused, detail: None, since: at }),
            treatment: Treatment {
                when_in_doubt: WhenInDoubt::Hold,
                urgent: false,
                deadline_at: at,
                tolerance: TOLERANCE,
            },
            audience: AudienceKind::Everyone,
            channels: Channels::Chat,
            expire_at: None,
            recalled_at: None,
            expected: None,
            created_at: at,
            started_at: Some(at),
            finished_at: Some(at),
            schedule: None,
            progress: Progress {
                targeted: 2000,
                sent: 1790,
                failed: 100,
                skipped: 100,
                unconfirmed: 10,
                ..Progress::default()
            },
            rounds: Vec::new(),
        }
    }

    #[test]
    fn a_notice_says_what_happened_and_what_to_do() {
        for state in [BroadcastState::Done, BroadcastState::Missed, BroadcastState::Halted, BroadcastState::Cancelled] {
            let notice = content(&report("Fire drill"), state);
            insta::assert_snapshot!(state.name(), format!("{}\n\n{}", notice.title, notice.body));
            assert!(notice.check().is_ok());
        }
    }

    #[test]
    fn a_notice_of_a_recall_says_what_was_withdrawn() {
        let progress = Progress { targeted: 1800, sent: 1793, failed: 5, unconfirmed: 2, ..Progress::default() };
        let at = "2026-11-24T11:00:00Z".parse().unwrap();
        let round = |kind, progress| RoundReport {
            id: RoundId::new(at, 1),
            kind,
            channel: Channel::Chat,
            state: RoundState::Done,
            created_at: at,
            finished_at: Some(at),
            progress,
        };
        let rounds = vec![round(RoundKind::Send, Progress::default()), round(RoundKind::Recall, progress)];
        let recalled = BroadcastReport { recalled_at: Some(at), rounds, ..report("Fire drill") };
        let notice = content(&recalled, BroadcastState::Done);
        insta::assert_snapshot!(format!("{}\n\n{}", notice.title, notice.body));
        assert!(notice.check().is_ok());
    }

    #[test]
    fn a_title_cannot_break_the_notice() {
        let notice = content(&report("**a [link](javascript:x)\n"), BroadcastState::Missed);
        assert!(notice.check().is_ok());
    }
}
