//! What the bot is told of the way to people: the youngest word holds, in whatever order and however often it comes.

use std::time::Duration;

use stentor::domain::broadcast::BroadcastState;
use stentor::domain::delivery::WhenInDoubt;
use stentor::domain::heard::Chat;
use stentor::domain::ids::{ConversationId, EntraId, RecipientKey};
use stentor::domain::reason::Reason;
use stentor::domain::route::{Installation, Route};
use stentor::ports::{Flush, Member, RouteLearnt, Taken};
use uuid::Uuid;

use crate::bench::{Bench, after, contract, now};

contract! {
    a_chat_that_was_told_is_her_route_and_where_it_is_reached,
    what_is_older_or_told_twice_changes_nothing,
    a_removal_forgets_the_chat_and_says_that_the_app_is_gone,
    nobody_is_heard_of_whom_the_directory_does_not_know,
    owners_see_what_is_new_and_what_is_five_seconds_old_once_more,
    what_is_known_already_is_no_news,
    whoever_writes_last_of_a_worker_and_the_bot_is_believed,
    a_wrong_host_is_forgotten_also_by_whoever_claims_her_after_a_pause,
    whoever_is_reached_is_not_refused_any_more,
    one_person_is_answered_once_in_a_while_and_the_tenant_once_a_pause,
}

const USER: EntraId = EntraId(Uuid::from_u128(1));
const PAUSE: Duration = Duration::from_secs(2);
const HER_PAUSE: Duration = Duration::from_secs(600);

fn chat(id: &str) -> Chat {
    let service_url = "https://smba.trafficmanager.net/emea/".to_owned();
    Chat { conversation: ConversationId(id.to_owned()), service_url }
}

impl Bench {
    /// Hers, as a worker sees it that claims a chunk with her.
    async fn member(&self) -> Member {
        let (_, round) = self.submit(WhenInDoubt::Hold).await;
        let (worker, held) = self.worker().await;
        self.expand(held[0], worker, round, 4).await;
        let claimed = self.claim_one(held[0], worker, round).await;
        claimed.members.into_iter().find(|member| member.entra_id == USER).unwrap()
    }

    async fn told(&self, chat: Option<&Chat>, seconds: u64) -> Taken {
        self.store.hear(self.tenant, USER, chat, after(seconds)).await.unwrap()
    }

    async fn chats(&self, since: Option<u64>) -> Vec<(RecipientKey, String)> {
        let heard = self.store.chats_heard(self.tenant, since.map(after)).await.unwrap();
        heard.chats.into_iter().map(|(key, chat)| (key, chat.conversation.0)).collect()
    }
}

async fn a_chat_that_was_told_is_her_route_and_where_it_is_reached(bench: &Bench) {
    bench.fill(3).await;
    assert_eq!(bench.told(Some(&chat("a:1")), 10).await, Taken::Kept);
    let member = bench.member().await;
    let conversation = Some(ConversationId("a:1".to_owned()));
    assert_eq!(member.route, Route { installation: Installation::Unlisted, conversation });
    assert_eq!(member.service_url.as_deref(), Some("https://smba.trafficmanager.net/emea/"));
}

async fn what_is_older_or_told_twice_changes_nothing(bench: &Bench) {
    bench.fill(3).await;
    assert_eq!(bench.told(Some(&chat("a:young")), 10).await, Taken::Kept);
    assert_eq!(bench.told(Some(&chat("a:young")), 10).await, Taken::Old);
    assert_eq!(bench.told(Some(&chat("a:old")), 9).await, Taken::Old);
    assert_eq!(bench.told(None, 9).await, Taken::Old);
    assert_eq!(bench.member().await.route.conversation, Some(ConversationId("a:young".to_owned())));
}

async fn a_removal_forgets_the_chat_and_says_that_the_app_is_gone(bench: &Bench) {
    bench.fill(3).await;
    bench.told(Some(&chat("a:1")), 10).await;
    assert_eq!(bench.told(None, 11).await, Taken::Kept);
    let member = bench.member().await;
    assert_eq!((member.route.installation, member.route.conversation), (Installation::Absent, None));
    assert_eq!(member.service_url, None);
    assert_eq!(bench.chats(None).await, [], "a removal is no chat");
}

async fn nobody_is_heard_of_whom_the_directory_does_not_know(bench: &Bench) {
    bench.fill(3).await;
    let stranger = EntraId(Uuid::from_u128(99));
    let other = bench.store.tenant(Uuid::from_u128(3), Uuid::from_u128(2)).await.unwrap();
    assert_eq!(bench.store.hear(bench.tenant, stranger, None, now()).await.unwrap(), Taken::Stranger);
    assert_eq!(bench.store.hear(other, USER, Some(&chat("a:1")), now()).await.unwrap(), Taken::Stranger);
}

async fn owners_see_what_is_new_and_what_is_five_seconds_old_once_more(bench: &Bench) {
    bench.fill(3).await;
    let key = bench.keys(1).await[0];
    let looked_at = bench.store.chats_heard(bench.tenant, None).await.unwrap().as_of;
    bench.told(Some(&chat("a:1")), 10).await;
    let seen = vec![(key, "a:1".to_owned())];
    assert_eq!(bench.chats(None).await, seen);
    bench.let_time_pass(Duration::from_secs(4)).await;
    assert_eq!(bench.chats(None).await, seen, "told of late");
    bench.let_time_pass(Duration::from_secs(60)).await;
    assert_eq!(bench.chats(None).await, []);
    let since = bench.store.chats_heard(bench.tenant, Some(looked_at)).await.unwrap();
    assert_eq!(since.chats.len(), 1, "since the last look, however long ago that was");
    assert!(since.as_of >= looked_at + Duration::from_secs(60));
}

