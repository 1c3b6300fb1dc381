//! Correct and recall: what was sent is replaced or deleted, and whatever may be left standing is named.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;
use stentor::adapters::system::SystemClock;
use stentor::app::amend::{Amended, Wish, amend};
use stentor::app::control::{self, grant};
use stentor::app::retry::{Retry, retry};
use stentor::app::submit::{Draft, submit};
use stentor::domain::broadcast::{BroadcastState, Channel, RoundKind};
use stentor::domain::content::Content;
use stentor::domain::delivery::WhenInDoubt;
use stentor::domain::ids::{BroadcastId, EntraId};
use stentor::domain::reason::Reason;
use stentor::ports::{BroadcastReport, Clock, RetryWish, RoundReport, Said, Store};
use stentor::simulator::faults::FaultPlan;

use crate::house::{House, everybody_reachable, faults, house, house_at, organisation};

/// What one person has in her chat, as far as it was not deleted.
type Standing = Vec<String>;

impl House {
    async fn amend(&self, id: BroadcastId, wish: &Wish) -> Amended {
        let (chance, now) = (self.random.next_u64(), self.clock.now());
        amend(&*self.store, self.tenant, id, wish, Duration::from_secs(3600), chance, now).await.unwrap()
    }

    async fn begin(&self, id: BroadcastId, wish: &Wish) {
        assert!(matches!(self.amend(id, wish).await, Amended::Begun(_)));
    }

    /// How the last rounds of a kind left everybody.
    async fn ended(&self, id: BroadcastId, kind: RoundKind) -> BTreeMap<EntraId, (String, Option<Reason>)> {
        let passes = (kind, Channel::Chat);
        let rows = self.store.deliveries_of(self.tenant, id, passes, None, 10_000).await.unwrap();
        rows.into_iter().map(|(_, row)| (row.entra_id, (row.state, row.reason))).collect()
    }

    async fn standing(&self, person: EntraId) -> Standing {
        self.inbox(person).await.into_iter().filter(|message| message.contains("\"recalled\":false")).collect()
    }

    /// Everybody of the broadcast, by where she stands.
    async fn who_is(&self, id: BroadcastId, state: &str) -> BTreeSet<EntraId> {
        let rows = self.store.deliveries(self.tenant, id, None, 10_000).await.unwrap();
        rows.into_iter().filter(|(_, row)| row.state == state).map(|(_, row)| row.entra_id).collect()
    }

    /// No message is left standing that is not reported by name.
    async fn nothing_stands_unnamed(&self, id: BroadcastId) {
        let ended = self.ended(id, RoundKind::Recall).await;
        let rows = self.store.deliveries(self.tenant, id, None, 10_000).await.unwrap();
        for person in rows.into_iter().map(|(_, row)| row.entra_id) {
            let stands = !self.standing(person).await.is_empty();
            let state = ended.get(&person).map(|(state, _)| state.as_str());
            let is_named = matches!(state, Some("failed" | "unconfirmed" | "cancelled"));
            assert!(!stands || is_named, "{person} is {state:?} and still has a message");
        }
    }
}

fn last(report: &BroadcastReport) -> &RoundReport {
    report.rounds.last().unwrap()
}

