//! Microsoft Graph: where each question goes, and how its answer is read.

use serde::de::DeserializeOwned;
use serde_json::json;
use url::{Origin, Url};
use uuid::Uuid;

use super::classify::{Operation, classify};
use super::feed;
use super::wire::{self, App, InstalledApp, Member, Page, Refusal, Said, User, encoded, quoted};
use crate::domain::attributes::{Attributes, Mentioned, Property, kept};
use crate::domain::cloud::{CloudProfile, base};
use crate::domain::ids::{ConversationId, EntraId, GroupId, InstallationId, TeamsAppId};
use crate::domain::notification::Notification;
use crate::domain::outcome::{Fact, Outcome};
use crate::domain::reason::Reason;
use crate::domain::route::Account;
use crate::ports::{
    Change, ChangesPage, Group, GroupsPage, MembersPage, Notified, Onward, PeoplePage, Person, WhichGroups,
};

/// What a page of people must tell.
const USER_MEMBERS: &str = "id,userPrincipalName,displayName,mail,accountEnabled,userType,assignedPlans,department,jobTitle,\
                            officeLocation,country,preferredLanguage";
/// What a group must tell.
const GROUP_MEMBERS: &str = "id,displayName,visibility,resourceProvisioningOptions";
/// The largest page that Graph gives.
const PER_PAGE: u16 = 999;
/// Groups that a search shows: more than anybody reads.
const GROUPS_SHOWN: u16 = 50;

/// Who is known to have our app: it tells its catalogue id where the catalogue may not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppHolder {
    /// Somebody, by object id or user principal name.
    User(String),
    /// A team.
    Team(GroupId),
}

/// Graph, in one cloud.
#[derive(Debug)]
pub struct Graph {
    /// With its version.
    base: String,
    origin: Origin,
    plans: Vec<Uuid>,
}

impl Graph {
    pub fn new(cloud: &CloudProfile) -> Self {
        let base = format!("{}/v1.0", base(&cloud.graph_url));
        Self { base, origin: cloud.graph_url.origin(), plans: cloud.teams_plans.clone() }
    }

    pub fn check_url(&self, user: EntraId, app: &TeamsAppId) -> String {
        let filter = encoded(&format!("teamsApp/id eq {}", quoted(&app.0)));
        format!("{}?$expand=teamsApp&$filter={filter}", self.install_url(user))
    }

    pub fn install_url(&self, user: EntraId) -> String {
        format!("{}/users/{user}/teamwork/installedApps", self.base)
    }

    /// The body of an install: the app as this cloud's own Graph names it.
    pub fn install_body(&self, app: &TeamsAppId) -> String {
        let app = format!("{}/appCatalogs/teamsApps/{}", self.base, encoded(&app.0));
        json!({"teamsApp@odata.bind": app}).to_string()
    }

    pub fn resolve_url(&self, user: EntraId, installation: &InstallationId) -> String {
        format!("{}/{}/chat", self.install_url(user), encoded(&installation.0))
    }

    /// The apps of a team.
    pub fn team_apps_url(&self, team: GroupId) -> String {
        format!("{}/teams/{team}/installedApps", self.base)
    }

    /// The app among those of a team.
    pub fn team_check_url(&self, team: GroupId, app: &TeamsAppId) -> String {
        let filter = encoded(&format!("teamsApp/id eq {}", quoted(&app.0)));
        format!("{}?$expand=teamsApp&$filter={filter}", self.team_apps_url(team))
    }

    /// A person's chats that have the app: her own with the bot, and perhaps some with others.
    pub fn chats_url(&self, user: EntraId, app: &TeamsAppId) -> String {
        let filter = encoded(&format!("installedApps/any(a:a/teamsApp/id eq {})", quoted(&app.0)));
        format!("{}/users/{user}/chats?$filter={filter}", self.base)
    }

    /// A channel of a team: by its name, or the one that every team has.
    pub fn channel_url(&self, team: GroupId, channel: Option<&str>) -> String {
        let team = format!("{}/teams/{team}", self.base);
        match channel {
            None => format!("{team}/primaryChannel?$select=id"),
            Some(name) => {
                let filter = encoded(&format!("displayName eq {}", quoted(name)));
                format!("{team}/channels?$filter={filter}&$select=id,displayName")
            }
        }
    }

