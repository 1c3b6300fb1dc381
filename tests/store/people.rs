//! People: kept once, found by whatever names them.

use std::time::Duration;

use stentor::domain::audience::Address;
use stentor::domain::ids::{EntraId, RecipientKey};
use uuid::Uuid;

use crate::bench::{Bench, contract, now, people};

contract! {
    people_are_found_by_id_by_principal_name_and_by_mail,
    a_principal_name_goes_before_a_mail_address_and_a_shared_mail_address_names_both,
    whoever_is_kept_again_keeps_her_number_and_newcomers_come_after,
    people_of_one_tenant_are_nobody_in_another,
}

async fn people_are_found_by_id_by_principal_name_and_by_mail(bench: &Bench) {
    bench.fill(4).await;
    let addresses = [
        Address::Id(EntraId(Uuid::from_u128(2))),
        Address::Name("person2@contoso.example".into()),
        Address::Name("mail2@contoso.example".into()),
        Address::Name("nobody@contoso.example".into()),
    ];
    let found = bench.store.find_people(bench.tenant, &addresses).await.unwrap();
    assert_eq!(found.len(), 3);
    assert_eq!(found[1].1, found[2].1);
}

async fn a_principal_name_goes_before_a_mail_address_and_a_shared_mail_address_names_both(bench: &Bench) {
    bench.fill(6).await;
    let mut people = people(6);
    people[1].mail = Some("PERSON0@contoso.example".into());
    people[2].mail = Some("Office@contoso.example".into());
    people[3].mail = Some("office@contoso.example".into());
    // Deleted and made again: the account that the directory named last has the name.
    people[5].user_principal_name = people[4].user_principal_name.clone();
    bench.store.keep_people(bench.tenant, &people[..5], now()).await.unwrap();
    bench.store.keep_people(bench.tenant, &people[5..], now() + Duration::from_secs(1)).await.unwrap();
    let find = async |name: &str| {
        let found = bench.store.find_people(bench.tenant, &[Address::Name(name.into())]).await.unwrap();
        found.into_iter().map(|(_, key)| key).collect::<Vec<_>>()
    };
    let by_id = async |number: u128| {
        let address = Address::Id(EntraId(Uuid::from_u128(number + 1)));
        bench.store.find_people(bench.tenant, &[address]).await.unwrap()[0].1
    };
    assert_eq!(find("person0@contoso.example").await, [by_id(0).await]);
    assert_eq!(find("office@contoso.example").await, [by_id(2).await, by_id(3).await]);
    assert_eq!(find("person4@contoso.example").await, [by_id(5).await]);
}

async fn whoever_is_kept_again_keeps_her_number_and_newcomers_come_after(bench: &Bench) {
    bench.fill(3).await;
    let key = async |number: u128| -> RecipientKey {
        let address = Address::Id(EntraId(Uuid::from_u128(number + 1)));
        bench.store.find_people(bench.tenant, &[address]).await.unwrap()[0].1
    };
    let before = [key(0).await, key(1).await, key(2).await];
    // Somebody is named twice in one page: the last word holds.
    let mut again = people(4);
    again.push(again[0].clone());
    again[4].mail = Some("married@contoso.example".into());
    bench.store.keep_people(bench.tenant, &again, now()).await.unwrap();
    assert_eq!(before, [key(0).await, key(1).await, key(2).await]);
    assert!(key(3).await > before[2]);
    assert_eq!(bench.store.count_people(bench.tenant).await.unwrap(), 4);
    let married = [Address::Name("married@contoso.example".into())];
    let found = bench.store.find_people(bench.tenant, &married).await.unwrap();
    assert_eq!(found, [(married[0].clone(), before[0])]);
}

async fn people_of_one_tenant_are_nobody_in_another(bench: &Bench) {
    bench.fill(2).await;
    let other = bench.store.tenant(Uuid::from_u128(3), Uuid::from_u128(2)).await.unwrap();
    assert_ne!(other, bench.tenant);
    assert_eq!(bench.store.tenant(Uuid::from_u128(3), Uuid::from_u128(2)).await.unwrap(), other);
    assert_eq!(bench.store.count_people(other).await.unwrap(), 0);
    let address = [Address::Id(EntraId(Uuid::from_u128(1)))];
    assert_eq!(bench.store.find_people(other, &address).await.unwrap(), []);
}
