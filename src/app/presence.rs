//! Whether the app is where it must be: in the organisation's catalogue, and in the team in whose name people are notified.
//!
//! What refuses everybody is better told to whoever hands a broadcast in than by a halt.

use std::time::Duration;

use super::people::PeopleError;
use crate::domain::ids::{GroupId, RequestId, TeamsAppId};
use crate::domain::outcome::{Fact, Outcome};
use crate::ports::{Answer, Clock, Messenger, Random, Request};

/// How often it is looked whether an installed app can be seen in its team.
const LOOKS_FOR_APP: u8 = 10;
/// How long it is waited after each look.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Whether the app is in a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    There,
    /// It was not, and is now.
    Brought,
    /// It is not.
    Missing,
    /// It is not, and Teams refused to install it, in the words given.
    Refused(String),
    /// Nobody would say, and why.
    Untold(String),
}

/// What looking for the app needs.
#[derive(Clone, Copy)]
pub struct Usher<'a> {
    /// Who speaks to Teams.
    pub messenger: &'a dyn Messenger,
    /// Time.
    pub clock: &'a dyn Clock,
    /// Chance, for the requests' own numbers.
    pub random: &'a dyn Random,
    /// How long one request may take.
    pub request_timeout: Duration,
}

impl Usher<'_> {
    /// Asks for the app in the organisation's catalogue.
    ///
    /// Whatever else is the matter may pass before the broadcast's turn comes, and the worker tells of it then.
    ///
    /// # Errors
    /// [`PeopleError::Refused`].
    pub async fn check_app(&self) -> Result<(), PeopleError> {
        match self.messenger.find_app(self.id()).await {
            Err(Answer { outcome: Outcome::Refused(_, reason), detail, .. }) => {
                Err(PeopleError::Refused { reason, detail })
            }
            _ => Ok(()),
        }
    }

    /// Whether the app is in `team`.
    ///
    /// # Errors
    /// [`PeopleError::Refused`].
    pub async fn look_for_app_in(&self, team: GroupId) -> Result<Presence, PeopleError> {
        match self.ask_team(team, |team, app| Request::CheckTeam { team, app }).await?.outcome {
            Outcome::Learnt(Fact::Installed(_)) => Ok(Presence::There),
            Outcome::Learnt(Fact::NotInstalled) => Ok(Presence::Missing),
            other => Ok(Presence::Untold(other.label().to_owned())),
        }
    }

    /// Installs the app in `team` where it is not, and waits some seconds until it can be seen there. What the app may not
    /// find out or do is left to the run, which halts when the app is not there.
    ///
    /// # Errors
    /// [`PeopleError::Refused`].
    pub async fn bring_app_to(&self, team: GroupId) -> Result<Presence, PeopleError> {
        match self.look_for_app_in(team).await? {
            Presence::Missing => {}
            found => return Ok(found),
        }
        match self.ask_team(team, |team, app| Request::InstallInTeam { team, app }).await? {
            Answer { outcome: Outcome::Learnt(Fact::InstallAccepted | Fact::AlreadyInstalled), .. } => {
                self.wait_for_app_in(team).await
            }
            Answer { detail, outcome, .. } => {
                let why = detail.unwrap_or_else(|| outcome.label().to_owned());
                let is_definite = matches!(outcome, Outcome::Refused(..) | Outcome::Rejected(_));
                Ok(if is_definite { Presence::Refused(why) } else { Presence::Untold(why) })
            }
        }
    }

    /// Teams accepts an installation before it shows it; whoever is notified in between would be refused.
    async fn wait_for_app_in(&self, team: GroupId) -> Result<Presence, PeopleError> {
        for _ in 0..LOOKS_FOR_APP {
            if self.look_for_app_in(team).await? == Presence::There {
                return Ok(Presence::Brought);
            }
            self.clock.sleep_until(self.clock.monotonic() + LOOK_EVERY).await;
        }
        Ok(Presence::Untold("it was installed, and Teams does not show it yet".to_owned()))
    }

    /// One request about a team, made again a few times while it passes by itself.
    async fn ask_team(
        &self,
        team: GroupId,
        request: impl Fn(GroupId, TeamsAppId) -> Request,
    ) -> Result<Answer, PeopleError> {
        let mut answer = Answer::from(Outcome::NotStarted);
        for wait in [0, 1, 2] {
            self.clock.sleep_until(self.clock.monotonic() + Duration::from_secs(wait)).await;
            let app = match self.messenger.find_app(self.id()).await {
                Ok(app) => app,
                Err(Answer { outcome: Outcome::Refused(_, reason), detail, .. }) => {
                    return Err(PeopleError::Refused { reason, detail });
                }
                Err(other) => {
                    answer = other;
                    continue;
                }
            };
            let not_after = self.clock.monotonic() + self.request_timeout;
            answer = self.messenger.perform(&request(team, app), self.id(), not_after).await;
            if !matches!(answer.outcome, Outcome::Throttled { .. } | Outcome::Transient(_) | Outcome::NotStarted) {
                break;
            }
        }
        Ok(answer)
    }

    fn id(&self) -> RequestId {
        RequestId::new(self.random.next_u64(), self.random.next_u64())
    }
}
