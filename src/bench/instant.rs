//! A Teams that answers at once, in process: what is measured with it is ours alone.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::domain::ids::{ConversationId, EntraId, GroupId, InstallationId, MessageId, RequestId, TeamsAppId};
use crate::domain::outcome::{Fact, Outcome};
use crate::domain::time::Monotonic;
use crate::ports::{Answer, Clock, Messenger, Request};

/// Everybody has the app and takes every message, `latency` after it was asked.
pub struct AtOnce {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// How long each answer takes.
    pub latency: Duration,
}

#[async_trait]
impl Messenger for AtOnce {
    async fn warm_up(&self, _: bool) -> Result<(), Answer> {
        Ok(())
    }

    async fn perform(&self, request: &Request, id: RequestId, not_after: Monotonic) -> Answer {
        let now = self.clock.monotonic();
        if now > not_after {
            return Answer::from(Outcome::NotStarted);
        }
        if !self.latency.is_zero() {
            self.clock.sleep_until(now + self.latency).await;
        }
        let (outcome, status) = match request {
            Request::Check { user: EntraId(id), .. } | Request::CheckTeam { team: GroupId(id), .. } => {
                (Outcome::Learnt(Fact::Installed(InstallationId(id.to_string()))), 200)
            }
            Request::Install { .. } | Request::InstallInTeam { .. } => (Outcome::Learnt(Fact::InstallAccepted), 201),
            Request::Resolve { user, .. } | Request::FindChat { user, .. } | Request::Create { user } => {
                (Outcome::Learnt(Fact::Chat(ConversationId(user.to_string()))), 200)
            }
            Request::FindChannel { team, .. } => (Outcome::Learnt(Fact::Chat(ConversationId(team.to_string()))), 200),
            Request::Notify { .. }
            | Request::NotifyMany { .. }
            | Request::Replace { .. }
            | Request::Withdraw { .. } => (Outcome::Accepted { message_id: None }, 200),
            // As long as the real ones, so that the record is as large.
            Request::Send { .. } | Request::Post { .. } => {
                let number = id.0.as_u128() % 10_u128.pow(13);
                (Outcome::Accepted { message_id: Some(MessageId(format!("{number:013}"))) }, 201)
            }
        };
        Answer { outcome, status: Some(status), detail: None }
    }

    async fn find_app(&self, _: RequestId) -> Result<TeamsAppId, Answer> {
        Ok(TeamsAppId("app".to_owned()))
    }

    fn forget_tokens(&self) {}

    fn use_bot_host(&self, _: &str) {}
}
