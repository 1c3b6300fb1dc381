//! The wire between a process and Teams: the [`Messenger`] port over the simulator's world, in process.
//!
//! What is asked and what is answered is the world's own; what an answer means is read by the very code that reads it
//! from HTTP (`adapters/teams/hearing.rs`). Only the bytes between are missing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::points::Call;
use super::process::{Fate, Process};
use super::story::Weather;
use crate::adapters::teams::{Received, Unanswered, hearing, retry_after};
use crate::domain::cloud::{Cloud, CloudProfile};
use crate::domain::ids::{RequestId, TeamsAppId};
use crate::domain::outcome::{Outcome, Step};
use crate::domain::time::{Monotonic, Timestamp};
use crate::ports::{Answer, Clock, Messenger, Request};
use crate::simulator::activity::Activity;
use crate::simulator::answer::{self, Body};
use crate::simulator::odata::Filter;
use crate::simulator::settings::SimulatorSettings;
use crate::simulator::world::{AppQuery, Caller, Opening, World};

/// As the real client: from the first byte to the last.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// As the real client: a request handed over in time may reach the wire so much later.
const CONNECT_TIMEOUT_MILLISECONDS: u64 = 3_000;

#[derive(Default)]
struct Tokens {
    graph: Option<(String, Monotonic)>,
    bot: Option<(String, Monotonic)>,
    /// 401s whose token was dropped at once: the next request to forget has nothing more to do.
    heeded: u32,
}

/// One process's way to Teams.
pub struct TeamsWire {
    process: Arc<Process>,
    tokens: Mutex<Tokens>,
}

type Heard = Result<Received, Unanswered>;

impl TeamsWire {
    /// The way of `process`.
    pub fn of(process: &Arc<Process>) -> Self {
        Self { process: Arc::clone(process), tokens: Mutex::default() }
    }

    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token for a call, if there is one.
    fn token(&self, call: Call) -> Option<String> {
        let now = self.process.clock.monotonic();
        let tokens = self.tokens();
        let token = if call.is_for_the_bot() { &tokens.bot } else { &tokens.graph };
        token.as_ref().filter(|(_, dead_at)| *dead_at > now).map(|(text, _)| text.clone())
    }

    async fn exchange<N>(
        &self,
        call: Call,
        leaves: impl FnOnce() -> Result<(), N> + Send,
        effect: impl FnOnce(&mut World, Timestamp) -> answer::Answer + Send + 'static,
    ) -> Result<Heard, N> {
        let (stage, fate) = (Arc::clone(&self.process.stage), self.fate(call));
        let heard = self.process.exchange(call, fate, leaves, move || stage.in_world(effect)).await?;
        Ok(match heard.filter(|answer| !answer.is_lost) {
            Some(answer) => Ok(self.received(answer)),
            None => {
                let what = if fate.silence.is_empty() { "connection reset" } else { fate.silence };
                Err(Unanswered { what, detail: format!("no answer ({what})") })
            }
        })
    }

    fn received(&self, answer: answer::Answer) -> Received {
        let header = answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
        let retry_after = header.and_then(|(_, text)| retry_after(text, self.process.clock.now()));
        let body = match answer.body {
            Body::Empty => Vec::new(),
            Body::Json(value) => value.to_string().into_bytes(),
            Body::Html(text) | Body::Text(text) => text.into_bytes(),
        };
        Received { status: answer.status, retry_after, request_id: None, units: None, body, cut: None }
    }

