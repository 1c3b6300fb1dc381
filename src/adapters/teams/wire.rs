//! The JSON that travels, read leniently: names in either casing, either name of a thing, members missing.
//!
//! Nothing here fails on a body that is empty or not JSON: a refusal without a readable body is still a refusal.

use std::time::Duration;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use uuid::Uuid;

use crate::domain::ids::THREAD;
use crate::domain::time::Timestamp;

/// How long a token is trusted whose grant does not say.
const LIFE_UNTOLD: Duration = Duration::from_secs(300);
/// What is kept of a service's words: enough for an administrator, too little to flood a log.
const MESSAGE_CHARACTERS_MAX: usize = 300;

// ------------------------------------------------------------------------------------------------ refusals

/// An answer that is not a success, or the lack of one, in the words of `errors.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refusal {
    /// The HTTP status; 0 when no answer was received.
    pub status: u16,
    /// The service's error code; empty when it gave none.
    pub code: String,
    /// The more precise code inside, if there is one.
    pub inner_code: Option<String>,
    /// The service's message; for status 0, what happened below HTTP.
    pub message: String,
    /// AADSTS numbers, or the connector's `errorCode`.
    pub numbers: Vec<u32>,
    /// How long the service asked us to wait.
    pub retry_after: Option<Duration>,
}

/// No answer, for we do not believe the certificate that was shown.
pub const UNTRUSTED: &str = "certificate";
/// No answer, for the proxy wants a name and a password, or others.
pub const PROXY_REFUSED: &str = "proxy authorization";

impl Refusal {
    /// No answer; `what` in the words of `errors.toml`: timeout, connection reset, connect refused, dns, tls handshake;
    /// or one of the two that concern everybody: an untrusted certificate, a proxy that refuses us.
    pub fn unanswered(what: &str) -> Self {
        Self { message: what.to_owned(), ..Self::default() }
    }

    /// The refusal that these bytes carry, in any of the four shapes.
    pub fn read(status: u16, body: &[u8], retry_after: Option<Duration>) -> Self {
        let mut refusal = match serde_json::from_slice(body) {
            Ok(Value::Object(body)) => Self::from_json(&Value::Object(body)),
            Ok(Value::String(message)) => Self::unanswered(&message),
            _ => Self::unanswered(&plain_text(body)),
        };
        refusal.status = status;
        refusal.retry_after = retry_after;
        refusal.numbers.extend(aadsts_numbers(&refusal.message));
        refusal
    }

    fn from_json(body: &Value) -> Self {
        match member(body, "error") {
            Some(error @ Value::Object(_)) => Self {
                code: text(member(error, "code")),
                inner_code: innermost_code(error),
                message: text(member(error, "message")),
                ..Self::default()
            },
            // Entra: the code stands where the others have an object.
            Some(code) => Self {
                code: text(Some(code)),
                message: text(member(body, "error_description")),
                numbers: numbers(member(body, "error_codes")),
                ..Self::default()
            },
            None => Self::from_flat_json(body),
        }
    }

    /// The connector's other two shapes: `{"errorCode":209,"message":"<JSON text>"}` and `{"message":"…"}`.
    fn from_flat_json(body: &Value) -> Self {
        let message = text(member(body, "message"));
        let numbers = numbers(member(body, "errorCode"));
        let Ok(inner @ Value::Object(_)) = serde_json::from_str(&message) else {
            return Self { code: text(member(body, "code")), message, numbers, ..Self::default() };
        };
        let code = [member(&inner, "subCode"), member(&inner, "errorSubCode"), member(&inner, "errorCode")];
        let code = code.into_iter().map(text).find(|code| !code.is_empty()).unwrap_or_default();
        Self { code, message: text(member(&inner, "details")), numbers, ..Self::default() }
    }

    /// What was asked may have happened all the same: no answer to what was sent, or a gateway's word.
    pub fn may_have_happened(&self) -> bool {
        match self.status {
            0 => {
                let message = self.message.to_ascii_lowercase();
                message.contains("timeout") || message.contains("reset")
            }
            status => matches!(status, 500 | 502 | 504),
        }
    }

