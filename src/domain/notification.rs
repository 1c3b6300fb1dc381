//! What is said in activity feeds: limits are checked here, once, at the door.
//!
//! A notification is a line of the activity feed that leads somewhere. Its words come from a template of the app's manifest
//! (`activity_type`), whose variables are filled by `parameters`. Teams takes one and tells nobody whether it was shown.
//!
//! Source of every limit: Microsoft Graph, "Send activity feed notifications to users in Microsoft Teams", and the actions
//! `sendActivityNotification` and `sendActivityNotificationToRecipients` (read November 2026).

use serde::{Deserialize, Serialize};
use url::Url;

use super::cloud::{example_of_link, is_of_graph, is_of_teams};
use super::content::{Content, faults_of_text};
use super::fault::{Fault, Faults};
use super::ids::{BroadcastId, ConversationId, GroupId};
use super::pacing::Quota;

/// What Teams shows of the preview, in characters.
pub const PREVIEW_CHARACTERS_MAX: usize = 150;
/// The longest name of an activity type, in characters, as the schema of manifests has it.
pub const ACTIVITY_TYPE_CHARACTERS_MAX: usize = 64;
/// The most members of a team who can be notified at once. Of a larger one Teams would notify nobody.
pub const TEAM_MEMBERS_MAX: u64 = 10_000;
/// The activity type that no manifest has to declare.
pub const SYSTEM_DEFAULT: &str = "systemDefault";
/// The variable that holds its whole text.
pub const SYSTEM_DEFAULT_TEXT: &str = "systemDefaultText";
/// The variable that holds the title, in a template of our own.
pub const TITLE_PARAMETER: &str = "title";
/// What people read in the place of what was withdrawn, unless its author says otherwise.
pub const WITHDRAWN: &str = "This announcement was withdrawn.";
/// The longest title of a topic and value of a variable, in characters: what fits a line of the feed, several times over.
pub const VALUE_CHARACTERS_MAX: usize = 500;
/// The most variables: no template of 128 characters has room for more.
pub const PARAMETERS_MAX: usize = 32;

/// In whose name Teams is asked, which decides what a notification may lead to and where the app must be installed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// In each person's.
    #[default]
    User,
    /// In a team's.
    Team(GroupId),
    /// In a chat's.
    Chat(ConversationId),
}

impl Scope {
    /// How many requests one app may make about one team, or one chat; all people together have a bucket instead.
    ///
    /// Source: Microsoft Graph, "Microsoft Graph service-specific throttling limits", Teams (read November 2026).
    pub const fn quota(&self) -> Option<Quota> {
        match self {
            Self::User => None,
            Self::Team(_) => Some(Quota::per_second(4)),
            Self::Chat(_) => Some(Quota::per_second(1)),
        }
    }
}

/// Where a notification leads.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// To our app, under its own name; in a team's name to the team, in a chat's to the chat.
    #[default]
    App,
    /// To something that Graph knows, by its address there: a team, a tab, a channel, a message, a reply, an installed app.
    Entity(String),
    /// To a page within Teams, under a title of our own.
    Text {
        /// The title.
        title: String,
        /// A deep link: `/l/…` at a host of the Teams client.
        link: String,
    },
}

/// How Teams is told whom we mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NamedBy {
    /// By object id, which never changes.
    #[default]
    Id,
    /// By user principal name.
    PrincipalName,
}

/// One notification, the same for everybody.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Notification {
    /// In whose name.
    pub scope: Scope,
    /// Where it leads.
    pub topic: Topic,
    /// Which template of the manifest, in its very spelling.
    pub activity_type: String,
    /// The line below it, up to [`PREVIEW_CHARACTERS_MAX`].
    pub preview: String,
    /// The variables of the template, and their values. `actor` is filled by Teams.
    pub parameters: Vec<(String, String)>,
    /// Which of the manifest's icons, when it has some.
    pub icon: Option<String>,
    /// How people are named.
    pub named_by: NamedBy,
    /// Tell Teams which app it is, where several Teams apps share our registration in Entra.
    pub names_app: bool,
}

impl Notification {
    /// What is said of `content` when its author says nothing else: its title, and its banner below.
    pub fn of(content: &Content, activity_type: &str) -> Self {
        let text = if activity_type == SYSTEM_DEFAULT { SYSTEM_DEFAULT_TEXT } else { TITLE_PARAMETER };
        let preview = content.banner.as_ref().unwrap_or(&content.title);
        Self {
            activity_type: activity_type.to_owned(),
            preview: shortened(preview),
            parameters: vec![(text.to_owned(), content.title.clone())],
            ..Self::default()
        }
    }

