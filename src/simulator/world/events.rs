//! What Teams tells the bot: the app installed, the app removed, somebody writes. Told late, twice, in another order, or
//! never, as the plan of misfortunes says.
//!
//! Source: Teams platform, "Conversation events in your Teams bot"; activities as implementers saw them in 2025.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Timestamp, World, after};
use crate::simulator::chance;

/// What is to be told, in the order of the instants at which it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Outbox {
    waiting: BTreeMap<(Timestamp, u64), Value>,
    /// How many things there were to be told so far, copies included.
    numbered: u64,
}

impl World {
    /// From now on, what happens to people is told.
    pub fn listen(&mut self) {
        self.outbox.get_or_insert_default();
    }

    /// What is to be told by `now`, in order.
    pub fn take_told(&mut self, now: Timestamp) -> Vec<Value> {
        let Some(outbox) = &mut self.outbox else { return Vec::new() };
        let mut told = Vec::new();
        while let Some(first) = outbox.waiting.first_entry().filter(|first| first.key().0 <= now) {
            told.push(first.remove());
        }
        told
    }

    /// Somebody writes to the bot, in the language that she uses Teams in; `false` when she has no chat with it.
    pub fn say(&mut self, person: u32, text: &str, now: Timestamp) -> bool {
        if self.home(person).installation.is_none() {
            return false;
        }
        self.tell(person, &[json!({"type": "message", "textFormat": "plain", "text": text})], now);
        true
    }

    /// Somebody removes the app by herself; `false` when she does not have it. With `for_good`, a policy keeps it from
    /// coming back.
    pub fn leave(&mut self, person: u32, for_good: bool, now: Timestamp) -> bool {
        if for_good {
            self.forbidden.insert(person);
        }
        if self.home_mut(person).installation.take().is_none() {
            return false;
        }
        self.tell_removed(person, now);
        true
    }

    pub(super) fn tell_installed(&mut self, person: u32, now: Timestamp) {
        let bot = json!([{"id": format!("28:{}", self.app)}]);
        let joined = json!({"type": "conversationUpdate", "membersAdded": bot});
        self.tell(person, &[json!({"type": "installationUpdate", "action": "add"}), joined], now);
    }

    pub(super) fn tell_removed(&mut self, person: u32, now: Timestamp) {
        self.tell(person, &[json!({"type": "installationUpdate", "action": "remove"})], now);
    }

    fn tell(&mut self, person: u32, what: &[Value], now: Timestamp) {
        for activity in what {
            let Some(mut outbox) = self.outbox.take() else { return };
            let number = outbox.numbered;
            // What is never told has its number all the same.
            outbox.numbered += 1;
            for lag in self.faults.telling(person, number) {
                outbox.numbered += 1;
                let body = self.enveloped(person, activity, number, now);
                outbox.waiting.insert((after(now, lag), outbox.numbered), body);
            }
            self.outbox = Some(outbox);
        }
    }

    fn enveloped(&self, person: u32, activity: &Value, number: u64, now: Timestamp) -> Value {
        let somebody = self.organisation.person(person);
        let (conversation, language) = (self.connector_id(person), somebody.place.language);
        let mut body = json!({
            "id": format!("f:{}", chance::uuid(self.seed, &[chance::text("event"), number])),
            "timestamp": now.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            "locale": language,
            "channelId": "msteams",
            "serviceUrl": self.bot_url,
            "from": {"id": self.teams_id(person), "aadObjectId": somebody.id, "name": somebody.display_name()},
            "conversation": {"conversationType": "personal", "tenantId": self.tenant, "id": conversation},
            "recipient": {"id": format!("28:{}", self.app), "name": "Company News"},
            "entities": [{"type": "clientInfo", "locale": language, "country": somebody.place.code, "platform": "Web"}],
            "channelData": {"tenant": {"id": self.tenant}, "settings": {"selectedChannel": {"id": conversation}}},
        });
        if let (Some(body), Some(activity)) = (body.as_object_mut(), activity.as_object()) {
            body.extend(activity.clone());
        }
        body
    }
}