async fn what_is_known_already_is_no_news(bench: &Bench) {
    bench.fill(3).await;
    bench.told(Some(&chat("a:1")), 10).await;
    bench.let_time_pass(Duration::from_secs(60)).await;
    assert_eq!(bench.told(Some(&chat("a:1")), 70).await, Taken::Kept);
    assert_eq!(bench.chats(None).await, []);
    assert_eq!(bench.told(Some(&chat("a:2")), 71).await, Taken::Kept);
    assert_eq!(bench.chats(None).await.len(), 1);
}

async fn whoever_writes_last_of_a_worker_and_the_bot_is_believed(bench: &Bench) {
    bench.fill(3).await;
    let (_, round) = bench.submit(WhenInDoubt::Hold).await;
    let (worker, held) = bench.worker().await;
    bench.expand(held[0], worker, round, 4).await;
    let mut claimed = bench.claim_one(held[0], worker, round).await;
    let recipient = claimed.members.iter().find(|member| member.entra_id == USER).unwrap().recipient;
    let mut learn = async |route: Route, forgets| {
        claimed.chunk.flush_number += 1;
        let routes = vec![RouteLearnt { recipient, route, forgets, refusal: None }];
        let flush = Flush { chunks: vec![claimed.chunk.clone()], facts: vec![], routes, now: Some(now()) };
        bench.store.flush(bench.tenant, worker, &flush).await.unwrap();
    };
    let known = async || bench.chats(None).await.first().map(|(_, chat)| chat.clone());
    // Installed by the worker, told of before it says so: what it does not know, it does not take away.
    bench.told(Some(&chat("a:told")), 10).await;
    learn(Route { installation: Installation::Unlisted, conversation: None }, false).await;
    assert_eq!(known().await.as_deref(), Some("a:told"));
    // Resolved before she removed the app, written down after: Teams will correct it.
    bench.told(None, 11).await;
    learn(Route::to(ConversationId("19:resolved".to_owned())), false).await;
    bench.told(None, 12).await;
    assert_eq!(known().await, None);
    // The chat proved stale after it was told.
    bench.told(Some(&chat("a:again")), 13).await;
    learn(Route::default(), true).await;
    assert_eq!(known().await, None);
}

async fn a_wrong_host_is_forgotten_also_by_whoever_claims_her_after_a_pause(bench: &Bench) {
    bench.fill(1).await;
    bench.told(Some(&chat("a:1")), 10).await;
    let (id, worker, held, claimed) = bench.claimed(WhenInDoubt::Hold, 4).await;
    let (mut chunk, member) = (claimed.chunk, &claimed.members[0]);
    assert!(member.service_url.is_some());
    chunk.flush_number += 1;
    let learnt = RouteLearnt { recipient: member.recipient, route: member.route.clone(), forgets: true, refusal: None };
    let flush = Flush { chunks: vec![chunk.clone()], facts: vec![], routes: vec![learnt], now: Some(now()) };
    bench.store.flush(bench.tenant, worker, &flush).await.unwrap();
    bench.go(id, BroadcastState::Running, BroadcastState::Paused).await;
    bench.store.release_chunks(bench.tenant, worker, &[chunk.clone()]).await.unwrap();
    bench.go(id, BroadcastState::Paused, BroadcastState::Running).await;
    let again = bench.claim_one(held, worker, chunk.round).await;
    assert_eq!((&again.members[0].route, &again.members[0].service_url), (&member.route, &None));
}

async fn whoever_is_reached_is_not_refused_any_more(bench: &Bench) {
    bench.fill(1).await;
    let (_, worker, _, claimed) = bench.claimed(WhenInDoubt::Hold, 4).await;
    let mut chunk = claimed.chunk;
    let recipient = claimed.members[0].recipient;
    let mut refuse = async || {
        chunk.flush_number += 1;
        let refusal = Some(Reason::BlockedByUser);
        let learnt = RouteLearnt { recipient, route: Route::default(), forgets: false, refusal };
        let flush = Flush { chunks: vec![chunk.clone()], facts: vec![], routes: vec![learnt], now: Some(now()) };
        bench.store.flush(bench.tenant, worker, &flush).await.unwrap();
    };
    refuse().await;
    bench.told(None, 10).await;
    assert!(bench.is_refused(recipient).await, "a removal disproves nothing");
    bench.told(Some(&chat("a:1")), 11).await;
    assert!(!bench.is_refused(recipient).await);
}

async fn one_person_is_answered_once_in_a_while_and_the_tenant_once_a_pause(bench: &Bench) {
    bench.fill(3).await;
    let may = async |number| {
        let user = EntraId(Uuid::from_u128(number));
        bench.store.may_answer(bench.tenant, user, PAUSE, HER_PAUSE).await.unwrap()
    };
    assert!(may(1).await);
    assert!(!may(2).await, "somebody was answered just now");
    bench.let_time_pass(PAUSE).await;
    assert!(!may(1).await && !may(99).await);
    assert!(may(2).await);
    bench.let_time_pass(HER_PAUSE).await;
    assert!(may(1).await);
}
