//! What people are told: rows in pages, reasons counted, and what the owner of a tenant must know.

use std::time::Duration;

use stentor::domain::broadcast::{NewBroadcast, Treatment};
use stentor::domain::delivery::{Settlement, WhenInDoubt};
use stentor::domain::ids::{BroadcastId, RoundId, TeamsAppId, TenantKey};
use stentor::domain::outcome::{Outcome, Step};
use stentor::domain::pacing::Bucket;
use stentor::domain::reason::Reason;
use stentor::ports::{AttemptFact, BucketRecord, StoreError};

use crate::bench::{Bench, accepted, after, announcement, contract, fact, now, settle};

contract! {
    deliveries_come_in_pages_by_directory_number,
    a_row_tells_every_request_and_the_last_answer,
    reasons_are_counted_and_the_commonest_comes_first,
    reports_come_newest_first,
    urgent_rounds_come_first_then_the_oldest,
    a_cooldown_is_never_shortened_and_the_share_is_the_last_word,
    the_catalogue_id_is_kept_for_the_next_owner,
    content_is_read_back_as_it_was_submitted,
}

async fn deliveries_come_in_pages_by_directory_number(bench: &Bench) {
    bench.fill(5).await;
    let (id, ..) = bench.claimed(WhenInDoubt::Hold, 2).await;
    let (mut pages, mut last) = (Vec::new(), None);
    loop {
        let page = bench.store.deliveries(bench.tenant, id, last, 2).await.unwrap();
        let Some((key, _)) = page.last() else { break };
        last = Some(*key);
        pages.push(page.into_iter().map(|(key, row)| (key, row.display_name)).collect::<Vec<_>>());
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    let keys: Vec<_> = pages.concat().into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, bench.keys(5).await);
    let nobody = bench.store.deliveries(bench.tenant, BroadcastId::new(now(), 99), None, 9).await.unwrap();
    assert_eq!(nobody, []);
}

async fn a_row_tells_every_request_and_the_last_answer(bench: &Bench) {
    bench.fill(1).await;
    let (id, worker, held, claimed) = bench.claimed(WhenInDoubt::Hold, 1).await;
    let mut chunk = claimed.chunk;
    let asked = AttemptFact {
        step: Some(Step::Check),
        status: Some(503),
        started_at: after(1),
        ended_at: after(2),
        ..fact(&chunk, 0, None, Outcome::Transient(Reason::Unavailable))
    };
    // The clock was set back during this one: it ends when it began.
    let lost = AttemptFact {
        attempt: 2,
        status: None,
        started_at: after(4),
        ended_at: after(3),
        ..fact(&chunk, 0, None, Outcome::Transient(Reason::Unavailable))
    };
    bench.flush(worker, &mut chunk, vec![asked, lost]).await;
    let again = bench.claim_one(held, worker, chunk.round).await;
    let tried: Vec<_> = again.attempts.iter().map(|attempt| (attempt.step, attempt.ended_at)).collect();
    assert_eq!(tried, [(Step::Check, after(2)), (Step::Send, after(4))]);
    chunk = again.chunk;
    let told = AttemptFact {
        attempt: 3,
        started_at: after(5),
        ended_at: after(6),
        ..settle(&mut chunk, 0, Settlement::Sent, accepted())
    };
    bench.flush(worker, &mut chunk, vec![told]).await;
    let row = bench.store.deliveries(bench.tenant, id, None, 9).await.unwrap().remove(0).1;
    assert_eq!((row.state.as_str(), row.reason, row.attempts, row.last_status), ("sent", None, 3, Some(201)));
    assert_eq!(row.message_id.as_deref(), Some("1793610000123"));
    assert_eq!((row.first_attempt_at, row.last_attempt_at), (Some(after(1)), Some(after(6))));
}

