//! The bot connector: open a conversation, send into it, change and take back what was sent.
//!
//! Source: Bot Framework REST v3; Teams platform, table of status codes (mid-2026) and what implementers saw.

use serde_json::{Value, json};
use uuid::Uuid;

use super::posts::Posting;
use super::{
    Answer, Api, BotState, Bucket, Caller, Message, Request, Road, Standing, Subject, Thread, Timestamp, World,
};
use crate::simulator::activity::Activity;
use crate::simulator::{base64, chance};

const fn road(method: &'static str, path: &'static str) -> Road {
    Road { api: Api::Connector, bucket: Bucket::Send, method, path, roles: &[] }
}

const CREATE: Road = road("POST", "/v3/conversations");
const MEMBERS: Road = road("GET", "/v3/conversations/{cid}/pagedmembers");
const SEND: Road = road("POST", "/v3/conversations/{cid}/activities");
const UPDATE: Road = road("PUT", "/v3/conversations/{cid}/activities/{aid}");
const DELETE: Road = road("DELETE", "/v3/conversations/{cid}/activities/{aid}");

const CHAT_SUFFIX: &str = "@unq.gbl.spaces";

/// A well-formed request to open a one-to-one conversation.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Which bot asks.
    pub bot: String,
    /// With whom: an Entra object id or a Teams id.
    pub member: String,
    /// In which tenant.
    pub tenant: Option<String>,
    /// The first message, if there is one.
    pub activity: Option<Activity>,
}

/// A well-formed request to open a conversation of either kind.
#[derive(Debug, Clone)]
pub enum Asked {
    /// With one person.
    Chat(Opening),
    /// A thread in a channel.
    Channel(Posting),
}

/// Where messages stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In somebody's chat with the bot.
    Chat(u32),
    /// In a channel.
    Channel {
        /// Its place among all channels.
        number: u32,
        /// The thread, by the number of its first post, when one is named.
        thread: Option<i64>,
    },
}

impl World {
    /// `POST /v3/conversations`, with one person.
    pub fn create_conversation(
        &mut self,
        caller: &Caller<'_>,
        opening: Result<Opening, Answer>,
        now: Timestamp,
    ) -> Answer {
        let member = opening.as_ref().map(|opening| opening.member.clone()).unwrap_or_default();
        let person = self.member(&member);
        let request = Request::about(CREATE, person, &member).charged_to(person.map(Thread::Create), 1);
        self.serve(caller, request, now, |world| {
            let opening = opening?;
            world.check_caller(&opening.bot, opening.tenant.as_deref())?;
            let person = person.ok_or_else(|| bad("Bot cannot find the member of the conversation."))?;
            if world.home(person).installation.is_none() {
                return Err(world.not_installed(person));
            }
            let mut body = json!({"id": world.connector_id(person), "serviceUrl": world.bot_url});
            if let Some(activity) = opening.activity {
                world.may_write(Place::Chat(person))?;
                if let Some(id) = world.deliver(Place::Chat(person), &activity, now) {
                    body["activityId"] = json!(id);
                }
            }
            Ok(Answer::json(201, body))
        })
    }

    /// `GET /v3/conversations/{cid}/pagedmembers`.
    pub fn conversation_members(&mut self, caller: &Caller<'_>, conversation: &str, now: Timestamp) -> Answer {
        let found = self.conversation(conversation);
        self.serve(caller, on(MEMBERS, &found, conversation, 1), now, |world| {
            world.is_enabled()?;
            let members = match found? {
                Place::Chat(person) => {
                    let id = world.organisation.person(person).id;
                    vec![json!({"id": world.teams_id(person), "aadObjectId": id})]
                }
                // Who is in a channel is nothing that this organisation tells.
                Place::Channel { .. } => Vec::new(),
            };
            Ok(Answer::json(200, json!({"members": members})))
        })
    }

