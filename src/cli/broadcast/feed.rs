//! Which way it goes, and what is said in activity feeds, as options of the command line.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};

use crate::app::manuscript::FeedWish;
use crate::app::submit::Going;
use crate::domain::audience::PostTo;
use crate::domain::broadcast::Channels;
use crate::domain::content::Content;
use crate::domain::fault::Faults;
use crate::domain::manuscript::ManuscriptFeed;

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
        let said = ManuscriptFeed {
            preview_text: self.preview_text,
            activity_type: self.activity_type,
            topic_url: self.topic_url,
            topic: self.topic,
            topic_link: self.topic_link,
            in_team: self.in_team,
            in_chat: self.in_chat,
            all_members: self.all_members,
            members_of_channel: self.members_of_channel,
            icon: self.icon,
            by_principal_name: self.name_people_by == PeopleBy::Upn,
            name_app: self.name_app,
            // They keep their order, and may be given twice by mistake.
            parameters: BTreeMap::new(),
        };
        let channels = match self.channel {
            Ways::Chat => Channels::Chat,
            Ways::Feed => Channels::Feed,
            Ways::Both => Channels::Both,
            Ways::TeamChannel => Channels::TeamChannel,
        };
        FeedWish { channels, said, parameters: self.parameter }.going(content, activity_type, posts)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::domain::notification::Topic;

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