fn corrected() -> Wish {
    let content = Content { title: "News".into(), body: "Corrected".into(), ..Content::default() };
    Wish::Correct(Box::new(Said { content, notification: None }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correction_replaces_every_card_and_a_retry_sends_the_corrected_one() {
    let mut plan = FaultPlan::named("none").unwrap();
    plan.lost_after_effect = 0.1;
    let house = house(faults(plan, 120)).await;
    let working = house.worker();
    let id = house.submit("News", WhenInDoubt::Hold).await;
    let first = house.until_done(id).await;
    house.control("faults", json!("none")).await;
    let (sent, doubted) = (house.who_is(id, "sent").await, house.who_is(id, "unconfirmed").await);
    assert!(!doubted.is_empty());
    // One removes the app by herself; of another a chat is remembered that is none.
    let mut both = sent.iter().copied();
    let (gone, stale) = (both.next().unwrap(), both.next().unwrap());
    house.control("uninstall", json!({"person": gone.to_string(), "for_good": true})).await;
    house.remember_chat(stale, "19:nobody_nobody@unq.gbl.spaces").await;

    house.begin(id, &corrected()).await;
    let report = house.until_done(id).await;
    let ended = house.ended(id, RoundKind::Correct).await;
    assert_eq!(ended.len(), sent.len() + doubted.len());
    for person in &sent {
        let (state, reason) = &ended[person];
        let words = house.standing(*person).await;
        if *person == gone {
            assert_eq!((state.as_str(), *reason), ("failed", Some(Reason::NotInstalled)));
            continue;
        }
        assert_eq!((state.as_str(), *reason), ("sent", None), "{person}");
        assert!(words.len() == 1 && words[0].contains("Corrected"), "{words:?}");
    }
    for person in &doubted {
        assert_eq!(ended[person], ("failed".to_owned(), Some(Reason::MessageUnknown)));
    }
    assert_eq!(report.progress, first.progress, "where everybody stands by the telling is as it was");
    assert_eq!(last(&report).progress.failed as usize, doubted.len() + 1);

    let wish = RetryWish { reasons: vec![Reason::TooLarge], unconfirmed: true };
    let (chance, now) = (house.random.next_u64(), house.clock.now());
    let again = retry(&*house.store, house.tenant, id, &wish, Duration::from_secs(3600), chance, now).await.unwrap();
    assert_eq!(again, Retry::Begun(doubted.len() as u64));
    house.until_done(id).await;
    working.stop().await;
    // The lost answer to somebody who has blocked the bot was a refusal.
    for person in house.who_is(id, "sent").await.intersection(&doubted) {
        let words = house.standing(*person).await;
        assert!(words.len() == 2 && words.last().unwrap().contains("Corrected"), "{words:?}");
    }
}

impl House {
    async fn remember_chat(&self, person: EntraId, chat: &str) {
        let sql = "-- remember_chat\nupdate recipient set conversation_id = $1, service_url = null where entra_id = $2";
        let run = async |conn: &mut sqlx::PgConnection| {
            sqlx::query(sql).bind(chat).bind(person.0).execute(conn).await.map(drop)
        };
        self.store.database().run("test", run).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recall_deletes_every_message_once_and_nobody_is_told_any_more() {
    let house = house(organisation(150)).await;
    let working = house.worker();
    let id = house.submit("News", WhenInDoubt::Hold).await;
    let first = house.until_done(id).await;
    house.control("ledger/reset", json!({})).await;
    house.begin(id, &Wish::Recall(None)).await;
    let report = house.until_done(id).await;
    assert_eq!((last(&report).kind, last(&report).progress.sent), (RoundKind::Recall, first.progress.sent));
    assert!(report.recalled_at.is_some());
    house.nothing_stands_unnamed(id).await;
    for person in house.who_is(id, "sent").await {
        assert_eq!(house.standing(person).await, Standing::new());
    }
    assert_eq!(house.amend(id, &Wish::Recall(None)).await, Amended::Nobody);
    assert_eq!(house.amend(id, &corrected()).await, Amended::Recalled);
    let (chance, now) = (house.random.next_u64(), house.clock.now());
    let all = RetryWish::default();
    let again = retry(&*house.store, house.tenant, id, &all, Duration::from_secs(60), chance, now);
    assert_eq!(again.await.unwrap(), Retry::Recalled);
    working.stop().await;
    assert_eq!(house.claims_left().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recall_with_words_puts_them_in_the_place_of_the_card() {
    let house = house(everybody_reachable(40, 0.0)).await;
    let working = house.worker();
    let id = house.submit("News", WhenInDoubt::Hold).await;
    house.until_done(id).await;
    house.begin(id, &Wish::Recall(Some("Sent by mistake.".into()))).await;
    let report = house.until_done(id).await;
    working.stop().await;
    assert_eq!((last(&report).progress.sent, last(&report).progress.failed), (40, 0));
    for person in house.who_is(id, "sent").await {
        let words = house.standing(person).await;
        assert!(words.len() == 1 && words[0].contains("Sent by mistake.") && words[0].contains("News"), "{words:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_have_a_second_message_is_reported_and_not_called_withdrawn() {
    let mut plan = FaultPlan::named("none").unwrap();
    plan.lost_after_effect = 0.2;
    let house = house(faults(plan, 120)).await;
    let working = house.worker();
    let id = house.submit("News", WhenInDoubt::Resend).await;
    house.until_done(id).await;
    house.control("faults", json!("none")).await;
    let sent = house.who_is(id, "sent").await;
    let mut twice = BTreeSet::new();
    for person in &sent {
        if house.standing(*person).await.len() > 1 {
            twice.insert(*person);
        }
    }
    assert!(!twice.is_empty());
    house.begin(id, &Wish::Recall(None)).await;
    house.until_done(id).await;
    working.stop().await;
    let ended = house.ended(id, RoundKind::Recall).await;
    for person in &twice {
        assert_eq!(ended[person].0, "unconfirmed");
    }
    house.nothing_stands_unnamed(id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recall_can_be_paused_resumed_cancelled_and_taken_up_again() {
    let house = house(everybody_reachable(300, 0.0)).await;
    let working = house.worker();
    let id = house.submit("News", WhenInDoubt::Hold).await;
    house.until_done(id).await;
    let grant = async |wish| grant(&*house.store, house.tenant, id, wish, house.clock.now()).await.unwrap();
    house.control("throttle", json!({"bucket": "send", "seconds": 1})).await;
    house.begin(id, &Wish::Recall(None)).await;
    house.until(id, |report| report.state == BroadcastState::Running).await;
    grant(control::Wish::Pause).await;
    let paused = house.until(id, |report| report.state == BroadcastState::Paused).await;
    house.pause(Duration::from_millis(1500)).await;
    let still = house.report(id).await;
    assert_eq!((still.state, last(&still).progress.pending > 0), (BroadcastState::Paused, true));
    assert!(last(&still).progress.sent <= last(&paused).progress.sent + 60, "what was on the wire was written down");
    grant(control::Wish::Resume).await;
    house.until(id, |report| last(report).progress.sent > 0).await;
    grant(control::Wish::Cancel).await;
    let cancelled = house.until_done(id).await;
    house.nothing_stands_unnamed(id).await;
    let Amended::Begun(left) = house.amend(id, &Wish::Recall(None)).await else {
        assert_eq!(last(&cancelled).progress.sent, 300, "it was over before it could be cancelled");
        return;
    };
    assert_eq!(left[0].1.known, 300 - last(&cancelled).progress.sent);
    let report = house.until_done(id).await;
    working.stop().await;
    assert_eq!(last(&report).progress.sent, left[0].1.known);
    assert_eq!(
        house.ended(id, RoundKind::Recall).await.len(),
        300,
        "each is told of by the newest round that names her"
    );
    for person in house.who_is(id, "sent").await {
        assert_eq!(house.standing(person).await, Standing::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broadcast_whose_time_is_over_is_recalled_by_itself_also_after_a_restart() {
    let house = house_at(everybody_reachable(60, 0.0), "2026-11-24T09:00:00Z").await;
    let working = house.worker();
    let deadline_at = house.clock.now() + Duration::from_secs(3600);
    let draft = house.draft("News", WhenInDoubt::Hold, deadline_at);
    let draft = Draft { expire_after: Some(Duration::from_secs(120)), ..draft };
    let id = submit(&house.people(), draft, |_| {}).await.unwrap().broadcast;
    let done = house.until_done(id).await;
    assert_eq!((done.progress.sent, done.recalled_at), (60, None));
    working.stop().await;
    // Nobody works when its time is over.
    let start: stentor::domain::time::Timestamp = "2026-11-24T09:05:00Z".parse().unwrap();
    let shift: TimeDelta = start - SystemClock.now();
    house.set_database_clock(shift).await;
    let (one, other) = (house.worker(), house.worker());
    let report = house.until(id, |report| report.state.is_final() && report.rounds.len() > 1).await;
    one.stop().await;
    other.stop().await;
    assert_eq!((report.rounds.len(), last(&report).kind), (2, RoundKind::Recall), "begun once");
    assert!(report.recalled_at.is_some() && last(&report).progress.sent == 60);
    house.nothing_stands_unnamed(id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_still_goes_out_when_its_time_is_over_is_cancelled_first() {
    let house = house(everybody_reachable(2000, 0.0)).await;
    let working = house.worker();
    let deadline_at = house.clock.now() + Duration::from_secs(3600);
    // As short as no command line allows it.
    let draft = Draft {
        expire_after: Some(Duration::from_millis(2500)),
        ..house.draft("News", WhenInDoubt::Hold, deadline_at)
    };
    let id = submit(&house.people(), draft, |_| {}).await.unwrap().broadcast;
    house.until(id, |report| report.progress.sent > 0).await;
    house.control("throttle", json!({"bucket": "send", "seconds": 3})).await;
    let report = house.until(id, |report| report.recalled_at.is_some() && report.state.is_final()).await;
    working.stop().await;
    assert!(report.progress.cancelled > 0, "{:?}", report.progress);
    assert_eq!(last(&report).progress.sent, report.progress.sent);
    house.nothing_stands_unnamed(id).await;
    assert_eq!(house.who_is(id, "unconfirmed").await.len() as u64, report.progress.unconfirmed);
}
