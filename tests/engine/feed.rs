//! Activity feeds, over the wire: everybody is notified once, whatever happens on the way, and whoever is *accepted* got it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use stentor::app::submit::{Audience, Draft, Everybody, Going, SubmitError, Wanted, submit};
use stentor::domain::audience::read_list;
use stentor::domain::broadcast::{BroadcastState, RoundKind, RoundState, Schedule};
use stentor::domain::content::Content;
use stentor::domain::delivery::{Settlement, WhenInDoubt};
use stentor::domain::ids::{BroadcastId, EntraId};
use stentor::domain::notification::{NamedBy, Notification, Scope, Topic};
use stentor::domain::outcome::Step;
use stentor::domain::pacing::{Bucket as Ours, Quota};
use stentor::domain::reason::{HaltReason, Reason};
use stentor::ports::{BroadcastReport, Store};
use stentor::simulator::Bucket;
use stentor::simulator::faults::FaultPlan;
use stentor::simulator::ledger::LedgerSummary;
use stentor::simulator::settings::SimulatorSettings;

use crate::house::{FASTER, House, everybody_reachable, house, organisation};

/// Quotas as published, so much faster as everything here: what is measured against them must keep them.
async fn feed_house(settings: SimulatorSettings) -> House {
    let mut house = house(settings).await;
    house.engine.quotas.insert(Ours::Notify, Quota::per_second(5 * FASTER));
    house.engine.quotas.insert(Ours::NotifyMany, Quota::per_second(2 * FASTER));
    house
}

fn said() -> Notification {
    let content = Content { title: "News".to_owned(), body: "Text".to_owned(), ..Content::default() };
    Notification::of(&content, "announcementPublished")
}

impl House {
    fn feed_draft(&self, notification: Notification) -> Draft {
        let deadline_at = self.clock.now() + Duration::from_secs(3600);
        let wanted = Box::new(Wanted { notification, ..Wanted::default() });
        Draft { going: Going::Feed(wanted), ..self.draft("News", WhenInDoubt::Hold, deadline_at) }
    }

    async fn notify(&self, draft: Draft) -> BroadcastId {
        submit(&self.people(), draft, |_| {}).await.unwrap().broadcast
    }

    async fn notified(&self, draft: Draft) -> BroadcastReport {
        let id = self.notify(draft).await;
        let working = self.worker();
        let report = self.until_done(id).await;
        working.stop().await;
        report
    }

    fn summary(&self) -> LedgerSummary {
        self.simulator.ledger_summary()
    }

    fn asked(&self, bucket: Bucket) -> u64 {
        self.summary().requests.get(&bucket).copied().unwrap_or_default()
    }

