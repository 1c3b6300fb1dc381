//! To whom a notification goes, in the types that the document has for it.
//!
//! Source: Microsoft Graph v1.0, the resource types derived from "teamworkNotificationRecipient".

use serde_json::{Map, Value};

use super::{Answer, Scope, bad, given, object, required, text};

/// So many people fit in one request.
const PEOPLE_MAX: usize = 100;

/// One recipient, as named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// A person, by object id or by user principal name.
    Person(String),
    /// Everybody in a channel.
    Channel {
        /// The team.
        team: String,
        /// The channel.
        channel: String,
    },
    /// Everybody in a team.
    Team(String),
    /// Everybody in a chat.
    Chat(String),
}

pub(super) fn read(body: &Map<String, Value>, scope: Scope) -> Result<Vec<Recipient>, Answer> {
    match scope {
        Scope::User => Ok(Vec::new()),
        Scope::Team | Scope::Chat => {
            let recipient = given(body, "recipient").ok_or_else(|| required("recipient"))?;
            Recipient::read(recipient, scope).map(|recipient| vec![recipient])
        }
        Scope::Bulk => {
            let recipients = given(body, "recipients").ok_or_else(|| required("recipients"))?;
            let recipients = recipients.as_array().ok_or_else(|| bad("Invalid value specified for 'recipients'."))?;
            if !(1..=PEOPLE_MAX).contains(&recipients.len()) {
                let text = format!("The parameter 'recipients' must name between 1 and {PEOPLE_MAX} recipients.");
                return Err(bad(&text));
            }
            recipients.iter().map(|recipient| Recipient::read(recipient, scope)).collect()
        }
    }
}

impl Recipient {
    /// The name of the type is a must: without it nobody can tell what kind of recipient is meant.
    fn read(value: &Value, scope: Scope) -> Result<Self, Answer> {
        let of_type = value.get("@odata.type").and_then(Value::as_str).unwrap_or_default();
        let kind = of_type.strip_prefix('#').unwrap_or(of_type).strip_prefix("microsoft.graph.").unwrap_or_default();
        let members = |known: &[&str]| object(value, "recipient", known);
        let named = |members: &Map<String, Value>, name: &str| text(members, name)?.ok_or_else(|| required(name));
        match (kind, scope) {
            ("aadUserNotificationRecipient", _) => Ok(Self::Person(named(members(&["userId"])?, "userId")?)),
            ("channelMembersNotificationRecipient", Scope::Team) => {
                let members = members(&["teamId", "channelId"])?;
                Ok(Self::Channel { team: named(members, "teamId")?, channel: named(members, "channelId")? })
            }
            ("teamMembersNotificationRecipient", Scope::Team) => {
                Ok(Self::Team(named(members(&["teamId"])?, "teamId")?))
            }
            ("chatMembersNotificationRecipient", Scope::Chat) => {
                Ok(Self::Chat(named(members(&["chatId"])?, "chatId")?))
            }
            _ => Err(bad(&format!("A recipient of type '{of_type}' is not accepted here."))),
        }
    }
}
