//! What is asked of an activity feed: one notification, read from the body of a request and checked as far as that goes
//! without knowing the world.
//!
//! Whatever the document does not know is refused: a property that is silently ignored would hide a client's mistake.
//!
//! Source: Microsoft Graph v1.0, `sendActivityNotification` of userTeamwork, chat and team,
//! `sendActivityNotificationToRecipients` of teamwork.

mod recipients;
mod topic;

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use uuid::Uuid;

pub use self::recipients::Recipient;
pub use self::topic::Topic;
use super::answer::Answer;
use super::manifest::{SYSTEM_DEFAULT, SYSTEM_DEFAULT_TEXT};

/// So many characters of the preview are shown.
pub const PREVIEW_CHARACTERS_MAX: usize = 150;

/// To whom a request may speak, which is also what its address names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One person.
    User,
    /// A team: one member, a channel or all of it.
    Team,
    /// A chat: one member or all of them.
    Chat,
    /// Up to a hundred people.
    Bulk,
}

/// A well-formed notification.
#[derive(Debug, Clone, PartialEq)]
pub struct Notification {
    /// What it is about.
    pub topic: Topic,
    /// Its type, as the manifest declares it.
    pub activity_type: String,
    /// A later one with the same number replaces it.
    pub chain_id: Option<i64>,
    /// The text below the title, in full.
    pub preview: String,
    /// The values of the template's variables.
    pub parameters: BTreeMap<String, String>,
    /// To whom; empty for one person, who stands in the address.
    pub recipients: Vec<Recipient>,
    /// The id of the app in the catalogue.
    pub app: Option<Uuid>,
    /// An icon of the manifest.
    pub icon: Option<String>,
}

impl Scope {
    const fn recipients(self) -> Option<&'static str> {
        match self {
            Self::User => None,
            Self::Team | Self::Chat => Some("recipient"),
            Self::Bulk => Some("recipients"),
        }
    }

    const fn action(self) -> &'static str {
        match self {
            Self::User | Self::Team | Self::Chat => "sendActivityNotification",
            Self::Bulk => "sendActivityNotificationToRecipients",
        }
    }
}

impl Notification {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// 400, naming the parameter that is wrong.
    pub fn read(body: &[u8], scope: Scope) -> Result<Self, Answer> {
        const PARAMETERS: [&str; 7] =
            ["topic", "activityType", "chainId", "previewText", "templateParameters", "teamsAppId", "iconId"];
        let body: Value = serde_json::from_slice(body)
            .map_err(|_| bad("Unable to read JSON request payload. Please ensure it is properly formed."))?;
        let Value::Object(body) = body else { return Err(bad("The request payload must be an object.")) };
        let is_known =
            |name: &&String| PARAMETERS.contains(&name.as_str()) || scope.recipients() == Some(name.as_str());
        if let Some(stray) = body.keys().find(|name| !is_known(name)) {
            let action = scope.action();
            let text =
                format!("The parameter '{stray}' in the request payload is not a valid parameter of '{action}'.");
            return Err(bad(&text));
        }
        let topic = Topic::read(given(&body, "topic").ok_or_else(|| required("topic"))?)?;
        let activity_type = text(&body, "activityType")?.ok_or_else(|| required("activityType"))?;
        let parameters = parameters(&body)?;
        if activity_type == SYSTEM_DEFAULT && !parameters.keys().eq([SYSTEM_DEFAULT_TEXT]) {
            let text =
                format!("The one parameter of '{SYSTEM_DEFAULT}' in templateParameters is '{SYSTEM_DEFAULT_TEXT}'.");
            return Err(bad(&text));
        }
        let app = text(&body, "teamsAppId")?.map(|id| Uuid::try_parse(&id)).transpose();
        Ok(Self {
            topic,
            activity_type,
            chain_id: chain_id(&body)?,
            preview: preview(&body)?,
            parameters,
            recipients: recipients::read(&body, scope)?,
            app: app.map_err(|_| bad("Invalid value specified for 'teamsAppId'."))?,
            icon: text(&body, "iconId")?,
        })
    }

    /// What is shown of the preview.
    pub fn preview_shown(&self) -> String {
        self.preview.chars().take(PREVIEW_CHARACTERS_MAX).collect()
    }
}

/// Sixty-four bits as a JSON number. Text is refused, as the published schemas of the module do.
fn chain_id(body: &Map<String, Value>) -> Result<Option<i64>, Answer> {
    match given(body, "chainId") {
        None => Ok(None),
        Some(value) => value.as_i64().map(Some).ok_or_else(|| bad("Invalid value specified for 'chainId'.")),
    }
}

/// No source says that it may be absent, so it is asked for.
fn preview(body: &Map<String, Value>) -> Result<String, Answer> {
    let preview = given(body, "previewText").ok_or_else(|| required("previewText"))?;
    let preview = object(preview, "previewText", &["content", "contentType"])?;
    match text(preview, "contentType")?.as_deref() {
        None | Some("text") => {}
        Some(_) => return Err(bad("Invalid value specified for 'contentType' of 'previewText'.")),
    }
    text(preview, "content")?.ok_or_else(|| required("content of previewText"))
}

fn parameters(body: &Map<String, Value>) -> Result<BTreeMap<String, String>, Answer> {
    let invalid = || bad("Invalid value specified for 'templateParameters'.");
    let pairs = match given(body, "templateParameters") {
        None => return Ok(BTreeMap::new()),
        Some(value) => value.as_array().ok_or_else(invalid)?,
    };
    let read = |pair: &Value| {
        let pair = object(pair, "templateParameters", &["name", "value"])?;
        let name = text(pair, "name")?.ok_or_else(invalid)?;
        let value = pair.get("value").and_then(Value::as_str).ok_or_else(invalid)?;
        Ok((name, value.to_owned()))
    };
    pairs.iter().map(read).collect()
}

/// A property that is there and not null.
fn given<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.get(name).filter(|value| !value.is_null())
}

/// A text that says something.
fn text(members: &Map<String, Value>, name: &str) -> Result<Option<String>, Answer> {
    match given(members, name) {
        None => Ok(None),
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(bad(&format!("Invalid value specified for '{name}'."))),
    }
}

/// An object with no members but these, and the name of its type.
fn object<'a>(value: &'a Value, what: &str, known: &[&str]) -> Result<&'a Map<String, Value>, Answer> {
    let Value::Object(members) = value else {
        return Err(bad(&format!("Invalid value specified for '{what}'.")));
    };
    match members.keys().find(|name| !known.contains(&name.as_str()) && *name != "@odata.type") {
        None => Ok(members),
        Some(stray) => Err(bad(&format!("The property '{stray}' does not exist on '{what}'."))),
    }
}

fn required(name: &str) -> Answer {
    bad(&format!("The parameter '{name}' is required."))
}

fn bad(message: &str) -> Answer {
    Answer::graph_error(400, "BadRequest", message)
}
