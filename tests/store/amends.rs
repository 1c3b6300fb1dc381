//! Correct and recall: whoever was told, with her message; begun once; and recalled by itself when its time is over.

use std::time::Duration;

use stentor::domain::broadcast::{BroadcastState, Channel, NewBroadcast, RoundKind, RoundState, Way};
use stentor::domain::content::Content;
use stentor::domain::delivery::{Settlement, WhenInDoubt};
use stentor::domain::ids::{BroadcastId, Epoch, MessageId, RoundId, WorkerId};
use stentor::domain::notification::Notification;
use stentor::domain::outcome::{Outcome, Step};
use stentor::domain::plan::Purpose;
use stentor::domain::reason::Reason;
use stentor::ports::{Amends, AttemptFact, ClaimedChunk, HeldTenant, Recalling, RetryWish, Said, Standing};

use crate::bench::{Bench, after, announcement, contract, fact, now, settle};

contract! {
    a_recall_takes_up_whoever_was_told_with_her_message,
    slices_of_one_take_up_the_same_people,
    setting_right_is_begun_once_and_only_when_the_broadcast_is_over,
    a_recalled_broadcast_is_neither_corrected_nor_tried_again,
    whoever_is_told_after_a_correction_reads_the_corrected_text,
    a_recall_deletes_or_says_something_instead,
    whoever_was_withdrawn_is_not_taken_up_again,
    a_second_message_that_nobody_can_name_is_doubt,
    a_cancelled_recall_says_of_nobody_that_she_was_reached,
    where_everybody_ended_is_told_of_the_recall_alone,
    messages_and_notifications_are_set_right_one_after_the_other,
    notifying_begins_when_the_messages_have_gone_out,
    a_broadcast_whose_time_is_over_is_cancelled_and_then_recalled,
}

fn said_id(number: u64) -> Outcome {
    Outcome::Accepted { message_id: Some(MessageId(format!("id{number}"))) }
}

/// Five people: two sent to, one failed, two unconfirmed.
async fn told(bench: &Bench) -> (BroadcastId, ClaimedChunk) {
    told_by(bench, announcement(1, WhenInDoubt::Hold)).await
}

async fn told_by(bench: &Bench, broadcast: NewBroadcast) -> (BroadcastId, ClaimedChunk) {
    bench.fill(5).await;
    let (id, round) = bench.submit_this(broadcast, vec![]).await;
    let (worker, held) = bench.worker().await;
    bench.expand(held[0], worker, round, 5).await;
    let claimed = bench.claim_one(held[0], worker, round).await;
    let mut chunk = claimed.chunk.clone();
    let lost = || Outcome::Lost(Reason::AnswerLost);
    let facts = vec![
        settle(&mut chunk, 0, Settlement::Sent, said_id(0)),
        settle(&mut chunk, 1, Settlement::Failed, Outcome::Rejected(Reason::BlockedByUser)),
        settle(&mut chunk, 2, Settlement::Unconfirmed, lost()),
        settle(&mut chunk, 3, Settlement::Sent, said_id(3)),
        settle(&mut chunk, 4, Settlement::Unconfirmed, lost()),
    ];
    bench.flush(worker, &mut chunk, facts).await;
    bench.store.finish(bench.tenant, now()).await.unwrap();
    bench.store.release_tenant(worker, held[0]).await.unwrap();
    (id, claimed)
}

fn round(number: u64) -> RoundId {
    RoundId::new(after(number), number)
}

fn recalling() -> Amends {
    Amends::Recall(Recalling::default())
}

fn correction(title: &str) -> Amends {
    let content = Content { title: title.into(), body: "Text".into(), ..Content::default() };
    Amends::Correct(Said { content, notification: None })
}

async fn amend(bench: &Bench, id: BroadcastId, amends: &Amends, number: u64) -> bool {
    let rounds = [(round(number), Channel::Chat)];
    bench.store.amend(bench.tenant, id, amends, &rounds, after(9000), after(number)).await.unwrap()
}

/// Freezes the people of a round and claims them all.
async fn claimed(bench: &Bench, number: u64) -> (WorkerId, HeldTenant, ClaimedChunk) {
    let (worker, held) = bench.worker().await;
    bench.expand(held[0], worker, round(number), 10).await;
    (worker, held[0], bench.claim_one(held[0], worker, round(number)).await)
}