    /// What becomes of the next `call`.
    fn fate(&self, call: Call) -> Fate {
        let stage = &self.process.stage;
        let drawn = self.process.draw_for(call);
        let weather = if stage.is_calm() { Weather::FAIR } else { stage.story.weather };
        let chance = (drawn >> 40) as f64 / f64::from(1 << 24);
        let spread = drawn & 0xffff;
        let milliseconds = |from: u64, to: u64| Duration::from_millis(from + spread % (to - from));
        let quick = milliseconds(20, 400);
        // Not every request finds a connection open.
        let out = if drawn & 0x70000 == 0 { milliseconds(1, CONNECT_TIMEOUT_MILLISECONDS) } else { quick / 2 };
        let mut edge = weather.teams_refused;
        if chance < edge {
            return Fate { effect_after: None, heard_after: quick, is_heard: false, silence: "connect refused" };
        }
        edge += weather.teams_lost_before;
        if chance < edge {
            let heard_after = milliseconds(20, 20_000);
            return Fate { effect_after: None, heard_after, is_heard: false, silence: "connection reset" };
        }
        edge += weather.teams_lost_after;
        if chance < edge {
            let heard_after = (out + milliseconds(20, 20_000)).min(REQUEST_TIMEOUT);
            return Fate { effect_after: Some(out), heard_after, is_heard: false, silence: "connection reset" };
        }
        edge += weather.teams_slow;
        if chance < edge {
            let slow = milliseconds(400, 30_000);
            let (is_heard, heard_after) = (slow <= REQUEST_TIMEOUT, slow.min(REQUEST_TIMEOUT));
            return Fate {
                effect_after: Some(out.max(slow / 2)),
                heard_after: heard_after.max(out),
                is_heard,
                silence: "timeout",
            };
        }
        Fate { effect_after: Some(out), heard_after: out + quick, is_heard: true, silence: "" }
    }

    async fn fetch(&self, scope: &str) -> Result<(String, Monotonic), Answer> {
        let asked_at = self.process.clock.monotonic();
        let ids = SimulatorSettings::default();
        let fields = [
            ("grant_type", "client_credentials".to_owned()),
            ("client_id", ids.app.to_string()),
            ("client_secret", ids.client_secret),
            ("scope", scope.to_owned()),
        ];
        let form: BTreeMap<String, String> = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let tenant = ids.tenant.to_string();
        let effect = move |world: &mut World, now| world.token(&Caller::default(), &tenant, Ok(&form), now);
        let leaves = || Ok::<(), std::convert::Infallible>(());
        let Ok(heard) = self.exchange(Call::Token, leaves, effect).await;
        let grant = hearing::of_token(heard)?;
        let life = grant.life(self.process.clock.now());
        Ok((grant.access_token, asked_at + life))
    }

    /// One request for a person; `Err` when it was never made.
    async fn request(&self, request: &Request, id: RequestId, not_after: Monotonic) -> Result<Heard, Answer> {
        let call = match request.step() {
            Step::Check => Call::Check,
            Step::Install => Call::Install,
            Step::Resolve => Call::Resolve,
            Step::Send | Step::Replace | Step::Withdraw => Call::Send,
            Step::Create => Call::Create,
            // No story tells of these yet.
            Step::Notify | Step::NotifyMany => return Err(Outcome::NotStarted.into()),
        };
        self.process.stage.look(|scene| scene.oracle.is_asked(&self.process, request));
        let bearer = Arc::new(Mutex::new(None));
        let missed = || self.process.clock.missed();
        let missed_before = missed();
        let leaves = || {
            let never = || Answer::from(Outcome::NotStarted);
            if self.process.clock.monotonic() > not_after {
                return Err(never());
            }
            let token = self.token(call).ok_or_else(never)?;
            *bearer.lock().unwrap_or_else(PoisonError::into_inner) = Some(token);
            // A machine that was suspended between the question and the wire cannot know: its stopwatch stood still.
            if missed() == missed_before {
                self.process.stage.look(|scene| scene.oracle.starts(&scene.record, &self.process, request));
            }
            Ok(())
        };
        let (token, asked) = (Arc::clone(&bearer), request.clone());
        let effect = move |world: &mut World, now| {
            let bearer = token.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let number = id.to_string();
            carry_out(world, &Caller { bearer: bearer.as_deref(), request_id: Some(&number) }, &asked, now)
        };
        let heard = self.exchange(call, leaves, effect).await?;
        if heard.as_ref().is_ok_and(|received| received.status == 401) {
            self.refused(call, bearer.lock().unwrap_or_else(PoisonError::into_inner).as_deref());
        }
        Ok(heard)
    }

    fn refused(&self, call: Call, bearer: Option<&str>) {
        let mut tokens = self.tokens();
        let token = if call.is_for_the_bot() { &mut tokens.bot } else { &mut tokens.graph };
        if token.as_ref().is_some_and(|(text, _)| Some(text.as_str()) == bearer) {
            *token = None;
        }
        tokens.heeded += 1;
    }
}

