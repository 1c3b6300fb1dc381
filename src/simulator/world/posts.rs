//! Channel posts: the first post of a thread, and what stands in a channel. Answers, corrections and recalls take the
//! way of any other message (`chats.rs`).
//!
//! Source: Bot Framework REST v3; Teams platform, "Send proactive messages", new thread in a channel.

use serde_json::{Value, json};
use uuid::Uuid;

use super::chats::{Place, bad, conversation_gone};
use super::{Answer, Api, Bucket, Caller, Message, Request, Road, Subject, Thread, Timestamp, World};
use crate::simulator::activity::Activity;
use crate::simulator::channels::{CHANNEL_SUFFIX, Channel};

const POST: Road =
    Road { api: Api::Connector, bucket: Bucket::Send, method: "POST", path: "/v3/conversations", roles: &[] };

/// What stands between the id of a channel and the number of a thread.
const THREAD: &str = ";messageid=";

/// A well-formed request for the first post of a thread.
#[derive(Debug, Clone)]
pub struct Posting {
    /// Which bot asks.
    pub bot: String,
    /// In which channel.
    pub channel: String,
    /// In which tenant.
    pub tenant: Option<String>,
    /// The post.
    pub activity: Activity,
}

impl Posting {
    /// Reads the body of a request to open a conversation with `isGroup`.
    pub(super) fn from_value(body: &Value) -> Result<Self, Answer> {
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let activity = body.get("activity").filter(|value| !value.is_null());
        let activity = activity.ok_or_else(|| bad("The first post of a thread is required as the activity."))?;
        Ok(Self {
            bot: text("/bot/id").ok_or_else(|| bad("The bot of the conversation is required."))?,
            channel: text("/channelData/channel/id").ok_or_else(|| bad("The id of the channel is required."))?,
            tenant: text("/channelData/tenant/id").or_else(|| text("/tenantId")),
            activity: Activity::within(activity)?,
        })
    }
}

impl World {
    /// `POST /v3/conversations` with `isGroup`: a new thread in a channel.
    pub fn post_in_channel(&mut self, caller: &Caller<'_>, posting: Posting, now: Timestamp) -> Answer {
        let number = self.channels.find(&posting.channel).map(|channel| channel.number);
        let id: Box<str> = posting.channel.as_str().into();
        let subject = if number.is_some() { Subject::Place(id) } else { Subject::Unknown(id) };
        let request = Request { subject, ..Request::on(POST) };
        let request = request.charged_to(number.map(Thread::Post), posting.activity.parts.len());
        self.serve(caller, request, now, |world| {
            world.check_caller(&posting.bot, posting.tenant.as_deref())?;
            let place = Place::Channel { number: number.ok_or_else(conversation_gone)?, thread: None };
            world.may_write(place)?;
            let body = match world.deliver(place, &posting.activity, now) {
                Some(id) => json!({"id": format!("{}{THREAD}{id}", posting.channel), "activityId": id}),
                None => json!({"id": posting.channel}),
            };
            Ok(Answer::json(201, body))
        })
    }

    /// Every channel of every team.
    pub fn channels(&self) -> &[Channel] {
        self.channels.all()
    }

    /// What stands in this channel, oldest first; nothing for an id that no channel has.
    pub fn posts(&self, channel: &str) -> &[Message] {
        let number = self.channels.find(channel).map(|channel| channel.number as usize);
        number.and_then(|number| self.posts.get(number)).map_or(&[], Vec::as_slice)
    }

    /// Whether the app is installed in this team.
    pub fn has_app(&self, team: Uuid) -> bool {
        self.teams_with_app.contains(&team)
    }

    /// The channel, and the thread if one is named, that a conversation id stands for; `None` for an id of another kind.
    pub(super) fn channel_place(&self, id: &str) -> Option<Result<Place, Answer>> {
        let (channel, thread) = match id.split_once(THREAD) {
            Some((channel, thread)) => (channel, Some(thread)),
            None => (id, None),
        };
        if !channel.ends_with(CHANNEL_SUFFIX) {
            return None;
        }
        let found = self.channels.find(channel).ok_or_else(conversation_gone);
        Some(found.and_then(|channel| {
            let thread =
                thread.map(|thread| self.thread_of(channel, thread).ok_or_else(conversation_gone)).transpose()?;
            Ok(Place::Channel { number: channel.number, thread })
        }))
    }

    fn thread_of(&self, channel: &Channel, id: &str) -> Option<i64> {
        let id: i64 = id.parse().ok()?;
        let begins_it = |post: &&Message| post.activity_id == id && post.answers.is_none();
        self.posts.get(channel.number as usize)?.iter().find(begins_it).map(|post| post.activity_id)
    }
}

/// The conversation in which a post is answered: the thread, when only the channel is named.
pub fn answered(conversation: &str, post: &str) -> String {
    if conversation.ends_with(CHANNEL_SUFFIX) {
        format!("{conversation}{THREAD}{post}")
    } else {
        conversation.to_owned()
    }
}