async fn standing(bench: &Bench, id: BroadcastId, kind: RoundKind) -> Standing {
    bench.store.count_standing(bench.tenant, id, kind, Channel::Chat).await.unwrap()
}

/// Whoever may have been told, by her place: what is known of her message, and why there may be another.
fn stands(claimed: &ClaimedChunk) -> Vec<(Option<&str>, Option<Reason>)> {
    let members = claimed.members.iter();
    members.map(|member| (member.message.as_ref().map(|id| id.0.as_str()), member.doubt)).collect()
}

async fn a_recall_takes_up_whoever_was_told_with_her_message(bench: &Bench) {
    let (id, _) = told(bench).await;
    let keys = bench.keys(5).await;
    // Whoever has left keeps her messages.
    bench.part_with(3).await;
    assert_eq!(standing(bench, id, RoundKind::Recall).await, Standing { known: 2, unknown: 2, doubted: 0 });
    assert!(amend(bench, id, &recalling(), 1).await);
    let (_, _, claimed) = claimed(bench, 1).await;
    let members: Vec<_> = claimed.members.iter().map(|member| member.recipient).collect();
    assert_eq!(members, [keys[0], keys[2], keys[3], keys[4]]);
    let doubt = Some(Reason::AnswerLost);
    assert_eq!(stands(&claimed), [(Some("id0"), None), (None, doubt), (Some("id3"), None), (None, doubt)]);
    let report = bench.report(id).await;
    assert!(report.recalled_at.is_some() && report.treatment.deadline_at == after(9000));
    assert_eq!((report.rounds[1].kind, report.rounds[1].progress.targeted), (RoundKind::Recall, 4));
    assert_eq!((report.progress.sent, report.progress.unconfirmed), (2, 2), "what was told stays told");
}

async fn slices_of_one_take_up_the_same_people(bench: &Bench) {
    let (id, _) = told(bench).await;
    assert!(amend(bench, id, &correction("Better"), 1).await);
    let (worker, held) = bench.worker().await;
    let mut added = 0;
    for _ in 0..20 {
        let expanded = bench.store.expand(held[0], worker, round(1), 1, 1, now()).await.unwrap();
        added += expanded.added;
        if expanded.complete {
            assert_eq!((added, bench.report(id).await.rounds[1].progress.targeted), (4, 4));
            assert_eq!(bench.report(id).await.state, BroadcastState::Running);
            return;
        }
    }
    panic!("it is never complete");
}

async fn setting_right_is_begun_once_and_only_when_the_broadcast_is_over(bench: &Bench) {
    let (id, _) = told(bench).await;
    assert!(amend(bench, id, &correction("Better"), 1).await);
    assert!(amend(bench, id, &correction("Better"), 1).await, "the same, because its answer was lost");
    assert!(!amend(bench, id, &correction("Worse"), 2).await, "another");
    assert!(!amend(bench, id, &recalling(), 3).await);
    let report = bench.report(id).await;
    assert_eq!((report.rounds.len(), report.title.as_str(), report.recalled_at), (2, "Better", None));
    assert!(!amend(bench, BroadcastId::from_i64(7), &recalling(), 4).await);
}

async fn a_recalled_broadcast_is_neither_corrected_nor_tried_again(bench: &Bench) {
    let (id, _) = told(bench).await;
    assert!(amend(bench, id, &recalling(), 1).await);
    let (worker, held, claimed) = claimed(bench, 1).await;
    bench.store.release_chunks(bench.tenant, worker, &[claimed.chunk]).await.unwrap();
    bench.go(id, BroadcastState::Running, BroadcastState::Cancelling).await;
    bench.store.finish(bench.tenant, now()).await.unwrap();
    bench.store.release_tenant(worker, held).await.unwrap();
    assert!(!amend(bench, id, &correction("Better"), 2).await);
    let wish = RetryWish { reasons: Vec::new(), unconfirmed: true };
    assert!(!bench.store.retry(bench.tenant, id, &wish, round(3), after(9000), after(3)).await.unwrap());
    assert!(amend(bench, id, &recalling(), 4).await, "what was not withdrawn can be");
}

