//! A ground on which things may be broken: a simulated Teams that survives everything, a Postgres that may be killed
//! and started again, and the settings with which workers of their own processes come to both.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;

pub use crate::adapters::postgres::witness::Holding;

use super::demonstration::{house, sample_content};
use super::{Simulated, Simulation, Stentor};
use crate::app::people::Reading;
use crate::app::submit::{self, Audience, Draft, Going};
use crate::config::Settings;
use crate::domain::broadcast::{TOLERANCE, Treatment};
use crate::domain::content::Content;
use crate::domain::delivery::WhenInDoubt;
use crate::domain::ids::{BroadcastId, ConversationId, EntraId, RecipientKey};
use crate::domain::outcome::Step;
use crate::domain::time::Timestamp;
use crate::ports::{BroadcastReport, Clock, DeliveryReport, StoreError};
use crate::simulator::people::Standing;
use crate::simulator::world::{Refused, Turnover, World};

/// How long the database may stay away before a question to it fails.
const PATIENCE: Duration = Duration::from_secs(30);
/// How soon it is asked again.
const AGAIN: Duration = Duration::from_millis(20);
/// People read in one page.
const PAGE: u32 = 1000;

/// A place in the ledger of the simulated Teams, to look back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    requests: usize,
    messages: usize,
}

/// Everything that the bench of crashes stands on. It sends nothing itself.
pub struct ProvingGround {
    stentor: Stentor,
    simulated: Simulated,
}

impl ProvingGround {
    /// Opens it: the simulator in this process, and a private Postgres that goes with it.
    ///
    /// # Errors
    /// When one of them does not start.
    pub async fn open(settings: Settings, simulation: Simulation) -> anyhow::Result<Self> {
        let (stentor, simulated) = house(settings, simulation).await?;
        Ok(Self { stentor, simulated })
    }

    /// The clock of this process.
    pub fn clock(&self) -> &dyn Clock {
        &*self.stentor.clock
    }

    /// Where everything of it lies; gone when it is closed.
    pub fn directory(&self) -> Option<&Path> {
        self.stentor.ground.managed.as_ref().map(|managed| managed.data_dir())
    }

    /// The process number of Postgres' postmaster.
    pub fn postmaster(&self) -> Option<u32> {
        self.stentor.ground.managed.as_ref().map(|managed| managed.postmaster_pid())
    }

