//! A ground on which the chat with everybody is known from the beginning: one or many tenants, a private Postgres, and
//! for each tenant a simulated Teams of its own, or one that answers at once within this process.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::demonstration::sample_content;
use super::{Ground, Simulated, Simulation, teams_client};
use crate::adapters::postgres::schema;
use crate::adapters::system::{SystemClock, SystemRandom, is_gone, process_identity};
use crate::app::control::{Wish, grant};
use crate::app::health::Health;
use crate::app::lease::Worker;
use crate::bench::instant::AtOnce;
use crate::config::Settings;
use crate::domain::attributes::Attributes;
use crate::domain::audience::Address;
use crate::domain::broadcast::{AudienceKind, NewBroadcast, TOLERANCE, Treatment, Way};
use crate::domain::content::Content;
use crate::domain::delivery::WhenInDoubt;
use crate::domain::ids::{
    BroadcastId, ConversationId, EntraId, RecipientKey, RequestId, RoundId, TeamsAppId, TenantKey,
};
use crate::domain::outcome::Outcome;
use crate::domain::progress::Progress;
use crate::domain::route::Account;
use crate::domain::time::{Monotonic, Timestamp};
use crate::ports::{Answer, Clock, Messenger, Person, Random, Request, Store, Submission};

/// People stored in one statement.
const BATCH: usize = 5000;

/// One tenant.
pub struct Town {
    /// Its number.
    pub tenant: TenantKey,
    /// Everybody whom a message reaches, in the order of the directory.
    pub people: Vec<EntraId>,
    simulated: Option<Simulated>,
    messenger: Arc<Counting>,
}

/// One message that arrived, as the simulated Teams saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// When.
    pub at: Timestamp,
    /// The heading of its broadcast.
    pub title: String,
}

/// Counts the messages that were taken.
struct Counting {
    inner: Arc<dyn Messenger>,
    taken: AtomicU64,
}

#[async_trait]
impl Messenger for Counting {
    async fn warm_up(&self, for_many: bool) -> Result<(), Answer> {
        self.inner.warm_up(for_many).await
    }

    async fn perform(&self, request: &Request, id: RequestId, not_after: Monotonic) -> Answer {
        let answer = self.inner.perform(request, id, not_after).await;
        if matches!(answer.outcome, Outcome::Accepted { .. }) {
            self.taken.fetch_add(1, Ordering::Relaxed);
        }
        answer
    }

    async fn find_app(&self, id: RequestId) -> Result<TeamsAppId, Answer> {
        self.inner.find_app(id).await
    }

    fn forget_tokens(&self) {
        self.inner.forget_tokens();
    }

    fn use_bot_host(&self, url: &str) {
        self.inner.use_bot_host(url);
    }
}

/// The ground, and the one worker that works on it.
pub struct Acquainted {
    /// Its tenants.
    pub towns: Vec<Town>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The record.
    pub store: Arc<dyn Store>,
    settings: Settings,
    random: Arc<dyn Random>,
    ground: Ground,
}

impl Acquainted {
    /// Opens it with `tenants` simulated Teams of their own, as `simulation` says.
    ///
    /// # Errors
    /// When Postgres or a simulator does not start.
    pub async fn on_the_wire(settings: Settings, simulation: Simulation, tenants: u32) -> anyhow::Result<Self> {
        let mut ground = Self::empty(settings).await?;
        for number in 0..u64::from(tenants) {
            let simulated =
                Simulated::start(Simulation { seed: simulation.seed + number, ..simulation.clone() }).await?;
            let settings = simulated.settings(ground.settings.clone())?;
            let client = teams_client(&settings, Arc::clone(&ground.clock), Arc::clone(&ground.random))?;
            let known = known_people(&simulated);
            ground.settle(number, known, Arc::new(client), Some(simulated)).await?;
        }
        Ok(ground)
    }

    /// Opens it with `tenants` of `people` each, and a Teams that answers each request `latency` later.
    ///
    /// # Errors
    /// When Postgres does not start.
    pub async fn in_process(settings: Settings, tenants: u32, people: u32, latency: Duration) -> anyhow::Result<Self> {
        let mut ground = Self::empty(settings).await?;
        let messenger = Arc::new(AtOnce { clock: Arc::clone(&ground.clock), latency });
        for number in 0..u64::from(tenants) {
            let known = (0..u64::from(people)).map(|place| made_up(number, place)).collect();
            ground.settle(number, known, messenger.clone(), None).await?;
        }
        Ok(ground)
    }