async fn whoever_is_told_after_a_correction_reads_the_corrected_text(bench: &Bench) {
    let (id, first) = told(bench).await;
    assert!(amend(bench, id, &correction("Better"), 1).await);
    let said = async |round: RoundId| bench.store.said(bench.tenant, round).await.unwrap().content.title;
    assert_eq!(said(round(1)).await, "Better");
    let (worker, held, claimed) = claimed(bench, 1).await;
    let mut chunk = claimed.chunk;
    let facts = (0..4).map(|place| withdrawn(&mut chunk, place, Step::Replace)).collect();
    bench.flush(worker, &mut chunk, facts).await;
    bench.store.finish(bench.tenant, now()).await.unwrap();
    bench.store.release_tenant(worker, held).await.unwrap();
    assert!(
        bench.store.retry(bench.tenant, id, &RetryWish::default(), round(2), after(9000), after(2)).await.unwrap(),
        "a corrected broadcast can be tried again"
    );
    assert_eq!((said(round(2)).await, said(first.chunk.round).await), ("Better".into(), "Better".into()));
}

/// Somebody of a round that looks back was reached.
fn withdrawn(chunk: &mut stentor::domain::chunk::Chunk, place: u32, step: Step) -> AttemptFact {
    AttemptFact { step: Some(step), ..settle(chunk, place, Settlement::Sent, Outcome::Accepted { message_id: None }) }
}

async fn a_recall_deletes_or_says_something_instead(bench: &Bench) {
    let (id, _) = told(bench).await;
    let purpose = async || bench.store.work(bench.tenant).await.unwrap().rounds[0].purpose;
    let content = Content { title: "News".into(), body: "Sorry".into(), ..Content::default() };
    let saying = Amends::Recall(Recalling { content: Some(content), ..Recalling::default() });
    assert!(amend(bench, id, &saying, 1).await);
    assert_eq!(purpose().await, Purpose::Replace);
    assert_eq!(bench.store.said(bench.tenant, round(1)).await.unwrap().content.body, "Sorry");
    bench.go(id, BroadcastState::Expanding, BroadcastState::Cancelling).await;
    bench.store.finish(bench.tenant, now()).await.unwrap();
    assert!(amend(bench, id, &recalling(), 2).await);
    assert_eq!(purpose().await, Purpose::Withdraw);
}

async fn whoever_was_withdrawn_is_not_taken_up_again(bench: &Bench) {
    let (id, _) = told(bench).await;
    assert!(amend(bench, id, &recalling(), 1).await);
    let (worker, held, first) = claimed(bench, 1).await;
    let mut chunk = first.chunk;
    let unknown = |mut fact: AttemptFact| {
        (fact.step, fact.outcome, fact.reason) = (None, None, Some(Reason::MessageUnknown));
        fact
    };
    let facts = vec![
        withdrawn(&mut chunk, 0, Step::Withdraw),
        unknown(settle(&mut chunk, 1, Settlement::Failed, Outcome::Rejected(Reason::MessageUnknown))),
        settle(&mut chunk, 2, Settlement::Failed, Outcome::Rejected(Reason::NotInstalled)),
        unknown(settle(&mut chunk, 3, Settlement::Failed, Outcome::Rejected(Reason::MessageUnknown))),
    ];
    bench.flush(worker, &mut chunk, facts).await;
    assert_eq!(bench.store.finish(bench.tenant, now()).await.unwrap(), [(id, BroadcastState::Done)]);
    bench.store.release_tenant(worker, held).await.unwrap();
    assert_eq!(standing(bench, id, RoundKind::Recall).await, Standing { known: 1, unknown: 2, doubted: 0 });
    assert_eq!(standing(bench, id, RoundKind::Correct).await.known, 2, "nobody is left out of a correction");
    assert!(amend(bench, id, &recalling(), 2).await);
    let (_, _, again) = claimed(bench, 2).await;
    assert_eq!(stands(&again)[1], (Some("id3"), None));
    assert_eq!(again.members.len(), 3);
}

