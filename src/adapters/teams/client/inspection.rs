//! What an examination asks of Teams: few requests, which change nothing and which no worker's quota counts.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::HeaderValue;
use serde::Deserialize;
use uuid::Uuid;

use super::super::classify::Operation;
use super::super::hearing;
use super::super::transport::Dated;
use super::TeamsClient;
use crate::domain::ids::{ConversationId, RequestId};
use crate::domain::outcome::Outcome;
use crate::domain::reason::Reason;
use crate::ports::{Answer, Person};

/// What a token says of itself. Nothing is decided by it: whoever is shown the token reads it for herself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TokenTold {
    /// The application permissions that are consented to.
    #[serde(default)]
    pub roles: Vec<String>,
    /// The tenant that it is for.
    #[serde(default)]
    pub tid: Option<Uuid>,
}

impl TeamsClient {
    /// Fetches a token for Graph, and reads it; `None` when it cannot be read, which is its right.
    ///
    /// # Errors
    /// The answer to act on.
    pub async fn graph_token(&self) -> Result<Option<TokenTold>, Answer> {
        Ok(told(&self.graph_tokens.token(Duration::ZERO).await?.header))
    }

    /// Fetches a token for the bot connector.
    ///
    /// # Errors
    /// The answer to act on.
    pub async fn bot_token(&self) -> Result<(), Answer> {
        self.bot_tokens.token(Duration::ZERO).await.map(|_| ())
    }

    /// How the last answer was dated.
    pub fn dated(&self) -> Option<Dated> {
        self.transport.dated()
    }

    /// Asks who is in the chat of the bot with nobody. The connector says first what it thinks of the bot; a bot that it
    /// knows has no such chat. Nobody is written to.
    ///
    /// Source: Teams platform, table of status codes of the connector: what concerns the bot itself is 401 or 403 with a code of
    /// its own. That it is told before the chat is looked up is inferred.
    ///
    /// # Errors
    /// The answer, whatever it says: that there is no such chat, mostly.
    pub async fn ask_for_nobody(&self, id: RequestId) -> Result<(), Answer> {
        let nobody = ConversationId(format!("19:{}_{}@unq.gbl.spaces", Uuid::nil(), self.connector.app_id()));
        let call = self.call(&id, self.get(&self.connector.members_url(&nobody)));
        hearing::success(Operation::Send, self.exchange(Operation::Send, call).await?).map(|_| ())
    }

    /// Somebody, by object id or user principal name; `None` when the directory does not know her.
    ///
    /// # Errors
    /// The answer to act on.
    pub async fn find_person(&self, name: &str, id: RequestId) -> Result<Option<Person>, Answer> {
        match self.look_up(Operation::Directory, self.get(&self.graph.user_url(name)), &id).await {
            Ok(received) => self.graph.one(&received.body).map(Some).ok_or_else(|| hearing::unreadable(&received)),
            Err(Answer { outcome: Outcome::Rejected(Reason::NotFound), .. }) => Ok(None),
            Err(answer) => Err(answer),
        }
    }
}

/// The claims within `Bearer …`, if it is a token of the readable kind.
fn told(header: &HeaderValue) -> Option<TokenTold> {
    let claims = header.to_str().ok()?.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_read_from_a_token_and_an_opaque_one_is_none() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"roles": ["User.Read.All"], "tid": null, "other": 1}"#);
        let header = HeaderValue::from_str(&format!("Bearer e30.{claims}.x")).unwrap();
        assert_eq!(told(&header), Some(TokenTold { roles: vec!["User.Read.All".to_owned()], tid: None }));
        assert_eq!(told(&HeaderValue::from_static("Bearer opaque")), None);
        assert_eq!(told(&HeaderValue::from_static("Bearer a.!.c")), None);
    }
}