    /// Everybody whom the record says to be accepted has exactly one notification in her feed, and nobody else has any.
    async fn accepted_are_notified(&self, id: BroadcastId) {
        let rows = self.store.deliveries(self.tenant, id, None, 100_000).await.unwrap();
        let world = self.simulator.world();
        let world = world.lock().unwrap();
        for (_, row) in rows {
            let person = world.organisation().find(&row.entra_id.to_string()).unwrap();
            assert_eq!(world.feed(person).len(), usize::from(row.state == "sent"), "{row:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_is_notified_once_and_most_of_them_with_others() {
    let house = feed_house(organisation(400)).await;
    let report = house.notified(house.feed_draft(said())).await;
    let (progress, summary) = (report.progress, house.summary());
    assert_eq!(summary.notified_people as u64, progress.sent);
    assert_eq!((summary.notified_again, summary.delivered), (0, 0));
    assert!(progress.sent > 300 && progress.pending == 0, "{progress:?}");
    let (alone, together) = (house.asked(Bucket::FeedUser), house.asked(Bucket::FeedBulk));
    assert!(together > 0 && alone < progress.sent / 2, "{alone} alone, {together} for many");
    house.accepted_are_notified(report.id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_who_lost_the_app_since_is_given_it_again_or_is_not_accepted_alone() {
    let house = feed_house(everybody_reachable(60, 0.0)).await;
    let first = house.notified(house.feed_draft(said())).await;
    assert_eq!(first.progress.sent, 60);
    let rows = house.store.deliveries(house.tenant, first.id, None, 100).await.unwrap();
    let gone: EntraId = rows[7].1.entra_id;
    house.control("uninstall", json!({"person": gone.to_string()})).await;
    // What leads elsewhere than to the app goes one by one, and each answer tells.
    let link = "https://teams.microsoft.com/l/entity/33333333-3333-4333-8333-333333333333/home".to_owned();
    let topic = Topic::Text { title: "Company News".to_owned(), link };
    let again = house.notified(house.feed_draft(Notification { topic, ..said() })).await;
    assert_eq!(again.progress.sent, 60);
    assert_eq!(house.summary().notified, 120);
    let starts = house.store.starts(house.tenant, again.id, Step::Install).await.unwrap();
    assert_eq!(starts.len(), 1, "only whoever lost it gets it again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answers_lead_to_replacements_and_nobody_sees_two() {
    let plan = FaultPlan {
        lost_after_effect: 0.2,
        gateway_after_effect: 0.1,
        unavailable: 0.1,
        buckets: vec![Bucket::FeedUser, Bucket::FeedBulk],
        per_person_max: Some(2),
        ..FaultPlan::default()
    };
    let house = feed_house(SimulatorSettings { faults: plan, ..everybody_reachable(150, 0.3) }).await;
    let report = house.notified(house.feed_draft(said())).await;
    assert_eq!((report.progress.sent, report.progress.unconfirmed), (150, 0));
    let summary = house.summary();
    assert_eq!((summary.notified_people, summary.notified_again), (150, 0));
    assert!(summary.replaced > 0, "some answers were lost after the effect");
    house.accepted_are_notified(report.id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn being_asked_to_wait_fails_nobody() {
    let house = feed_house(everybody_reachable(120, 0.2)).await;
    let id = house.notify(house.feed_draft(said())).await;
    house.control("throttle", json!({"bucket": "feed_bulk", "seconds": 2})).await;
    let working = house.worker();
    let report = house.until_done(id).await;
    working.stop().await;
    assert_eq!(report.progress.sent, 120);
    house.accepted_are_notified(id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_goes_first_and_the_notification_follows() {
    let house = feed_house(everybody_reachable(80, 0.5)).await;
    let Going::Feed(wanted) = house.feed_draft(said()).going else { unreachable!() };
    let report = house.notified(Draft { going: Going::Both(wanted), ..house.feed_draft(said()) }).await;
    let kinds: Vec<_> = report.rounds.iter().map(|round| (round.kind, round.state, round.progress.sent)).collect();
    let expected = [(RoundKind::Send, RoundState::Done, 80), (RoundKind::Notify, RoundState::Done, 80)];
    assert_eq!(kinds, expected);
    assert_eq!(report.progress.sent, 80, "whoever got both is one person");
    let summary = house.summary();
    assert_eq!((summary.delivered, summary.notified_people), (80, 80));
    let world = house.simulator.world();
    let world = world.lock().unwrap();
    let last_message = world.ledger().messages().iter().map(|message| message.at).max();
    let first_notice = world.ledger().notifications().iter().map(|notice| notice.at).min();
    assert!(last_message <= first_notice, "{last_message:?} {first_notice:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scheduled_one_installs_ahead_and_notifies_at_its_hour() {
    let house = feed_house(everybody_reachable(90, 0.5)).await;
    let start_at = house.clock.now() + Duration::from_secs(12);
    let schedule =
        Schedule { start_at, prepare_at: Some(start_at - Duration::from_secs(3600)), time_zone: "UTC".to_owned() };
    let id = house.notify(Draft { schedule: Some(schedule), ..house.feed_draft(said()) }).await;
    let working = house.worker();
    let prepared = |report: &BroadcastReport| {
        report.rounds.iter().any(|round| round.kind == RoundKind::Prepare && round.state == RoundState::Done)
    };
    let report = house.until(id, prepared).await;
    assert_eq!(report.state, BroadcastState::Scheduled);
    assert_eq!((house.summary().notified, house.asked(Bucket::Resolve)), (0, 0), "no chat is needed");
    let installs = house.asked(Bucket::Install);
    let report = house.until_done(id).await;
    working.stop().await;
    assert_eq!(report.progress.sent, 90);
    assert_eq!(house.asked(Bucket::Install), installs, "everything was there at the hour");
    house.accepted_are_notified(id).await;
}

/// A team of the simulated organisation, and two of its members.
fn team(house: &House, name: &str) -> (stentor::domain::ids::GroupId, Vec<EntraId>) {
    let world = house.simulator.world();
    let world = world.lock().unwrap();
    let group = world.groups().iter().find(|group| group.name == name).unwrap().clone();
    let people = world.organisation().people().iter();
    let members = people.filter(|person| person.has_teams()).map(|person| EntraId(person.id)).take(6).collect();
    (stentor::domain::ids::GroupId(group.id), members)
}

const EVERYONE: &str = "Everyone at Contoso";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_team_without_the_app_the_broadcast_halts_and_nobody_fails() {
    let house = feed_house(everybody_reachable(40, 0.0)).await;
    let (id, members) = team(&house, EVERYONE);
    let list = read_list(members.iter().map(|id| format!("{id}\n")).collect::<String>().as_bytes()).unwrap();
    let said = Notification { scope: Scope::Team(id), named_by: NamedBy::PrincipalName, ..said() };
    let id = house.notify(Draft { audience: Audience::List(list), ..house.feed_draft(said) }).await;
    let working = house.worker();
    let halted = house.until(id, |report| report.state == BroadcastState::Halted).await;
    assert_eq!(halted.halt.map(|halt| halt.reason), Some(HaltReason::NotInTeam));
    assert_eq!((halted.progress.pending, halted.progress.failed), (6, 0));
    working.stop().await;
    assert_eq!(house.summary().notified, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_of_ten_thousand_and_one_is_refused_before_anybody_is_asked_to_notify() {
    let house = feed_house(SimulatorSettings { warm: true, ..organisation(10_001) }).await;
    let mut draft = house.feed_draft(said());
    draft.going = Going::Feed(Box::new(Wanted {
        notification: said(),
        in_team: Some(EVERYONE.to_owned()),
        everybody: Some(Everybody::Members),
        ..Wanted::default()
    }));
    let refused = submit(&house.people(), draft, |_| {}).await.unwrap_err();
    assert!(matches!(refused, SubmitError::Faults(_)), "{refused}");
    let told = refused.to_string();
    for part in ["10001 members", "10000", "--channel feed --audience-expr 'team \"Everyone at Contoso\"'"] {
        assert!(told.contains(part), "{told}");
    }
    let requests: BTreeMap<Bucket, u64> = house.summary().requests;
    let feeds = [Bucket::FeedUser, Bucket::FeedTeam, Bucket::FeedBulk, Bucket::FeedChat];
    assert!(feeds.iter().all(|bucket| !requests.contains_key(bucket)), "{requests:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_activity_type_halts_before_it_fails_everybody() {
    let house = feed_house(everybody_reachable(40, 0.0)).await;
    let said = Notification { activity_type: "neverDeclared".to_owned(), ..said() };
    let id = house.notify(house.feed_draft(said)).await;
    let working = house.worker();
    let halted = house.until(id, |report| report.state == BroadcastState::Halted).await;
    working.stop().await;
    assert_eq!(halted.halt.map(|halt| halt.reason), Some(HaltReason::ContentRefused));
    assert!(halted.progress.failed < 3, "{:?}", halted.progress);
    assert!(!house.reasons(id).await.contains_key(&(Settlement::Failed, Reason::NotInstalled)));
}