    /// `POST /v3/conversations/{cid}/activities`, and the same with the id of what is replied to.
    pub fn send(
        &mut self,
        caller: &Caller<'_>,
        conversation: &str,
        activity: Result<Activity, Answer>,
        now: Timestamp,
    ) -> Answer {
        let found = self.conversation(conversation);
        let messages = activity.as_ref().map_or(1, |activity| activity.parts.len());
        self.serve(caller, on(SEND, &found, conversation, messages), now, |world| {
            let (activity, place) = (activity?, found?);
            if matches!(place, Place::Channel { thread: None, .. }) {
                return Err(bad("A thread in a channel begins with the opening of a conversation."));
            }
            world.may_write(place)?;
            let id = world.deliver(place, &activity, now);
            Ok(Answer::json(201, id.map_or_else(|| json!({}), |id| json!({"id": id}))))
        })
    }

    /// `PUT /v3/conversations/{cid}/activities/{aid}`.
    pub fn update(
        &mut self,
        caller: &Caller<'_>,
        conversation: &str,
        id: &str,
        activity: Result<Activity, Answer>,
        now: Timestamp,
    ) -> Answer {
        let found = self.conversation(conversation);
        self.serve(caller, on(UPDATE, &found, conversation, 1), now, |world| {
            let (activity, place) = (activity?, found?);
            world.may_write(place)?;
            let message = world.message(place, id)?;
            if let Some(part) = activity.parts.into_iter().next_back() {
                message.content = part.content.clone();
                message.updates += 1;
                if let Some(slip) = message.slip {
                    world.ledger.update(slip, part.hash, &part.content);
                }
            }
            Ok(Answer::json(200, json!({"id": id})))
        })
    }

    /// `DELETE /v3/conversations/{cid}/activities/{aid}`.
    pub fn delete(&mut self, caller: &Caller<'_>, conversation: &str, id: &str, now: Timestamp) -> Answer {
        let found = self.conversation(conversation);
        self.serve(caller, on(DELETE, &found, conversation, 1), now, |world| {
            let place = found?;
            world.may_write(place)?;
            let message = world.message(place, id)?;
            message.is_recalled = true;
            if let Some(slip) = message.slip {
                world.ledger.recall(slip);
            }
            Ok(Answer::empty(200))
        })
    }

    /// Graph's id of the chat between the bot and this person: both ids in order.
    pub fn chat_id(&self, person: u32) -> String {
        let (bot, person) = (self.app, self.organisation.person(person).id);
        let (first, second) = if bot < person { (bot, person) } else { (person, bot) };
        format!("19:{first}_{second}{CHAT_SUFFIX}")
    }

    /// The connector's own id of the same chat.
    pub fn connector_id(&self, person: u32) -> String {
        let person = self.organisation.person(person).id;
        format!("a:1{}", base64::encode_url(&(person.as_u128() ^ self.mask()).to_be_bytes()))
    }

    /// Teams' own id of this person.
    pub fn teams_id(&self, person: u32) -> String {
        let person = self.organisation.person(person).id;
        format!("29:1{}", base64::encode_url(&(person.as_u128() ^ self.mask()).to_be_bytes()))
    }

    /// What makes the connector's ids opaque, and different for another bot.
    fn mask(&self) -> u128 {
        chance::uuid(self.seed, &[chance::text("mask"), chance::text(&self.app.to_string())]).as_u128()
    }

    /// A member is named by object id or by Teams id, never by a name or an address.
    fn member(&self, id: &str) -> Option<u32> {
        match id.strip_prefix("29:1") {
            Some(opaque) => self.unmasked(opaque),
            None => Uuid::try_parse(id).ok().and_then(|id| self.organisation.find(&id.to_string())),
        }
    }

    fn unmasked(&self, opaque: &str) -> Option<u32> {
        let bytes: [u8; 16] = base64::decode(opaque)?.try_into().ok()?;
        self.organisation.find(&Uuid::from_u128(u128::from_be_bytes(bytes) ^ self.mask()).to_string())
    }

