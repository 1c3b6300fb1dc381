//! Property tests of the state machine: any sequence of events, shrunk to the shortest story.

use chrono::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::domain::ids::{Ordinal, RoundId};
use crate::domain::plan;

fn reasons() -> impl Strategy<Value = Reason> {
    prop::sample::select(Reason::ALL)
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Learnt(Fact::Installed(InstallationId(String::new())))),
        Just(Outcome::Learnt(Fact::NotInstalled)),
        Just(Outcome::Learnt(Fact::InstallAccepted)),
        Just(Outcome::Learnt(Fact::AlreadyInstalled)),
        Just(Outcome::Learnt(Fact::Chat(ConversationId(String::new())))),
        Just(Outcome::Accepted { message_id: None }),
        Just(Outcome::Throttled { retry_after: None }),
        reasons().prop_map(Outcome::Transient),
        Just(Outcome::NotYet),
        Just(Outcome::StaleRoute(Stale::Chat, Reason::ConversationGone)),
        Just(Outcome::StaleRoute(Stale::Installation, Reason::NotInstalled)),
        Just(Outcome::NeedsRemedy(Remedy::Token, Reason::TokenRefused)),
        Just(Outcome::NeedsRemedy(Remedy::CatalogueId, Reason::StaleCatalogueId)),
        reasons().prop_map(Outcome::Rejected),
        reasons().prop_map(Outcome::ContentRefused),
        reasons().prop_map(Outcome::Lost),
        Just(Outcome::Refused(HaltScope::Tenant, HaltReason::RequestRefused)),
        Just(Outcome::NotStarted),
    ]
}

fn doubts() -> impl Strategy<Value = WhenInDoubt> {
    prop_oneof![Just(WhenInDoubt::Hold), Just(WhenInDoubt::Resend)]
}

fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => prop::sample::select(&Step::ALL[..]).prop_map(Event::Started),
        8 => outcomes().prop_map(Event::Answered),
        1 => Just(Event::LeaseEnded),
        3 => Just(Event::Due),
        1 => reasons().prop_map(Event::Barred),
        1 => Just(Event::Expired),
        1 => Just(Event::Cancelled),
        2 => doubts().prop_map(Event::DoubtSettled),
        1 => outcomes().prop_map(Event::LateAnswer),
    ]
}

fn now() -> Timestamp {
    chrono::Utc.timestamp_opt(1_800_000_000, 0).unwrap()
}

fn jitter(attempt: u32) -> Jitter {
    Jitter::of(RoundId::from_i64(7), Ordinal(3), attempt)
}

proptest! {
    #[test]
    fn every_arrow_that_the_code_draws_stands_in_the_table(story in prop::collection::vec(events(), 0..60)) {
        let policy = RetryPolicy::default();
        let mut delivery = Delivery::new(Route::default());
        for event in story {
            let (from, kind) = (delivery.state.kind(), kind_of(&delivery, &event));
            let row = TABLE.iter().find(|row| row.event == kind && row.from.contains(&from));
            match apply(&delivery, event, &policy, now(), Jitter::FULL) {
                Ok(next) => {
                    let row = row.expect("an arrow beside the table");
                    prop_assert!(row.to.contains(&next.delivery.state.kind()));
                    delivery = next.delivery;
                }
                Err(illegal) => {
                    prop_assert!(row.is_none());
                    prop_assert_eq!(illegal, IllegalTransition { state: from, event: kind });
                }
            }
        }
    }

    #[test]
    fn final_stays_final_but_for_a_late_answer(story in prop::collection::vec(events(), 0..60)) {
        let policy = RetryPolicy::default();
        let mut delivery = Delivery::new(Route::default());
        for event in story {
            let was = delivery.clone();
            let late = matches!(event, Event::LateAnswer(_));
            if let Ok(next) = apply(&delivery, event, &policy, now(), Jitter::FULL) {
                prop_assert!(!was.is_settled() || (late && was.state.kind() == StateKind::Unconfirmed));
                delivery = next.delivery;
            }
        }
    }

    #[test]
    fn tries_are_bounded_and_waiting_costs_none(story in prop::collection::vec(events(), 0..80)) {
        let policy = RetryPolicy::default();
        let mut delivery = Delivery::new(Route::default());
        for event in story {
            let free = matches!(event.kind(), EventKind::Throttled | EventKind::Refused | EventKind::NotStarted);
            let tries = delivery.tries;
            if let Ok(next) = apply(&delivery, event, &policy, now(), Jitter::FULL) {
                prop_assert!(!free || next.delivery.tries == tries);
                prop_assert!(next.delivery.tries <= policy.tries);
                delivery = next.delivery;
            }
        }
    }

    #[test]
    fn replaying_the_record_gives_the_same_delivery(
        story in prop::collection::vec((prop::sample::select(&Step::ALL[..]), outcomes()), 0..12),
        doubt in doubts(),
    ) {
        let policy = RetryPolicy::default();
        let mut live = Delivery::new(Route::default());
        let mut record = Vec::new();
        // What never left is not an attempt, so the record does not know of it.
        for (step, outcome) in story.into_iter().filter(|(_, outcome)| *outcome != Outcome::NotStarted) {
            let before = live.clone();
            if matches!(live.state, State::Waiting { .. }) {
                live = apply(&live, Event::Due, &policy, now(), Jitter::FULL).unwrap().delivery;
            }
            let Ok(started) = apply(&live, Event::Started(step), &policy, now(), Jitter::FULL) else { break };
            let jitter_now = jitter(live.attempts + 1);
            let answer = Event::Answered(outcome.clone());
            let Ok(next) = apply(&started.delivery, answer, &policy, now(), jitter_now) else {
                live = before;
                continue;
            };
            live = next.delivery;
            if matches!(live.state, State::InDoubt(_)) {
                live = apply(&live, Event::DoubtSettled(doubt), &policy, now(), jitter_now).unwrap().delivery;
            }
            let stored = outcome_from_record(outcome.number(), outcome.reason(), None).unwrap();
            record.push((step, stored, now()));
        }
        let replayed = Delivery::replay(live.route.clone(), record, doubt, &policy, jitter).unwrap();
        prop_assert_eq!(replayed, live);
    }
}

