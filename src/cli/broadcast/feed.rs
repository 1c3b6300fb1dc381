//! Which way it goes, and what is said in activity feeds, as options of the command line.

use clap::{Args, ValueEnum};

use crate::app::submit::{Everybody, Going, IN_TEAM, Wanted};
use crate::domain::audience::PostTo;
use crate::domain::content::Content;
use crate::domain::fault::{Fault, Faults};
use crate::domain::ids::{ConversationId, GroupId};
use crate::domain::notification::{NamedBy, Notification, SYSTEM_DEFAULT, SYSTEM_DEFAULT_TEXT, Scope, Topic};

/// Where a broadcast goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Ways {
    /// A message in everybody's chat with the bot
    Chat,
    /// An entry in everybody's activity feed
    Feed,
    /// The message, and once it has gone out, the entry
    Both,
    /// A post in each channel that --post-to names
    TeamChannel,
}

/// By which name Teams is told whom we mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PeopleBy {
    /// Object id
    Id,
    /// User principal name; many at once go by object id all the same
    Upn,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Activity feed")]
pub(super) struct Feed {
    /// Where it goes
    #[arg(long, value_enum, default_value_t = Ways::Chat)]
    channel: Ways,
    /// Which template of the app's manifest is filled in, or systemDefault for a text of our own [default:
    /// teams.activity_type of the settings]
    #[arg(long, value_name = "TYPE")]
    activity_type: Option<String>,
    /// The line below it, up to 150 characters [default: the banner, else the title]
    #[arg(long, value_name = "TEXT")]
    preview_text: Option<String>,
    /// A variable of the template, and its value; may be repeated [default: title=TITLE]
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter)]
    parameter: Vec<(String, String)>,
    /// What it leads to, by its address in Graph: a team, a tab, a channel, a message, a reply [default: the app, or the team
    /// or chat in whose name it comes]
    #[arg(long, value_name = "URL")]
    topic_url: Option<String>,
    /// What it leads to, under a title of our own
    #[arg(long, value_name = "TEXT", requires = "topic_link", conflicts_with = "topic_url")]
    topic: Option<String>,
    /// The link behind that title, within Teams: a deep link, whose path begins with /l/
    #[arg(long, value_name = "URL", requires = "topic")]
    topic_link: Option<String>,
    /// In the name of a team, by name or object id, in which the app is; people must belong to it
    #[arg(long, value_name = "TEAM", conflicts_with = "in_chat")]
    in_team: Option<String>,
    /// In the name of a chat in which the app is; people must belong to it
    #[arg(long, value_name = "CHAT-ID")]
    in_chat: Option<String>,
    /// Everybody in the team or chat, with one request: up to 10000 people, and nobody tells of each of them
    #[arg(long, conflicts_with_all = ["audience", "audience_expr", "members_of_channel"])]
    all_members: bool,
    /// Everybody in a channel of the team, by the channel's id, with one request
    #[arg(long, value_name = "CHANNEL-ID", requires = "in_team", conflicts_with_all = ["audience", "audience_expr"])]
    members_of_channel: Option<String>,
    /// One of the icons that the manifest allows for this type
    #[arg(long, value_name = "ID")]
    icon: Option<String>,
    /// Say which Teams app speaks: needed where several share our app registration
    #[arg(long)]
    name_app: bool,
    /// How Teams is told whom we mean
    #[arg(long, value_name = "BY", value_enum, default_value_t = PeopleBy::Id)]
    name_people_by: PeopleBy,
}

pub(super) fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE, with the name as the template has it")?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

impl Feed {
    /// Nothing but the feed: then nobody reads a text.
    pub(super) fn is_alone(&self) -> bool {
        self.channel == Ways::Feed
    }

    /// It is posted in channels.
    pub(super) fn is_posted(&self) -> bool {
        self.channel == Ways::TeamChannel
    }