    fn conversation(&self, id: &str) -> Result<Place, Answer> {
        if let Some(place) = self.channel_place(id) {
            return place;
        }
        let foreign = || bad("Failed to decrypt conversation id");
        let person = if let Some(opaque) = id.strip_prefix("a:1") {
            self.unmasked(opaque).ok_or_else(foreign)?
        } else {
            let both = id.strip_prefix("19:").and_then(|rest| rest.strip_suffix(CHAT_SUFFIX));
            let (first, second) = both.and_then(|both| both.split_once('_')).ok_or_else(conversation_gone)?;
            let bot = self.app.to_string();
            let other = [(first, second), (second, first)].into_iter().find(|(own, _)| *own == bot);
            let (_, person) = other.ok_or_else(foreign)?;
            self.organisation.find(person).ok_or_else(conversation_gone)?
        };
        if self.home(person).has_chat { Ok(Place::Chat(person)) } else { Err(conversation_gone()) }
    }

    /// Whose chat with the bot this is, by Graph's id of it.
    pub(super) fn chat_member(&self, id: &str) -> Option<u32> {
        match self.conversation(id) {
            Ok(Place::Chat(person)) if id.ends_with(CHAT_SUFFIX) => Some(person),
            _ => None,
        }
    }

    /// Whether the bot is registered, and on.
    fn is_enabled(&self) -> Result<(), Answer> {
        match self.bot {
            BotState::Enabled => Ok(()),
            BotState::Disabled => {
                let text = "The tenant admin disabled this bot";
                Err(Answer::connector_error(403, "BotDisabledByAdmin", text))
            }
            BotState::Unregistered => {
                Err(Answer::connector_error(401, "BotNotRegistered", "No registration found for this bot."))
            }
        }
    }

    pub(super) fn may_write(&self, place: Place) -> Result<(), Answer> {
        let outside = || {
            let text = "The bot is not part of the conversation roster.";
            Answer::connector_error(403, "BotNotInConversationRoster", text)
        };
        self.is_enabled()?;
        let person = match place {
            Place::Chat(person) => person,
            Place::Channel { number, .. } => {
                let channel = self.channels.all().get(number as usize);
                let is_there = channel.is_some_and(|channel| self.teams_with_app.contains(&channel.team));
                return if is_there { Ok(()) } else { Err(outside()) };
            }
        };
        if self.organisation.person(person).standing == Standing::BlockedBot {
            // Half of those who blocked the bot are told about in the other shape.
            let is_other_shape = chance::below(self.seed, &[chance::text("blocked"), u64::from(person)], 2) == 1;
            let usual = || {
                Answer::connector_error(403, "ConversationBlockedByUser", "User blocked the conversation with the bot.")
            };
            return Err(if is_other_shape { Answer::connector_writes_blocked() } else { usual() });
        }
        if self.home(person).installation.is_none() { Err(outside()) } else { Ok(()) }
    }

    /// Delivers every part. Only a message that was not split has an id to tell.
    pub(super) fn deliver(&mut self, place: Place, activity: &Activity, now: Timestamp) -> Option<String> {
        let mut last = None;
        for part in &activity.parts {
            let messages = match place {
                Place::Chat(person) => &mut self.homes[person as usize].inbox,
                Place::Channel { number, .. } => &mut self.posts[number as usize],
            };
            let newest = messages.last().map_or(0, |message| message.activity_id);
            let activity_id = now.timestamp_millis().max(newest + 1);
            let (slip, answers) = match place {
                Place::Chat(person) => (self.ledger.deliver(now, person, activity_id, part.hash, &part.content), None),
                Place::Channel { number, thread } => {
                    (self.ledger.post(now, number, activity_id, part.hash, &part.content), thread)
                }
            };
            let content = part.content.clone();
            messages.push(Message { activity_id, content, is_recalled: false, updates: 0, answers, slip: Some(slip) });
            last = Some(activity_id);
        }
        last.filter(|_| activity.parts.len() == 1).map(|id| id.to_string())
    }