/// The step of the long way: check first.
fn plain_step(delivery: &Delivery) -> Step {
    let helps = |step: &Step| plan::helped_by(*step, Purpose::Send).contains(&delivery.place());
    Step::ALL.into_iter().find(helps).unwrap()
}

/// Lets a delivery meet `outcomes` in turn, each for the step of the long way.
fn meet(outcomes: &[Outcome]) -> Delivery {
    let policy = RetryPolicy::default();
    let mut delivery = Delivery::new(Route::default());
    for outcome in outcomes {
        if matches!(delivery.state, State::Waiting { .. }) {
            delivery.state = State::Pending;
        }
        let step = Event::Started(plain_step(&delivery));
        delivery = apply(&delivery, step, &policy, now(), Jitter::FULL).unwrap().delivery;
        let answer = Event::Answered(outcome.clone());
        delivery = apply(&delivery, answer, &policy, now(), Jitter::FULL).unwrap().delivery;
    }
    delivery
}

fn chat() -> Outcome {
    Outcome::Learnt(Fact::Chat(ConversationId("19:chat".into())))
}

fn installed() -> Outcome {
    Outcome::Learnt(Fact::Installed(InstallationId("iid".into())))
}

#[test]
fn a_cold_recipient_is_checked_installed_found_resolved_and_sent_to() {
    let road = [
        Outcome::Learnt(Fact::NotInstalled),
        Outcome::Learnt(Fact::InstallAccepted),
        installed(),
        chat(),
        Outcome::Accepted { message_id: None },
    ];
    assert_eq!(meet(&road).state, State::Settled(Settlement::Sent, None));
    assert_eq!(meet(&road).attempts, 5);
}

#[test]
fn a_throttled_delivery_keeps_its_tries_and_cools_its_bucket() {
    let delivery = meet(&[installed(), chat()]);
    let policy = RetryPolicy::default();
    let sending = apply(&delivery, Event::Started(Step::Send), &policy, now(), Jitter::FULL).unwrap().delivery;
    let wait = Some(Duration::from_secs(7));
    let answer = Event::Answered(Outcome::Throttled { retry_after: wait });
    let next = apply(&sending, answer, &policy, now(), Jitter::FULL).unwrap();
    assert_eq!((next.delivery.state, next.delivery.tries), (State::Pending, 0));
    assert_eq!(next.effects, [Effect::CoolDown { retry_after: wait }]);
}

