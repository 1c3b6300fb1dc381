//! What a bot sends: one activity, checked against the protocol before anybody receives it.
//!
//! Source: Bot Framework REST v3 (ConnectorAPI.json) and Teams platform, "Format your bot messages": about
//! 100 KB for the whole message counted in UTF-16, without the images that are embedded in base64.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::chance;

/// The largest message, in bytes of UTF-16.
const MESSAGE_BYTES_MAX: usize = 100 * 1024;

const ADAPTIVE_CARD: &str = "application/vnd.microsoft.card.adaptive";

/// One message as a person will see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Stands for what the person reads: text, summary and attachments.
    pub hash: u64,
    /// The whole of it.
    pub content: Arc<Value>,
}

/// An activity that may be delivered.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// The messages it is split into: one, unless text stands beside a card or there are several cards.
    pub parts: Vec<Part>,
}

impl Activity {
    /// Reads the body of a send.
    ///
    /// # Errors
    /// The answer that the connector gives to a body which it does not accept.
    pub fn read(body: &[u8]) -> Result<Self, Answer> {
        let text = std::str::from_utf8(body).map_err(|_| bad("Activity is not UTF-8."))?;
        let value: Value = serde_json::from_str(text).map_err(|error| bad_syntax(&error.to_string()))?;
        if message_bytes(text, &value) > MESSAGE_BYTES_MAX {
            return Err(Answer::connector_error(413, "MessageSizeTooBig", "Message size too large."));
        }
        Self::from_value(&value)
    }

    /// Reads an activity that stands inside another body, with the same limit to its size.
    ///
    /// # Errors
    /// As [`Activity::read`].
    pub fn within(value: &Value) -> Result<Self, Answer> {
        if message_bytes(&value.to_string(), value) > MESSAGE_BYTES_MAX {
            return Err(Answer::connector_error(413, "MessageSizeTooBig", "Message size too large."));
        }
        Self::from_value(value)
    }

    /// Takes an activity that was read, whatever its size.
    ///
    /// # Errors
    /// As [`Activity::read`], but for the size.
    pub fn from_value(value: &Value) -> Result<Self, Answer> {
        let Value::Object(activity) = value else { return Err(bad("Activity must be an object.")) };
        match activity.get("type").and_then(Value::as_str) {
            Some("message") => {}
            Some(other) => return Err(bad(&format!("Activity type '{other}' is not accepted here."))),
            None => return Err(bad("Activity type is required.")),
        }
        let cards = cards(activity)?;
        let text = text(activity)?;
        if cards.is_empty() && text.is_none() {
            return Err(bad("Activity must include text or attachments."));
        }
        let parts = text.map(|text| part(activity, "text", json!(text)));
        let cards = cards.iter().map(|card| part(activity, "attachments", json!([card])));
        Ok(Self { parts: parts.into_iter().chain(cards).collect() })
    }
}

fn text(activity: &Map<String, Value>) -> Result<Option<&str>, Answer> {
    match activity.get("text") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok((!text.is_empty()).then_some(text.as_str())),
        Some(_) => Err(bad("Activity text must be a string.")),
    }
}

fn cards(activity: &Map<String, Value>) -> Result<&[Value], Answer> {
    let attachments = match activity.get("attachments") {
        None | Some(Value::Null) => return Ok(&[]),
        Some(Value::Array(attachments)) => attachments,
        Some(_) => return Err(bad("Activity attachments must be an array.")),
    };
    attachments.iter().try_for_each(check_card).map(|()| attachments.as_slice())
}

fn check_card(attachment: &Value) -> Result<(), Answer> {
    match attachment.get("contentType").and_then(Value::as_str) {
        Some(ADAPTIVE_CARD) => {}
        other => return Err(bad(&format!("Unknown attachment type '{}'.", other.unwrap_or_default()))),
    }
    let content = attachment.get("content").unwrap_or(&Value::Null);
    let is_text = |member: &str| content.get(member).is_some_and(Value::is_string);
    let is_list = |member: &str| content.get(member).is_none_or(Value::is_array);
    match content.get("type").and_then(Value::as_str) {
        Some("AdaptiveCard") if is_text("version") && is_list("body") && is_list("actions") => Ok(()),
        _ => Err(bad("Attachment content is not an Adaptive Card with a version.")),
    }
}