async fn a_second_message_that_nobody_can_name_is_doubt(bench: &Bench) {
    bench.fill(3).await;
    let (id, worker, held, claimed) = bench.claimed(WhenInDoubt::Resend, 5).await;
    let mut chunk = claimed.chunk;
    let lost = |place| fact(&chunk, place, None, Outcome::Lost(Reason::ServiceFault));
    let mut facts: Vec<AttemptFact> = (0..3).map(lost).collect();
    for place in 0..3 {
        let sent = settle(&mut chunk, place, Settlement::Sent, said_id(u64::from(place)));
        facts.push(AttemptFact { attempt: 2, ..sent });
    }
    bench.flush(worker, &mut chunk, facts).await;
    bench.store.finish(bench.tenant, now()).await.unwrap();
    // Of the second the first send is proved late, under the name of the other; of the third, under one of its own.
    let late = |place: u32, number| AttemptFact {
        epoch: Epoch(chunk.epoch.0 + 1),
        ..fact(&chunk, place, None, said_id(number))
    };
    bench.store.record_late(bench.tenant, &[late(1, 1), late(2, 9)]).await.unwrap();
    bench.store.release_tenant(worker, held).await.unwrap();
    assert_eq!(standing(bench, id, RoundKind::Recall).await, Standing { known: 3, unknown: 0, doubted: 2 });
    assert!(amend(bench, id, &recalling(), 1).await);
    let (_, _, claimed) = self::claimed(bench, 1).await;
    let doubts: Vec<_> = stands(&claimed).into_iter().map(|(_, doubt)| doubt).collect();
    assert_eq!(doubts, [Some(Reason::ServiceFault), None, Some(Reason::AnswerLost)]);
}

async fn a_cancelled_recall_says_of_nobody_that_she_was_reached(bench: &Bench) {
    let (id, _) = told(bench).await;
    assert!(amend(bench, id, &recalling(), 1).await);
    let (worker, held, claimed) = claimed(bench, 1).await;
    let mut chunk = claimed.chunk;
    let facts = vec![withdrawn(&mut chunk, 0, Step::Withdraw)];
    bench.flush(worker, &mut chunk, facts).await;
    bench.store.release_tenant(worker, held).await.unwrap();
    bench.go(id, BroadcastState::Running, BroadcastState::Cancelling).await;
    assert_eq!(bench.store.finish(bench.tenant, now()).await.unwrap(), [(id, BroadcastState::Cancelled)]);
    let report = bench.report(id).await;
    let recall = &report.rounds[1].progress;
    assert_eq!((recall.sent, recall.cancelled, recall.unconfirmed), (1, 3, 0));
    assert!(report.progress.adds_up() && report.progress.unconfirmed == 2);
    let states: Vec<String> = bench.states(id).await.into_iter().map(|(state, _)| state).collect();
    assert_eq!(states, ["sent", "failed", "unconfirmed", "sent", "unconfirmed"]);
}

async fn where_everybody_ended_is_told_of_the_recall_alone(bench: &Bench) {
    let (id, _) = told(bench).await;
    assert!(amend(bench, id, &recalling(), 1).await);
    let (worker, _, claimed) = claimed(bench, 1).await;
    let mut chunk = claimed.chunk;
    let facts = vec![
        withdrawn(&mut chunk, 0, Step::Withdraw),
        settle(&mut chunk, 1, Settlement::Failed, Outcome::Rejected(Reason::NotInstalled)),
    ];
    bench.flush(worker, &mut chunk, facts).await;
    let passes = (RoundKind::Recall, Channel::Chat);
    for limit in 1..=4 {
        let (mut after, mut states) = (None, Vec::new());
        loop {
            let page = bench.store.deliveries_of(bench.tenant, id, passes, after, limit).await.unwrap();
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            states.extend(page.into_iter().map(|(_, row)| (row.state, row.reason)));
        }
        let expected = [("sent", None), ("failed", Some(Reason::NotInstalled)), ("pending", None), ("pending", None)];
        let expected: Vec<_> = expected.into_iter().map(|(state, reason)| (state.to_owned(), reason)).collect();
        assert_eq!(states, expected, "{limit} a page");
    }
    let reasons = bench.store.reasons_of(bench.tenant, id, passes.0, passes.1).await.unwrap();
    assert_eq!(reasons, [(Settlement::Failed, Reason::NotInstalled, 1)]);
    let of_telling = bench.store.reasons(bench.tenant, id).await.unwrap();
    assert!(of_telling.contains(&(Settlement::Failed, Reason::BlockedByUser, 1)), "{of_telling:?}");
    assert_eq!(bench.states(id).await.len(), 5);
}

