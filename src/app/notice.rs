//! Tells the author, through the bot, when her broadcast ends, is halted or misses its hour.
//!
//! A notice is a broadcast of its own, to a list of one. So it is as durable, paced and honest as any other, and no
//! second way of sending exists. That she was told is stored with it, in one transaction.

use std::time::Duration;

use crate::domain::broadcast::{AudienceKind, BroadcastState, NewBroadcast, TOLERANCE, Treatment, Way};
use crate::domain::content::Content;
use crate::domain::delivery::WhenInDoubt;
use crate::domain::ids::{BroadcastId, RoundId, TenantKey};
use crate::domain::progress::Progress;
use crate::ports::{BroadcastReport, Clock, Store, StoreError, Submission, Untold};

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
    store.tell(untold, &Submission { tenant, broadcast, list: vec![untold.author], lists: vec![] }).await
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
    use crate::domain::broadcast::Channels;
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
    fn a_title_cannot_break_the_notice() {
        let notice = content(&report("**a [link](javascript:x)\n"), BroadcastState::Missed);
        assert!(notice.check().is_ok());
    }
}