    /// The same in `words`: what takes the place of a notification that is withdrawn.
    #[must_use]
    pub fn withdrawn(self, words: &str) -> Self {
        let instead = |(name, _): (String, String)| (name, words.to_owned());
        let parameters = self.parameters.into_iter().map(instead).collect();
        // A title of its own would stay to be read.
        let topic = match self.topic {
            Topic::Text { .. } => Topic::App,
            topic => topic,
        };
        Self { parameters, topic, ..self }.previewed(words)
    }

    /// The same for a corrected announcement: it follows the title, and the banner, wherever it says what they said. Words
    /// that its author gave it stay.
    #[must_use]
    pub fn following(self, old: &Content, new: &Content) -> Self {
        let (was, is) = (old.banner.as_ref().unwrap_or(&old.title), new.banner.as_ref().unwrap_or(&new.title));
        let follows = self.preview == shortened(was);
        let titled = self.titled_where(|said| said == old.title, &new.title);
        if follows { titled.previewed(is) } else { titled }
    }

    /// The variable that holds what [`Notification::of`] puts there, if the template has it, says `words` where it says what
    /// is to be replaced.
    fn titled_where(mut self, is_replaced: impl Fn(&str) -> bool, words: &str) -> Self {
        for (name, value) in &mut self.parameters {
            if matches!(name.as_str(), SYSTEM_DEFAULT_TEXT | TITLE_PARAMETER) && is_replaced(value) {
                words.clone_into(value);
            }
        }
        self
    }

    fn previewed(self, words: &str) -> Self {
        Self { preview: shortened(words), ..self }
    }

    /// The same with these words instead, where they are given; of the variables, each that is named.
    #[must_use]
    pub fn reworded(mut self, preview: Option<String>, parameters: Vec<(String, String)>) -> Self {
        self.preview = preview.unwrap_or(self.preview);
        for (name, value) in parameters {
            match self.parameters.iter_mut().find(|(known, _)| *known == name) {
                Some((_, old)) => *old = value,
                None => self.parameters.push((name, value)),
            }
        }
        self
    }