/// The activity with only one of its texts and cards, and without what differs from person to person.
fn part(activity: &Map<String, Value>, member: &str, value: Value) -> Part {
    const ADDRESS: [&str; 9] = [
        "id",
        "from",
        "recipient",
        "conversation",
        "serviceUrl",
        "channelId",
        "timestamp",
        "localTimestamp",
        "replyToId",
    ];
    let mut content = activity.clone();
    content.retain(|name, _| !ADDRESS.contains(&name.as_str()) && name != "text" && name != "attachments");
    content.insert(member.to_owned(), value);
    let read = json!([content.get("summary"), content.get("text"), content.get("attachments")]);
    Part { hash: chance::text(&read.to_string()), content: Arc::new(Value::Object(content)) }
}

fn message_bytes(text: &str, value: &Value) -> usize {
    2 * text.encode_utf16().count().saturating_sub(embedded_image_units(value))
}

fn embedded_image_units(value: &Value) -> usize {
    match value {
        // Base64 is ASCII: as many units as bytes.
        Value::String(text) if text.starts_with("data:image/") && text.contains(";base64,") => text.len(),
        Value::Array(items) => items.iter().map(embedded_image_units).sum(),
        Value::Object(members) => members.values().map(embedded_image_units).sum(),
        _ => 0,
    }
}

fn bad(message: &str) -> Answer {
    Answer::connector_error(400, "BadArgument", message)
}

fn bad_syntax(message: &str) -> Answer {
    Answer::connector_error(400, "BadSyntax", format!("Could not parse the request body: {message}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card() -> Value {
        json!({"contentType": ADAPTIVE_CARD, "content": {"type": "AdaptiveCard", "version": "1.5", "body": []}})
    }

    fn status(activity: &Value) -> u16 {
        Activity::read(activity.to_string().as_bytes()).map_or_else(|answer| answer.status, |_| 201)
    }

    #[test]
    fn text_beside_a_card_is_split_in_two() {
        let activity = json!({"type": "message", "text": "Read this", "attachments": [card()]});
        let read = Activity::from_value(&activity).expect("text and a card are accepted");
        assert_eq!(read.parts.len(), 2);
        assert_ne!(read.parts[0].hash, read.parts[1].hash);
    }

    #[test]
    fn the_address_is_no_part_of_what_is_read() {
        let plain = json!({"type": "message", "attachments": [card()]});
        let addressed =
            json!({"type": "message", "attachments": [card()], "conversation": {"id": "x"}, "channelId": "msteams"});
        assert_eq!(Activity::from_value(&plain), Activity::from_value(&addressed));
    }

    #[test]
    fn what_the_protocol_does_not_know_is_refused() {
        let other = json!({"contentType": "application/vnd.microsoft.card.hero", "content": {}});
        let no_version = json!({"contentType": ADAPTIVE_CARD, "content": {"type": "AdaptiveCard"}});
        for activity in [
            json!([]),
            json!({"attachments": [card()]}),
            json!({"type": "typing"}),
            json!({"type": "message"}),
            json!({"type": "message", "attachments": [other]}),
            json!({"type": "message", "attachments": [no_version]}),
            json!({"type": "message", "text": 5}),
        ] {
            assert_eq!(status(&activity), 400, "{activity}");
        }
    }

    #[test]
    fn size_is_counted_in_utf_16_and_without_embedded_images() {
        let of = |text: String| {
            let body = json!([{"type": "TextBlock", "text": text}]);
            json!({"type": "message", "attachments": [{"contentType": ADAPTIVE_CARD,
                "content": {"type": "AdaptiveCard", "version": "1.5", "body": body}}]})
        };
        assert_eq!(status(&of("a".repeat(50_000))), 201);
        assert_eq!(status(&of("a".repeat(51_300))), 413);
        assert_eq!(status(&of("ü".repeat(50_000))), 201, "one unit, although two bytes in UTF-8");
        assert_eq!(status(&of("😀".repeat(25_700))), 413, "two units each");
        assert_eq!(status(&of(format!("data:image/png;base64,{}", "A".repeat(200_000)))), 201);
    }
}