    /// Starts Postgres again after it was killed.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn restart_postgres(&mut self) -> anyhow::Result<()> {
        if let Some(managed) = self.stentor.ground.managed.take() {
            self.stentor.ground.managed = Some(managed.start_again().await?);
        }
        Ok(())
    }

    /// Writes down how a worker in a process of its own comes to this Postgres and to this Teams.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_settings(&self) -> anyhow::Result<PathBuf> {
        let managed = self.stentor.ground.managed.as_ref().context("the ground has a Postgres of its own")?;
        let (access, file) = (&self.simulated.access, managed.data_dir().join("worker.toml"));
        let text = format!(
            "[database]\nurl = {:?}\n[teams]\ncloud = \"custom\"\ntenant_id = {:?}\napp_id = {:?}\nclient_secret = {:?}\n\
             manifest_id = {:?}\n[teams.custom]\nlogin_url = {:?}\ngraph_url = {:?}\nbot_url = {:?}\n",
            managed.url(),
            access.tenant_id,
            access.app_id,
            access.client_secret,
            access.manifest_id,
            access.login_url,
            access.graph_url,
            access.bot_url,
        );
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(file)
    }

    /// Lets the chat with everybody be known, as if earlier broadcasts had learnt it.
    ///
    /// # Errors
    /// When the directory or the database does not answer.
    pub async fn introduce_everybody(&self) -> anyhow::Result<()> {
        self.stentor.people().sync(Reading::Changes, |_| {}).await?;
        let chats: Vec<(EntraId, ConversationId)> = self.world(|world| {
            let people = world.organisation().people().iter();
            people.map(|person| (EntraId(person.id), ConversationId(world.chat_id(person.number)))).collect()
        });
        for some in chats.chunks(5000) {
            self.stentor.ground.store.learn_chats(self.stentor.tenant, some).await?;
        }
        Ok(())
    }

    /// When the sends of a broadcast started, in order, by our record. Those of a worker that died are missing.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn starts(&self, id: BroadcastId) -> anyhow::Result<Vec<Timestamp>> {
        self.stentor.starts(id, Step::Send).await
    }

    /// When sends arrived, in order, each with its status.
    pub fn sends(&self) -> Vec<(Timestamp, u16)> {
        self.world(|world| {
            let requests = world.ledger().requests().iter();
            let sends = requests.filter(|request| request.bucket == crate::simulator::Bucket::Send);
            sends.map(|request| (request.at, request.status)).collect()
        })
    }

    /// Messages beyond the first of the same content to the same person.
    pub fn duplicates(&self) -> u64 {
        self.world(|world| world.ledger().duplicates())
    }

    /// Accepts a broadcast to everybody.
    ///
    /// # Errors
    /// When it is not accepted.
    pub async fn submit(&self, title: &str, when_in_doubt: WhenInDoubt) -> anyhow::Result<BroadcastId> {
        let deadline_at = self.clock().now() + Duration::from_secs(72 * 3600);
        let draft = Draft {
            content: Content { title: title.to_owned(), ..sample_content() },
            going: Going::Chat,
            treatment: Treatment { when_in_doubt, urgent: false, deadline_at, tolerance: TOLERANCE },
            audience: Audience::Everyone,
            schedule: None,
            author: None,
            expire_after: None,
            accept_partial: false,
        };
        Ok(submit::submit(&self.stentor.people(), draft, |_| {}).await?.broadcast)
    }

    /// What we say of a broadcast.
    ///
    /// # Errors
    /// When the database stays away.
    pub async fn report(&self, id: BroadcastId) -> anyhow::Result<BroadcastReport> {
        let report = self.patiently(async || self.stentor.store.report(self.stentor.tenant, id).await).await?;
        report.context("a broadcast that was accepted is there")
    }

    /// What we say of each of its people.
    ///
    /// # Errors
    /// When the database stays away.
    pub async fn deliveries(&self, id: BroadcastId) -> anyhow::Result<BTreeMap<EntraId, DeliveryReport>> {
        let (mut all, mut after): (BTreeMap<_, _>, Option<RecipientKey>) = (BTreeMap::new(), None);
        loop {
            let (store, tenant) = (&self.stentor.store, self.stentor.tenant);
            let page = self.patiently(async || store.deliveries(tenant, id, after, PAGE).await).await?;
            let Some((last, _)) = page.last() else { return Ok(all) };
            after = Some(*last);
            all.extend(page.into_iter().map(|(_, report)| (report.entra_id, report)));
        }
    }

    /// How the tenant is held at this instant.
    ///
    /// # Errors
    /// When the database stays away.
    pub async fn holding(&self) -> anyhow::Result<Holding> {
        Ok(self.patiently(async || self.stentor.ground.store.holding(self.stentor.tenant).await).await?)
    }

    /// Who has a settling fact at this instant.
    ///
    /// # Errors
    /// When the database stays away.
    pub async fn settled(&self, id: BroadcastId) -> anyhow::Result<BTreeSet<EntraId>> {
        let (store, tenant) = (&self.stentor.ground.store, self.stentor.tenant);
        Ok(self.patiently(async || store.settled_people(tenant, id).await).await?.into_iter().collect())
    }

    /// Forgets the way to everybody.
    ///
    /// # Errors
    /// When the database stays away.
    pub async fn forget_routes(&self) -> anyhow::Result<()> {
        Ok(self.patiently(async || self.stentor.ground.store.forget_routes(self.stentor.tenant).await).await?)
    }

    /// Repeats a question while the database is away: it was killed on purpose.
    async fn patiently<T>(&self, mut ask: impl AsyncFnMut() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let clock = self.clock();
        let give_up_at = clock.monotonic() + PATIENCE;
        loop {
            match ask().await {
                Err(error) if error.is_transient() && clock.monotonic() < give_up_at => {
                    clock.sleep_until(clock.monotonic() + AGAIN).await;
                }
                done => return done,
            }
        }
    }

    fn world<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        let world = self.simulated.simulator.world();
        let world: MutexGuard<'_, World> = world.lock().unwrap_or_else(PoisonError::into_inner);
        look(&world)
    }

    /// Lets people of the organisation join, change and leave.
    pub fn turn_over(&self, turnover: Turnover) {
        let world = self.simulated.simulator.world();
        world.lock().unwrap_or_else(PoisonError::into_inner).turn_over(turnover, self.stentor.clock.now());
    }

    /// Lets the directory forget the places among its changes that it gave out.
    pub fn forget_changes(&self, refused: Refused) {
        let world = self.simulated.simulator.world();
        world.lock().unwrap_or_else(PoisonError::into_inner).forget_changes(refused);
    }

    /// How many people the organisation has.
    pub fn people(&self) -> u64 {
        self.world(|world| world.expected().total as u64)
    }

    /// How many requests the directory was asked.
    pub fn directory_requests(&self) -> u64 {
        let ledger = self.world(World::ledger_summary);
        ledger.requests.get(&crate::simulator::Bucket::Directory).copied().unwrap_or_default()
    }

    /// How many 429s were given.
    pub fn throttled(&self) -> u64 {
        self.world(World::ledger_summary).throttled
    }

    /// The end of the ledger at this instant.
    pub fn place(&self) -> Place {
        self.world(|world| Place {
            requests: world.ledger().requests().len(),
            messages: world.ledger().messages().len(),
        })
    }

    /// Who got how many messages with this title since `place` (and before `until`), by the ledger.
    pub fn told(&self, place: Place, title: &str, until: Option<Timestamp>) -> BTreeMap<EntraId, u64> {
        self.world(|world| {
            let ledger = world.ledger();
            let (mut told, mut known) = (BTreeMap::new(), BTreeMap::new());
            let in_time = |at: Timestamp| until.is_none_or(|until| at < until);
            for message in ledger.messages().iter().skip(place.messages).filter(|message| in_time(message.at)) {
                let is_it = *known.entry(message.content).or_insert_with(|| {
                    ledger.content(message.content).is_some_and(|content| content.to_string().contains(title))
                });
                if is_it {
                    let id = EntraId(world.organisation().person(message.person).id);
                    *told.entry(id).or_default() += 1;
                }
            }
            told
        })
    }

    /// When the first request after `at` arrived, `place` being before it.
    pub fn first_request_after(&self, place: Place, at: Timestamp) -> Option<Timestamp> {
        self.world(|world| {
            let requests = world.ledger().requests().get(place.requests..)?;
            requests.iter().map(|request| request.at).find(|arrived| *arrived > at)
        })
    }

    /// Everybody who can be told, whatever we say about it: the organisation itself knows.
    pub fn reachable(&self) -> BTreeMap<EntraId, String> {
        self.world(|world| {
            let can = |standing| matches!(standing, Standing::Warm | Standing::WithoutBot);
            let people = world.organisation().people().iter().filter(|person| can(person.standing));
            people.map(|person| (EntraId(person.id), person.display_name())).collect()
        })
    }

    /// Stops everything in order.
    ///
    /// # Errors
    /// When something did not stop in order.
    pub async fn close(self) -> anyhow::Result<()> {
        self.stentor.close().await?;
        self.simulated.close().await
    }
}
