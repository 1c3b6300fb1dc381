//! A Postgres and a directory whose people the test makes up.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use stentor::adapters::postgres::managed::testing::TestDatabase;
use stentor::adapters::postgres::pool::PoolSettings;
use stentor::adapters::postgres::{PgStore, schema};
use stentor::adapters::system::{SystemClock, SystemRandom};
use stentor::app::people::People;
use stentor::app::submit::{Audience, Draft};
use stentor::domain::attributes::Attributes;
use stentor::domain::audience::List;
use stentor::domain::broadcast::{TOLERANCE, Treatment};
use stentor::domain::content::Content;
use stentor::domain::delivery::WhenInDoubt;
use stentor::domain::ids::{EntraId, GroupId, RequestId, TenantKey};
use stentor::domain::pacing::Quota;
use stentor::domain::retry::RetryPolicy;
use stentor::domain::route::Account;
use stentor::ports::{
    Answer, ChangesPage, Clock, Directory, GroupsPage, MembersPage, Onward, PeoplePage, Person, Store, Told,
    WhichGroups,
};
use uuid::Uuid;

pub struct House {
    pub store: Arc<PgStore>,
    pub tenant: TenantKey,
    pub people: People,
    // Dropped last: the database goes with it.
    _database: TestDatabase,
}

struct Pages(Vec<Person>);

const PAGE: usize = 999;

#[async_trait]
impl Directory for Pages {
    async fn people(&self, page: Option<&str>, _: RequestId) -> Result<Told<PeoplePage>, Answer> {
        let from: usize = page.map_or(0, |page| page.parse().unwrap());
        let to = (from + PAGE).min(self.0.len());
        let next = (to < self.0.len()).then(|| to.to_string());
        Ok(PeoplePage { people: self.0[from..to].to_vec(), unreadable: false, next }.into())
    }

    async fn changes(&self, _: Option<&str>, _: RequestId) -> Result<Told<ChangesPage>, Answer> {
        Ok(ChangesPage { changes: Vec::new(), next: Onward::Later("later".to_owned()) }.into())
    }

    async fn groups(&self, _: WhichGroups<'_>, _: Option<&str>, _: RequestId) -> Result<Told<GroupsPage>, Answer> {
        Ok(GroupsPage { groups: Vec::new(), next: None }.into())
    }

    async fn members(&self, _: GroupId, _: Option<&str>, _: RequestId) -> Result<Told<MembersPage>, Answer> {
        Ok(MembersPage { members: Vec::new(), next: None }.into())
    }
}

pub fn person(number: u128, name: &str) -> Person {
    Person {
        entra_id: EntraId(Uuid::from_u128(number + 1)),
        user_principal_name: format!("P{number}@contoso.example"),
        display_name: name.to_owned(),
        mail: Some(format!("Mail.{number}@contoso.example")),
        account: Account::ORDINARY,
        attributes: Attributes::default(),
    }
}

pub async fn house(people: Vec<Person>) -> House {
    let database = TestDatabase::create().await;
    let store = PgStore::new(database.connect_options(), PoolSettings::default());
    schema::migrate(store.database()).await.unwrap();
    let tenant = store.tenant(Uuid::from_u128(1), Uuid::from_u128(2)).await.unwrap();
    let store = Arc::new(store);
    let people = People {
        directory: Arc::new(Pages(people)),
        store: store.clone(),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        tenant,
        quota: Quota::per_second(1000),
        retry: RetryPolicy::default(),
        fresh_for: Duration::from_secs(900),
    };
    House { store, tenant, people, _database: database }
}

impl House {
    pub fn draft(&self, list: List, accept_partial: bool) -> Draft {
        let deadline_at = SystemClock.now() + Duration::from_secs(3600);
        Draft {
            content: Content { title: "News".into(), body: "Text".into(), ..Content::default() },
            treatment: Treatment { when_in_doubt: WhenInDoubt::Hold, urgent: false, deadline_at, tolerance: TOLERANCE },
            audience: Audience::List(list),
            schedule: None,
            author: None,
            expire_after: None,
            accept_partial,
        }
    }
}