fn both_ways() -> NewBroadcast {
    let notification =
        Notification { activity_type: "announced".into(), preview: "News".into(), ..Notification::default() };
    NewBroadcast { way: Way::Both(notification, RoundId::new(now(), 50)), ..announcement(1, WhenInDoubt::Hold) }
}

async fn notifying_begins_when_the_messages_have_gone_out(bench: &Bench) {
    bench.fill(3).await;
    let (id, send) = bench.submit_this(both_ways(), vec![]).await;
    let notify = RoundId::new(now(), 50);
    let (worker, held) = bench.worker().await;
    let rounds = async || -> Vec<RoundKind> {
        bench.store.work(bench.tenant).await.unwrap().rounds.iter().map(|work| work.kind).collect()
    };
    assert_eq!(rounds().await, [RoundKind::Send]);
    assert_eq!(bench.store.expand(held[0], worker, notify, 10, 10, now()).await.unwrap().added, 0);
    bench.expand(held[0], worker, send, 10).await;
    let mut chunk = bench.claim_one(held[0], worker, send).await.chunk;
    let facts = (0..3).map(|place| settle(&mut chunk, place, Settlement::Sent, said_id(u64::from(place)))).collect();
    bench.flush(worker, &mut chunk, facts).await;
    assert_eq!(bench.store.finish(bench.tenant, now()).await.unwrap(), [], "not before they are notified");
    assert_eq!(rounds().await, [RoundKind::Notify]);
    // Somebody has left in between; she was meant all the same.
    bench.part_with(1).await;
    bench.expand(held[0], worker, notify, 10).await;
    let claimed = bench.claim_one(held[0], worker, notify).await;
    assert_eq!((claimed.members.len(), bench.report(id).await.rounds[1].channel), (3, Channel::Feed));
    let mut chunk = claimed.chunk;
    let notified = |chunk: &mut _, place| withdrawn(chunk, place, Step::Notify);
    let facts = (0..3).map(|place| notified(&mut chunk, place)).collect();
    bench.flush(worker, &mut chunk, facts).await;
    assert_eq!(bench.store.finish(bench.tenant, now()).await.unwrap(), [(id, BroadcastState::Done)]);
    let feed = bench.store.count_standing(bench.tenant, id, RoundKind::Recall, Channel::Feed).await.unwrap();
    assert_eq!(feed, Standing { known: 3, unknown: 0, doubted: 0 });
}

