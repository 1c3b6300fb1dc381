//! What Teams tells the bot, and what it means for the way to somebody.
//!
//! Whatever comes in is read with a light hand: what is missing is missing, and what nobody here knows means nothing. So
//! no body that is JSON is an error, and nothing outside can make this panic. Whether it may be believed is not decided
//! here (`ports::Doorkeeper`).

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use super::ids::{ConversationId, EntraId};
use super::time::Timestamp;

/// Longer than any id or address that Teams writes; what is longer is none.
const TEXT_BYTES_MAX: usize = 2048;
/// An instant that Teams gives may lie so far ahead of ours. What lies further ahead would outlive whatever is told after
/// it, so it is moved back.
const AHEAD_MAX: Duration = Duration::from_secs(5 * 60);

/// A body that is not the JSON object that Teams posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is not a JSON object")]
pub struct NotAnActivity;

/// One activity, as far as it concerns us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// The channel that it says it came through: `msteams`.
    pub channel: String,
    /// Where it says that answers go, as it was written.
    pub service_url: String,
    /// The tenant that it says it came from; `None` when it names none, or two.
    pub tenant: Option<Uuid>,
    /// What it means; `None` for everything that means nothing to us.
    pub heard: Option<Heard>,
}

/// Something told about one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The person.
    pub user: EntraId,
    /// What.
    pub what: What,
    /// The instant that Teams gave, in UTC; `None` when it gave none.
    pub told_at: Option<Timestamp>,
}

/// What can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// She has the app: this is her chat.
    Reached(Chat),
    /// She does not have the app any more.
    Lost,
    /// She wrote to the bot, so she has the app. What she wrote is not kept.
    Said {
        /// Her chat.
        chat: Chat,
        /// The language that she uses Teams in, as a tag: fr-FR.
        language: Option<String>,
    },
}

/// Her chat with the bot, and where it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    /// Its id.
    pub conversation: ConversationId,
    /// Where Teams wants what is sent to it; ends with one slash.
    pub service_url: String,
}

impl Heard {
    /// Her chat; `None` when she does not have the app any more.
    pub const fn chat(&self) -> Option<&Chat> {
        match &self.what {
            What::Reached(chat) | What::Said { chat, .. } => Some(chat),
            What::Lost => None,
        }
    }

    /// The instant to go by when several things are told about her: the latest is true.
    pub fn holds_from(&self, now: Timestamp) -> Timestamp {
        // The database knows no instants as far back as a text can name.
        self.told_at.map_or(now, |told_at| told_at.clamp(Timestamp::UNIX_EPOCH, now + AHEAD_MAX))
    }
}

impl Activity {
    /// Reads a body.
    ///
    /// # Errors
    /// [`NotAnActivity`] when it is not a JSON object.
    pub fn read(body: &[u8]) -> Result<Self, NotAnActivity> {
        let body: Value = serde_json::from_slice(body).map_err(|_| NotAnActivity)?;
        if !body.is_object() {
            return Err(NotAnActivity);
        }
        let own = |pointer: &str| text(&body, pointer).unwrap_or_default();
        Ok(Self {
            channel: own("/channelId"),
            service_url: own("/serviceUrl"),
            tenant: tenant(&body),
            heard: heard(&body),
        })
    }
}

/// Teams names the tenant in two places. A body that names two tenants is nobody's.
fn tenant(body: &Value) -> Option<Uuid> {
    let named = |pointer| text(body, pointer).map(|id| Uuid::try_parse(&id).ok());
    match (named("/channelData/tenant/id"), named("/conversation/tenantId")) {
        (Some(one), Some(other)) => one.filter(|id| other == Some(*id)),
        (one, other) => one.or(other).flatten(),
    }
}

fn heard(body: &Value) -> Option<Heard> {
    // Teams and channels have events of the same kinds, about other things.
    if text(body, "/conversation/conversationType").as_deref() != Some("personal") {
        return None;
    }
    let user = text(body, "/from/aadObjectId").and_then(|id| Uuid::try_parse(&id).ok()).map(EntraId)?;
    let told_at = text(body, "/timestamp").and_then(|at| at.parse().ok());
    let kind = text(body, "/type")?;
    let what = match (kind.as_str(), text(body, "/action").as_deref()) {
        ("installationUpdate", Some("add" | "add-upgrade")) => What::Reached(chat(body)?),
        ("installationUpdate", Some("remove" | "remove-upgrade")) => What::Lost,
        ("conversationUpdate", _) if adds_the_bot(body) => What::Reached(chat(body)?),
        // With a value it is the press of a button.
        ("message", _) if body.get("value").is_none_or(Value::is_null) => {
            let language = text(body, "/locale").or_else(|| text(body, "/entities/0/locale"));
            What::Said { chat: chat(body)?, language }
        }
        _ => return None,
    };
    Some(Heard { user, what, told_at })
}