    /// Where a notification goes, and its body.
    pub fn notify(&self, to: &Notified, said: &Notification, chain: i64, app: &TeamsAppId) -> (String, String) {
        feed::request(&self.base, to, said, chain, app)
    }

    /// Where a notification for many goes, and its body.
    pub fn notify_many(
        &self,
        users: &[EntraId],
        said: &Notification,
        chain: i64,
        app: &TeamsAppId,
    ) -> (String, String) {
        let recipients = ("recipients", users.iter().map(|user| feed::person(&user.to_string())).collect());
        let url = format!("{}/teamwork/sendActivityNotificationToRecipients", self.base);
        (url, feed::body(&self.base, said, chain, app, Some(recipients)))
    }

    /// The app with this manifest among those of whoever has it.
    pub fn held_app_url(&self, holder: &AppHolder, manifest_id: &str) -> String {
        let apps = match holder {
            AppHolder::User(user) => format!("{}/users/{}/teamwork/installedApps", self.base, encoded(user)),
            AppHolder::Team(team) => self.team_apps_url(*team),
        };
        let filter = encoded(&format!("teamsApp/externalId eq {}", quoted(manifest_id)));
        format!("{apps}?$expand=teamsApp&$filter={filter}")
    }

    pub fn catalog_url(&self, manifest_id: &str) -> String {
        let filter = format!("externalId eq {} and distributionMethod eq 'organization'", quoted(manifest_id));
        format!("{}/appCatalogs/teamsApps?$filter={}", self.base, encoded(&filter))
    }

    pub fn users_url(&self) -> String {
        format!("{}/users?$select={USER_MEMBERS}&$top={PER_PAGE}", self.base)
    }

    /// One person, by object id or user principal name.
    pub fn user_url(&self, name: &str) -> String {
        format!("{}/users/{}?$select={USER_MEMBERS}", self.base, encoded(name))
    }

    /// The one person who was asked for; `None` when the answer cannot be read.
    pub fn one(&self, body: &[u8]) -> Option<Person> {
        read(body).map(|user| self.person(user))
    }

    /// Where the changes begin that are made from now on.
    pub fn changes_url(&self) -> String {
        format!("{}/users/delta?$deltatoken=latest&$select={USER_MEMBERS}", self.base)
    }

    pub fn groups_url(&self, which: WhichGroups<'_>) -> String {
        let filter = match which {
            WhichGroups::Id(id) => return format!("{}/groups/{id}?$select={GROUP_MEMBERS}", self.base),
            WhichGroups::Named(name) => format!("displayName eq {}", quoted(name)),
            WhichGroups::Beginning(text) => format!("startswith(displayName,{})", quoted(text)),
        };
        format!("{}/groups?$filter={}&$select={GROUP_MEMBERS}&$top={GROUPS_SHOWN}", self.base, encoded(&filter))
    }

    /// Only the people among the members: without the cast, devices and groups would come along.
    pub fn members_url(&self, group: GroupId) -> String {
        let cast = "microsoft.graph.user";
        format!("{}/groups/{group}/transitiveMembers/{cast}?$count=true&$select=id&$top={PER_PAGE}", self.base)
    }

    /// Whether `page` is Graph's own: a token goes nowhere else, whatever a link says.
    pub fn owns(&self, page: &str) -> bool {
        page.parse::<Url>().is_ok_and(|url| url.origin() == self.origin)
    }

    /// The people on a page and the link to the next, as Graph wrote it; `None` when the page cannot be read.
    pub fn people(&self, body: &[u8]) -> Option<PeoplePage> {
        let page: Page<User> = read(body)?;
        let (entries, next) = (page.value.len(), page.next.clone());
        let users: Vec<User> = page.known().collect();
        let unreadable = users.len() < entries;
        if unreadable {
            tracing::warn!(skipped = entries - users.len(), "people skipped: not readable, so nobody has left");
        }
        let users: Vec<User> = users.into_iter().filter(|user| user.removed.is_none()).collect();
        if !users.is_empty() && users.iter().all(|user| user.assigned_plans.as_ref().is_none_or(Option::is_none)) {
            tracing::warn!("Graph tells nobody's service plans: the app may lack User.Read.All");
        }
        Some(PeoplePage { people: users.into_iter().map(|user| self.person(user)).collect(), unreadable, next })
    }

