//! Activity feeds: who gets a notification, which earlier one it replaces, and what is dropped without a word.
//!
//! Where the documents are silent, this is chosen: ten notifications of the last minute count whether they were new or
//! replaced one, and those that were dropped do not; whoever blocked the bot still has the app and is notified; a member
//! of a team without a Teams plan in this tenant (a guest, too) is not; a recipient who is no member of the team is
//! refused like one without the app.
//!
//! Source: Microsoft Graph v1.0, "Send activity feed notifications to users in Microsoft Teams" and its page of best
//! practices; texts of refusals as seen by implementers.

mod notice;

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::Value;
use uuid::Uuid;

pub(super) use self::notice::Feed;
use self::notice::Taken;
pub use self::notice::{Notice, Said};
use super::{Answer, Api, Bucket, Caller, Request, Road, Thread, Timestamp, World, apps};
use crate::simulator::chance;
use crate::simulator::feed::{Notification, Recipient, Topic};
use crate::simulator::manifest::{Declared, SYSTEM_DEFAULT_TEXT};

const fn road(bucket: Bucket, path: &'static str, roles: &'static [&'static str]) -> Road {
    Road { api: Api::Graph, bucket, method: "POST", path, roles }
}

const TO_USER: Road = road(
    Bucket::FeedUser,
    "/users/{id}/teamwork/sendActivityNotification",
    &["TeamsActivity.Send", "TeamsActivity.Send.User"],
);
const TO_TEAM: Road =
    road(Bucket::FeedTeam, "/teams/{id}/sendActivityNotification", &["TeamsActivity.Send", "TeamsActivity.Send.Group"]);
const TO_CHAT: Road =
    road(Bucket::FeedChat, "/chats/{id}/sendActivityNotification", &["TeamsActivity.Send", "TeamsActivity.Send.Chat"]);
const TO_PEOPLE: Road = road(
    Bucket::FeedBulk,
    "/teamwork/sendActivityNotificationToRecipients",
    &["TeamsActivity.Send", "TeamsActivity.Send.User"],
);

/// A whole team larger than this is not notified, and nobody is told so.
const TEAM_MEMBERS_MAX: usize = 10_000;
/// A bulk request needs a token with more life than this.
const TOKEN_LEFT_MIN: TimeDelta = TimeDelta::minutes(45);

/// What is being told in one request.
struct Telling {
    by: Bucket,
    chain_id: Option<i64>,
    said: Arc<Said>,
    written: Arc<Value>,
    hash: u64,
}

/// What the address of a request names.
enum Addressed<'a> {
    Person(u32),
    Team(Uuid),
    Chat(&'a str),
    People,
}

impl World {
    /// What stands in this person's activity feed, oldest first.
    pub fn feed(&self, person: u32) -> &[Notice] {
        self.feeds.get(&person).map_or(&[], Feed::notices)
    }

    /// `POST /users/{id}/teamwork/sendActivityNotification`.
    pub fn notify_person(
        &mut self,
        caller: &Caller<'_>,
        user: &str,
        notification: Result<Notification, Answer>,
        now: Timestamp,
    ) -> Answer {
        let person = self.organisation.find(user);
        self.serve(caller, Request::about(TO_USER, person, user), now, |world| {
            let notification = notification?;
            let person = person.ok_or_else(|| apps::no_such_user(user))?;
            world.check_app(&notification, "user")?;
            if world.home(person).installation.is_none() {
                return Err(world.not_authorized("user"));
            }
            world.check_topic(&notification.topic, &Addressed::Person(person))?;
            world.notify([person], Bucket::FeedUser, notification, now)?;
            Ok(Answer::empty(204))
        })
    }

    /// `POST /teams/{id}/sendActivityNotification`.
    pub fn notify_team(
        &mut self,
        caller: &Caller<'_>,
        team: &str,
        notification: Result<Notification, Answer>,
        now: Timestamp,
    ) -> Answer {
        let request = self.about_team(TO_TEAM, team);
        self.serve(caller, request, now, |world| {
            let (notification, team) = (notification?, world.team(team)?);
            world.check_app(&notification, "team")?;
            if !world.teams_with_app.contains(&team) {
                return Err(world.not_authorized("team"));
            }
            world.check_topic(&notification.topic, &Addressed::Team(team))?;
            let people = world.meant_in_team(team, &notification)?;
            world.notify(people, Bucket::FeedTeam, notification, now)?;
            Ok(Answer::empty(204))
        })
    }

    /// `POST /chats/{id}/sendActivityNotification`; the chats are those of people with the bot.
    pub fn notify_chat(
        &mut self,
        caller: &Caller<'_>,
        chat: &str,
        notification: Result<Notification, Answer>,
        now: Timestamp,
    ) -> Answer {
        let person = self.chat_member(chat);
        let request = Request::about(TO_CHAT, person, chat).charged_to(person.map(Thread::Chat), 1);
        self.serve(caller, request, now, |world| {
            let notification = notification?;
            let person = person.ok_or_else(|| not_found("Chat", chat))?;
            world.check_app(&notification, "chat")?;
            if world.home(person).installation.is_none() {
                return Err(world.not_authorized("chat"));
            }
            world.check_topic(&notification.topic, &Addressed::Chat(chat))?;
            for recipient in &notification.recipients {
                match recipient {
                    Recipient::Chat(id) if id == chat => {}
                    Recipient::Person(user) => match world.organisation.find(user) {
                        Some(member) if member == person => {}
                        Some(_) => return Err(world.not_authorized("chat")),
                        None => return Err(apps::no_such_user(user)),
                    },
                    _ => return Err(bad("The chatId of the recipient must be that of the request.")),
                }
            }
            world.notify([person], Bucket::FeedChat, notification, now)?;
            Ok(Answer::empty(204))
        })
    }

    /// `POST /teamwork/sendActivityNotificationToRecipients`: taken in as a whole, and nothing is said about anybody.
    pub fn notify_people(
        &mut self,
        caller: &Caller<'_>,
        notification: Result<Notification, Answer>,
        now: Timestamp,
    ) -> Answer {
        let grant = caller.bearer.and_then(|token| self.entra.grant(token, now));
        let token_left = grant.map_or(TimeDelta::zero(), |grant| grant.expires_at - now);
        let named = notification.as_ref().map(|it| format!("{:?}", it.recipients)).unwrap_or_default();
        self.serve(caller, Request::on(TO_PEOPLE).with_key(chance::text(&named)), now, |world| {
            let notification = notification?;
            if token_left <= TOKEN_LEFT_MIN {
                let text = "The access token must be valid for more than 45 minutes.";
                return Err(Answer::graph_error(412, "PreconditionFailed", text));
            }
            world.check_app(&notification, "user")?;
            world.check_topic(&notification.topic, &Addressed::People)?;
            let people: Vec<u32> = notification.recipients.iter().filter_map(|it| world.reached_in_bulk(it)).collect();
            world.notify(people, Bucket::FeedBulk, notification, now)?;
            Ok(Answer::empty(202))
        })
    }

    /// A person who is unknown, or has neither the app nor Teams, simply gets nothing.
    fn reached_in_bulk(&self, recipient: &Recipient) -> Option<u32> {
        let Recipient::Person(user) = recipient else { return None };
        self.organisation.find(user).filter(|person| self.home(*person).installation.is_some())
    }

    /// Whom a notification in a team is for.
    fn meant_in_team(&self, team: Uuid, notification: &Notification) -> Result<Vec<u32>, Answer> {
        let other_team = || bad("The teamId of the recipient must be that of the request.");
        let is_this = |id: &str| Uuid::try_parse(id).is_ok_and(|id| id == team);
        let mut meant = Vec::new();
        for recipient in &notification.recipients {
            match recipient {
                Recipient::Person(user) => {
                    let person = self.organisation.find(user).ok_or_else(|| apps::no_such_user(user))?;
                    if !self.is_member(team, person) {
                        return Err(self.not_authorized("team"));
                    }
                    meant.push(person);
                }
                Recipient::Team(id) if is_this(id) => {
                    let members = self.team_members(team);
                    // A larger one gets nothing, and the call looks successful all the same.
                    if members.len() <= TEAM_MEMBERS_MAX {
                        meant.extend(members);
                    }
                }
                Recipient::Channel { team: id, channel } if is_this(id) => {
                    self.channel_of(team, channel)?;
                    meant.extend(self.team_members(team));
                }
                Recipient::Team(_) | Recipient::Channel { .. } => return Err(other_team()),
                Recipient::Chat(_) => return Err(bad("A chat is no recipient in a team.")),
            }
        }
        Ok(meant)
    }

    /// Which app speaks: the one that belongs to the Entra app, unless several do.
    fn check_app(&self, notification: &Notification, scope: &str) -> Result<(), Answer> {
        match notification.app {
            None if self.shares_entra_app => {
                let text = format!(
                    "Found multiple applications with the same AAD App ID '{}' - a Teams Application ID is required to \
                     resolve which application is correct.",
                    self.app
                );
                Err(Answer::graph_error(409, "Conflict", text))
            }
            Some(app) if app != self.catalogue_id => Err(self.not_authorized(scope)),
            _ => Ok(()),
        }
    }

    fn not_authorized(&self, scope: &str) -> Answer {
        let text = format!(
            "Application with AAD App Id '{}' is not authorized to generate custom text notifications about '{scope}' to \
             the recipient. Ensure that the expected Teams app is installed in the target scope (user, team, or chat).",
            self.app
        );
        Answer::graph_error(403, "Forbidden", text)
    }

    /// An object must be what the address names, or something inside it.
    fn check_topic(&self, topic: &Topic, addressed: &Addressed<'_>) -> Result<(), Answer> {
        let Some(path) = topic.path(&self.graph_url)? else { return Ok(()) };
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let is_right = match (addressed, path.as_slice()) {
            (Addressed::Person(_) | Addressed::People, ["appCatalogs", "teamsApps", app]) => {
                Uuid::try_parse(app).is_ok_and(|app| app == self.catalogue_id)
            }
            (Addressed::Person(person), ["users", user, "teamwork", "installedApps", installation]) => {
                let is_hers = self.organisation.find(user) == Some(*person);
                is_hers && self.installation_id(*person, self.catalogue_id) == *installation
            }
            (Addressed::Team(team), ["teams", id, within @ ..]) => {
                Uuid::try_parse(id).is_ok_and(|id| id == *team) && self.is_within(*team, within)
            }
            (Addressed::Chat(chat), ["chats", id] | ["chats", id, "messages", _]) => id == chat,
            _ => false,
        };
        if is_right { Ok(()) } else { Err(bad("The topic must be the object of the request or something inside it.")) }
    }

    fn is_within(&self, team: Uuid, path: &[&str]) -> bool {
        match path {
            [] => true,
            ["channels", channel]
            | ["channels", channel, "tabs" | "messages", _]
            | ["channels", channel, "messages", _, "replies", _] => self.channel_of(team, channel).is_ok(),
            _ => false,
        }
    }

    /// Puts it into the feeds, unless the name of its type has other capitals than the manifest's: then it is dropped.
    fn notify(
        &mut self,
        people: impl IntoIterator<Item = u32>,
        by: Bucket,
        notification: Notification,
        now: Timestamp,
    ) -> Result<(), Answer> {
        let Some(text) = self.title(&notification)? else { return Ok(()) };
        let preview = notification.preview_shown();
        let Notification { topic, activity_type, chain_id, parameters, icon, .. } = notification;
        let said = Said { activity_type, text, preview, parameters, topic, icon };
        let written = Arc::new(said.written());
        let hash = chance::text(&written.to_string());
        let telling = Telling { by, chain_id, said: Arc::new(said), written, hash };
        for person in people {
            if self.organisation.person(person).has_teams() {
                self.enter(person, &telling, now);
            }
        }
        Ok(())
    }

    /// What the template makes of it; `None` when it is dropped without a word.
    fn title(&self, notification: &Notification) -> Result<Option<String>, Answer> {
        let (name, given) = (&notification.activity_type, &notification.parameters);
        let icon = notification.icon.as_deref();
        if let Some(icon) = icon.filter(|icon| !self.activities.icons.iter().any(|known| known == icon)) {
            return Err(bad(&format!("The iconId '{icon}' is not declared in the manifest of the app.")));
        }
        match self.activities.find(name) {
            Declared::SystemDefault => Ok(given.get(SYSTEM_DEFAULT_TEXT).cloned()),
            Declared::InOtherCase => Ok(None),
            Declared::Nowhere => {
                Err(bad(&format!("The activityType '{name}' is not declared in the manifest of the app.")))
            }
            Declared::As(declared) => {
                if let Some(missing) = declared.variables().into_iter().find(|variable| !given.contains_key(*variable))
                {
                    let text = format!("templateParameters lack '{missing}', which the template of '{name}' needs.");
                    return Err(bad(&text));
                }
                if let Some(icon) = icon.filter(|icon| !declared.icons.iter().any(|allowed| allowed == icon)) {
                    return Err(bad(&format!("The iconId '{icon}' is not allowed for the activityType '{name}'.")));
                }
                Ok(Some(declared.text(apps::BOT_NAME, given)))
            }
        }
    }

    fn enter(&mut self, person: u32, telling: &Telling, now: Timestamp) {
        let Telling { by, chain_id, said, written, hash } = telling;
        let notice = Notice { at: now, by: *by, chain_id: *chain_id, said: Arc::clone(said), replaced: 0 };
        let is_replacement = match self.feeds.entry(person).or_default().take(notice) {
            Taken::New => false,
            Taken::InPlaceOfAnother => true,
            Taken::Dropped => return,
        };
        self.ledger.notify((now, person, *by), (*hash, written), *chain_id, is_replacement);
    }
}

fn not_found(what: &str, id: &str) -> Answer {
    Answer::graph_error(404, "NotFound", format!("{what} '{id}' was not found."))
}

fn bad(message: &str) -> Answer {
    Answer::graph_error(400, "BadRequest", message)
}