    /// Everybody in a place is meant, and nobody is named.
    pub(super) const fn means_everybody(&self) -> bool {
        self.all_members || self.members_of_channel.is_some()
    }

    /// What is wanted, of `content`; `activity_type` where the author names none, and `posts` where it is posted.
    pub(super) fn going(self, content: &Content, activity_type: &str, posts: Vec<PostTo>) -> Result<Going, Faults> {
        match self.channel {
            Ways::Chat => return Faults::or(self.out_of_place(), Going::Chat),
            Ways::TeamChannel => return Faults::or(self.out_of_place(), Going::TeamChannel(posts)),
            Ways::Feed | Ways::Both => {}
        }
        let mut faults = Vec::new();
        if self.means_everybody() {
            faults.extend(self.everybody_of_nothing());
        }
        let everybody = match self.members_of_channel {
            Some(channel) => Some(Everybody::OfChannel(ConversationId(channel))),
            None => self.all_members.then_some(Everybody::Members),
        };
        let activity_type = self.activity_type.as_deref().unwrap_or(activity_type);
        let mut said = Notification::of(content, activity_type);
        if let Some(preview) = self.preview_text {
            said.preview = preview;
        }
        if !self.parameter.is_empty() {
            said.parameters = self.parameter;
            // A text of our own has one variable, which has a name that nobody need know.
            if activity_type == SYSTEM_DEFAULT && !said.parameters.iter().any(|(name, _)| name == SYSTEM_DEFAULT_TEXT) {
                said.parameters.insert(0, (SYSTEM_DEFAULT_TEXT.to_owned(), content.title.clone()));
            }
        }
        said.icon = self.icon;
        said.names_app = self.name_app;
        said.named_by = match self.name_people_by {
            PeopleBy::Id => NamedBy::Id,
            PeopleBy::Upn => NamedBy::PrincipalName,
        };
        said.topic = match (self.topic_url, self.topic, self.topic_link) {
            (Some(url), ..) => Topic::Entity(url),
            (None, Some(title), Some(link)) => Topic::Text { title, link },
            _ => Topic::App,
        };
        let (scope, in_team) = match (self.in_team, self.in_chat) {
            (Some(team), _) => match uuid::Uuid::try_parse(team.trim()) {
                Ok(id) => (Scope::Team(GroupId(id)), Some(team)),
                Err(_) => (Scope::User, Some(team)),
            },
            (None, Some(chat)) => (Scope::Chat(ConversationId(chat)), None),
            (None, None) => (Scope::User, None),
        };
        said.scope = scope;
        // What leads into a team can be judged once the team is found by its name.
        let is_open = in_team.is_some() && said.scope == Scope::User;
        let judged = if is_open { Notification { topic: Topic::App, ..said.clone() } } else { said.clone() };
        faults.extend(judged.check().err().map(|found| found.0).unwrap_or_default());
        let wanted = Box::new(Wanted { notification: said, in_team, everybody });
        let going = if self.channel == Ways::Both { Going::Both(wanted) } else { Going::Feed(wanted) };
        Faults::or(faults, going)
    }

    /// Options that say nothing where no entry is made.
    fn out_of_place(&self) -> Vec<Fault> {
        let given = [
            ("--activity-type", self.activity_type.is_some()),
            ("--preview-text", self.preview_text.is_some()),
            ("--parameter", !self.parameter.is_empty()),
            ("--topic-url", self.topic_url.is_some()),
            ("--topic", self.topic.is_some()),
            (IN_TEAM, self.in_team.is_some()),
            ("--in-chat", self.in_chat.is_some()),
            ("--all-members", self.all_members),
            ("--members-of-channel", self.members_of_channel.is_some()),
            ("--icon", self.icon.is_some()),
            ("--name-app", self.name_app),
            ("--name-people-by", self.name_people_by != PeopleBy::Id),
        ];
        let fault = |(option, _): (&str, bool)| {
            let cure = "Add --channel feed, or --channel both, or leave the option out.";
            Fault::new(option, "says something about activity feeds, and the broadcast does not go there", cure)
        };
        given.into_iter().filter(|(_, given)| *given).map(fault).collect()
    }