/// The request as the world's doors take it.
fn carry_out(world: &mut World, caller: &Caller<'_>, request: &Request, now: Timestamp) -> answer::Answer {
    match request {
        Request::Check { user, app } => {
            let filter = Filter::parse(&format!("teamsApp/id eq '{}'", app.0)).ok();
            let query = AppQuery { filter, expand: vec!["teamsApp".to_owned()] };
            world.installed_apps(caller, &user.to_string(), Ok(query), now)
        }
        Request::Install { user, app } => {
            let bad = |_| answer::Answer::graph_error(400, "BadRequest", "Invalid bind property.");
            world.install(caller, &user.to_string(), Uuid::try_parse(&app.0).map_err(bad), now)
        }
        Request::Resolve { user, installation } => world.chat(caller, &user.to_string(), &installation.0, now),
        Request::Send { conversation, activity, .. } => {
            world.send(caller, &conversation.0, Activity::read(activity.as_bytes()), now)
        }
        Request::Create { user } => {
            let tenant = Some(SimulatorSettings::default().tenant.to_string());
            let bot = format!("28:{}", SimulatorSettings::default().app);
            let opening = Opening { bot, member: user.to_string(), tenant, activity: None };
            world.create_conversation(caller, Ok(opening), now)
        }
        // No story tells of these yet.
        Request::FindChat { .. }
        | Request::CheckTeam { .. }
        | Request::InstallInTeam { .. }
        | Request::FindChannel { .. }
        | Request::Post { .. }
        | Request::Notify { .. }
        | Request::NotifyMany { .. }
        | Request::Replace { .. }
        | Request::Withdraw { .. } => answer::Answer::empty(501),
    }
}

/// The scopes of Graph and of the connector, in the cloud that is simulated.
fn scopes() -> (String, String) {
    CloudProfile::published(Cloud::Global).map(|it| (it.graph_scope, it.bot_scope)).unwrap_or_default()
}

#[async_trait]
impl Messenger for TeamsWire {
    async fn warm_up(&self, _: bool) -> Result<(), Answer> {
        if self.token(Call::Check).is_none() {
            let token = self.fetch(&scopes().0).await?;
            self.tokens().graph = Some(token);
        }
        if self.token(Call::Send).is_none() {
            let token = self.fetch(&scopes().1).await?;
            self.tokens().bot = Some(token);
        }
        Ok(())
    }

    async fn perform(&self, request: &Request, id: RequestId, not_after: Monotonic) -> Answer {
        let answer = match self.request(request, id, not_after).await {
            Ok(heard) => hearing::of_request(request, heard),
            Err(never_made) => never_made,
        };
        self.process.stage.look(|scene| scene.oracle.answered(&self.process, request.step(), &answer));
        answer
    }

    async fn find_app(&self, id: RequestId) -> Result<TeamsAppId, Answer> {
        let manifest = SimulatorSettings::default().external_id.to_string();
        let bearer = match self.token(Call::FindApp) {
            Some(token) => token,
            None => {
                let token = self.fetch(&scopes().0).await?;
                self.tokens().graph = Some(token.clone());
                token.0
            }
        };
        let (token, wanted) = (bearer.clone(), manifest.clone());
        let effect = move |world: &mut World, now| {
            let filter = format!("externalId eq '{wanted}' and distributionMethod eq 'organization'");
            let query = AppQuery { filter: Filter::parse(&filter).ok(), expand: Vec::new() };
            let number = id.to_string();
            world.apps(&Caller { bearer: Some(&token), request_id: Some(&number) }, Ok(query), now)
        };
        let Ok(heard) = self.exchange(Call::FindApp, || Ok::<(), std::convert::Infallible>(()), effect).await;
        if heard.as_ref().is_ok_and(|received| received.status == 401) {
            self.refused(Call::FindApp, Some(&bearer));
        }
        hearing::of_catalogue(&manifest, heard)
    }

    fn forget_tokens(&self) {
        let mut tokens = self.tokens();
        match tokens.heeded.checked_sub(1) {
            Some(left) => tokens.heeded = left,
            None => (tokens.graph, tokens.bot) = (None, None),
        }
    }

    fn use_bot_host(&self, _: &str) {}
}
