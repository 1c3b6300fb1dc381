//! Microsoft Graph: where each question goes, and how its answer is read.

use serde::de::DeserializeOwned;
use serde_json::json;
use url::{Origin, Url};
use uuid::Uuid;

use super::classify::{Operation, classify};
use super::cloud::{CloudProfile, base};
use super::wire::{self, App, InstalledApp, Page, Refusal, User, encoded, quoted};
use crate::domain::ids::{ConversationId, EntraId, InstallationId, TeamsAppId};
use crate::domain::outcome::{Fact, Outcome};
use crate::domain::route::Account;
use crate::ports::Person;

/// What a page of people must tell.
const USER_MEMBERS: &str = "id,userPrincipalName,displayName,mail,accountEnabled,userType,assignedPlans";
/// The largest page that Graph gives.
const USERS_PER_PAGE: u16 = 999;

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

    pub fn catalog_url(&self, manifest_id: &str) -> String {
        let filter = format!("externalId eq {} and distributionMethod eq 'organization'", quoted(manifest_id));
        format!("{}/appCatalogs/teamsApps?$filter={}", self.base, encoded(&filter))
    }

    pub fn users_url(&self) -> String {
        format!("{}/users?$select={USER_MEMBERS}&$top={USERS_PER_PAGE}", self.base)
    }

    /// Whether `page` is Graph's own: a token goes nowhere else, whatever a link says.
    pub fn owns(&self, page: &str) -> bool {
        page.parse::<Url>().is_ok_and(|url| url.origin() == self.origin)
    }

    /// The people on a page and the link to the next, as Graph wrote it; `None` when the page cannot be read.
    pub fn people(&self, body: &[u8]) -> Option<(Vec<Person>, Option<String>)> {
        let page: Page<User> = read(body)?;
        let (entries, next) = (page.value.len(), page.next.clone());
        let users: Vec<User> = page.known().filter(|user| user.removed.is_none()).collect();
        if users.len() < entries {
            tracing::warn!(skipped = entries - users.len(), "people skipped: deleted, or not readable");
        }
        if !users.is_empty() && users.iter().all(|user| user.assigned_plans.is_none()) {
            tracing::warn!("Graph tells nobody's service plans: the app may lack User.Read.All");
        }
        Some((users.into_iter().map(|user| self.person(user)).collect(), next))
    }

    fn person(&self, user: User) -> Person {
        let account = self.account(&user);
        let name = |name: Option<String>| name.filter(|name| !name.trim().is_empty());
        let user_principal_name = name(user.user_principal_name).unwrap_or_else(|| user.id.to_string());
        Person {
            entra_id: EntraId(user.id),
            display_name: name(user.display_name).unwrap_or_else(|| user_principal_name.clone()),
            user_principal_name,
            mail: name(user.mail),
            account,
        }
    }

    /// Old accounts have no user type, and neither do some of the service's own. One that is switched on and has
    /// Teams from this organisation belongs to it; of any other we assume that it is a guest. An account of which
    /// nobody says that it is switched off is on: an attempt will tell.
    fn account(&self, user: &User) -> Account {
        let ours = |plan: &wire::Plan| plan.service_plan_id.is_some_and(|id| self.plans.contains(&id));
        let active = |plan: &wire::Plan| is_one_of(plan.capability_status.as_deref(), &["Enabled", "Warning"]);
        let licensed = user.assigned_plans.iter().flatten().any(|plan| ours(plan) && active(plan));
        let enabled = user.account_enabled.unwrap_or(true);
        let kind = user.user_type.as_deref();
        let guest = is_one_of(kind, &["Guest"]) || !(is_one_of(kind, &["Member"]) || (enabled && licensed));
        Account { guest, enabled, licensed }
    }
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
        installed.teams_app.as_ref().is_none_or(|listed| listed.id.eq_ignore_ascii_case(&app.0))
    };
    let installed = page.known().find(|installed| ours(installed) && !installed.id.is_empty());
    let found = installed.map(|installed| Outcome::Learnt(Fact::Installed(InstallationId(installed.id))));
    Some(found.unwrap_or_else(|| empty(Operation::Check)))
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
    let mut apps: Vec<String> = page.known().filter(ours).map(|app| app.id).collect();
    apps.sort();
    apps.dedup();
    Some(match apps.as_slice() {
        [app] => Ok(TeamsAppId(app.clone())),
        apps => Err((empty(Operation::Catalog), format!("{} apps have the manifest id {manifest_id}", apps.len()))),
    })
}