    /// A message that is there: one that was taken back is not, whoever asks.
    fn message(&mut self, place: Place, id: &str) -> Result<&mut Message, Answer> {
        let id: Option<i64> = id.parse().ok();
        let (messages, thread) = match place {
            Place::Chat(person) => (&mut self.homes[person as usize].inbox, None),
            Place::Channel { number, thread } => (&mut self.posts[number as usize], thread),
        };
        let is_in_thread =
            |message: &Message| thread.is_none() || [Some(message.activity_id), message.answers].contains(&thread);
        messages
            .iter_mut()
            .find(|message| Some(message.activity_id) == id && !message.is_recalled && is_in_thread(message))
            .ok_or_else(|| Answer::connector_error(404, "ActivityNotFoundInConversation", "Conversation not found."))
    }

    pub(super) fn check_caller(&self, bot: &str, tenant: Option<&str>) -> Result<(), Answer> {
        let bot = bot.strip_prefix("28:").unwrap_or(bot);
        if Uuid::try_parse(bot).ok() != Some(self.app) {
            return Err(bad("The bot of the conversation is not the caller."));
        }
        match tenant {
            Some(tenant) if Uuid::try_parse(tenant).ok() != Some(self.tenant) => Err(bad("Unknown tenant.")),
            _ => Ok(()),
        }
    }

    /// Documented under one code, met under another, and once without any body.
    fn not_installed(&self, person: u32) -> Answer {
        let text = "Bot is not installed in user's personal scope";
        match chance::below(self.seed, &[chance::text("not installed"), u64::from(person)], 10) {
            0 => Answer::empty(403),
            1..4 => Answer::connector_error(403, "BadArgument", text),
            _ => Answer::connector_error(403, "ForbiddenOperationException", text),
        }
    }
}

impl Asked {
    /// Reads the body of a request to open a conversation.
    ///
    /// # Errors
    /// The answer that the connector gives to a body which it does not accept.
    pub fn read(body: &[u8]) -> Result<Self, Answer> {
        let body: Value = serde_json::from_slice(body)
            .map_err(|error| Answer::connector_error(400, "BadSyntax", error.to_string()))?;
        match body.get("isGroup") {
            None | Some(Value::Null | Value::Bool(false)) => Opening::from_value(&body).map(Self::Chat),
            Some(Value::Bool(true)) => Posting::from_value(&body).map(Self::Channel),
            Some(_) => Err(bad("isGroup must be true or false.")),
        }
    }
}

impl Opening {
    fn from_value(body: &Value) -> Result<Self, Answer> {
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let members = body.get("members").and_then(Value::as_array).map_or(0, Vec::len);
        if members != 1 {
            return Err(bad("A one-to-one conversation has exactly one member beside the bot."));
        }
        Ok(Self {
            bot: text("/bot/id").ok_or_else(|| bad("The bot of the conversation is required."))?,
            member: text("/members/0/id").ok_or_else(|| bad("The id of the member is required."))?,
            tenant: text("/channelData/tenant/id").or_else(|| text("/tenantId")),
            activity: body.get("activity").filter(|value| !value.is_null()).map(Activity::within).transpose()?,
        })
    }
}

fn on(road: Road, found: &Result<Place, Answer>, conversation: &str, messages: usize) -> Request {
    match found {
        Ok(Place::Channel { number, .. }) => {
            Request { subject: Subject::Place(conversation.into()), ..Request::on(road) }
                .charged_to(Some(Thread::Answer(*number)), messages)
        }
        Ok(Place::Chat(person)) => {
            Request::about(road, Some(*person), conversation).charged_to(Some(Thread::Send(*person)), messages)
        }
        Err(_) => Request::about(road, None, conversation).charged_to(None, messages),
    }
}

pub(super) fn conversation_gone() -> Answer {
    Answer::connector_error(404, "ConversationNotFound", "Conversation not found.")
}

pub(super) fn bad(message: &str) -> Answer {
    Answer::connector_error(400, "BadArgument", message)
}
