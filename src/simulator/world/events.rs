//! What Teams tells the bot: the app installed, the app removed, somebody writes. Told late, twice, in another order, or
//! never, as the plan of misfortunes says.
//!
//! Source: Teams platform, "Conversation events in your Teams bot"; activities as implementers saw them in 2025.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::apps::BOT_NAME;
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

    /// Nobody in particular did it: the event is from the owner, in the team's primary channel.
    pub(super) fn tell_installed_in_team(&mut self, team: Uuid, now: Timestamp) {
        let members = self.team_members(team);
        let (Some(owner), Some(general)) = (self.owner(&members), self.channels.of(team).next()) else { return };
        let bot = json!([{"id": format!("28:{}", self.app)}]);
        let conversation =
            json!({"conversationType": "channel", "isGroup": true, "tenantId": self.tenant, "id": general.id});
        let name = self.groups.find(&team.to_string()).map(|group| group.name.as_str());
        let place = |event: Value| {
            let mut data = json!({"tenant": {"id": self.tenant}, "settings": {"selectedChannel": {"id": general.id}},
                "team": {"id": general.id, "aadGroupId": team, "name": name}});
            if let (Some(data), Some(event)) = (data.as_object_mut(), event.as_object()) {
                data.extend(event.clone());
            }
            data
        };
        let told = [
            json!({"type": "installationUpdate", "action": "add", "conversation": conversation,
                "channelData": place(json!({}))}),
            json!({"type": "conversationUpdate", "membersAdded": bot, "conversation": conversation,
                "channelData": place(json!({"eventType": "teamMemberAdded"}))}),
        ];
        self.tell(owner, &told, now);
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
            "recipient": {"id": format!("28:{}", self.app), "name": BOT_NAME},
            "entities": [{"type": "clientInfo", "locale": language, "country": somebody.place.code, "platform": "Web"}],
            "channelData": {"tenant": {"id": self.tenant}, "settings": {"selectedChannel": {"id": conversation}}},
        });
        if let (Some(body), Some(activity)) = (body.as_object_mut(), activity.as_object()) {
            body.extend(activity.clone());
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::faults::FaultPlan;
    use crate::simulator::settings::SimulatorSettings;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(seconds, 0).unwrap()
    }

    fn world(plan: FaultPlan) -> World {
        let mut world =
            World::new(&SimulatorSettings { people: 200, faults: plan, ..SimulatorSettings::default() }, at(0));
        world.listen();
        world
    }

    /// Everybody is installed in turn; who is told of by `seconds`, and how often.
    fn told(plan: FaultPlan, seconds: i64) -> Vec<String> {
        let mut world = world(plan);
        (0..200).for_each(|person| world.tell_installed(person, at(i64::from(person))));
        let told = world.take_told(at(seconds));
        told.iter().map(|body| body["from"]["aadObjectId"].to_string()).collect()
    }

    #[test]
    fn an_installation_is_told_in_two_ways_and_in_order() {
        let told = told(FaultPlan { telling_lag_seconds_max: 0.5, ..FaultPlan::default() }, 300);
        assert_eq!(told.len(), 400);
        assert!(told.chunks(2).all(|both| both[0] == both[1]), "each within half a second, and one a second");
    }

    #[test]
    fn what_is_told_comes_late_twice_in_disorder_and_never_as_the_plan_says() {
        assert_eq!(told(FaultPlan { told_never: 1.0, ..FaultPlan::default() }, 10_000), Vec::<String>::new());
        assert_eq!(told(FaultPlan { told_twice: 1.0, ..FaultPlan::default() }, 10_000).len(), 800);
        let late = FaultPlan { told_late: 1.0, telling_lag_seconds_max: 0.0, ..FaultPlan::default() };
        let (by_the_last, in_the_end) = (told(late.clone(), 199), told(late.clone(), 10_000));
        assert!(by_the_last.len() < 390 && in_the_end.len() == 400);
        assert!(in_the_end.chunks(2).any(|both| both[0] != both[1]), "in disorder");
        assert_eq!(in_the_end, told(late, 10_000), "and the same with the same seed");
    }

    #[test]
    fn an_installation_in_a_team_is_told_from_its_primary_channel() {
        let mut world = world(FaultPlan::default());
        let general = world.channels()[0].clone();
        world.tell_installed_in_team(general.team, at(1));
        let mut told = world.take_told(at(100));
        told.sort_by_key(|body| body["type"].as_str().map(str::to_owned));
        let types: Vec<&str> = told.iter().filter_map(|body| body["type"].as_str()).collect();
        assert_eq!(types, ["conversationUpdate", "installationUpdate"]);
        for body in &told {
            assert_eq!(body["conversation"]["id"], general.id.as_str());
            assert_eq!(body["conversation"]["conversationType"], "channel");
            assert_eq!(body["channelData"]["team"]["aadGroupId"], general.team.to_string());
        }
        assert_eq!(told[0]["channelData"]["eventType"], "teamMemberAdded");
    }

    #[test]
    fn nobody_listens_unless_asked_to_and_nobody_writes_without_the_app() {
        let mut deaf = World::new(&SimulatorSettings::default(), at(0));
        deaf.tell_installed(0, at(0));
        assert!(deaf.take_told(at(100)).is_empty());
        let mut world = world(FaultPlan::default());
        let has_app = |world: &World, person: u32| world.home(person).installation.is_some();
        let (with, without): (Vec<u32>, Vec<u32>) = (0..200).partition(|person| has_app(&world, *person));
        assert!(world.say(with[0], "Hello", at(1)) && !world.say(without[0], "Hello", at(1)));
        assert_eq!(world.take_told(at(100))[0]["text"], "Hello");
        assert!(world.leave(with[0], false, at(2)) && !world.leave(with[0], false, at(3)));
        assert_eq!(world.take_told(at(100))[0]["action"], "remove");
    }
}
