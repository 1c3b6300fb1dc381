//! An announcement as it lies on a desk: everything that its author has said of it, right or wrong.
//!
//! It is what the API takes and what drafts keep. Nothing of it is checked here; `app/manuscript.rs` reads it, and says what
//! is wrong with it by the names that stand here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::broadcast::Channels;
use super::content::Button;
use super::delivery::WhenInDoubt;

/// An announcement being written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Manuscript {
    /// The heading, up to 200 characters.
    #[schema(max_length = 200, example = "Offices close at noon on Friday")]
    pub title: String,
    /// Markdown in the subset that Teams renders: bold, italic, links, lists.
    #[schema(example = "Please leave before **12:00**.")]
    pub body: String,
    /// The picture between title and text.
    pub image: Option<ManuscriptImage>,
    /// Who speaks; shown small below the text.
    #[schema(max_length = 100)]
    pub author: Option<String>,
    /// The notification's text, up to 150 characters; the title when absent.
    #[schema(max_length = 150)]
    pub banner: Option<String>,
    /// Up to six links below the text.
    #[schema(max_items = 6)]
    pub buttons: Vec<Button>,
    /// Which ways it goes.
    pub channel: Channels,
    /// What is said in activity feeds, for the channels `feed` and `both`.
    pub feed: Option<ManuscriptFeed>,
    /// For the channel `team_channel`: where, each as `TEAM` or `TEAM/CHANNEL`, by name or object id.
    pub post_to: Vec<String>,
    /// Whom it is for.
    pub audience: Option<ManuscriptAudience>,
    /// When it starts; at once when absent.
    pub schedule: Option<ManuscriptSchedule>,
    /// Whoever has not had their turn this long after the start fails, such as `72h`, which it is when absent.
    #[schema(example = "72h")]
    pub deadline: Option<String>,
    /// How late it may start, and how long it may lie still, before it waits for a person: such as `1h`, which it is when
    /// absent.
    #[schema(example = "1h")]
    pub tolerance: Option<String>,
    /// It is recalled by itself this long after the start, `1m` to `366d`; never when absent.
    pub expire_after: Option<String>,
    /// Who is told by the bot when it ends, is halted or misses its hour: an object id, principal name or mail address.
    pub tell: Option<String>,
    /// It overtakes broadcasts that are not urgent.
    pub urgent: bool,
    /// What to do with a message that may have arrived.
    pub when_in_doubt: WhenInDoubt,
    /// Go on without the lines of a list that are malformed, unknown to the directory or ambiguous.
    pub accept_partial: bool,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ManuscriptImage {
    /// One that was uploaded, by its id. Either this or `url`.
    pub picture: Option<Uuid>,
    /// An https link that opens without signing in, or a `data:` URL.
    pub url: Option<String>,
    /// What it shows, for those who cannot see it; up to 300 characters.
    #[schema(max_length = 300)]
    pub description: String,
}

/// What is said in activity feeds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ManuscriptFeed {
    /// The line below the title, up to 150 characters.
    pub preview_text: Option<String>,
    /// Which template of the app's manifest; that of the settings when absent.
    pub activity_type: Option<String>,
    /// The variables of the template, and their values.
    pub parameters: BTreeMap<String, String>,
    /// Where it leads, by its address in Graph. Either this, or `topic` with `topic_link`.
    pub topic_url: Option<String>,
    /// A title of our own for where it leads.
    pub topic: Option<String>,
    /// A deep link of Teams that it leads to.
    pub topic_link: Option<String>,
    /// In the name of this team, by name or object id.
    pub in_team: Option<String>,
    /// In the name of this chat, by its id.
    pub in_chat: Option<String>,
    /// Everybody of the team or the chat, with one notification.
    pub all_members: bool,
    /// Everybody of this channel of the team, by the channel's id, with one notification.
    pub members_of_channel: Option<String>,
    /// Which of the manifest's icons.
    pub icon: Option<String>,
    /// Name people by their user principal names, and not by their object ids.
    pub by_principal_name: bool,
    /// Tell Teams which app it is, where several share the registration.
    pub name_app: bool,
}

/// Whom it is for. Either `expression` or `list`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ManuscriptAudience {
    /// In words, such as `everyone` or `country = "France" except group "Contractors"`.
    #[schema(example = "everyone")]
    pub expression: Option<String>,
    /// A list of people, as it was pasted or uploaded: object ids, principal names or mail addresses, or a table of them.
    pub list: Option<String>,
    /// The lists that the expression names, by name.
    pub lists: BTreeMap<String, String>,
}

/// When it starts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ManuscriptSchedule {
    /// The hour, as the clock on the wall shows it, or with an offset: `2026-12-01T09:00`.
    #[schema(example = "2026-12-01T09:00")]
    pub at: String,
    /// The zone in which the hour is meant, such as `Europe/Berlin`; needed where the hour has no offset.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: Option<String>,
    /// How long before the hour the app is installed and the chats are found, so that everybody is told at once: `12h` when
    /// absent, `0s` for not at all.
    pub prepare: Option<String>,
}

/// What of an announcement that has gone out is to be said otherwise. What is not given stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Correction {
    /// Another heading, up to 200 characters.
    #[schema(max_length = 200)]
    pub title: Option<String>,
    /// Another text.
    #[schema(example = "At **one**, not at noon.")]
    pub body: Option<String>,
    /// Another picture; without `picture` and `url`, another description of the one that there is.
    pub image: Option<ManuscriptImage>,
    /// Who speaks.
    #[schema(max_length = 100)]
    pub author: Option<String>,
    /// Another text of the notification.
    #[schema(max_length = 150)]
    pub banner: Option<String>,
    /// Links, in the place of all that there were; none given, they stay.
    #[schema(max_items = 6)]
    pub buttons: Vec<Button>,
    /// What is left out from now on.
    pub without: Vec<Part>,
    /// Of notifications: another line below.
    #[schema(max_length = 150)]
    pub preview_text: Option<String>,
    /// Of notifications: other values of variables of the template.
    pub parameters: BTreeMap<String, String>,
    /// Whoever has not had their turn after this long is reported as not reached: `72h` when absent.
    #[schema(example = "72h")]
    pub deadline: Option<String>,
}

/// What an announcement may do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The picture.
    Image,
    /// Who speaks.
    Author,
    /// The notification's own text: it is the title then.
    Banner,
    /// All links.
    Buttons,
}