    async fn empty(settings: Settings) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ground = Ground::scratch(&settings, Arc::clone(&clock)).await?;
        schema::migrate(ground.store.database()).await?;
        let store = Arc::new(ground.store.clone());
        Ok(Self { towns: Vec::new(), clock, store, settings, random: Arc::new(SystemRandom), ground })
    }

    /// Adds a tenant with people whose chats are known.
    async fn settle(
        &mut self,
        number: u64,
        known: Vec<(Person, ConversationId)>,
        messenger: Arc<dyn Messenger>,
        simulated: Option<Simulated>,
    ) -> anyhow::Result<()> {
        let tenant = self.store.tenant(Uuid::from_u64_pair(1, number), Uuid::from_u64_pair(2, 0)).await?;
        for batch in known.chunks(BATCH) {
            let (people, chats): (Vec<Person>, Vec<_>) =
                batch.iter().map(|(person, chat)| (person.clone(), (person.entra_id, chat.clone()))).unzip();
            self.store.keep_people(tenant, &people, self.clock.now()).await?;
            self.ground.store.learn_chats(tenant, &chats).await?;
        }
        let people = known.into_iter().map(|(person, _)| person.entra_id).collect();
        let messenger = Arc::new(Counting { inner: messenger, taken: AtomicU64::new(0) });
        self.towns.push(Town { tenant, people, simulated, messenger });
        Ok(())
    }

    /// Accepts a broadcast of the town at `place`: to `audience`, or to everybody.
    ///
    /// # Errors
    /// The store's.
    pub async fn submit(
        &self,
        place: usize,
        title: &str,
        urgent: bool,
        audience: Option<&[EntraId]>,
    ) -> anyhow::Result<BroadcastId> {
        let (tenant, now) = (self.towns[place].tenant, self.clock.now());
        let deadline_at = now + Duration::from_secs(72 * 3600);
        let broadcast = NewBroadcast {
            id: BroadcastId::new(now, self.random.next_u64()),
            round: RoundId::new(now, self.random.next_u64()),
            schedule: None,
            author: None,
            content: Content { title: title.to_owned(), ..sample_content() },
            treatment: Treatment { when_in_doubt: WhenInDoubt::Hold, urgent, deadline_at, tolerance: TOLERANCE },
            audience: if audience.is_some() { AudienceKind::List } else { AudienceKind::Everyone },
            way: Way::Chat,
            expire_at: None,
            expected: None,
            created_at: now,
        };
        let list: Vec<RecipientKey> = match audience {
            None => Vec::new(),
            Some(people) => {
                let addresses: Vec<Address> = people.iter().map(|person| Address::Id(*person)).collect();
                self.store.find_people(tenant, &addresses).await?.into_iter().map(|(_, key)| key).collect()
            }
        };
        let id = broadcast.id;
        self.store.submit(&Submission { tenant, broadcast, list, lists: vec![], draft: None }).await?;
        Ok(id)
    }

    /// Cancels a broadcast of the town at `place`.
    ///
    /// # Errors
    /// The store's.
    pub async fn cancel(&self, place: usize, id: BroadcastId) -> anyhow::Result<()> {
        grant(&*self.store, self.towns[place].tenant, id, Wish::Cancel, self.clock.now()).await?;
        Ok(())
    }

    /// Where everybody of a broadcast of the town at `place` stands.
    ///
    /// # Errors
    /// The store's.
    pub async fn progress(&self, place: usize, id: BroadcastId) -> anyhow::Result<Progress> {
        let report = self.store.report(self.towns[place].tenant, id).await?;
        Ok(report.map(|report| report.progress).unwrap_or_default())
    }

    /// Works on all tenants until `stop`.
    ///
    /// # Errors
    /// When the worker cannot go on by itself.
    pub async fn work(&self, stop: CancellationToken) -> anyhow::Result<()> {
        let messengers: BTreeMap<TenantKey, Arc<dyn Messenger>> =
            self.towns.iter().map(|town| (town.tenant, Arc::clone(&town.messenger) as Arc<dyn Messenger>)).collect();
        let worker = Worker {
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            store: Arc::clone(&self.store),
            tenants: messengers.keys().copied().collect(),
            // Invariant: a worker takes no tenant but those.
            messengers: Arc::new(move |tenant| Arc::clone(&messengers[&tenant])),
            settings: Arc::new(self.settings.engine.clone()),
            process: process_identity(&*self.random),
            is_gone: Arc::new(is_gone),
            health: Health::default(),
        };
        Ok(worker.run(stop).await?)
    }

    /// How many messages each town's Teams has taken so far.
    pub fn taken(&self) -> Vec<u64> {
        self.towns.iter().map(|town| town.messenger.taken.load(Ordering::Relaxed)).collect()
    }

    /// Transactions that Postgres has ended so far.
    ///
    /// # Errors
    /// The store's.
    pub async fn transactions(&self) -> anyhow::Result<i64> {
        Ok(self.ground.store.transactions().await?)
    }

    /// The process number of Postgres' postmaster.
    pub fn postmaster(&self) -> Option<u32> {
        self.ground.managed.as_ref().map(|managed| managed.postmaster_pid())
    }

    /// Stops everything in order.
    ///
    /// # Errors
    /// When something did not stop in order.
    pub async fn close(self) -> anyhow::Result<()> {
        self.ground.close().await;
        for simulated in self.towns.into_iter().filter_map(|town| town.simulated) {
            simulated.close().await?;
        }
        Ok(())
    }
}