    /// The code and message in one bounded line, for the log.
    pub fn detail(&self) -> String {
        let parts = [self.code.as_str(), self.inner_code.as_deref().unwrap_or(""), self.message.as_str()];
        let line = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
        // Services like to quote whom they were asked for; a log may not.
        let word = |word| if str::contains(word, '@') { "***" } else { word };
        bounded(&line.split(' ').map(word).collect::<Vec<_>>().join(" "))
    }
}

/// `text` on one line, without control characters, cut to what a log can bear.
pub fn bounded(text: &str) -> String {
    let words = text.split(|letter: char| letter.is_whitespace() || letter.is_control());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MESSAGE_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

fn plain_text(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * MESSAGE_CHARACTERS_MAX)]);
    // A gateway's page is written for eyes; its words mean nothing to a pattern.
    if text.trim_start().starts_with('<') { String::new() } else { bounded(&text) }
}

fn member<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    let members = object.as_object()?;
    let found = members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value).filter(|value| !value.is_null())
}

fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn numbers(value: Option<&Value>) -> Vec<u32> {
    let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let values = match value {
        Some(Value::Array(values)) => values.iter().filter_map(number).collect(),
        Some(value) => number(value).into_iter().collect::<Vec<_>>(),
        None => Vec::new(),
    };
    values.into_iter().filter_map(|number| u32::try_from(number).ok()).collect()
}

/// Details may nest; the deepest code is the most precise.
fn innermost_code(error: &Value) -> Option<String> {
    let inner = member(error, "innerError")?;
    innermost_code(inner).or_else(|| Some(text(member(inner, "code"))).filter(|code| !code.is_empty()))
}

/// The numbers in `AADSTS7000215: …`: the description repeats them should `error_codes` be missing.
fn aadsts_numbers(message: &str) -> Vec<u32> {
    let after = message.split("AADSTS").skip(1);
    let digits = |rest: &str| rest.split(|letter: char| !letter.is_ascii_digit()).next().and_then(|n| n.parse().ok());
    after.filter_map(digits).collect()
}

// ------------------------------------------------------------------------------------------------ successes

/// An id that may be written as a text or as a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Text(String),
    Number(serde_json::Number),
}

impl Id {
    fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) => (!text.is_empty()).then_some(text),
            Self::Number(number) => Some(number.to_string()),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identified {
    #[serde(default)]
    id: Option<Id>,
    #[serde(default)]
    activity_id: Option<Id>,
}

/// The id of the message that began a thread: told by itself, or as the end of the thread's own id.
pub fn activity_id(body: &[u8]) -> Option<String> {
    let Identified { id, activity_id } = serde_json::from_slice(body).ok()?;
    let at_the_end = |id: Id| id.into_text()?.rsplit_once(THREAD).map(|(_, message)| message.to_owned());
    activity_id.and_then(Id::into_text).or_else(|| id.and_then(at_the_end))
}

/// The `id` of the object in `body`, if there is one.
pub fn id(body: &[u8]) -> Option<String> {
    serde_json::from_slice::<Identified>(body).ok()?.id?.into_text()
}

/// An entry of a list that is either what we hope for or something to be stepped over.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Entry<T> {
    /// As hoped.
    Known(T),
    /// Something else.
    Malformed(IgnoredAny),
}

/// A page of Graph.
#[derive(Deserialize)]
pub struct Page<T> {
    /// The entries; the member itself must be there.
    pub value: Vec<Entry<T>>,
    /// Where the next page is.
    #[serde(rename = "@odata.nextLink", default)]
    pub next: Option<String>,
    /// Of changes: where the later ones will be, on the last page.
    #[serde(rename = "@odata.deltaLink", default)]
    pub later: Option<String>,
}

impl<T> Page<T> {
    /// The entries that could be read.
    pub fn known(self) -> impl Iterator<Item = T> {
        self.value.into_iter().filter_map(|entry| match entry {
            Entry::Known(known) => Some(known),
            Entry::Malformed(_) => None,
        })
    }
}

/// An app of the catalogue. Its name stands under `displayName` or `name`, and nobody here needs it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct App {
    /// The catalogue's id.
    #[serde(default)]
    pub id: Option<String>,
    /// The manifest's id.
    #[serde(default)]
    pub external_id: Option<String>,
    /// Store, organization, sideloaded, in any casing.
    #[serde(default)]
    pub distribution_method: Option<String>,
}

