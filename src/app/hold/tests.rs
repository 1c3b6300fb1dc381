use uuid::Uuid;

use super::*;
use crate::domain::broadcast::{Channel, RoundKind, RoundState, TOLERANCE, Treatment};
use crate::domain::delivery::WhenInDoubt;
use crate::domain::fairness::ONE_IN;
use crate::domain::ids::{ConversationId, EntraId, MessageId, RecipientKey};
use crate::domain::outcome::Stale;
use crate::domain::route::{Account, Route};
use crate::ports::{Answer, Recorded};

mod feed;

const WINDOW: u32 = 24;

fn now() -> Timestamp {
    "2026-11-24T10:00:00Z".parse().unwrap()
}

/// A room with rounds whose first chunks are claimed and whose people can be sent to at once: number, urgent, people.
fn room(rounds: &[(i64, bool, u32)]) -> Hold {
    let mut hold = Hold::default();
    let work = |(round, urgent, _): &(i64, bool, u32)| RoundWork {
        round: RoundId::from_i64(*round),
        broadcast: BroadcastId::from_i64(*round),
        kind: RoundKind::Send,
        purpose: Purpose::Send,
        state: RoundState::Running,
        broadcast_state: BroadcastState::Running,
        treatment: Treatment {
            when_in_doubt: WhenInDoubt::Hold,
            urgent: *urgent,
            deadline_at: now() + std::time::Duration::from_secs(3600),
            tolerance: TOLERANCE,
        },
        expression: None,
        hour_in: None,
    };
    hold.learn_rounds(rounds.iter().map(work).collect());
    for (round, _, people) in rounds {
        let round = RoundId::from_i64(*round);
        hold.lane_mut(round).unwrap().said = Some(Spoken { activity: Arc::from("{}"), notification: None });
        let chunk = Chunk::fresh(round, ChunkNumber(0), Ordinal(0), *people);
        let member = |ordinal: Ordinal| Member {
            ordinal,
            recipient: RecipientKey(i64::from(ordinal.0)),
            entra_id: EntraId(Uuid::nil()),
            account: Account::ORDINARY,
            route: Route::to(ConversationId(String::new())),
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

fn commit(hold: &mut Hold) {
    if let Some(flush) = hold.take_flush(WINDOW, now()) {
        let held = flush.chunks.iter().map(|chunk| (chunk.round, chunk.number)).collect();
        hold.committed(&flush, &Flushed { held, ..Flushed::default() });
    }
}

/// One send from start to answer; whose it was.
fn send(hold: &mut Hold) -> Option<i64> {
    let start = hold.start(Step::Send, &RetryPolicy::default(), Monotonic::ZERO, now())?;
    let answer = Answer::from(Outcome::Accepted { message_id: None });
    let landed = Landed {
        seat: start.seat,
        epoch: start.epoch,
        attempt: start.attempt,
        step: Step::Send,
        request: crate::domain::ids::RequestId::new(1, 1),
        started_at: now(),
        ended_at: now(),
        answer,
    };
    hold.land(landed, &RetryPolicy::default());
    Some(start.seat.chunk.0.as_i64())
}

fn permitted(hold: &Hold) -> BTreeMap<i64, usize> {
    hold.lanes.iter().map(|(round, lane)| (round.as_i64(), lane.permitted.len())).collect()
}

/// As [`room`], where the large round has every permission before the other rounds come.
fn room_taken_by(large: (i64, bool, u32), others: &[(i64, bool, u32)]) -> Hold {
    let mut hold = room(&[large]);
    commit(&mut hold);
    assert_eq!(permitted(&hold)[&large.0], WINDOW as usize);
    let mut with = room(&[&[large][..], others].concat());
    // The large one's chunk with its permissions, and the newcomers.
    with.chunks.extend(hold.chunks);
    with.lanes.extend(hold.lanes);
    with
}

#[test]
fn an_urgent_one_gets_the_unused_permissions_of_a_large_one_with_the_next_flush() {
    let mut hold = room_taken_by((1, false, 250), &[(2, true, 50)]);
    commit(&mut hold);
    let (large, urgent) = kept_in(&hold);
    // A tenth is kept, and a tenth of what is given anew.
    assert!((2..=4).contains(&large), "{large} permissions of the large one");
    assert_eq!((large + urgent, hold.open()), (WINDOW as usize, WINDOW));
}

fn kept_in(hold: &Hold) -> (usize, usize) {
    let permitted = permitted(hold);
    (permitted[&1], permitted[&2])
}

#[test]
fn an_urgent_one_is_done_before_a_tenth_of_its_size_of_the_large_one_has_gone_out() {
    let mut hold = room_taken_by((1, false, 250), &[(2, true, 50)]);
    let mut counts = BTreeMap::<i64, u32>::new();
    while counts.get(&2) != Some(&50) {
        commit(&mut hold);
        // A flush takes as long as five sends.
        for _ in 0..5 {
            *counts.entry(send(&mut hold).unwrap()).or_default() += 1;
        }
    }
    let large = counts[&1];
    assert!((50 / ONE_IN..=10).contains(&large), "{large} of the large one while 50 urgent ones went out");
}

#[test]
fn equals_share_the_sends_although_one_had_all_permissions_when_the_other_came() {
    let mut hold = room_taken_by((1, false, 250), &[(2, false, 250)]);
    let mut counts = BTreeMap::<i64, u32>::new();
    for _ in 0..40 {
        commit(&mut hold);
        for _ in 0..5 {
            *counts.entry(send(&mut hold).unwrap()).or_default() += 1;
        }
    }
    assert!(counts[&1].abs_diff(counts[&2]) <= WINDOW, "{counts:?}");
    assert_eq!(counts.values().sum::<u32>(), 200, "nothing of the quota was wasted");
}

#[test]
fn a_large_one_alone_keeps_its_permissions() {
    let mut hold = room_taken_by((1, false, 250), &[(2, true, 1)]);
    commit(&mut hold);
    assert_eq!(kept_in(&hold), (23, 1), "one urgent person needs one");
    assert_eq!(send(&mut hold), Some(2));
}

// ---------------------------------------------------------------------------------- what the bot is told

/// Somebody of whom nothing is known, in a round of this kind.
fn stranger(kind: RoundKind) -> Hold {
    let mut hold = room(&[(1, false, 1)]);
    let round = RoundId::from_i64(1);
    let work = &mut hold.lane_mut(round).unwrap().work;
    (work.kind, work.purpose) = (kind, Purpose::of(kind, Channel::Chat, true, false));
    if kind == RoundKind::Prepare {
        hold.lane_mut(round).unwrap().work.broadcast_state = BroadcastState::Scheduled;
    }
    hold.lane_mut(round).unwrap().preparing.clear();
    hold.lane_mut(round).unwrap().wanting.clear();
    for (_, delivery) in hold.chunks.values_mut().flat_map(|held| held.people.values_mut()) {
        delivery.route = Route::default();
    }
    hold.queue(Seat { chunk: (round, ChunkNumber(0)), ordinal: Ordinal(0) });
    hold
}

fn her_chat() -> (RecipientKey, Chat) {
    let service_url = "https://smba.example/emea/".to_owned();
    (RecipientKey(0), Chat { conversation: ConversationId("a:1".to_owned()), service_url })
}

/// One request of `step` from start to answer.
fn make(hold: &mut Hold, step: Step, outcome: Outcome) -> Start {
    let start = hold.start(step, &RetryPolicy::default(), Monotonic::ZERO, now()).unwrap();
    let landed = Landed {
        seat: start.seat,
        epoch: start.epoch,
        attempt: start.attempt,
        step,
        request: crate::domain::ids::RequestId::new(1, 1),
        started_at: now(),
        ended_at: now(),
        answer: Answer::from(outcome),
    };
    hold.land(landed, &RetryPolicy::default());
    start
}

fn hear(hold: &mut Hold) -> usize {
    hold.hear(&[her_chat()], &RetryPolicy::default(), now())
}

#[test]
fn whoever_is_told_of_can_be_sent_to_at_once_and_to_where_it_was_told() {
    let mut hold = stranger(RoundKind::Send);
    assert!(hold.awaits_word() && !hold.wants_permission());
    assert_eq!(hear(&mut hold), 1);
    assert!(hold.wants_permission() && !hold.has_ready(Step::Check) && !hold.awaits_word());
    assert_eq!(hear(&mut hold), 0, "told twice");
    commit(&mut hold);
    let start = make(&mut hold, Step::Send, Outcome::Accepted { message_id: None });
    assert_eq!(start.route.conversation, Some(her_chat().1.conversation));
    assert_eq!(start.service_url, Some(her_chat().1.service_url));
}

#[test]
fn whoever_is_on_the_wire_or_in_a_round_that_prepares_is_left_alone() {
    let mut hold = stranger(RoundKind::Send);
    hold.start(Step::Check, &RetryPolicy::default(), Monotonic::ZERO, now()).unwrap();
    assert_eq!(hear(&mut hold), 0);
    let mut hold = stranger(RoundKind::Prepare);
    assert_eq!(hear(&mut hold), 0);
    assert!(!hold.awaits_word() && hold.has_ready(Step::Check));
}

#[test]
fn somebody_installed_waits_for_word_only_while_word_comes() {
    let installed = || Outcome::Learnt(Fact::InstallAccepted);
    let mut hold = stranger(RoundKind::Send);
    make(&mut hold, Step::Install, installed());
    assert!(hold.has_ready(Step::Check), "nothing was ever heard: she is looked up at once");
    let mut hold = stranger(RoundKind::Send);
    hold.odds.ears.learn(true);
    make(&mut hold, Step::Install, installed());
    assert!(!hold.has_ready(Step::Check) && hold.next_due() == Some(now() + LISTEN_FOR));
    assert_eq!(hear(&mut hold), 1);
    assert!(hold.wants_permission() && hold.next_due().is_none() && hold.listening.is_empty());
}

#[test]
fn whoever_waited_in_vain_is_looked_up_and_the_ears_close() {
    let mut hold = stranger(RoundKind::Send);
    hold.odds.ears.learn(true);
    make(&mut hold, Step::Install, Outcome::Learnt(Fact::InstallAccepted));
    hold.wake(now() + LISTEN_FOR, &RetryPolicy::default());
    assert!(hold.has_ready(Step::Check) && hold.listening.is_empty());
    assert!(!hold.odds.ears.are_open());
}

const STALE: [Outcome; 2] = [
    Outcome::StaleRoute(Stale::Chat, Reason::ConversationGone),
    Outcome::StaleRoute(Stale::Installation, Reason::NotInstalled),
];

/// Somebody of whose chat the bot was told, and a send there was answered by `outcome`.
fn sent_where_it_was_told(outcome: Outcome) -> Hold {
    let mut hold = stranger(RoundKind::Send);
    hear(&mut hold);
    commit(&mut hold);
    assert!(make(&mut hold, Step::Send, outcome).service_url.is_some());
    hold
}

#[test]
fn a_chat_that_proved_stale_is_not_believed_again() {
    for stale in STALE {
        let mut hold = sent_where_it_was_told(stale);
        assert_eq!(hear(&mut hold), 0, "it is told of for five seconds");
        assert!(hold.has_ready(Step::Check) && !hold.awaits_word());
        // Nor is it waited for.
        hold.odds.ears.learn(true);
        make(&mut hold, Step::Install, Outcome::Learnt(Fact::InstallAccepted));
        assert!(hold.has_ready(Step::Check) && hold.next_due().is_none());
    }
}

#[test]
fn a_chat_that_proved_stale_is_not_believed_by_whoever_claims_her_next() {
    let known = || Outcome::Learnt(Fact::Chat(ConversationId(String::new())));
    for stale in STALE {
        for (after, believed) in [(vec![], false), (vec![(Step::Create, known())], true)] {
            let mut hold = room(&[(1, false, 1)]);
            let mut held = hold.chunks.pop_first().unwrap().1;
            let (mut member, _) = held.people.remove(&Ordinal(0)).unwrap();
            member.route = Route::to(her_chat().1.conversation);
            member.service_url = Some(her_chat().1.service_url);
            let history = [vec![(Step::Send, stale.clone())], after].concat();
            let recorded = |(step, outcome)| Recorded { ordinal: Ordinal(0), step, outcome, ended_at: now() };
            let attempts = history.into_iter().map(recorded).collect();
            hold.lane_mut(RoundId::from_i64(1)).unwrap().wanting.clear();
            let claimed = ClaimedChunk { chunk: held.chunk, members: vec![member], attempts };
            hold.admit(claimed, &RetryPolicy::default(), now());
            assert_eq!((hold.wants_permission(), hold.has_ready(Step::Check)), (believed, !believed));
            let (member, _) = hold.chunks.values().next().unwrap().people.values().next().unwrap();
            assert_eq!(member.service_url.is_some(), believed);
        }
    }
}

#[test]
fn where_it_was_told_that_she_is_reached_is_forgotten_with_the_chat_and_with_the_host() {
    let elsewhere = Outcome::NeedsRemedy(Remedy::BotHost("https://gcc.example/".to_owned()), Reason::WrongHost);
    for (outcome, conversation) in
        [(STALE[0].clone(), None), (STALE[1].clone(), None), (elsewhere.clone(), Some(her_chat().1.conversation))]
    {
        let mut hold = sent_where_it_was_told(outcome);
        let learnt = hold.take_flush(WINDOW, now()).unwrap().routes;
        assert_eq!(
            learnt.iter().map(|learnt| (learnt.forgets, &learnt.route.conversation)).collect::<Vec<_>>(),
            [(true, &conversation)]
        );
    }
    let mut hold = stranger(RoundKind::Send);
    hold.hear(&[(RecipientKey(0), her_chat().1)], &RetryPolicy::default(), now());
    commit(&mut hold);
    make(&mut hold, Step::Send, STALE[0].clone());
    make(&mut hold, Step::Create, Outcome::Learnt(Fact::Chat(ConversationId("19:found".to_owned()))));
    commit(&mut hold);
    assert_eq!(make(&mut hold, Step::Send, Outcome::Accepted { message_id: None }).service_url, None);
}

#[test]
fn word_is_awaited_for_whoever_looks_for_her_chat_in_a_round_that_goes_on() {
    let mut hold = stranger(RoundKind::Send);
    assert!(hold.awaits_word());
    hold.learn_state(BroadcastId::from_i64(1), BroadcastState::Paused);
    assert!(!hold.awaits_word(), "nothing may start");
    let mut hold = sent_where_it_was_told(Outcome::Transient(Reason::Unavailable));
    assert!(hold.next_due().is_some() && !hold.awaits_word(), "she waits, and her chat is known");
    hold = stranger(RoundKind::Send);
    make(&mut hold, Step::Check, Outcome::Transient(Reason::Unavailable));
    assert!(hold.next_due().is_some() && hold.awaits_word());
}

#[test]
fn another_host_named_by_teams_goes_before_the_one_it_named_with_the_chat() {
    let mut hold = stranger(RoundKind::Send);
    hear(&mut hold);
    commit(&mut hold);
    let elsewhere = Outcome::NeedsRemedy(Remedy::BotHost("https://gcc.example/".to_owned()), Reason::WrongHost);
    assert!(make(&mut hold, Step::Send, elsewhere).service_url.is_some());
    commit(&mut hold);
    assert_eq!(make(&mut hold, Step::Send, Outcome::Accepted { message_id: None }).service_url, None);
}

#[test]
fn whoever_waits_in_a_round_that_prepares_and_is_known_by_then_has_been_prepared() {
    let mut hold = stranger(RoundKind::Prepare);
    make(&mut hold, Step::Install, Outcome::Learnt(Fact::InstallAccepted));
    make(&mut hold, Step::Check, Outcome::NotYet);
    // As the next owner finds her, whom the bot was told of meanwhile.
    let people = hold.chunks.values_mut().flat_map(|held| held.people.values_mut());
    people.for_each(|(_, delivery)| delivery.route.conversation = Some(her_chat().1.conversation));
    hold.wake(now() + std::time::Duration::from_secs(60), &RetryPolicy::default());
    let flush = hold.take_flush(WINDOW, now()).unwrap();
    let settled = flush.facts.last().map(|fact| (fact.settles, fact.reason));
    assert_eq!(settled, Some((Some(Settlement::Skipped), Some(Reason::AlreadyPrepared))));
    assert!(flush.chunks[0].is_finished() && !hold.wants_permission());
}

// ---------------------------------------------------------------------------------- what looks back

/// Four people of a round that deletes: one with a chat and a message, one who may have another one, one of whose message
/// nobody knows, one who does not have the app any more.
fn withdrawing() -> Hold {
    let mut hold = room(&[(1, false, 4)]);
    let round = RoundId::from_i64(1);
    let mut work = hold.lane_mut(round).unwrap().work.clone();
    (work.round, work.kind, work.purpose) = (RoundId::from_i64(2), RoundKind::Recall, Purpose::Withdraw);
    let of_first = hold.chunks.values().next().unwrap();
    let members: Vec<Member> = of_first.people.values().map(|(member, _)| member.clone()).collect();
    let mut members: Vec<Member> =
        members.into_iter().map(|member| Member { message: Some(MessageId("m".into())), ..member }).collect();
    members[1].doubt = Some(Reason::AnswerLost);
    (members[2].message, members[2].doubt) = (None, Some(Reason::AnswerLost));
    // Whoever left the organisation is not passed over: her message stands all the same.
    members[3].account.enabled = false;
    members[3].route = Route { installation: crate::domain::route::Installation::Absent, ..Route::default() };
    let mut hold = Hold::default();
    hold.learn_rounds(vec![work]);
    let chunk = Chunk::fresh(RoundId::from_i64(2), ChunkNumber(0), Ordinal(0), 4);
    hold.admit(ClaimedChunk { chunk, members, attempts: Vec::new() }, &RetryPolicy::default(), now());
    hold
}

#[test]
fn what_is_taken_back_goes_before_what_is_sent_and_leaves_it_a_tenth() {
    let mut hold = room(&[(1, false, 100)]);
    commit(&mut hold);
    let chunk = Chunk::fresh(RoundId::from_i64(2), ChunkNumber(0), Ordinal(0), 100);
    let mut work = hold.lane_mut(RoundId::from_i64(1)).unwrap().work.clone();
    (work.round, work.kind, work.purpose) = (RoundId::from_i64(2), RoundKind::Recall, Purpose::Withdraw);
    let sending = hold.lane_mut(RoundId::from_i64(1)).unwrap().work.clone();
    hold.learn_rounds(vec![sending, work]);
    let member = |ordinal: Ordinal| Member {
        ordinal,
        recipient: RecipientKey(1000 + i64::from(ordinal.0)),
        entra_id: EntraId(Uuid::nil()),
        account: Account::ORDINARY,
        route: Route::to(ConversationId(String::new())),
        service_url: None,
        doubt: None,
        message: Some(MessageId("m".into())),
        venue: None,
        principal_name: None,
    };
    let members = chunk.unsettled().map(member).collect();
    hold.admit(ClaimedChunk { chunk, members, attempts: Vec::new() }, &RetryPolicy::default(), now());
    let steps: Vec<Step> = (0..20)
        .map(|_| hold.start(Step::Send, &RetryPolicy::default(), Monotonic::ZERO, now()).unwrap().step)
        .collect();
    let sends = steps.iter().filter(|step| **step == Step::Send).count();
    assert!((1..=2).contains(&sends), "{steps:?}");
    assert!(steps.iter().all(|step| matches!(step, Step::Send | Step::Withdraw)));
}

#[test]
fn a_recall_asks_for_no_permission_and_tells_what_is_left_standing() {
    let mut hold = withdrawing();
    assert!(!hold.wants_permission() && !hold.has_ready(Step::Install));
    for _ in 0..2 {
        make(&mut hold, Step::Withdraw, Outcome::Accepted { message_id: None });
    }
    assert!(!hold.has_ready(Step::Withdraw));
    let flush = hold.take_flush(WINDOW, now()).unwrap();
    let ended: BTreeMap<u32, _> =
        flush.facts.iter().map(|fact| (fact.ordinal.0, (fact.settles.unwrap(), fact.reason))).collect();
    assert_eq!(ended[&0], (Settlement::Sent, None));
    assert_eq!(ended[&1], (Settlement::Unconfirmed, Some(Reason::AnswerLost)), "there is a reason to tell");
    assert_eq!(ended[&2], (Settlement::Failed, Some(Reason::MessageUnknown)));
    assert_eq!(ended[&3], (Settlement::Failed, Some(Reason::NotInstalled)));
    assert!(flush.chunks[0].is_finished() && flush.chunks[0].open().count() == 0);
}

#[test]
fn a_deletion_without_an_answer_is_made_again_and_leaves_no_doubt() {
    let mut hold = withdrawing();
    let first = make(&mut hold, Step::Withdraw, Outcome::Lost(Reason::AnswerLost));
    assert_eq!(first.message, Some(MessageId("m".into())));
    let flush = hold.take_flush(WINDOW, now()).unwrap();
    assert!(!flush.chunks[0].settled().get(first.seat.ordinal.0));
    make(&mut hold, Step::Withdraw, Outcome::Accepted { message_id: None });
    make(&mut hold, Step::Withdraw, Outcome::Accepted { message_id: None });
    assert!(hold.take_flush(WINDOW, now()).unwrap().chunks[0].is_finished());
}

#[test]
fn whoever_may_have_another_message_is_unconfirmed_although_hers_is_withdrawn() {
    let mut hold = withdrawing();
    make(&mut hold, Step::Withdraw, Outcome::Accepted { message_id: None });
    make(&mut hold, Step::Withdraw, Outcome::Accepted { message_id: None });
    let flush = hold.take_flush(WINDOW, now()).unwrap();
    let hers = flush.facts.iter().find(|fact| fact.ordinal == Ordinal(1)).unwrap();
    assert_eq!(
        (hers.settles, &hers.outcome),
        (Some(Settlement::Unconfirmed), &Some(Outcome::Accepted { message_id: None }))
    );
}