impl Town {
    /// Every message that has arrived, in order, by the ledger of its simulated Teams.
    pub fn delivered(&self) -> Vec<Delivered> {
        let Some(simulated) = &self.simulated else { return Vec::new() };
        let world = simulated.simulator.world();
        let world = world.lock().unwrap_or_else(PoisonError::into_inner);
        let ledger = world.ledger();
        let mut titles: BTreeMap<u32, String> = BTreeMap::new();
        let delivered = ledger.messages().iter().map(|message| {
            let title = titles.entry(message.content).or_insert_with(|| title_of(ledger.content(message.content)));
            Delivered { at: message.at, title: title.clone() }
        });
        delivered.collect()
    }

    /// The most sends received in any sliding second, and the 429s given.
    pub fn most_and_throttled(&self) -> (u64, u64) {
        let Some(simulated) = &self.simulated else { return (0, 0) };
        let ledger = simulated.ledger();
        (ledger.max_in_any_second.get("send").copied().unwrap_or_default(), ledger.throttled)
    }
}

/// The heading: the first text of the card that is a heading of one of ours.
fn title_of(content: Option<&Arc<serde_json::Value>>) -> String {
    let heading = |content: &Arc<serde_json::Value>| {
        let body = content.pointer("/body").or_else(|| content.pointer("/attachments/0/content/body"))?;
        body.as_array()?.iter().find_map(|part| part.get("text")?.as_str().map(str::to_owned))
    };
    content.and_then(heading).unwrap_or_default()
}

/// Everybody of a simulated Teams who gets what is sent to her.
fn known_people(simulated: &Simulated) -> Vec<(Person, ConversationId)> {
    let world = simulated.simulator.world();
    let world = world.lock().unwrap_or_else(PoisonError::into_inner);
    let warm = |person: &&crate::simulator::people::Person| person.standing == crate::simulator::people::Standing::Warm;
    let known = |person: &crate::simulator::people::Person| {
        let known = Person {
            entra_id: EntraId(person.id),
            user_principal_name: person.principal_name(),
            display_name: person.display_name(),
            mail: Some(person.mail()),
            account: Account::ORDINARY,
            attributes: Attributes::default(),
        };
        (known, ConversationId(world.chat_id(person.number)))
    };
    world.organisation().people().iter().filter(warm).map(known).collect()
}

/// Somebody of a tenant that is in no simulator.
fn made_up(tenant: u64, place: u64) -> (Person, ConversationId) {
    let id = Uuid::from_u64_pair(tenant + 1, place + 1);
    let person = Person {
        entra_id: EntraId(id),
        user_principal_name: format!("person{place}@contoso.example"),
        display_name: format!("Person {place}"),
        mail: None,
        account: Account::ORDINARY,
        attributes: Attributes::default(),
    };
    // As long as a real one.
    (person, ConversationId(format!("19:{id}_{id}@unq.gbl.spaces")))
}