    /// Checks everything about it that can be checked without sending it.
    ///
    /// # Errors
    /// Every fault found, each with its field, limit and cure.
    pub fn check(self) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        faults_of_text("--preview-text", &self.preview, Some(PREVIEW_CHARACTERS_MAX), &mut faults);
        faults_of_text("--activity-type", &self.activity_type, Some(ACTIVITY_TYPE_CHARACTERS_MAX), &mut faults);
        self.faults_of_parameters(&mut faults);
        self.faults_of_topic(&mut faults);
        Faults::or(faults, self)
    }

    fn faults_of_parameters(&self, faults: &mut Vec<Fault>) {
        const FIELD: &str = "--parameter";
        for (name, value) in &self.parameters {
            faults_of_text(&format!("{FIELD} {name}"), value, Some(VALUE_CHARACTERS_MAX), faults);
            if name.eq_ignore_ascii_case("actor") {
                let cure = "Leave it out: Teams fills it with the name of the app.";
                faults.push(Fault::new(FIELD, "names actor, which Teams fills itself", cure));
            }
            let letters = |letter: char| letter.is_alphanumeric() || letter == '_';
            if name.is_empty() || !name.chars().all(letters) {
                let problem = format!("“{name}” is not the name of a variable");
                faults.push(Fault::new(
                    FIELD,
                    problem,
                    "Write NAME=VALUE, with the name as it stands in the template.",
                ));
            }
            if self.parameters.iter().filter(|(other, _)| other == name).count() > 1 {
                let problem = format!("names {name} more than once");
                faults.push(Fault::new(FIELD, problem, "Give each variable one value."));
                break;
            }
        }
        if self.parameters.len() > PARAMETERS_MAX {
            let problem = format!("is given {} times; the limit is {PARAMETERS_MAX}", self.parameters.len());
            faults.push(Fault::new(FIELD, problem, "Leave out what the template does not name."));
        }
        let whole = |(name, _): &(String, String)| name == SYSTEM_DEFAULT_TEXT;
        if self.activity_type == SYSTEM_DEFAULT && !self.parameters.iter().any(whole) {
            let problem = format!("{SYSTEM_DEFAULT} has no text");
            let cure = format!("Give it one: --parameter {SYSTEM_DEFAULT_TEXT}=…");
            faults.push(Fault::new(FIELD, problem, cure));
        }
        let other = self.parameters.iter().find(|(name, _)| name != SYSTEM_DEFAULT_TEXT);
        if let (SYSTEM_DEFAULT, Some((name, _))) = (self.activity_type.as_str(), other) {
            let problem = format!("names {name}, and {SYSTEM_DEFAULT} has no variable but {SYSTEM_DEFAULT_TEXT}");
            let cure = "Leave it out, or name a type of the manifest whose template has that variable.";
            faults.push(Fault::new(FIELD, problem, cure));
        }
    }

    fn faults_of_topic(&self, faults: &mut Vec<Fault>) {
        match &self.topic {
            Topic::App => {}
            Topic::Entity(address) => faults.extend(fault_of_entity(address, &self.scope)),
            Topic::Text { title, link } => {
                faults_of_text("--topic", title, Some(VALUE_CHARACTERS_MAX), faults);
                let is_deep = Url::parse(link).is_ok_and(|url| {
                    url.scheme() == "https" && url.host_str().is_some_and(is_of_teams) && url.path().starts_with("/l/")
                });
                if !is_deep {
                    let problem = "leads out of Teams, which refuses that";
                    let cure = format!("Write a deep link: {}…", example_of_link());
                    faults.push(Fault::new("--topic-link", problem, cure));
                }
            }
        }
    }

    /// The chain that all notifications of a broadcast belong to: a later one takes the place of an earlier one, so that
    /// a repetition does no harm. 53 bits of the broadcast's id, its instant among them: every reader of JSON keeps them.
    pub const fn chain(broadcast: BroadcastId) -> i64 {
        broadcast.as_i64() >> 10
    }

    /// Whether it may go to many people with one request: such a request names nothing but the app, and people by id.
    pub fn goes_to_many(&self) -> bool {
        let leads_to_app = match &self.topic {
            Topic::App => true,
            Topic::Entity(address) => address.contains("/appCatalogs/teamsApps/"),
            Topic::Text { .. } => false,
        };
        self.scope == Scope::User && leads_to_app
    }
}

/// What Teams shows of a preview.
fn shortened(words: &str) -> String {
    words.chars().take(PREVIEW_CHARACTERS_MAX).collect()
}

/// An object leads a person's notification to our app, a team's into that team, a chat's into that chat.
fn fault_of_entity(address: &str, scope: &Scope) -> Option<Fault> {
    const FIELD: &str = "--topic-url";
    let of_graph = |url: &Url| url.scheme() == "https" && url.host_str().is_some_and(is_of_graph);
    let path = Url::parse(address).ok().filter(of_graph).map(|url| url.path().to_owned());
    let Some(path) =
        path.and_then(|path| Some(path.strip_prefix("/v1.0/").or(path.strip_prefix("/beta/"))?.to_owned()))
    else {
        let problem = format!("“{address}” is not an address of Graph");
        return Some(Fault::new(
            FIELD,
            problem,
            "Write it whole: https, the host of Graph, and the path that begins with /v1.0/.",
        ));
    };
    let (allowed, within) = match scope {
        // What is installed for one person is nothing to anybody else.
        Scope::User => (path.starts_with("appCatalogs/teamsApps/"), "the app: …/appCatalogs/teamsApps/{id}".to_owned()),
        Scope::Team(team) => (is_within(&path, "teams", &team.to_string()), format!("that team: …/teams/{team}/…")),
        Scope::Chat(chat) => (is_within(&path, "chats", &chat.0), format!("that chat: …/chats/{}/…", chat.0)),
    };
    let fault =
        || Fault::new(FIELD, "leads to something that Teams refuses here", format!("Name something of {within}"));
    (!allowed).then(fault)
}

fn is_within(path: &str, kind: &str, id: &str) -> bool {
    let mut parts = path.split('/');
    let named = |part: &str| part.eq_ignore_ascii_case(id) || part.replace("%3A", ":").replace("%40", "@") == id;
    parts.next() == Some(kind) && parts.next().is_some_and(named)
}

#[cfg(test)]
mod tests;
