//! Deterministic simulation: whole workers, unchanged, over a record in memory and the simulator's Teams, under a clock
//! that leaps, with everything going wrong that a seed can think of. Two runs of one seed are equal to the byte.
//!
//! Read in this order: `story` (what is drawn), `process` (how a process is killed and frozen at any call),
//! `store_wire` and `teams_wire` (what is lost on the way), `oracle` (what must be true), and this file, which
//! plays one story to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use serde::Serialize;

use self::oracle::Oracle;
use self::points::Point;
use self::process::Process;
use self::stage::{Scene, Stage};
use self::store_wire::StoreWire;
use self::story::{BroadcastPlan, Happening, Story};
use crate::app::control::{Wish, grant};
use crate::app::engine::EngineSettings;
use crate::domain::attributes::Attributes;
use crate::domain::broadcast::{AudienceKind, BroadcastState, NewBroadcast, Schedule, TOLERANCE, Treatment, Way};
use crate::domain::content::Content;
use crate::domain::ids::{BroadcastId, EntraId, RecipientKey, RoundId, TenantKey};
use crate::domain::pacing::{Bucket, Quota};
use crate::domain::retry::RetryPolicy;
use crate::domain::route::Account;
use crate::domain::time::Timestamp;
use crate::ports::{Clock, Person, Submission};
use crate::simulator::clock::TrueTime;
use crate::simulator::entra::SecretState;
use crate::simulator::faults::FaultPlan;
use crate::simulator::memory_store::{Flaw, Record};
use crate::simulator::settings::SimulatorSettings;
use crate::simulator::world::{BotState, World};

mod many;
mod oracle;
mod points;
mod process;
mod stage;
mod store_wire;
mod story;
mod teams_wire;

pub use many::{Failure, Many, run_many};

/// After the calm, everything ends within so long: the longest deadline aside, the longest wait is a probe's minute.
const ENDS_WITHIN: Duration = Duration::from_secs(20 * 60);

/// What became of one story.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// Its seed.
    pub seed: u64,
    /// The promise that was broken, if one was.
    pub complaint: Option<String>,
    /// What happened, one line an event.
    #[serde(skip)]
    pub story: String,
    /// Effects judged.
    pub events: u64,
    /// Virtual seconds that passed.
    pub virtual_seconds: u64,
    /// The named points at which a process died.
    #[serde(skip)]
    pub crashes: BTreeSet<String>,
}

/// Every named point at which a process can die, in words.
pub fn crash_points() -> BTreeSet<String> {
    Point::all().map(|point| point.to_string()).collect()
}

/// Plays the story of `seed` over a record with `flaw`.
///
/// # Errors
/// When the runtime cannot be made.
pub fn run(seed: u64, flaw: Flaw) -> std::io::Result<Verdict> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let _quiet = tracing::subscriber::set_default(tracing::subscriber::NoSubscriber::default());
    Ok(runtime.block_on(play(Story::drawn(seed), flaw)))
}

async fn play(story: Story, flaw: Flaw) -> Verdict {
    let time = TrueTime::beginning_at(beginning());
    let seed = story.seed;
    let (stage, broadcasts) = set_up(story, time, flaw);
    for line in stage.story.in_words() {
        stage.tell("story", || line);
    }
    let director = Director { stage: Arc::clone(&stage), broadcasts, desk: Process::desk(&stage) };
    director.direct().await;
    let complaint = stage.look(|scene| scene.oracle.complaint().map(str::to_owned));
    if let Some(complaint) = &complaint {
        for line in stage.look(|scene| scene.left_behind(stage.tenant)) {
            stage.tell("record", || line);
        }
        stage.tell("judge", || complaint.clone());
    }
    Verdict {
        seed,
        complaint,
        story: stage.story_told(),
        events: stage.events(),
        virtual_seconds: time.elapsed().as_secs(),
        crashes: stage.points_hit().iter().map(ToString::to_string).collect(),
    }
}