/// An app installed for somebody.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstalledApp {
    /// The installation's id.
    pub id: String,
    /// Which app, when it was asked to be expanded.
    #[serde(default)]
    pub teams_app: Option<App>,
}

/// A person, as far as she was selected. `None` where nothing is said, `Some(None)` where it is said that there is none:
/// among changes that is a difference.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Her object id.
    pub id: Uuid,
    #[serde(default, deserialize_with = "said")]
    pub user_principal_name: Said<String>,
    #[serde(default, alias = "name", deserialize_with = "said")]
    pub display_name: Said<String>,
    #[serde(default, deserialize_with = "said")]
    pub mail: Said<String>,
    #[serde(default, deserialize_with = "said")]
    pub account_enabled: Said<bool>,
    #[serde(default, deserialize_with = "said")]
    pub user_type: Said<String>,
    #[serde(default, deserialize_with = "said")]
    pub assigned_plans: Said<Vec<Plan>>,
    #[serde(default, deserialize_with = "said")]
    pub department: Said<String>,
    #[serde(default, deserialize_with = "said")]
    pub job_title: Said<String>,
    #[serde(default, deserialize_with = "said")]
    pub office_location: Said<String>,
    #[serde(default, deserialize_with = "said")]
    pub country: Said<String>,
    #[serde(default, deserialize_with = "said")]
    pub preferred_language: Said<String>,
    /// Present when she is gone.
    #[serde(rename = "@removed", default)]
    pub removed: Option<IgnoredAny>,
}

/// What is said of a property, if anything is.
pub type Said<T> = Option<Option<T>>;

/// What cannot be read says nothing: nobody may be missed for the shape of her job title.
fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Said<T>, D::Error> {
    Ok(match Entry::deserialize(from)? {
        Entry::Known(said) => Some(said),
        Entry::Malformed(_) => None,
    })
}

/// A group, or a team's.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Its object id.
    pub id: Uuid,
    #[serde(default)]
    pub display_name: Option<String>,
    #[serde(default)]
    pub visibility: Option<String>,
    #[serde(default)]
    pub resource_provisioning_options: Option<Vec<String>>,
}

/// A chat of a person.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chat {
    /// Its id.
    pub id: String,
    /// `oneOnOne`, `group` or `meeting`.
    #[serde(default)]
    pub chat_type: Option<String>,
}

/// A channel of a team.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    /// Its id, which is also that of its conversation.
    pub id: String,
    /// Its name, as shown.
    pub display_name: String,
}

/// Somebody who belongs to a group.
#[derive(Debug, Deserialize)]
pub struct Member {
    /// Her object id.
    pub id: Uuid,
}

/// A service plan of hers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    #[serde(default)]
    pub capability_status: Option<String>,
    #[serde(default)]
    pub service_plan_id: Option<Uuid>,
}

/// What Entra hands out.
#[derive(Deserialize)]
pub struct TokenGrant {
    pub access_token: String,
    /// Seconds; some issuers write it as text.
    #[serde(default)]
    expires_in: Option<Id>,
    /// Seconds of Unix time: what App Service tells instead.
    #[serde(default)]
    expires_on: Option<Id>,
}

impl TokenGrant {
    /// How long the token lives from the moment it was asked for; a short while when nobody says.
    pub fn life(&self, now: Timestamp) -> Duration {
        let number = |told: &Option<Id>| match told {
            Some(Id::Number(number)) => number.as_f64(),
            Some(Id::Text(text)) => text.trim().parse().ok(),
            None => None,
        };
        let until = || number(&self.expires_on).map(|at| at - now.timestamp() as f64);
        let seconds = number(&self.expires_in).or_else(until);
        seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(LIFE_UNTOLD)
    }
}

// ------------------------------------------------------------------------------------------------ requests

