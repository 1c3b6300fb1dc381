//! Venues: kept beside the people, named by their number alone, and nobody where people are meant.

use std::time::Duration;

use stentor::domain::audience::Address;
use stentor::domain::audience::expression::{Attribute, Source, Test};
use stentor::domain::broadcast::{AudienceKind, NewBroadcast};
use stentor::domain::delivery::WhenInDoubt;
use stentor::domain::flow::Mix;
use stentor::domain::ids::{ConversationId, GroupId, ReaderId, RecipientKey};
use stentor::domain::venue::Venue;
use stentor::ports::{Group, NamedVenue, ReadingStep, Whose};
use uuid::Uuid;

use crate::bench::{Bench, LEASE, announcement, contract, now, people};

const READER: ReaderId = ReaderId(7);

contract! {
    the_same_venue_keeps_its_number_and_takes_the_new_name,
    whoever_asks_for_people_finds_no_venue,
    a_list_names_venues_and_a_claim_tells_which,
    a_whole_reading_of_the_directory_parts_with_no_venue,
}

fn team() -> GroupId {
    GroupId(Uuid::from_u128(6))
}

fn news(name: &str) -> NamedVenue {
    NamedVenue { venue: Venue::Channel { team: team(), channel: Some("News".into()) }, name: name.to_owned() }
}

fn members() -> NamedVenue {
    NamedVenue { venue: Venue::TeamMembers { team: team() }, name: "Milan".to_owned() }
}

async fn keep(bench: &Bench, venues: &[NamedVenue]) -> Vec<RecipientKey> {
    bench.store.keep_venues(bench.tenant, venues, now()).await.unwrap()
}

async fn the_same_venue_keeps_its_number_and_takes_the_new_name(bench: &Bench) {
    let first = keep(bench, &[news("Milan / News"), members()]).await;
    let again = keep(bench, &[members(), news("Milano / News"), news("Milano / NEWS")]).await;
    assert_eq!(again, [first[1], first[0], first[0]]);
    let known = bench.store.acquaintances(bench.tenant, &first).await.unwrap();
    let shown: Vec<_> = known.iter().map(|it| (it.display_name.as_str(), it.user_principal_name.clone())).collect();
    assert_eq!(shown, [("Milano / NEWS", format!("{}/news", team())), ("Milan", format!("members of {}", team()))]);
    assert_eq!(known[0].entra_id, news("").venue.key());
}

async fn whoever_asks_for_people_finds_no_venue(bench: &Bench) {
    bench.fill(2).await;
    let everybody = bench.keys(2).await;
    keep(bench, &[news("Milan / News"), members()]).await;
    let (store, tenant) = (&bench.store, bench.tenant);
    assert_eq!(store.count_people(tenant).await.unwrap(), 2);
    let addresses = [Address::Id(members().venue.key()), Address::Name(members().venue.to_string())];
    assert_eq!(store.find_people(tenant, &addresses).await.unwrap(), []);
    assert_eq!(store.search_people(tenant, "mil", 9).await.unwrap(), []);
    let sources = [
        Source::Everyone,
        Source::Attribute(Attribute::Department, Test::Is(vec![String::new()])),
        Source::Attribute(Attribute::Name, Test::Contains("i".into())),
    ];
    for source in sources {
        let Some(named) = store.named_by(tenant, &source, None).await.unwrap() else { panic!("{source} is known") };
        assert!(named.iter().all(|key| everybody.contains(&key)), "{source}");
    }
    let group = Group { id: team(), name: "Milan".into(), team: true, hidden: false };
    let named = [people(1)[0].entra_id, members().venue.key()];
    store.keep_group(tenant, &group, &named, now()).await.unwrap();
    let read = store.groups(tenant).await.unwrap();
    assert_eq!((read[0].members, read[0].outsiders), (1, 1));
    assert_eq!(store.ways(tenant, &Whose::Everyone).await.unwrap(), Mix { unknown: 2, ..Mix::default() });
    let (id, ..) = bench.claimed(WhenInDoubt::Hold, 9).await;
    assert_eq!(bench.progress(id).await.targeted, 2);
}

async fn a_list_names_venues_and_a_claim_tells_which(bench: &Bench) {
    let keys = keep(bench, &[members(), news("Milan / News")]).await;
    let broadcast = NewBroadcast { audience: AudienceKind::Places, ..announcement(1, WhenInDoubt::Hold) };
    let (id, round) = bench.submit_this(broadcast, keys.clone()).await;
    let waiting = bench.store.ways(bench.tenant, &Whose::Broadcast(id)).await.unwrap();
    assert_eq!(waiting, Mix { unknown: 2, ..Mix::default() });
    let (worker, held) = bench.worker().await;
    bench.expand(held[0], worker, round, 9).await;
    let claimed = bench.claim_one(held[0], worker, round).await;
    let venues: Vec<_> = claimed.members.iter().map(|member| member.venue.as_deref().cloned()).collect();
    assert_eq!(venues, [Some(members().venue), Some(news("").venue)]);
    let chat = Venue::ChatMembers { chat: ConversationId("19:c@thread.v2".into()) };
    assert_eq!(keep(bench, &[NamedVenue { venue: chat, name: "Chat".into() }]).await.len(), 1);
}

async fn a_whole_reading_of_the_directory_parts_with_no_venue(bench: &Bench) {
    bench.fill(1).await;
    let keys = keep(bench, &[members()]).await;
    let claimed = bench.store.claim_directory(bench.tenant, READER, LEASE).await.unwrap();
    assert!(claimed.is_some());
    let steps = [ReadingStep::Begin { delta_link: "later" }, ReadingStep::PartWith { limit: 99 }, ReadingStep::End];
    let mut left = 0;
    for step in steps {
        let later = now() + Duration::from_secs(1);
        left += bench.store.advance(bench.tenant, READER, LEASE, &step, later).await.unwrap().left;
    }
    assert_eq!(left, 1);
    let broadcast = NewBroadcast { audience: AudienceKind::Places, ..announcement(1, WhenInDoubt::Hold) };
    let (id, round) = bench.submit_this(broadcast, keys).await;
    let (worker, held) = bench.worker().await;
    bench.expand(held[0], worker, round, 9).await;
    assert_eq!(bench.progress(id).await.targeted, 1);
}
