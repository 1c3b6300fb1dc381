//! The bot connector: where a message goes, how a chat is opened, and what an acceptance says.

use std::sync::{PoisonError, RwLock};

use serde_json::json;
use url::Url;
use uuid::Uuid;

use super::wire::{self, encoded};
use crate::domain::cloud::{CloudProfile, base};
use crate::domain::ids::{ConversationId, EntraId, MessageId};
use crate::domain::outcome::{Fact, Outcome};

/// The connector of one tenant, at the host that Teams last named.
#[derive(Debug)]
pub struct Connector {
    cloud: CloudProfile,
    tenant_id: Uuid,
    app_id: Uuid,
    /// Without a slash at its end.
    base: RwLock<String>,
}

impl Connector {
    pub fn new(cloud: CloudProfile, tenant_id: Uuid, app_id: Uuid, bot_url: &Url) -> Self {
        Self { cloud, tenant_id, app_id, base: RwLock::new(base(bot_url)) }
    }

    /// Where an activity for this chat goes: to `service_url`, which Teams named with the chat, if a token may be sent
    /// there; otherwise where everybody's goes.
    pub fn activities_url(&self, conversation: &ConversationId, service_url: Option<&str>) -> String {
        let named =
            service_url.and_then(|named| named.parse().ok()).filter(|url: &Url| self.cloud.allows_service_url(url));
        let ours = || self.base.read().unwrap_or_else(PoisonError::into_inner).clone();
        let base = named.map_or_else(ours, |url| base(&url));
        format!("{base}/v3/conversations/{}/activities", encoded(&conversation.0))
    }

    /// Where a message of a chat is, for those who replace or delete it.
    pub fn activity_url(
        &self,
        conversation: &ConversationId,
        message: &MessageId,
        service_url: Option<&str>,
    ) -> String {
        format!("{}/{}", self.activities_url(conversation, service_url), encoded(&message.0))
    }

    pub const fn app_id(&self) -> Uuid {
        self.app_id
    }

    pub fn conversations_url(&self) -> String {
        let base = self.base.read().unwrap_or_else(PoisonError::into_inner);
        format!("{base}/v3/conversations")
    }

    /// Who is in a chat.
    pub fn members_url(&self, conversation: &ConversationId) -> String {
        let base = self.base.read().unwrap_or_else(PoisonError::into_inner);
        format!("{base}/v3/conversations/{}/pagedmembers?pageSize=50", encoded(&conversation.0))
    }

    /// Asks for the chat of `user` with the bot. An object id is understood in personal scope only, where the app is
    /// installed.
    pub fn opening(&self, user: EntraId) -> Vec<u8> {
        let (app, tenant) = (self.app_id, self.tenant_id);
        let body = json!({
            "isGroup": false,
            "bot": {"id": format!("28:{app}")},
            "members": [{"id": user.to_string()}],
            "tenantId": tenant,
            "channelData": {"tenant": {"id": tenant}},
        });
        body.to_string().into_bytes()
    }

    /// Begins a thread in a channel with `activity`, which is JSON already.
    pub fn post(&self, channel: &ConversationId, activity: &str) -> Vec<u8> {
        let (app, tenant) = (self.app_id, self.tenant_id);
        let head = json!({
            "isGroup": true,
            "bot": {"id": format!("28:{app}")},
            "channelData": {"channel": {"id": channel.0}, "tenant": {"id": tenant}},
        });
        // The activity is long, the same for every channel, and JSON already.
        let head = head.to_string();
        let open = head.strip_suffix('}').unwrap_or(&head);
        format!("{open},\"activity\":{activity}}}").into_bytes()
    }

    /// The same message as `activity`, under its own id.
    pub fn replacement(message: &MessageId, activity: &str) -> Vec<u8> {
        let id = json!(message.0);
        let rest = activity.strip_prefix('{').unwrap_or(activity);
        format!("{{\"id\":{id},{rest}").into_bytes()
    }

    /// Goes on at `named`, if a token may be sent there. A name without a path means the same path on that host.
    pub fn use_host(&self, named: &str) {
        let allowed = named.parse().ok().filter(|url| self.cloud.allows_service_url(url));
        let Some(mut url): Option<Url> = allowed else {
            tracing::warn!(named, "Teams named a bot host that is not on this cloud's list; ignored");
            return;
        };
        url.set_query(None);
        url.set_fragment(None);
        let mut current = self.base.write().unwrap_or_else(PoisonError::into_inner);
        if let (Ok(old), "/") = (current.parse::<Url>(), url.path()) {
            url.set_path(old.path());
        }
        let next = base(&url);
        if *current != next {
            tracing::info!(bot_url = next, "Teams named another bot host for this tenant");
            *current = next;
        }
    }
}

/// The message was taken. Some answers name no message (text beside a card is split): taken, but not to be recalled.
pub fn accepted(body: &[u8]) -> Outcome {
    Outcome::Accepted { message_id: wire::id(body).map(MessageId) }
}

/// The thread was begun. Its message is named apart from it.
pub fn posted(body: &[u8]) -> Outcome {
    Outcome::Accepted { message_id: wire::activity_id(body).map(MessageId) }
}

/// The chat was there, or was opened.
pub fn opened(body: &[u8]) -> Option<Outcome> {
    Some(Outcome::Learnt(Fact::Chat(ConversationId(wire::id(body)?))))
}