/// `text` as one piece of a path or query: everything but letters, digits and `-._~` is percent-encoded, for ids
/// hold `:`, `@`, `;`, `=`, `+` and `/`.
pub fn encoded(text: &str) -> String {
    let mut piece = String::with_capacity(text.len() * 3 / 2);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => piece.push(char::from(byte)),
            _ => piece.push_str(&format!("%{byte:02X}")),
        }
    }
    piece
}

/// `text` as a literal of an OData filter.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_four_shapes_of_a_refusal_are_read_in_any_casing() {
        let read = |body: &str| Refusal::read(403, body.as_bytes(), None);
        let graph = read(r#"{"Error":{"Code":"Forbidden","message":"no","innererror":{"code":"AccessDenied"}}}"#);
        assert_eq!((graph.code.as_str(), graph.inner_code.as_deref()), ("Forbidden", Some("AccessDenied")));
        let blocked = r#"{"errorCode":209,"message":"{\n\"subCode\":\"MessageWritesBlocked\",\"details\":\"Thread is blocked\",\"errorCode\":null}"}"#;
        let blocked = read(blocked);
        assert_eq!((blocked.code.as_str(), blocked.numbers.as_slice()), ("MessageWritesBlocked", [209].as_slice()));
        assert_eq!(blocked.message, "Thread is blocked");
        assert_eq!(read(r#"{"message":"Authorization has been denied"}"#).message, "Authorization has been denied");
        let entra = read(r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid","error_codes":[]}"#);
        assert_eq!((entra.code.as_str(), entra.numbers.as_slice()), ("invalid_client", [7_000_215].as_slice()));
    }

    #[test]
    fn a_body_may_be_empty_or_a_page() {
        for body in ["", "<html>expired</html>", "null", "[1]", "{}"] {
            let refusal = Refusal::read(502, body.as_bytes(), None);
            assert_eq!((refusal.status, refusal.code.as_str()), (502, ""), "{body}");
            assert!(!refusal.message.contains("expired"));
        }
    }

    #[test]
    fn details_are_one_bounded_line() {
        let refusal = Refusal { code: "C".into(), message: "two\nlines ".repeat(100), ..Refusal::default() };
        assert!(refusal.detail().starts_with("C: two lines two"));
        assert!(refusal.detail().chars().count() <= MESSAGE_CHARACTERS_MAX + 1);
    }

    #[test]
    fn details_name_nobody() {
        let message = "User 'amelie.durand@contoso.example' is unknown.".to_owned();
        assert_eq!(Refusal { message, ..Refusal::default() }.detail(), "User *** is unknown.");
    }

    #[test]
    fn ids_are_encoded_to_the_last_sign() {
        assert_eq!(encoded("19:a_b@unq.gbl.spaces;x=+/"), "19%3Aa_b%40unq.gbl.spaces%3Bx%3D%2B%2F");
        assert_eq!(quoted("o'clock"), "'o''clock'");
    }

    #[test]
    fn a_tokens_life_is_read_from_number_or_text_and_short_when_untold() {
        let life = |expires: &str| {
            let grant: TokenGrant = serde_json::from_str(&format!(r#"{{"access_token":"x"{expires}}}"#)).unwrap();
            grant.life(Timestamp::from_timestamp(1_790_000_000, 0).unwrap()).as_secs()
        };
        assert_eq!(life(r#","expires_in":3599"#), 3599);
        assert_eq!(life(r#","expires_in":3599.0"#), 3599);
        assert_eq!(life(r#","expires_in":"86399""#), 86_399);
        assert_eq!(life(r#","expires_on":"1790000600""#), 600);
        assert_eq!(life(r#","expires_in":"3600","expires_on":1790000600"#), 3600);
        for untold in ["", r#","expires_in":null"#, r#","expires_in":-1"#, r#","expires_in":"soon""#] {
            assert_eq!(life(untold), 300, "{untold}");
        }
    }

    #[test]
    fn an_id_may_be_text_number_or_missing() {
        assert_eq!(id(br#"{"id":"17"}"#).as_deref(), Some("17"));
        assert_eq!(id(br#"{"id":17,"x":{}}"#).as_deref(), Some("17"));
        for body in ["", "{}", r#"{"id":""}"#, r#"{"id":null}"#, "[]"] {
            assert_eq!(id(body.as_bytes()), None, "{body}");
        }
    }
}
