//! A notification on the wire: where it goes, whom it names, and its body.
//!
//! Source: Microsoft Graph v1.0, `sendActivityNotification` of a user, a team and a chat, and
//! `sendActivityNotificationToRecipients` (read November 2026).

use serde_json::{Value, json};

use super::wire::encoded;
use crate::domain::ids::TeamsAppId;
use crate::domain::notification::{Notification, Scope, Topic};
use crate::ports::Notified;

/// The address of the action, and its recipient unless the address names her. `base` is Graph with its version.
pub fn addressed(base: &str, to: &Notified, scope: &Scope) -> (String, Option<Value>) {
    const ACTION: &str = "sendActivityNotification";
    let (place, team, chat) = match scope {
        Scope::User => {
            let user = match to {
                Notified::Person(user) => user.to_string(),
                Notified::PersonNamed(name) => encoded(name),
                Notified::TeamMembers | Notified::ChannelMembers(_) | Notified::ChatMembers => String::new(),
            };
            return (format!("{base}/users/{user}/teamwork/{ACTION}"), None);
        }
        Scope::Team(team) => (format!("teams/{team}"), team.to_string(), String::new()),
        Scope::Chat(chat) => (format!("chats/{}", encoded(&chat.0)), String::new(), chat.0.clone()),
    };
    let recipient = match to {
        Notified::Person(user) => person(&user.to_string()),
        Notified::PersonNamed(name) => person(name),
        Notified::TeamMembers => typed("teamMembersNotificationRecipient", &[("teamId", &team)]),
        Notified::ChannelMembers(channel) => {
            typed("channelMembersNotificationRecipient", &[("teamId", &team), ("channelId", &channel.0)])
        }
        Notified::ChatMembers => typed("chatMembersNotificationRecipient", &[("chatId", &chat)]),
    };
    (format!("{base}/{place}/{ACTION}"), Some(recipient))
}

/// Where a notification goes, and its body.
pub fn request(base: &str, to: &Notified, said: &Notification, chain: i64, app: &TeamsAppId) -> (String, String) {
    let (url, recipient) = addressed(base, to, &said.scope);
    (url, body(base, said, chain, app, recipient.map(|recipient| ("recipient", recipient))))
}

/// Somebody, by object id or user principal name.
pub fn person(user: &str) -> Value {
    typed("aadUserNotificationRecipient", &[("userId", user)])
}

fn typed(kind: &str, members: &[(&str, &str)]) -> Value {
    let mut recipient = json!({"@odata.type": format!("microsoft.graph.{kind}")});
    for (name, value) in members {
        recipient[*name] = json!(value);
    }
    recipient
}

/// The body, for whoever is named in `recipients`.
pub fn body(
    base: &str,
    said: &Notification,
    chain: i64,
    app: &TeamsAppId,
    recipients: Option<(&str, Value)>,
) -> String {
    let topic = match &said.topic {
        Topic::App => {
            let object = match &said.scope {
                Scope::User => format!("appCatalogs/teamsApps/{}", encoded(&app.0)),
                Scope::Team(team) => format!("teams/{team}"),
                // As Microsoft's examples have it: this is a value in a body, not an address that is asked.
                Scope::Chat(chat) => format!("chats/{}", chat.0),
            };
            json!({"source": "entityUrl", "value": format!("{base}/{object}")})
        }
        Topic::Entity(address) => json!({"source": "entityUrl", "value": address}),
        Topic::Text { title, link } => json!({"source": "text", "value": title, "webUrl": link}),
    };
    let parameters: Vec<Value> =
        said.parameters.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    let mut body = json!({
        "topic": topic,
        "activityType": said.activity_type,
        "chainId": chain,
        "previewText": {"content": said.preview},
        "templateParameters": parameters,
    });
    if said.names_app {
        body["teamsAppId"] = json!(app.0);
    }
    if let Some(icon) = &said.icon {
        body["iconId"] = json!(icon);
    }
    if let Some((name, value)) = recipients {
        body[name] = value;
    }
    body.to_string()
}