    /// The changes on a page, and where they go on; `None` when the page cannot be read.
    pub fn changes(&self, body: &[u8]) -> Option<ChangesPage> {
        let page: Page<User> = read(body)?;
        let next = match (&page.next, &page.later) {
            (Some(next), _) => Onward::Now(next.clone()),
            (None, Some(later)) => Onward::Later(later.clone()),
            (None, None) => return None,
        };
        let entries = page.value.len();
        let changes: Vec<Change> = page.known().map(|user| self.change(user)).collect();
        if changes.len() < entries {
            tracing::warn!(skipped = entries - changes.len(), "changes skipped: not readable");
        }
        Some(ChangesPage { changes, next })
    }

    fn change(&self, user: User) -> Change {
        if user.removed.is_some() {
            return Change::Gone(EntraId(user.id));
        }
        let mentioned = mentioned(&user);
        Change::Person(Box::new(self.person(user)), mentioned)
    }

    fn person(&self, user: User) -> Person {
        let account = self.account(&user);
        let text = |said: Said<String>| said.flatten().and_then(|text| kept(&text));
        let user_principal_name = text(user.user_principal_name).unwrap_or_else(|| user.id.to_string());
        Person {
            entra_id: EntraId(user.id),
            display_name: text(user.display_name).unwrap_or_else(|| user_principal_name.clone()),
            user_principal_name,
            mail: text(user.mail),
            account,
            attributes: Attributes {
                department: text(user.department),
                job_title: text(user.job_title),
                office: text(user.office_location),
                country: text(user.country),
                language: text(user.preferred_language),
            },
        }
    }

    /// An account of which nobody says that it is switched off is on: an attempt will tell.
    fn account(&self, user: &User) -> Account {
        let ours = |plan: &wire::Plan| plan.service_plan_id.is_some_and(|id| self.plans.contains(&id));
        let active = |plan: &wire::Plan| is_one_of(plan.capability_status.as_deref(), &["Enabled", "Warning"]);
        let licensed = user.assigned_plans.iter().flatten().flatten().any(|plan| ours(plan) && active(plan));
        let enabled = user.account_enabled.flatten().unwrap_or(true);
        match is_guest(user) {
            Some(guest) => Account { guest, enabled, licensed },
            None => Account::untyped(enabled, licensed),
        }
    }
}

/// What is said of her being a guest, if anything is.
fn is_guest(user: &User) -> Option<bool> {
    let kind = user.user_type.as_ref().and_then(Option::as_deref);
    let is = |word| is_one_of(kind, &[word]);
    (is("Guest") || is("Member")).then(|| is("Guest"))
}

/// What the entry says anything about.
fn mentioned(user: &User) -> Mentioned {
    use Property as P;
    Mentioned::default()
        .with(P::DisplayName, user.display_name.is_some())
        .with(P::PrincipalName, user.user_principal_name.is_some())
        .with(P::Mail, user.mail.is_some())
        .with(P::Guest, is_guest(user).is_some())
        .with(P::Untyped, user.user_type.is_some() && is_guest(user).is_none())
        .with(P::Enabled, user.account_enabled.is_some())
        .with(P::Licensed, user.assigned_plans.is_some())
        .with(P::Department, user.department.is_some())
        .with(P::JobTitle, user.job_title.is_some())
        .with(P::Office, user.office_location.is_some())
        .with(P::Country, user.country.is_some())
        .with(P::Language, user.preferred_language.is_some())
}

/// A page of groups, or the one group; `None` when the answer cannot be read.
pub fn groups(body: &[u8], which: WhichGroups<'_>) -> Option<GroupsPage> {
    let group = |group: wire::Group| Group {
        id: GroupId(group.id),
        name: group.display_name.as_deref().and_then(kept).unwrap_or_else(|| group.id.to_string()),
        team: group.resource_provisioning_options.iter().flatten().any(|option| option.eq_ignore_ascii_case("Team")),
        hidden: is_one_of(group.visibility.as_deref(), &["HiddenMembership"]),
    };
    match which {
        WhichGroups::Id(_) => read(body).map(|it| GroupsPage { groups: vec![group(it)], next: None }),
        WhichGroups::Named(_) | WhichGroups::Beginning(_) => {
            let page: Page<wire::Group> = read(body)?;
            let next = page.next.clone();
            Some(GroupsPage { groups: page.known().map(group).collect(), next })
        }
    }
}