/// Every story begins on the same morning.
fn beginning() -> Timestamp {
    Timestamp::from_timestamp(1_795_000_000, 0).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn settings(story: &Story) -> EngineSettings {
    let published = EngineSettings::default().quotas;
    let scaled =
        |quota: Quota| Quota { requests: ((f64::from(quota.requests) * story.quota).round() as u32).max(1), ..quota };
    EngineSettings {
        chunk_size: story.chunk_size,
        expand_slice: story.slice,
        // An hour of backoff teaches nothing that half a minute does not.
        retry: RetryPolicy { longest: Duration::from_secs(30), ..RetryPolicy::default() },
        quotas: published.into_iter().map(|(bucket, quota)| (bucket, scaled(quota))).collect(),
        ..EngineSettings::default()
    }
}

fn set_up(story: Story, time: TrueTime, flaw: Flaw) -> (Arc<Stage>, Vec<Submission>) {
    let ids = SimulatorSettings::default();
    let simulated = SimulatorSettings {
        seed: story.seed,
        people: story.people,
        shares: story.shares,
        quota_factor: story.quota,
        faults: story.faults_of_teams(),
        ..ids.clone()
    };
    let mut world = World::new(&simulated, time.now());
    if story.has_webhook() {
        world.listen();
    }
    let mut record = Record::with_flaw(flaw);
    let tenant = record.tenant(ids.tenant, ids.app);
    let people: Vec<Person> = world.organisation().people().iter().map(person).collect();
    record.keep_people(tenant, &people, time.now());
    let settings = settings(&story);
    let quotas: BTreeMap<Bucket, Quota> = settings.quotas.clone();
    let mut oracle = Oracle::new(tenant, quotas, story.broadcasts.len(), &record, &world);
    let keys: Vec<RecipientKey> = record.people(tenant).map(|person| person.key).collect();
    let broadcasts: Vec<Submission> = story
        .broadcasts
        .iter()
        .enumerate()
        .map(|(place, plan)| submission(tenant, place, plan, &keys, story.database_skew))
        .collect();
    for submission in &broadcasts {
        let NewBroadcast { id, content, treatment, .. } = &submission.broadcast;
        oracle.expect(*id, content.activity(treatment.urgent).to_string(), content.title.clone());
    }
    (Stage::new(story, time, tenant, settings, Scene { record, world, oracle }), broadcasts)
}

fn person(person: &crate::simulator::people::Person) -> Person {
    Person {
        entra_id: EntraId(person.id),
        user_principal_name: person.principal_name(),
        display_name: person.display_name(),
        mail: Some(person.mail()),
        account: Account { guest: person.is_guest(), enabled: person.is_enabled(), licensed: person.has_teams() },
        attributes: Attributes::default(),
    }
}

/// Prepared, if at all, for half of the time that there is.
fn schedule(at: Timestamp, after: Duration, prepares: bool) -> Schedule {
    let start_at = at + after;
    Schedule { start_at, prepare_at: prepares.then(|| at + after / 2), time_zone: "UTC".to_owned() }
}

/// `skew` is the database's: hours are judged by its clock.
fn submission(tenant: TenantKey, place: usize, plan: &BroadcastPlan, keys: &[RecipientKey], skew: i64) -> Submission {
    let at = beginning() + plan.at;
    let by_database = at + TimeDelta::milliseconds(skew);
    let number = place as u64;
    // Nothing is checked at this door; beyond a hundred kilobytes of UTF-16 Teams refuses it for everybody.
    let body = if plan.too_large { "Hello. ".repeat(8_000) } else { "Hello.".to_owned() };
    let content = Content { title: format!("Announcement {place}"), body, ..Content::default() };
    let listed = |every: u64| keys.iter().copied().step_by(usize::try_from(every).unwrap_or(1)).collect();
    Submission {
        tenant,
        broadcast: NewBroadcast {
            id: BroadcastId::new(at, number),
            round: RoundId::new(at, number),
            content,
            treatment: Treatment {
                when_in_doubt: plan.when_in_doubt,
                urgent: plan.urgent,
                deadline_at: at + plan.starts_after.unwrap_or_default() + plan.deadline_after,
                tolerance: TOLERANCE,
            },
            schedule: plan
                .starts_after
                .map(|after| (schedule(by_database, after, plan.prepares), RoundId::new(at, 100 + number))),
            author: None,
            audience: if plan.list.is_some() { AudienceKind::List } else { AudienceKind::Everyone },
            way: Way::Chat,
            expire_at: None,
            expected: None,
            created_at: at,
        },
        list: plan.list.map(listed).unwrap_or_default(),
        lists: vec![],
        draft: None,
    }
}

/// What the director sees to, at its time.
#[derive(Debug, Clone, Copy)]
enum Act {
    Submit(usize),
    Start(usize),
    Happen(Happening),
    CureSecret,
    EnableBot,
}

struct Director {
    stage: Arc<Stage>,
    broadcasts: Vec<Submission>,
    desk: Arc<Process>,
}

impl Director {
    /// Plays the story: misfortune first, then calm, then an orderly end.
    async fn direct(&self) {
        let story = &self.stage.story;
        let mut acts: BTreeMap<(Duration, usize), Act> = BTreeMap::new();
        let mut add = |at: Duration, act: Act| {
            let place = acts.len();
            acts.insert((at, place), act);
        };
        story.broadcasts.iter().enumerate().for_each(|(place, plan)| add(plan.at, Act::Submit(place)));
        story.seats.iter().enumerate().for_each(|(seat, plan)| add(plan.at, Act::Start(seat)));
        story.happenings.iter().for_each(|(at, happening)| add(*at, Act::Happen(*happening)));
        let mut place = acts.len();
        loop {
            for number in self.stage.take_deaths() {
                let Some(seat) = self.stage.seat_of(number) else { continue };
                let at = self.stage.time.elapsed() + story.seats[seat].restarts_after;
                place += 1;
                acts.insert((at, place), Act::Start(seat));
            }
            if self.stage.look(|scene| scene.oracle.is_over()) {
                break;
            }
            let next = acts.keys().next().copied().filter(|(at, _)| *at < story.calm_at);
            let until = next.map_or(story.calm_at, |(at, _)| at);
            tokio::select! {
                biased;
                () = self.stage.cue.notified() => continue,
                () = self.stage.time.until(until) => {}
            }
            let Some(key) = next else { break };
            if let Some(act) = acts.remove(&key) {
                for (after, then) in self.perform(act) {
                    place += 1;
                    acts.insert((key.0 + after, place), then);
                }
            }
        }
        self.end_in_order().await;
    }

    /// Carries out one act; returns what must follow it, and when.
    fn perform(&self, act: Act) -> Vec<(Duration, Act)> {
        let stage = &self.stage;
        match act {
            Act::Submit(place) => {
                let submission = &self.broadcasts[place];
                stage.tell("desk", || format!("submits {}", submission.broadcast.id));
                let done =
                    stage.in_record(&self.desk, points::Call::Desk, |record, clock| record.submit(submission, clock));
                if let Err(error) = done {
                    stage.look(|scene| scene.oracle.complain(|| format!("the submission failed: {error}")));
                }
            }
            Act::Start(seat) => self.start(seat),
            Act::CureSecret => {
                stage.tell("admin", || "renews the secret".to_owned());
                stage.in_world(|world, _| world.set_secret(SecretState::Valid));
            }
            Act::EnableBot => {
                stage.tell("admin", || "switches the bot on".to_owned());
                stage.in_world(|world, _| world.set_bot(BotState::Enabled));
            }
            Act::Happen(happening) => return self.happen(happening),
        }
        Vec::new()
    }

    fn start(&self, seat: usize) {
        if self.stage.in_seat(seat).is_some() {
            return;
        }
        let plan = &self.stage.story.seats[seat];
        let generation = self.stage.generations().get(&seat).copied().unwrap_or(0);
        // Whoever moves starts where nobody can see the predecessor die.
        let host = if plan.moves { plan.host + 10 * generation as u64 } else { plan.host };
        let traps = plan.traps.get(generation).cloned().unwrap_or_default();
        self.stage.enter(Process::start(&self.stage, seat, plan, host, traps));
    }

    fn happen(&self, happening: Happening) -> Vec<(Duration, Act)> {
        let stage = &self.stage;
        stage.tell("world", || format!("{happening:?}"));
        match happening {
            Happening::Strike(seat, blow) => {
                if let Some(process) = stage.in_seat(seat) {
                    process.strike(blow, "out of the blue");
                }
            }
            Happening::Stop(seat) => {
                if let Some(process) = stage.in_seat(seat) {
                    process.ask_to_stop();
                }
            }
            Happening::Jump(seat, milliseconds) => {
                if let Some(process) = stage.in_seat(seat) {
                    process.clock.jump(milliseconds);
                }
            }
            Happening::Wish(place, wish) => self.wish(place, wish),
            Happening::Outage(long) => stage.outage_until(stage.time.elapsed() + long),
            Happening::SecretExpires(long) => {
                stage.in_world(|world, _| {
                    world.set_secret(SecretState::Expired);
                    world.revoke_tokens();
                });
                return vec![(long, Act::CureSecret)];
            }
            Happening::TokensRevoked => stage.in_world(|world, _| world.revoke_tokens()),
            Happening::BotDisabled(long) => {
                stage.in_world(|world, _| world.set_bot(BotState::Disabled));
                return vec![(long, Act::EnableBot)];
            }
            Happening::Reupload => {
                stage.in_world(|world, _| world.reupload());
            }
        }
        Vec::new()
    }

    /// A person wants something; her call may meet misfortune like any other, and then she lets it be.
    fn wish(&self, place: usize, wish: Wish) {
        let (desk, stage) = (Arc::clone(&self.desk), Arc::clone(&self.stage));
        let id = self.broadcasts[place].broadcast.id;
        tokio::spawn(async move {
            let store = StoreWire(Arc::clone(&desk));
            let granted = grant(&store, stage.tenant, id, wish, desk.clock.now()).await;
            stage.tell("desk", || format!("{wish:?} of {id}: {granted:?}"));
        });
    }

    /// Misfortune ends: one healthy process remains, and must bring everything to its end.
    async fn end_in_order(&self) {
        let stage = &self.stage;
        stage.tell("world", || "all misfortune ends".to_owned());
        stage.calm_down();
        stage.in_world(|world, _| {
            world.set_faults(FaultPlan::default());
            world.set_secret(SecretState::Valid);
            world.set_bot(BotState::Enabled);
        });
        for process in stage.present() {
            process.thaw(Duration::ZERO);
        }
        for submission in &self.broadcasts {
            if stage.look(|scene| scene.record.broadcast(stage.tenant, submission.broadcast.id).is_none()) {
                let _ =
                    stage.in_record(&self.desk, points::Call::Desk, |record, clock| record.submit(submission, clock));
            }
        }
        let limit = stage.time.elapsed() + ENDS_WITHIN;
        while !stage.look(|scene| scene.oracle.is_over()) && stage.time.elapsed() < limit {
            if stage.present().is_empty() {
                self.start(0);
            }
            self.resume_what_stands_still().await;
            let until = stage.time.elapsed() + Duration::from_secs(30);
            tokio::select! {
                biased;
                () = stage.cue.notified() => {}
                () = stage.time.until(until) => {}
            }
        }
        if stage.look(|scene| scene.oracle.complaint().is_some()) {
            return;
        }
        for process in stage.present() {
            process.ask_to_stop();
        }
        let patience = stage.time.elapsed() + stage.settings.stop_within + Duration::from_secs(15);
        while !stage.present().is_empty() && stage.time.elapsed() < patience {
            let until = stage.time.elapsed() + Duration::from_millis(500);
            stage.time.until(until).await;
        }
        stage.look(|scene| {
            let Scene { record, oracle, .. } = scene;
            if !stage.present().is_empty() {
                oracle.complain(|| "a process that was asked to stop did not".to_owned());
            }
            oracle.at_the_end(record, |identity| stage.was_killed(identity));
        });
    }

    /// Somebody sees to whatever stands still: it goes on, or ends where it cannot.
    async fn resume_what_stands_still(&self) {
        for (submission, plan) in self.broadcasts.iter().zip(&self.stage.story.broadcasts) {
            let id = submission.broadcast.id;
            let state = self.stage.look(|scene| scene.record.broadcast(self.stage.tenant, id).map(|it| it.state));
            let wish = if plan.too_large { Wish::Cancel } else { Wish::Resume };
            if matches!(state, Some(BroadcastState::Paused | BroadcastState::Halted | BroadcastState::Missed)) {
                let store = StoreWire(Arc::clone(&self.desk));
                let granted = grant(&store, self.stage.tenant, id, wish, self.desk.clock.now()).await;
                self.stage.tell("desk", || format!("{wish:?} of {id}: {granted:?}"));
            }
        }
    }
}
