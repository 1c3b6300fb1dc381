//! What Microsoft says: tokens, the clock, permissions, the catalogue, the bot; and one test person.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;

use super::Notes;
use crate::adapters::postgres::condition::TenantCondition;
use crate::adapters::teams::permissions::{self, Uses};
use crate::adapters::teams::{CloudProfile, Dated, TeamsClient, TeamsClientSettings, TokenTold};
use crate::app::trial::{self, Trial};
use crate::domain::check::Check;
use crate::domain::cloud::Availability;
use crate::domain::content::Content;
use crate::domain::ids::{RequestId, TeamsAppId};
use crate::domain::outcome::{Outcome, Remedy};
use crate::domain::reason::HaltReason;
use crate::ports::{Answer, Clock, Messenger, Random};

const CLOUD: (&str, &str) = ("cloud", "This cloud lets an app reach people by itself");
const GRAPH_TOKEN: (&str, &str) = ("graph_token", "Entra gives a token for Graph");
const BOT_TOKEN: (&str, &str) = ("bot_token", "Entra gives a token for the bot");
const CLOCK: (&str, &str) = ("clock", "This machine and Microsoft agree what time it is");
const CATALOGUE: (&str, &str) = ("catalogue", "The app is in the organisation's Teams catalogue");
const BOT: (&str, &str) = ("bot", "The bot is registered and allowed");
const PERSON: (&str, &str) = ("test_person", "The test person may be written to");

/// Worth a look: machines that keep time are within a second.
const SKEW_WARNING: TimeDelta = TimeDelta::seconds(60);
/// Entra and the Bot Framework forgive five minutes.
const SKEW_FAILURE: TimeDelta = TimeDelta::minutes(5);

/// Whoever examines what Microsoft says.
pub(super) struct Clinic {
    settings: TeamsClientSettings,
    client: TeamsClient,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    app: Mutex<Option<TeamsAppId>>,
}

/// The lines that nobody can look at, and why.
pub(super) fn not_checked(why: &str) -> Vec<Check> {
    let unchecked = |(name, promise)| Check::not_checked(name, promise, why);
    let first = [CLOUD, GRAPH_TOKEN, BOT_TOKEN, CLOCK].map(unchecked);
    let last = [CATALOGUE, BOT].map(unchecked);
    first.into_iter().chain(permissions::not_checked(why)).chain(last).collect()
}

/// The lines of a test person who cannot be written to, and why.
pub(super) fn not_tried(why: &str) -> Vec<Check> {
    let (name, promise) = PERSON;
    std::iter::once(Check::not_checked(name, promise, why)).chain(trial::not_made(why)).collect()
}