fn adds_the_bot(body: &Value) -> bool {
    let Some(bot) = text(body, "/recipient/id") else { return false };
    let added = body.get("membersAdded").and_then(Value::as_array);
    added.is_some_and(|members| members.iter().any(|member| text(member, "/id").as_ref() == Some(&bot)))
}

fn chat(body: &Value) -> Option<Chat> {
    let conversation = ConversationId(text(body, "/conversation/id")?);
    let service_url = format!("{}/", text(body, "/serviceUrl")?.trim_end_matches('/'));
    Some(Chat { conversation, service_url })
}

/// A text that is there, and is neither empty nor longer than anything that Teams writes. Control characters stand in no
/// id, and the database takes not all of them.
fn text(body: &Value, pointer: &str) -> Option<String> {
    let text = body.pointer(pointer)?.as_str()?;
    let sound = !text.is_empty() && text.len() <= TEXT_BYTES_MAX && !text.chars().any(char::is_control);
    sound.then(|| text.to_owned())
}

/// The reply for somebody who uses Teams in `language`: in that very language, in its main form (fr for fr-CA), or in
/// English. `None` when there is none.
pub fn reply_in<'a>(replies: &'a BTreeMap<String, String>, language: Option<&str>) -> Option<&'a str> {
    let in_language = |tag: &str| {
        let found = replies.iter().find(|(known, _)| known.eq_ignore_ascii_case(tag));
        found.map(|(_, reply)| reply.as_str())
    };
    let exact = language.and_then(in_language);
    let main = || language.and_then(|tag| tag.split('-').next()).and_then(in_language);
    exact.or_else(main).or_else(|| in_language("en")).filter(|reply| !reply.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const USER: &str = "55555555-5555-4555-8555-555555555555";
    const TENANT: &str = "11111111-1111-4111-8111-111111111111";

    fn activity(kind: &str, more: &Value) -> Value {
        let mut body = json!({
            "type": kind,
            "timestamp": "2026-11-02T09:20:01.120Z",
            "locale": "fr-FR",
            "channelId": "msteams",
            "serviceUrl": "https://smba.trafficmanager.net/emea",
            "from": {"id": "29:1ExampleUserOpaqueId", "aadObjectId": USER},
            "conversation": {"conversationType": "personal", "tenantId": TENANT, "id": "a:1ExampleConversation"},
            "recipient": {"id": "28:22222222-2222-4222-8222-222222222222", "name": "Company News"},
            "channelData": {"tenant": {"id": TENANT}},
        });
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        body
    }

    fn read(body: &Value) -> Activity {
        Activity::read(body.to_string().as_bytes()).unwrap()
    }

    fn what(kind: &str, more: Value) -> Option<What> {
        read(&activity(kind, &more)).heard.map(|heard| heard.what)
    }

    fn her_chat() -> Chat {
        let service_url = "https://smba.trafficmanager.net/emea/".to_owned();
        Chat { conversation: ConversationId("a:1ExampleConversation".to_owned()), service_url }
    }

    #[test]
    fn an_installation_tells_the_chat_and_a_removal_that_there_is_none() {
        let bot = json!([{"id": "29:somebody"}, {"id": "28:22222222-2222-4222-8222-222222222222"}]);
        assert_eq!(what("installationUpdate", json!({"action": "add"})), Some(What::Reached(her_chat())));
        assert_eq!(what("installationUpdate", json!({"action": "add-upgrade"})), Some(What::Reached(her_chat())));
        assert_eq!(what("conversationUpdate", json!({"membersAdded": bot})), Some(What::Reached(her_chat())));
        assert_eq!(what("installationUpdate", json!({"action": "remove"})), Some(What::Lost));
        assert_eq!(what("installationUpdate", json!({"action": "remove-upgrade"})), Some(What::Lost));
    }

    #[test]
    fn a_message_tells_the_chat_and_the_language_and_a_button_nothing() {
        let said = What::Said { chat: her_chat(), language: Some("fr-FR".to_owned()) };
        assert_eq!(what("message", json!({"text": "Thank you"})), Some(said));
        assert_eq!(what("message", json!({"value": {"acknowledged": true}})), None);
    }

    #[test]
    fn what_is_not_known_or_not_hers_means_nothing() {
        for (kind, more) in [
            ("installationUpdate", json!({"action": "explode"})),
            ("installationUpdate", json!({})),
            ("installationUpdate", json!({"action": "add", "from": {"id": "29:1"}})),
            ("installationUpdate", json!({"action": "add", "from": {"aadObjectId": "nobody"}})),
            ("installationUpdate", json!({"action": "add", "conversation": {"conversationType": "personal"}})),
            (
                "installationUpdate",
                json!({"action": "add", "conversation": {"conversationType": "channel", "id": "19:x"}}),
            ),
            ("conversationUpdate", json!({"membersAdded": [{"id": "29:somebody"}]})),
            ("conversationUpdate", json!({"membersRemoved": [{"id": "28:22222222-2222-4222-8222-222222222222"}]})),
            ("messageReaction", json!({"reactionsAdded": [{"type": "like"}]})),
            ("invoke", json!({"name": "adaptiveCard/action"})),
            ("message", json!({"text": "x", "conversation": {"conversationType": "personal", "id": "a:\u{0}"}})),
            ("message", json!({"text": "x", "conversation": {"conversationType": "personal", "id": "a".repeat(3000)}})),
        ] {
            assert_eq!(what(kind, more.clone()), None, "{kind} {more}");
        }
    }

    #[test]
    fn the_tenant_is_named_once_or_alike() {
        let named = |more: Value| read(&activity("message", &more)).tenant;
        let ours = Uuid::try_parse(TENANT).ok();
        assert_eq!(named(json!({})), ours);
        assert_eq!(named(json!({"channelData": {}})), ours);
        assert_eq!(named(json!({"conversation": {}})), ours);
        assert_eq!(named(json!({"channelData": {"tenant": {"id": USER}}})), None);
        assert_eq!(named(json!({"channelData": {"tenant": {"id": "x"}}})), None);
        assert_eq!(named(json!({"channelData": {}, "conversation": {}})), None);
    }

    #[test]
    fn an_instant_far_ahead_does_not_outlive_what_is_told_after_it() {
        let now: Timestamp = "2026-11-02T09:20:00Z".parse().unwrap();
        let told = |told_at| Heard { user: EntraId(Uuid::nil()), what: What::Lost, told_at }.holds_from(now);
        assert_eq!(told(None), now);
        assert_eq!(told(Some(now - Duration::from_secs(9))), now - Duration::from_secs(9));
        assert_eq!(told(Some(now + Duration::from_secs(9000))), now + AHEAD_MAX);
    }

    #[test]
    fn a_reply_is_in_her_language_or_in_english() {
        let replies = [("en", "Hello"), ("fr", "Bonjour"), ("fr-CA", "Allô"), ("de", "")];
        let replies = replies.map(|(tag, text)| (tag.to_owned(), text.to_owned())).into();
        assert_eq!(reply_in(&replies, Some("FR-ca")), Some("Allô"));
        assert_eq!(reply_in(&replies, Some("fr-FR")), Some("Bonjour"));
        assert_eq!(reply_in(&replies, Some("ja-JP")), Some("Hello"));
        assert_eq!(reply_in(&replies, None), Some("Hello"));
        assert_eq!(reply_in(&replies, Some("de-AT")), None);
        assert_eq!(reply_in(&BTreeMap::new(), Some("en")), None);
    }

    #[test]
    fn the_bodies_kept_from_earlier_trouble_are_read_without_panic() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/activities");
        let files = std::fs::read_dir(folder).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
        let bodies: Vec<Vec<u8>> = files.collect();
        assert!(bodies.len() >= 12);
        let readable = bodies.iter().filter(|body| Activity::read(body).is_ok()).count();
        assert!(readable > 0 && readable < bodies.len());
    }

    /// Any JSON, made of the words that the reader looks for more often than of others.
    fn any_json() -> impl Strategy<Value = Value> {
        let word = prop_oneof![
            Just("installationUpdate".to_owned()),
            Just("conversationUpdate".to_owned()),
            Just("personal".to_owned()),
            Just("add".to_owned()),
            Just(USER.to_owned()),
            "\\PC{0,8}",
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            word.prop_map(Value::from)
        ];
        let keys = [
            "type",
            "action",
            "conversation",
            "conversationType",
            "id",
            "from",
            "aadObjectId",
            "recipient",
            "membersAdded",
            "channelData",
            "tenant",
            "tenantId",
            "serviceUrl",
            "timestamp",
            "value",
            "locale",
            "entities",
        ];
        leaf.prop_recursive(5, 48, 8, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((prop::sample::select(keys.to_vec()), inner), 0..10).prop_map(|members| {
                    Value::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Activity::read(&bytes);
        }

        #[test]
        fn any_json_is_read_without_panic(body in any_json()) {
            prop_assert_eq!(Activity::read(body.to_string().as_bytes()).is_ok(), body.is_object());
        }

        #[test]
        fn a_body_cut_short_is_no_activity(cut in 1_usize..400) {
            let body = activity("installationUpdate", &json!({"action": "add"})).to_string();
            prop_assert_eq!(Activity::read(&body.as_bytes()[..cut.min(body.len() - 1)]), Err(NotAnActivity));
        }
    }
}