/// The members on a page and the link to the next; `None` when the page cannot be read.
pub fn members(body: &[u8]) -> Option<MembersPage> {
    let page: Page<Member> = read(body)?;
    let next = page.next.clone();
    Some(MembersPage { members: page.known().map(|member| EntraId(member.id)).collect(), next })
}

fn is_one_of(word: Option<&str>, words: &[&str]) -> bool {
    word.is_some_and(|word| words.iter().any(|known| known.eq_ignore_ascii_case(word)))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}

/// An empty list is an answer too; `errors.toml` says which.
fn empty(operation: Operation) -> Outcome {
    classify(operation, &Refusal { status: 200, ..Refusal::unanswered("empty value") })
}

/// Whether `app` is among the installed ones; `None` when the answer cannot be read.
pub fn checked(body: &[u8], app: &TeamsAppId) -> Option<Outcome> {
    let page: Page<InstalledApp> = read(body)?;
    let ours = |installed: &InstalledApp| {
        let listed = installed.teams_app.as_ref().and_then(|listed| listed.id.as_ref());
        listed.is_none_or(|id| id.eq_ignore_ascii_case(&app.0))
    };
    let installed = page.known().find(|installed| ours(installed) && !installed.id.is_empty());
    let found = installed.map(|installed| Outcome::Learnt(Fact::Installed(InstallationId(installed.id))));
    Some(found.unwrap_or_else(|| empty(Operation::Check)))
}

/// The person's own chat among those that have the app; it may not be listed yet. `None` when the answer cannot be read.
pub fn found_chat(body: &[u8]) -> Option<Outcome> {
    let page: Page<wire::Chat> = read(body)?;
    let own = page.known().find(|chat| chat.chat_type.as_deref() == Some("oneOnOne"));
    Some(own.map_or(Outcome::NotYet, |chat| Outcome::Learnt(Fact::Chat(ConversationId(chat.id)))))
}

/// The channel's id, or that there is none. `None` when the answer cannot be read.
pub fn found_channel(body: &[u8], name: Option<&str>) -> Option<Outcome> {
    let found = |id: String| Outcome::Learnt(Fact::Chat(ConversationId(id)));
    let Some(name) = name else { return wire::id(body).map(found) };
    let page: Page<wire::Channel> = read(body)?;
    let named = |channel: &wire::Channel| channel.display_name.to_lowercase() == name.to_lowercase();
    Some(page.known().find(named).map_or(Outcome::Rejected(Reason::ChannelNotFound), |channel| found(channel.id)))
}

/// The catalogue's id of the app with this manifest among the installed ones. `None` when the answer cannot be read.
pub fn held_app(body: &[u8], manifest_id: &str) -> Option<Option<TeamsAppId>> {
    let page: Page<InstalledApp> = read(body)?;
    let ours = |app: &App| app.external_id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(manifest_id));
    let mut apps = page.known().filter_map(|installed| installed.teams_app).filter(ours);
    Some(apps.find_map(|app| app.id).map(TeamsAppId))
}

/// The chat; `None` when the answer names none.
pub fn resolved(body: &[u8]) -> Option<Outcome> {
    wire::id(body).map(|id| Outcome::Learnt(Fact::Chat(ConversationId(id))))
}

/// The one app of the organisation with this manifest; otherwise the outcome and why. `None` when the answer cannot
/// be read.
pub fn found_app(body: &[u8], manifest_id: &str) -> Option<Result<TeamsAppId, (Outcome, String)>> {
    let page: Page<App> = read(body)?;
    let ours = |app: &App| {
        let external_id = app.external_id.as_deref();
        let method = app.distribution_method.as_deref();
        external_id.is_none_or(|id| id.eq_ignore_ascii_case(manifest_id))
            && (method.is_none() || is_one_of(method, &["organization"]))
    };
    let mut apps: Vec<String> = page.known().filter(ours).filter_map(|app| app.id).collect();
    apps.sort();
    apps.dedup();
    Some(match apps.as_slice() {
        [app] => Ok(TeamsAppId(app.clone())),
        apps => Err((empty(Operation::Catalog), format!("{} apps have the manifest id {manifest_id}", apps.len()))),
    })
}