    fn everybody_of_nothing(&self) -> Option<Fault> {
        let option = if self.all_members { "--all-members" } else { "--members-of-channel" };
        if self.channel == Ways::Both {
            let cure = "Name them with --audience-expr 'team \"NAME\"', or use --channel feed.";
            return Some(Fault::new(option, "notifies a place, and a message goes to people", cure));
        }
        (self.in_team.is_none() && self.in_chat.is_none()).then(|| {
            let cure = "Name the team with --in-team, or the chat with --in-chat.";
            Fault::new(option, "does not say of which team or chat", cure)
        })
    }
}

/// What is given of a message where no message goes out.
pub(super) fn unseen(content: &Content, has_body: bool) -> Vec<Fault> {
    let given = [
        ("--body", has_body),
        ("--image", content.image.is_some()),
        ("--author", content.author.is_some()),
        ("--button", !content.buttons.is_empty()),
    ];
    let fault = |(option, _): (&str, bool)| {
        let cure = "Leave it out, or send the message, too: --channel both.";
        Fault::new(option, "is not shown in activity feeds", cure)
    };
    given.into_iter().filter(|(_, given)| *given).map(fault).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[arg(long)]
        audience: Option<String>,
        #[arg(long)]
        audience_expr: Option<String>,
        #[command(flatten)]
        feed: Feed,
    }

    fn going(args: &[&str]) -> Result<Going, Faults> {
        let line = Line::try_parse_from(std::iter::once("x").chain(args.iter().copied())).expect("clap takes it");
        let content = Content { title: "News".into(), body: "Text.".into(), ..Content::default() };
        line.feed.going(&content, "announcementPublished", Vec::new())
    }

    fn refused(args: &[&str]) -> String {
        going(args).expect_err("it is refused").to_string()
    }

    #[test]
    fn what_is_said_in_feeds_makes_no_sense_in_chats() {
        assert_eq!(going(&[]).unwrap(), Going::Chat);
        let told = refused(&["--in-team", "Milan", "--all-members", "--name-people-by", "upn"]);
        for option in ["--in-team", "--all-members", "--name-people-by"] {
            assert!(told.contains(option), "{told}");
        }
        assert!(told.contains("Add --channel feed"), "{told}");
    }

    #[test]
    fn everybody_must_be_of_something_and_gets_no_message() {
        assert!(refused(&["--channel", "feed", "--all-members"]).contains("--in-team"));
        let both = ["--channel", "both", "--in-team", "Milan", "--all-members"];
        assert!(refused(&both).contains("a message goes to people"));
        assert!(Line::try_parse_from(["x", "--all-members", "--audience", "f"]).is_err());
        assert!(Line::try_parse_from(["x", "--topic", "News"]).is_err());
    }

    #[test]
    fn a_team_by_name_is_judged_once_it_is_found_and_one_by_id_at_once() {
        let to = "https://graph.microsoft.com/v1.0/teams/66666666-6666-4666-8666-666666666666/channels/19:x";
        let by_name = going(&["--channel", "feed", "--in-team", "Milan", "--topic-url", to]).unwrap();
        let wanted = by_name.wanted().unwrap();
        assert_eq!((wanted.in_team.as_deref(), &wanted.notification.topic), (Some("Milan"), &Topic::Entity(to.into())));
        let other = "77777777-7777-4777-8777-777777777777";
        assert!(refused(&["--channel", "feed", "--in-team", other, "--topic-url", to]).contains("--topic-url"));
    }

    #[test]
    fn a_text_of_our_own_is_the_title() {
        let made = going(&["--channel", "feed", "--activity-type", "systemDefault"]).unwrap();
        let said = &made.wanted().unwrap().notification;
        assert_eq!(said.parameters, [("systemDefaultText".to_owned(), "News".to_owned())]);
    }
}