async fn messages_and_notifications_are_set_right_one_after_the_other(bench: &Bench) {
    let (id, _) = told_by(bench, both_ways()).await;
    let (worker, held) = bench.worker().await;
    let notify = RoundId::new(now(), 50);
    bench.expand(held[0], worker, notify, 10).await;
    let mut chunk = bench.claim_one(held[0], worker, notify).await.chunk;
    let lost = fact(&chunk, 2, None, Outcome::Lost(Reason::AnswerLost));
    let mut facts = vec![withdrawn(&mut chunk, 1, Step::Notify), AttemptFact { step: Some(Step::Notify), ..lost }];
    facts.push(AttemptFact {
        attempt: 2,
        ..settle(&mut chunk, 2, Settlement::Failed, Outcome::Rejected(Reason::NotFound))
    });
    for place in [0, 3, 4] {
        facts.push(settle(&mut chunk, place, Settlement::Failed, Outcome::Rejected(Reason::NotFound)));
    }
    bench.flush(worker, &mut chunk, facts).await;
    assert_eq!(bench.store.finish(bench.tenant, now()).await.unwrap(), [(id, BroadcastState::Done)]);
    let notification = Notification { preview: "Withdrawn".into(), ..Notification::default() };
    let recall = Amends::Recall(Recalling { notification: Some(notification), ..Recalling::default() });
    let rounds = [(round(1), Channel::Chat), (round(2), Channel::Feed)];
    assert!(bench.store.amend(bench.tenant, id, &recall, &rounds, after(9000), after(1)).await.unwrap());
    let work = bench.store.work(bench.tenant).await.unwrap();
    assert_eq!(
        work.rounds.iter().map(|work| work.purpose).collect::<Vec<_>>(),
        [Purpose::Withdraw, Purpose::NotifyAgain]
    );
    bench.expand(held[0], worker, round(1), 10).await;
    assert_eq!(bench.report(id).await.state, BroadcastState::Running);
    bench.expand(held[0], worker, round(2), 10).await;
    let feed = bench.claim_one(held[0], worker, round(2)).await;
    let keys = bench.keys(5).await;
    let members: Vec<_> = feed.members.iter().map(|member| member.recipient).collect();
    assert_eq!(members, [keys[1], keys[2]], "accepted, or perhaps");
    let said = bench.store.said(bench.tenant, round(2)).await.unwrap();
    assert_eq!(said.notification.unwrap().preview, "Withdrawn");
    let mut chunk = feed.chunk;
    let facts = (0..2).map(|place| withdrawn(&mut chunk, place, Step::Notify)).collect();
    bench.flush(worker, &mut chunk, facts).await;
    assert_eq!(bench.store.finish(bench.tenant, now()).await.unwrap(), [], "the messages are not withdrawn yet");
    assert_eq!(bench.report(id).await.rounds.last().unwrap().state, RoundState::Done);
}

async fn a_broadcast_whose_time_is_over_is_cancelled_and_then_recalled(bench: &Bench) {
    let broadcast = NewBroadcast { expire_at: Some(after(100)), ..announcement(1, WhenInDoubt::Hold) };
    bench.fill(2).await;
    let (id, send) = bench.submit_this(broadcast, vec![]).await;
    let (worker, held) = bench.worker().await;
    bench.expand(held[0], worker, send, 10).await;
    let mut chunk = bench.claim_one(held[0], worker, send).await.chunk;
    let facts = vec![settle(&mut chunk, 0, Settlement::Sent, said_id(0))];
    bench.flush(worker, &mut chunk, facts).await;
    bench.let_time_pass(Duration::from_secs(40)).await;
    let expires_in = async || bench.store.work(bench.tenant).await.unwrap().expires_in;
    assert_eq!(expires_in().await, Some(Duration::from_secs(60)));
    let expired = async |held| bench.store.cancel_expired(held, worker, now()).await;
    assert_eq!(expired(held[0]).await.unwrap(), []);
    assert_eq!(bench.report(id).await.state, BroadcastState::Running);
    bench.store.renew(worker, Duration::from_secs(1000)).await.unwrap();
    bench.let_time_pass(Duration::from_secs(60)).await;
    assert_eq!(expires_in().await, Some(Duration::ZERO));
    assert_eq!(expired(held[0]).await.unwrap(), [], "it still goes out");
    assert_eq!(bench.report(id).await.state, BroadcastState::Cancelling);
    let itself = Amends::Recall(Recalling { by_itself: true, ..Recalling::default() });
    assert!(!amend(bench, id, &itself, 1).await, "not over");
    bench.store.release_tenant(worker, held[0]).await.unwrap();
    bench.store.finish(bench.tenant, now()).await.unwrap();
    let (worker, held) = bench.worker().await;
    assert_eq!(held.len(), 1, "a tenant with nothing else to do is taken for it");
    assert_eq!(bench.store.cancel_expired(held[0], worker, now()).await.unwrap(), [id]);
    assert!(amend(bench, id, &itself, 1).await);
    assert!(!amend(bench, id, &itself, 2).await, "begun once");
    assert_eq!(expires_in().await, None);
    let report = bench.report(id).await;
    assert_eq!((report.state, report.rounds.len()), (BroadcastState::Expanding, 2));
    assert!(report.recalled_at.is_some());
    bench.expand(held[0], worker, round(1), 10).await;
    assert_eq!(bench.report(id).await.rounds[1].progress.targeted, 1);
}
