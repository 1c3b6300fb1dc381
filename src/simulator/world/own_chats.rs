//! The chats of a person that have the app: her own with the bot, and for some a chat with others.
//!
//! Source: Microsoft Graph v1.0, "List chats", with the filter of "Send proactive messages"; the refusal of other filters
//! is our own, because no document says what they would do.

use serde_json::{Value, json};
use uuid::Uuid;

use super::apps::road;
use super::{Answer, Bucket, Caller, Request, Road, Thread, Timestamp, World};

const READ_CHATS: &[&str] = &["Chat.ReadBasic.All", "Chat.Read.All", "Chat.ReadWrite.All"];
const LIST: Road = road(Bucket::Resolve, "GET", "/users/{id}/chats", READ_CHATS);
/// One in so many has the app in a chat with others, too.
const WITH_OTHERS: u32 = 5;

impl World {
    /// `GET /users/{id}/chats`, of those that have one app.
    pub fn chats_with_app(&mut self, caller: &Caller<'_>, user: &str, filter: Option<&str>, now: Timestamp) -> Answer {
        let person = self.organisation.find(user);
        let request = Request::about(LIST, person, user).charged_to(person.map(Thread::Resource), 1);
        let app = filter.and_then(app_of);
        self.serve(caller, request, now, |world| {
            let app =
                app.ok_or_else(|| Answer::graph_error(400, "BadRequest", "This filter of chats is not supported."))?;
            let person = person.ok_or_else(|| {
                let text = format!(
                    "Resource '{user}' does not exist or one of its queried reference-property objects \
                                    are not present."
                );
                Answer::graph_error(404, "NotFound", text)
            })?;
            let chat = |id: String, kind: &str| json!({"id": id, "chatType": kind, "tenantId": world.tenant});
            let mut value: Vec<Value> = Vec::new();
            if app == world.catalogue_id && world.home(person).is_visible(now) {
                if person.is_multiple_of(WITH_OTHERS) {
                    value.push(chat(format!("19:{:032x}@thread.v2", person), "group"));
                }
                value.push(chat(world.chat_id(person), "oneOnOne"));
            }
            let context = format!("{}/v1.0/$metadata#chats", world.graph_url);
            Ok(Answer::json(200, json!({"@odata.context": context, "@odata.count": value.len(), "value": value})))
        })
    }
}

/// The app in `installedApps/any(a:a/teamsApp/id eq '…')`.
fn app_of(filter: &str) -> Option<Uuid> {
    let (name, test) = filter.strip_prefix("installedApps/any(")?.strip_suffix(')')?.split_once(':')?;
    let id = test.strip_prefix(name)?.strip_prefix("/teamsApp/id eq '")?.strip_suffix('\'')?;
    Uuid::try_parse(id).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_documented_filter_is_understood() {
        let id = Uuid::from_u128(4);
        assert_eq!(app_of(&format!("installedApps/any(a:a/teamsApp/id eq '{id}')")), Some(id));
        for other in ["", "installedApps/any(a:b/teamsApp/id eq '4')", "topic eq 'x'"] {
            assert_eq!(app_of(other), None, "{other}");
        }
    }
}