impl Clinic {
    /// Makes the client; nothing is sent yet.
    ///
    /// # Errors
    /// What of the settings cannot work.
    pub(super) fn open(
        settings: TeamsClientSettings,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> anyhow::Result<Self> {
        let client = TeamsClient::new(settings.clone(), Arc::clone(&clock), Arc::clone(&random))?;
        Ok(Self { settings, client, clock, random, app: Mutex::default() })
    }

    pub(super) const fn settings(&self) -> &TeamsClientSettings {
        &self.settings
    }

    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    fn id(&self) -> RequestId {
        RequestId::new(self.random.next_u64(), self.random.next_u64())
    }

    /// Six requests at most: two tokens, the catalogue (twice where it may not be read), the bot.
    pub(super) async fn examine(&self, known: Option<&TenantCondition>, notes: &mut Notes<'_>) {
        notes.add(reach(&self.settings.cloud));
        let (graph, bot) = (self.client.graph_token().await, self.client.bot_token().await);
        let login = self.settings.cloud.login_url.as_str();
        let (name, promise) = GRAPH_TOKEN;
        notes.add(match &graph {
            Ok(told) => {
                Check::ok(name, promise).remark(format!("{} roles", told.as_ref().map_or(0, |it| it.roles.len())))
            }
            Err(answer) => no_answer(name, promise, answer, login),
        });
        let (name, promise) = BOT_TOKEN;
        notes.add(match &bot {
            Ok(()) => Check::ok(name, promise),
            Err(answer) => no_answer(name, promise, answer, login),
        });
        notes.add(self.client.dated().map_or_else(
            || Check::not_checked(CLOCK.0, CLOCK.1, "no answer said what time it was"),
            |dated| skew(&dated),
        ));
        self.examine_graph(graph, known, notes).await;
        let (name, promise) = BOT;
        notes.add(match bot {
            Err(_) => Check::not_checked(name, promise, "there is no token for the bot"),
            Ok(()) => self.bot().await,
        });
    }

    async fn examine_graph(
        &self,
        token: Result<Option<TokenTold>, Answer>,
        known: Option<&TenantCondition>,
        notes: &mut Notes<'_>,
    ) {
        const NO_TOKEN: &str = "there is no token for Graph";
        let (name, promise) = CATALOGUE;
        match token {
            Err(_) => {
                notes.add_all(permissions::not_checked(NO_TOKEN));
                notes.add(Check::not_checked(name, promise, NO_TOKEN));
                return;
            }
            Ok(None) => notes.add_all(permissions::not_checked("the token cannot be read")),
            Ok(Some(told)) => {
                let uses = Uses {
                    holder: self.settings.app_holder.is_some(),
                    groups: known.is_some_and(|it| it.has_groups),
                    feeds: known.is_some_and(|it| it.has_feeds),
                    posts: known.is_some_and(|it| it.has_posts),
                };
                notes.add_all(permissions::held_against(&told.roles, &uses));
            }
        }
        notes.add(match self.client.find_app(self.id()).await {
            Ok(app) => {
                let found = Check::ok(name, promise).remark(format!("as {}", app.0));
                *self.app.lock().unwrap_or_else(PoisonError::into_inner) = Some(app);
                found
            }
            Err(answer) => no_answer(name, promise, &answer, self.settings.cloud.graph_url.as_str()),
        });
    }

    async fn bot(&self) -> Check {
        let (name, promise) = BOT;
        let Err(answer) = self.client.ask_for_nobody(self.id()).await else { return Check::ok(name, promise) };
        match &answer.outcome {
            Outcome::NeedsRemedy(Remedy::Token, _) => {
                let reason = HaltReason::TokenRefused;
                let cure = format!("{} For an older bot of the multi-tenant kind set teams.bot.", reason.cure());
                Check::failed(name, promise, reason.sentence(), cure)
            }
            Outcome::NeedsRemedy(Remedy::BotHost(host), _) => {
                let detail = format!("Teams names another host for this tenant: {host}");
                let cure = "Set teams.cloud to the cloud of that host, or teams.bot_url to it.";
                Check::failed(name, promise, detail, cure)
            }
            Outcome::Refused(..)
            | Outcome::Throttled { .. }
            | Outcome::Transient(_)
            | Outcome::Lost(_)
            | Outcome::NotStarted => {
                let host = self.settings.cloud.bot_url.as_ref().map_or("", url::Url::as_str);
                no_answer(name, promise, &answer, host)
            }
            // Whatever it thinks of a chat with nobody, it knows the bot.
            _ => Check::ok(name, promise),
        }
    }

    /// Writes to one person, who was named for it.
    pub(super) async fn try_on(&self, person: &str, notes: &mut Notes<'_>) {
        let (name, promise) = PERSON;
        let app = self.app.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(app) = app else {
            notes.add_all(not_tried("the app was not found in the catalogue"));
            return;
        };
        let found = match self.client.find_person(person, self.id()).await {
            Ok(Some(found)) => match found.account.barrier() {
                None => Ok(found),
                Some(reason) => Err(Check::failed(name, promise, reason.sentence(), reason.remedy())),
            },
            Ok(None) => {
                let cure = "Write her user principal name, as Entra shows it, or her object id.";
                Err(Check::failed(name, promise, format!("the directory knows nobody called {person}"), cure))
            }
            Err(answer) => Err(no_answer(name, promise, &answer, self.settings.cloud.graph_url.as_str())),
        };
        let found = match found {
            Ok(found) => found,
            Err(check) => {
                notes.add(check);
                notes.add_all(trial::not_made("the line above failed"));
                return;
            }
        };
        notes.add(Check::ok(name, promise));
        let trial = Trial {
            messenger: &self.client,
            clock: &*self.clock,
            random: &*self.random,
            app,
            user: found.entra_id,
            activity: Arc::from(message().activity(false).to_string()),
        };
        notes.add_all(trial.run().await);
    }
}

fn message() -> Content {
    Content {
        title: "A test by Stentor".to_owned(),
        body: "Your administrator tries whether announcements reach people. **They do.** There is nothing to be done."
            .to_owned(),
        ..Content::default()
    }
}

/// What the cloud is known not to allow.
fn reach(cloud: &CloudProfile) -> Check {
    let (name, promise) = CLOUD;
    let word = cloud.cloud.name();
    let feed = match cloud.features.activity_feed {
        Availability::Yes => "",
        Availability::Uncertain => "; whether it has an activity feed, Microsoft's pages do not agree",
        Availability::No => "; it has no activity feed",
    };
    match cloud.features.proactive_install {
        Availability::Yes => Check::ok(name, promise).remark(format!("{word}{feed}")),
        Availability::Uncertain => {
            let remark = format!("{word}: Microsoft's pages contradict each other; --send-to tries it{feed}");
            Check::ok(name, promise).remark(remark)
        }
        Availability::No => {
            let detail = format!("in {word} an app cannot be installed for people by itself{feed}");
            let cure = "Install it for everybody with a setup policy in the Teams admin centre, and let Teams reach the bot \
                        (bot.public_url): it then tells of each person's chat.";
            Check::failed(name, promise, detail, cure).as_warning()
        }
    }
}

/// A failure; where there was no answer at all, with the host that should have given one.
fn no_answer(name: &'static str, promise: &'static str, answer: &Answer, url: &str) -> Check {
    if answer.status.is_none() && matches!(answer.outcome, Outcome::Transient(_) | Outcome::Lost(_)) {
        let cure = format!(
            "Let this machine reach {url} (network.proxy, network.connect_to, your firewall, DNS), and check teams.cloud."
        );
        return Check::failed(name, promise, answer.detail.clone().unwrap_or_default(), cure);
    }
    trial::failed(name, promise, answer)
}

/// `Date` is in whole seconds, so the true instant lies within the second after it.
fn skew(dated: &Dated) -> Check {
    let (name, promise) = CLOCK;
    let ahead = dated.asked_at - (dated.theirs + TimeDelta::seconds(1));
    let behind = dated.theirs - dated.answered_at;
    let (by, side) = if ahead >= behind { (ahead, "ahead of") } else { (behind, "behind") };
    if by < SKEW_WARNING {
        return Check::ok(name, promise).remark("to a minute");
    }
    let detail = format!("this machine's clock is {} s {side} Microsoft's", by.num_seconds());
    let check = Check::failed(
        name,
        promise,
        detail,
        "Set the time and keep it: `timedatectl set-ntp true`, or another NTP client. Tokens and signatures are refused from five minutes.",
    );
    if by < SKEW_FAILURE { check.as_warning() } else { check }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::check::Verdict;
    use crate::domain::cloud::Cloud;
    use crate::domain::time::Timestamp;

    #[test]
    fn a_clock_that_is_off_is_told_with_its_side_from_a_minute_on() {
        let now: Timestamp = "2026-11-24T10:00:00.7Z".parse().unwrap();
        let seen = |theirs: TimeDelta| skew(&Dated { asked_at: now, theirs: now + theirs, answered_at: now });
        assert_eq!(seen(TimeDelta::zero()).verdict, Verdict::Ok);
        assert_eq!(seen(TimeDelta::seconds(-59)).verdict, Verdict::Ok);
        let ahead = seen(TimeDelta::seconds(-200));
        assert_eq!(ahead.verdict, Verdict::Warning);
        assert!(ahead.places[0].detail.contains("199 s ahead of"), "{ahead:?}");
        let behind = seen(TimeDelta::seconds(600));
        assert_eq!(behind.verdict, Verdict::Failure);
        assert!(behind.places[0].detail.contains("600 s behind"), "{behind:?}");
        let slow = skew(&Dated {
            asked_at: now,
            theirs: now + TimeDelta::seconds(90),
            answered_at: now + TimeDelta::seconds(100),
        });
        assert_eq!(slow.verdict, Verdict::Ok, "a slow answer is no wrong clock");
    }

    #[test]
    fn what_a_cloud_cannot_do_is_told() {
        let of = |cloud| reach(&CloudProfile::published(cloud).unwrap());
        assert_eq!(of(Cloud::Global).verdict, Verdict::Ok);
        assert!(of(Cloud::GccHigh).remark.contains("--send-to tries it"));
        let china = of(Cloud::China);
        assert!(china.verdict == Verdict::Warning && china.cure.contains("setup policy"), "{china:?}");
    }
}