#[test]
fn a_stale_chat_is_resolved_again_once() {
    let gone = Outcome::StaleRoute(Stale::Chat, Reason::ConversationGone);
    let delivery = meet(&[installed(), chat(), gone.clone()]);
    assert_eq!((plain_step(&delivery), delivery.state), (Step::Resolve, State::Pending));
    let delivery = meet(&[installed(), chat(), gone.clone(), chat(), gone]);
    assert_eq!(delivery.state, State::Settled(Settlement::Failed, Some(Reason::ConversationGone)));
}

/// What a create meets when it is answered by `outcome`, for somebody of whom `route` is known.
fn created(route: Route, outcome: Outcome) -> Delivery {
    let (policy, delivery) = (RetryPolicy::default(), Delivery::new(route));
    let creating = apply(&delivery, Event::Started(Step::Create), &policy, now(), Jitter::FULL).unwrap().delivery;
    apply(&creating, Event::Answered(outcome), &policy, now(), Jitter::FULL).unwrap().delivery
}

#[test]
fn the_connector_opens_the_chat_of_whoever_has_the_app() {
    let delivery = created(Route::default(), chat());
    assert_eq!((plain_step(&delivery), delivery.state), (Step::Send, State::Pending));
}

#[test]
fn a_create_that_finds_no_app_is_as_good_as_a_check() {
    let delivery = created(Route::default(), Outcome::Learnt(Fact::NotInstalled));
    assert_eq!((plain_step(&delivery), delivery.place().short_cut), (Step::Install, true));
}

#[test]
fn a_refused_create_closes_the_short_cut_and_decides_nothing_else() {
    let route = Route { installation: Installation::Present(InstallationId("iid".into())), conversation: None };
    let refusals = [
        Outcome::Learnt(Fact::NotInstalled),
        Outcome::Rejected(Reason::BlockedByUser),
        Outcome::Transient(Reason::Unavailable),
        Outcome::Lost(Reason::AnswerLost),
        Outcome::StaleRoute(Stale::Installation, Reason::NotInstalled),
    ];
    for refusal in refusals {
        let delivery = created(route.clone(), refusal);
        assert_eq!((plain_step(&delivery), delivery.tries), (Step::Resolve, 0));
        assert_eq!((delivery.place().short_cut, delivery.state), (false, State::Pending));
    }
    let throttled = created(route, Outcome::Throttled { retry_after: None });
    assert!(throttled.place().short_cut, "waiting closes nothing");
}

#[test]
fn an_installation_that_never_shows_ends_with_its_own_reason() {
    let mut road = vec![Outcome::Learnt(Fact::NotInstalled), Outcome::Learnt(Fact::InstallAccepted)];
    road.extend(vec![Outcome::Learnt(Fact::NotInstalled); 6]);
    // Forgotten once, then the whole road again.
    road.extend([Outcome::Learnt(Fact::NotInstalled), Outcome::Learnt(Fact::InstallAccepted)]);
    road.extend(vec![Outcome::Learnt(Fact::NotInstalled); 6]);
    assert_eq!(meet(&road).state, State::Settled(Settlement::Failed, Some(Reason::InstallationNotVisible)));
}

#[test]
fn a_second_refused_token_halts_the_tenant_and_fails_nobody() {
    let refused = Outcome::NeedsRemedy(Remedy::Token, Reason::TokenRefused);
    let delivery = meet(std::slice::from_ref(&refused));
    let policy = RetryPolicy::default();
    let checking = apply(&delivery, Event::Started(Step::Check), &policy, now(), Jitter::FULL).unwrap().delivery;
    let next = apply(&checking, Event::Answered(refused), &policy, now(), Jitter::FULL).unwrap();
    assert_eq!(next.delivery.state, State::Pending);
    assert_eq!(next.effects, [Effect::Halt(HaltScope::Tenant, HaltReason::TokenRefused)]);
}

#[test]
fn a_token_renewed_for_graph_says_nothing_of_the_bots() {
    let refused = Outcome::NeedsRemedy(Remedy::Token, Reason::TokenRefused);
    let delivery = meet(&[refused.clone(), installed(), chat(), refused.clone()]);
    assert_eq!((delivery.state, delivery.attempts), (State::Pending, 4));
    let road = [refused.clone(), installed(), chat(), refused, Outcome::Accepted { message_id: None }];
    assert_eq!(meet(&road).state, State::Settled(Settlement::Sent, None));
}

#[test]
fn the_page_shows_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/state-machine.md");
    if std::env::var_os("STENTOR_WRITE_DOCS").is_some() {
        std::fs::write(path, table::render()).unwrap();
    }
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(page, table::render(), "docs/state-machine.md is stale: `make docs` writes it again");
}