async fn reasons_are_counted_and_the_commonest_comes_first(bench: &Bench) {
    use Settlement::{Failed, Sent, Skipped, Unconfirmed};
    bench.fill(8).await;
    let (id, worker, _, claimed) = bench.claimed(WhenInDoubt::Hold, 8).await;
    let mut chunk = claimed.chunk;
    let refused = |reason| Outcome::Rejected(reason);
    let mut facts = vec![
        settle(&mut chunk, 0, Failed, refused(Reason::NotFound)),
        settle(&mut chunk, 1, Failed, refused(Reason::BlockedByUser)),
        settle(&mut chunk, 2, Failed, refused(Reason::NotFound)),
        settle(&mut chunk, 3, Failed, refused(Reason::BlockedByPolicy)),
        settle(&mut chunk, 4, Unconfirmed, Outcome::Lost(Reason::AnswerLost)),
        settle(&mut chunk, 5, Sent, accepted()),
    ];
    let decided = settle(&mut chunk, 6, Skipped, refused(Reason::Guest));
    facts.push(AttemptFact { step: None, outcome: None, status: None, request: None, ..decided });
    bench.flush(worker, &mut chunk, facts).await;
    let reasons = [
        (Failed, Reason::NotFound, 2),
        (Failed, Reason::BlockedByPolicy, 1),
        (Failed, Reason::BlockedByUser, 1),
        (Skipped, Reason::Guest, 1),
        (Unconfirmed, Reason::AnswerLost, 1),
    ];
    assert_eq!(bench.store.reasons(bench.tenant, id).await.unwrap(), reasons);
    let progress = bench.progress(id).await;
    let counted = (progress.sent, progress.failed, progress.skipped, progress.unconfirmed, progress.pending);
    assert_eq!(counted, (1, 4, 1, 1, 1));
    // Nobody was asked for the one whom we skipped.
    assert_eq!(bench.store.deliveries(bench.tenant, id, None, 9).await.unwrap()[6].1.attempts, 0);
}

async fn reports_come_newest_first(bench: &Bench) {
    for number in 1..=3 {
        bench.submit_this(announcement(number, WhenInDoubt::Hold), vec![]).await;
    }
    let newest = bench.store.reports(bench.tenant, 2).await.unwrap();
    let ids: Vec<_> = newest.iter().map(|report| report.id).collect();
    assert_eq!(ids, [BroadcastId::new(now(), 3), BroadcastId::new(now(), 2)]);
    assert_eq!(bench.store.report(bench.tenant, BroadcastId::new(now(), 9)).await.unwrap(), None);
}

async fn urgent_rounds_come_first_then_the_oldest(bench: &Bench) {
    for (number, urgent) in [(1, false), (2, true), (3, false), (4, true)] {
        let plain = announcement(number, WhenInDoubt::Hold);
        let treatment = Treatment { urgent, ..plain.treatment };
        bench.submit_this(NewBroadcast { treatment, ..plain }, vec![]).await;
    }
    let rounds = bench.store.work(bench.tenant).await.unwrap().rounds;
    let order: Vec<_> = rounds.iter().map(|work| work.round).collect();
    assert_eq!(order, [2, 4, 1, 3].map(|number| RoundId::new(now(), number)));
    assert!(matches!(bench.store.work(TenantKey(99)).await, Err(StoreError::Broken(_))));
}

async fn a_cooldown_is_never_shortened_and_the_share_is_the_last_word(bench: &Bench) {
    let keep = async |seconds, share| {
        let cooldown_until = after(seconds);
        let record = BucketRecord { bucket: Bucket::Send, cooldown_until, share, kept_at: now() };
        bench.store.keep_bucket(bench.tenant, record).await.unwrap();
        bench.store.work(bench.tenant).await.unwrap().buckets
    };
    keep(30, 0.95).await;
    let buckets = keep(10, 0.5).await;
    let expected = BucketRecord { bucket: Bucket::Send, cooldown_until: after(30), share: 0.5, kept_at: now() };
    assert_eq!(buckets, [expected]);
    // As the table rounds it.
    assert!((keep(10, 0.7).await[0].share - 0.7).abs() < 1e-6);
}

async fn the_catalogue_id_is_kept_for_the_next_owner(bench: &Bench) {
    assert_eq!(bench.store.work(bench.tenant).await.unwrap().teams_app, None);
    for id in ["first", "uploaded again"] {
        let app = TeamsAppId(id.into());
        bench.store.keep_app(bench.tenant, &app).await.unwrap();
        assert_eq!(bench.store.work(bench.tenant).await.unwrap().teams_app, Some(app));
    }
}

async fn content_is_read_back_as_it_was_submitted(bench: &Bench) {
    let broadcast = announcement(1, WhenInDoubt::Resend);
    let (id, _) = bench.submit_this(broadcast.clone(), vec![]).await;
    assert_eq!(bench.store.said(bench.tenant, broadcast.round).await.unwrap().content, broadcast.content);
    let report = bench.report(id).await;
    assert_eq!((report.title, report.treatment), (broadcast.content.title, broadcast.treatment));
    assert_eq!(report.created_at, now());
    let missing = bench.store.said(bench.tenant, RoundId::new(now() + Duration::from_secs(1), 1)).await;
    assert!(matches!(missing, Err(StoreError::Broken(_))));
}
