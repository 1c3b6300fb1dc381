//! Which way a manuscript goes, and what is said in activity feeds.

use crate::app::submit::{Everybody, Going, IN_TEAM, Wanted};
use crate::domain::audience::PostTo;
use crate::domain::broadcast::Channels;
use crate::domain::content::Content;
use crate::domain::fault::{Fault, Faults, Slip};
use crate::domain::ids::{ConversationId, GroupId};
use crate::domain::manuscript::ManuscriptFeed;
use crate::domain::notification::{NamedBy, Notification, SYSTEM_DEFAULT, SYSTEM_DEFAULT_TEXT, Scope, Topic};

/// Which way it goes, and what its author has said of activity feeds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeedWish {
    /// Which ways.
    pub channels: Channels,
    /// What is said there; its parameters stand below.
    pub said: ManuscriptFeed,
    /// The variables of the template and their values, in the order in which they were given.
    pub parameters: Vec<(String, String)>,
}

impl FeedWish {
    /// Everybody in a place is meant, and nobody is named.
    pub const fn means_everybody(&self) -> bool {
        self.said.all_members || self.said.members_of_channel.is_some()
    }

    /// What is wanted, of `content`; `activity_type` where the author names none, and `posts` where it is posted.
    ///
    /// # Errors
    /// Everything wrong with it, by the names of the command line's options.
    pub fn going(self, content: &Content, activity_type: &str, posts: Vec<PostTo>) -> Result<Going, Faults> {
        match self.channels {
            Channels::Chat => return Faults::or(self.out_of_place(), Going::Chat),
            Channels::TeamChannel => return Faults::or(self.out_of_place(), Going::TeamChannel(posts)),
            Channels::Feed | Channels::Both => {}
        }
        let mut faults = Vec::new();
        if self.means_everybody() {
            faults.extend(self.everybody_of_nothing());
        }
        let everybody = match &self.said.members_of_channel {
            Some(channel) => Some(Everybody::OfChannel(ConversationId(channel.clone()))),
            None => self.said.all_members.then_some(Everybody::Members),
        };
        let names_type = self.said.activity_type.is_some();
        let (notification, in_team) = notification(self.said, self.parameters, content, activity_type);
        // What leads into a team can be judged once the team is found by its name.
        let is_open = in_team.is_some() && notification.scope == Scope::User;
        let judged =
            if is_open { Notification { topic: Topic::App, ..notification.clone() } } else { notification.clone() };
        faults.extend(judged.check().err().map(|found| found.0).unwrap_or_default());
        let wanted = Box::new(Wanted { notification, names_type, in_team, everybody });
        let going = if self.channels == Channels::Both { Going::Both(wanted) } else { Going::Feed(wanted) };
        Faults::or(faults, going)
    }

    /// What says nothing where no entry is made.
    fn out_of_place(&self) -> Vec<Fault> {
        let said = &self.said;
        let given = [
            ("--activity-type", said.activity_type.is_some()),
            ("--preview-text", said.preview_text.is_some()),
            ("--parameter", !self.parameters.is_empty()),
            ("--topic-url", said.topic_url.is_some()),
            ("--topic", said.topic.is_some()),
            (IN_TEAM, said.in_team.is_some()),
            ("--in-chat", said.in_chat.is_some()),
            ("--all-members", said.all_members),
            ("--members-of-channel", said.members_of_channel.is_some()),
            ("--icon", said.icon.is_some()),
            ("--name-app", said.name_app),
            ("--name-people-by", said.by_principal_name),
        ];
        let fault = |(option, _): (&str, bool)| {
            let cure = "Add --channel feed, or --channel both, or leave the option out.";
            Fault::new(option, "says something about activity feeds, and the broadcast does not go there", cure)
        };
        given.into_iter().filter(|(_, given)| *given).map(fault).collect()
    }

    fn everybody_of_nothing(&self) -> Option<Fault> {
        let option = if self.said.all_members { "--all-members" } else { "--members-of-channel" };
        if self.channels == Channels::Both {
            let cure = "Name them with --audience-expr 'team \"NAME\"', or use --channel feed.";
            return Some(Fault::new(option, "notifies a place, and a message goes to people", cure));
        }
        (self.said.in_team.is_none() && self.said.in_chat.is_none()).then(|| {
            let cure = "Name the team with --in-team, or the chat with --in-chat.";
            Fault::new(option, "does not say of which team or chat", cure)
        })
    }
}

/// What is said, and the team in whose name, as its author calls it.
fn notification(
    feed: ManuscriptFeed,
    parameters: Vec<(String, String)>,
    content: &Content,
    activity_type: &str,
) -> (Notification, Option<String>) {
    let activity_type = feed.activity_type.as_deref().unwrap_or(activity_type);
    let mut said = Notification::of(content, activity_type);
    if let Some(preview) = feed.preview_text {
        said.preview = preview;
    }
    if !parameters.is_empty() {
        said.parameters = parameters;
        // A text of our own has one variable, which has a name that nobody need know.
        if activity_type == SYSTEM_DEFAULT && !said.parameters.iter().any(|(name, _)| name == SYSTEM_DEFAULT_TEXT) {
            said.parameters.insert(0, (SYSTEM_DEFAULT_TEXT.to_owned(), content.title.clone()));
        }
    }
    said.icon = feed.icon;
    said.names_app = feed.name_app;
    said.named_by = if feed.by_principal_name { NamedBy::PrincipalName } else { NamedBy::Id };
    said.topic = match (feed.topic_url, feed.topic, feed.topic_link) {
        (Some(url), ..) => Topic::Entity(url),
        (None, Some(title), Some(link)) => Topic::Text { title, link },
        _ => Topic::App,
    };
    said.scope = match (&feed.in_team, feed.in_chat) {
        (Some(team), _) => uuid::Uuid::try_parse(team.trim()).map_or(Scope::User, |id| Scope::Team(GroupId(id))),
        (None, Some(chat)) => Scope::Chat(ConversationId(chat)),
        (None, None) => Scope::User,
    };
    (said, feed.in_team)
}

/// What is given of a message where no message goes out, by the names of the command line's options.
pub fn unseen(content: &Content, has_body: bool) -> Vec<Fault> {
    let given = [
        ("--body", has_body),
        ("--image", content.image.is_some()),
        ("--author", content.author.is_some()),
        ("--button", !content.buttons.is_empty()),
    ];
    let fault = |(option, _): (&str, bool)| {
        let cure = "Leave it out, or send the message, too: --channel both.";
        Fault::new(option, "is not shown in activity feeds", cure).known(Slip::NotInFeeds)
    };
    given.into_iter().filter(|(_, given)| *given).map(fault).collect()
}
