//! What forecasts ask: how well ways are known, who works, who had the app of late.

use std::time::Duration;

use stentor::domain::broadcast::{AudienceKind, NewBroadcast};
use stentor::domain::delivery::{Settlement, WhenInDoubt};
use stentor::domain::flow::Mix;
use stentor::domain::ids::{BroadcastId, ConversationId, EntraId, InstallationId, RecipientKey};
use stentor::domain::outcome::{Fact, Outcome, Step};
use stentor::domain::route::{Account, Installation, Route};
use stentor::ports::{AttemptFact, Flush, Outlook, RouteLearnt, Whose};
use uuid::Uuid;

use crate::bench::{Bench, LEASE, accepted, announcement, contract, fact, now, people, settle};

contract! {
    ways_are_counted_by_what_is_known_and_whoever_is_left_out_by_rule_is_not,
    of_a_broadcast_under_way_only_the_unsettled_are_counted,
    of_a_broadcast_that_is_not_frozen_everybody_it_is_for_is_counted,
    a_worker_that_is_alive_is_seen_and_so_are_first_answers,
}

/// One more thing known of each of the first five people.
async fn learn(bench: &Bench) {
    let keys: Vec<RecipientKey> = bench.keys(5).await;
    let known = |installation| Route { installation, conversation: None };
    let routes = [
        Route::to(ConversationId("19:a".into())),
        known(Installation::Present(InstallationId("i".into()))),
        known(Installation::Unlisted),
        known(Installation::Absent),
    ];
    let learnt = keys.into_iter().zip(routes);
    let routes =
        learnt.map(|(recipient, route)| RouteLearnt { recipient, route, forgets: false, refusal: None }).collect();
    let worker = bench.register().await;
    let flush = Flush { routes, now: Some(now()), ..Flush::default() };
    bench.store.flush(bench.tenant, worker, &flush).await.unwrap();
}

async fn ways_are_counted_by_what_is_known_and_whoever_is_left_out_by_rule_is_not(bench: &Bench) {
    let mut all = people(6);
    all[5].account = Account { guest: true, ..Account::ORDINARY };
    bench.store.keep_people(bench.tenant, &all, now()).await.unwrap();
    learn(bench).await;
    let one_each = Mix { chat: 1, installed: 1, unlisted: 1, absent: 1, unknown: 1 };
    assert_eq!(bench.store.ways(bench.tenant, &Whose::Everyone).await.unwrap(), one_each);
    let two = [1, 5, 6, 99].map(|number| EntraId(Uuid::from_u128(number))).to_vec();
    let known = bench.store.ways(bench.tenant, &Whose::People(two)).await.unwrap();
    assert_eq!(known, Mix { chat: 1, unknown: 1, ..Mix::default() });
    let nobody = Whose::Broadcast(BroadcastId::new(now(), 99));
    assert_eq!(bench.store.ways(bench.tenant, &nobody).await.unwrap(), Mix::default());
}

async fn of_a_broadcast_under_way_only_the_unsettled_are_counted(bench: &Bench) {
    bench.fill(5).await;
    let (id, worker, _, claimed) = bench.claimed(WhenInDoubt::Hold, 5).await;
    learn(bench).await;
    let mut chunk = claimed.chunk;
    let told = settle(&mut chunk, 0, Settlement::Sent, accepted());
    bench.flush(worker, &mut chunk, vec![told]).await;
    let left = bench.store.ways(bench.tenant, &Whose::Broadcast(id)).await.unwrap();
    assert_eq!(left, Mix { chat: 0, installed: 1, unlisted: 1, absent: 1, unknown: 1 });
}

async fn of_a_broadcast_that_is_not_frozen_everybody_it_is_for_is_counted(bench: &Bench) {
    bench.fill(5).await;
    let (id, _) = bench.submit(WhenInDoubt::Hold).await;
    assert_eq!(bench.store.ways(bench.tenant, &Whose::Broadcast(id)).await.unwrap(), Mix::unknown(5));
    let two = bench.keys(2).await;
    let listed = NewBroadcast { audience: AudienceKind::List, ..announcement(2, WhenInDoubt::Hold) };
    let (id, _) = bench.submit_this(listed, two).await;
    assert_eq!(bench.store.ways(bench.tenant, &Whose::Broadcast(id)).await.unwrap(), Mix::unknown(2));
}

async fn a_worker_that_is_alive_is_seen_and_so_are_first_answers(bench: &Bench) {
    bench.fill(5).await;
    assert_eq!(bench.store.outlook(bench.tenant).await.unwrap(), Outlook::default());
    let (_, worker, _, claimed) = bench.claimed(WhenInDoubt::Hold, 5).await;
    let mut chunk = claimed.chunk;
    let first = |ordinal, attempt, step, learnt| AttemptFact {
        attempt,
        step: Some(step),
        ..fact(&chunk, ordinal, None, Outcome::Learnt(learnt))
    };
    let facts = vec![
        first(0, 1, Step::Check, Fact::Installed(InstallationId("i".into()))),
        first(1, 1, Step::Check, Fact::NotInstalled),
        // Installed by us in between: no first answer.
        first(1, 2, Step::Check, Fact::Installed(InstallationId("i".into()))),
        first(2, 1, Step::Resolve, Fact::Chat(ConversationId("19:c".into()))),
        first(3, 1, Step::Install, Fact::AlreadyInstalled),
        first(4, 1, Step::Create, Fact::Chat(ConversationId("19:e".into()))),
    ];
    bench.flush(worker, &mut chunk, facts).await;
    let seen = Outlook { works: true, held: true, asked: 4, had: 3 };
    assert_eq!(bench.store.outlook(bench.tenant).await.unwrap(), seen);
    bench.let_time_pass(LEASE + Duration::from_secs(1)).await;
    assert_eq!(bench.store.outlook(bench.tenant).await.unwrap(), Outlook { works: false, held: false, ..seen });
}
