//! Activity feeds: a hundred with one request, of one broadcast, and what becomes of them when it is refused.

use super::*;
use crate::domain::content::Content;
use crate::domain::ids::{GroupId, RequestId};
use crate::domain::notification::Topic;
use crate::domain::outcome::NOTIFIED_AT_ONCE;
use crate::domain::route::Installation;

fn said() -> Notification {
    Notification::of(&Content { title: "News".into(), ..Content::default() }, "announcementPublished")
}

/// A room with these rounds, of so many people each, who are known to have the app.
fn feed_room(rounds: &[i64], people: u32, purpose: Purpose, said: &Notification) -> Hold {
    let mut hold = Hold::default();
    let template = room(&[(1, false, 1)]).lanes().next().map(|lane| lane.work.clone()).unwrap();
    let work = |round: &i64| RoundWork {
        round: RoundId::from_i64(*round),
        broadcast: BroadcastId::from_i64(*round),
        purpose,
        ..template.clone()
    };
    hold.learn_rounds(rounds.iter().map(work).collect());
    for round in rounds {
        let round = RoundId::from_i64(*round);
        let spoken = Spoken { activity: Arc::from("{}"), notification: Some(Arc::new(said.clone())) };
        hold.lane_mut(round).unwrap().said = Some(spoken);
        let chunk = Chunk::fresh(round, ChunkNumber(0), Ordinal(0), people);
        let member = |ordinal: Ordinal| Member {
            ordinal,
            recipient: RecipientKey(i64::from(ordinal.0)),
            entra_id: EntraId(Uuid::nil()),
            account: Account::ORDINARY,
            route: Route {
                installation: Installation::Present(crate::domain::ids::InstallationId("i".into())),
                conversation: None,
            },
            service_url: None,
            doubt: None,
            message: None,
            venue: None,
            principal_name: None,
        };
        let members = chunk.unsettled().map(member).collect();
        hold.admit(ClaimedChunk { chunk, members, attempts: Vec::new() }, &RetryPolicy::default(), now());
    }
    hold
}

fn start(hold: &mut Hold, step: Step) -> Vec<Start> {
    let limit = if step == Step::NotifyMany { NOTIFIED_AT_ONCE } else { 1 };
    hold.start_many(step, limit, &RetryPolicy::default(), Monotonic::ZERO, now())
}

fn answer(hold: &mut Hold, starts: Vec<Start>, outcome: &Outcome) {
    for start in starts {
        let landed = Landed {
            seat: start.seat,
            epoch: start.epoch,
            attempt: start.attempt,
            step: start.step,
            request: RequestId::new(1, 1),
            started_at: now(),
            ended_at: now(),
            answer: Answer::from(outcome.clone()),
        };
        hold.land(landed, &RetryPolicy::default());
    }
}

#[test]
fn a_hundred_of_one_broadcast_go_together_and_the_broadcasts_take_turns() {
    let mut hold = feed_room(&[1, 2], 150, Purpose::Notify, &said());
    let mut sizes = Vec::new();
    for _ in 0..4 {
        let starts = start(&mut hold, Step::NotifyMany);
        let rounds: BTreeSet<_> = starts.iter().map(|start| start.seat.chunk.0).collect();
        assert_eq!(rounds.len(), 1);
        sizes.push((rounds.first().unwrap().as_i64(), starts.len()));
        answer(&mut hold, starts, &Outcome::Accepted { message_id: None });
    }
    sizes.sort_unstable();
    assert_eq!(sizes, [(1, 50), (1, 100), (2, 50), (2, 100)]);
    assert!(!hold.has_work());
}

#[test]
fn whoever_had_to_wait_with_others_goes_with_them_again() {
    let mut hold = feed_room(&[1], 100, Purpose::Notify, &said());
    let starts = start(&mut hold, Step::NotifyMany);
    answer(&mut hold, starts, &Outcome::Throttled { retry_after: None });
    assert_eq!(start(&mut hold, Step::NotifyMany).len(), 100);
}

#[test]
fn whose_common_request_was_refused_go_one_by_one() {
    let mut hold = feed_room(&[1], 120, Purpose::Notify, &said());
    let starts = start(&mut hold, Step::NotifyMany);
    answer(&mut hold, starts, &Outcome::ContentRefused(Reason::ContentRefused));
    assert_eq!(start(&mut hold, Step::NotifyMany).len(), 20, "only those who were not among them");
    let mut alone = 0;
    while let Some(one) = start(&mut hold, Step::Notify).pop() {
        answer(&mut hold, vec![one], &Outcome::Accepted { message_id: None });
        alone += 1;
    }
    assert_eq!(alone, 100);
}

#[test]
fn what_leads_elsewhere_than_to_the_app_is_told_to_each() {
    let link = "https://teams.microsoft.com/l/x".to_owned();
    let elsewhere = Notification { topic: Topic::Text { title: "News".into(), link }, ..said() };
    let mut hold = feed_room(&[1], 5, Purpose::Notify, &elsewhere);
    assert!(!hold.has_ready(Step::NotifyMany) && hold.has_ready(Step::Notify));
    assert_eq!(start(&mut hold, Step::Notify).len(), 1);
}

#[test]
fn a_team_is_spoken_to_four_times_a_second() {
    let team = Scope::Team(GroupId(Uuid::from_u128(6)));
    let mut hold = feed_room(&[1], 10, Purpose::NotifyWithin, &Notification { scope: team, ..said() });
    let started = (0..10).filter(|_| !start(&mut hold, Step::Notify).is_empty()).count();
    assert_eq!(started, 4);
    let later = now() + std::time::Duration::from_millis(1015);
    hold.wake(later, &RetryPolicy::default());
    let at = Monotonic::from_origin(std::time::Duration::from_millis(1015));
    let next = hold.start_many(Step::Notify, 1, &RetryPolicy::default(), at, later);
    assert_eq!(next.len(), 1);
}

#[test]
fn somebody_whose_app_proved_gone_is_given_it_again() {
    let mut hold = feed_room(&[1], 1, Purpose::Notify, &said());
    let starts = start(&mut hold, Step::Notify);
    answer(&mut hold, starts, &Outcome::Learnt(Fact::NotInstalled));
    assert!(!hold.has_ready(Step::NotifyMany));
    let starts = start(&mut hold, Step::Install);
    assert_eq!(starts.len(), 1);
    answer(&mut hold, starts, &Outcome::Learnt(Fact::AlreadyInstalled));
    assert!(hold.has_ready(Step::NotifyMany), "Teams itself says that she has it");
}
