//! The catalogue and the apps of people: find, check, install, resolve, remove.
//!
//! Source: Microsoft Graph v1.0, "List teamsApps", "List apps installed for user", "Install app for user",
//! "Get chat between user and teamsApp", "Uninstall app for user"; the refusals as seen by Company
//! Communicator.

use std::borrow::Cow;

use serde_json::{Map, Value, json};
use uuid::{Uuid, uuid};

use super::{Answer, Api, Bucket, Caller, Request, Road, Standing, Thread, Timestamp, World, after};
use crate::simulator::base64;
use crate::simulator::odata::{Filter, Literal};

const READ_APPS: &[&str] = &[
    "TeamsAppInstallation.ReadForUser.All",
    "TeamsAppInstallation.ReadWriteSelfForUser.All",
    "TeamsAppInstallation.ReadWriteForUser.All",
    "TeamsAppInstallation.ReadWriteAndConsentSelfForUser.All",
    "TeamsAppInstallation.ReadWriteAndConsentForUser.All",
];
const WRITE_APPS: &[&str] = &[
    "TeamsAppInstallation.ReadWriteSelfForUser.All",
    "TeamsAppInstallation.ReadWriteForUser.All",
    "TeamsAppInstallation.ReadWriteAndConsentSelfForUser.All",
    "TeamsAppInstallation.ReadWriteAndConsentForUser.All",
];
/// The chat does not list the permissions that include consent.
const READ_CHAT: &[&str] = &[
    "TeamsAppInstallation.ReadForUser.All",
    "TeamsAppInstallation.ReadWriteSelfForUser.All",
    "TeamsAppInstallation.ReadWriteForUser.All",
];

pub(super) const fn road(
    bucket: Bucket,
    method: &'static str,
    path: &'static str,
    roles: &'static [&'static str],
) -> Road {
    Road { api: Api::Graph, bucket, method, path, roles }
}

const CATALOG: Road =
    road(Bucket::Catalog, "GET", "/appCatalogs/teamsApps", &["AppCatalog.Read.All", "AppCatalog.ReadWrite.All"]);
const CHECK: Road = road(Bucket::Check, "GET", "/users/{id}/teamwork/installedApps", READ_APPS);
const INSTALLED: Road = road(Bucket::Check, "GET", "/users/{id}/teamwork/installedApps/{iid}", READ_APPS);
const INSTALL: Road = road(Bucket::Install, "POST", "/users/{id}/teamwork/installedApps", WRITE_APPS);
const RESOLVE: Road = road(Bucket::Resolve, "GET", "/users/{id}/teamwork/installedApps/{iid}/chat", READ_CHAT);
const UNINSTALL: Road = road(Bucket::Uninstall, "DELETE", "/users/{id}/teamwork/installedApps/{iid}", WRITE_APPS);

/// The name of the app, which speaks for it in activity feeds as well.
pub(super) const BOT_NAME: &str = "Company News";

const APP_FIELDS: [&str; 4] = ["id", "externalId", "displayName", "distributionMethod"];
const DEFINITION_FIELDS: [&str; 3] = ["teamsAppId", "displayName", "version"];

/// What is asked of a list of apps, read from the query of the address.
#[derive(Debug, Clone, Default)]
pub struct AppQuery {
    /// Only what passes.
    pub filter: Option<Filter>,
    /// What else to show: `teamsApp`, `teamsAppDefinition`, `appDefinitions`.
    pub expand: Vec<String>,
}

/// An app of the catalogue.
pub(super) struct App {
    pub(super) id: Uuid,
    external_id: Uuid,
    name: &'static str,
    distribution: &'static str,
}

impl World {
    /// `GET /appCatalogs/teamsApps`.
    pub fn apps(&mut self, caller: &Caller<'_>, query: Result<AppQuery, Answer>, now: Timestamp) -> Answer {
        self.serve(caller, Request::on(CATALOG), now, |world| {
            let query = query?;
            check_fields(&query, &["appDefinitions"], |path| APP_FIELDS.contains(&path))?;
            let shown = world.catalogue().into_iter().filter(|app| app.passes(&query, ""));
            let value: Vec<Value> = shown.map(|app| app.in_catalogue(&query)).collect();
            let context = format!("{}/v1.0/$metadata#appCatalogs/teamsApps", world.graph_url);
            Ok(Answer::json(200, json!({"@odata.context": context, "value": value})))
        })
    }

    /// `GET /users/{id}/teamwork/installedApps`.
    pub fn installed_apps(
        &mut self,
        caller: &Caller<'_>,
        user: &str,
        query: Result<AppQuery, Answer>,
        now: Timestamp,
    ) -> Answer {
        let person = self.organisation.find(user);
        self.serve(caller, Request::about(CHECK, person, user), now, |world| {
            let query = query?;
            check_fields(&query, &["teamsApp", "teamsAppDefinition"], is_installed_field)?;
            let person = person.ok_or_else(|| no_such_user(user))?;
            let apps = world.apps_of(person, now).into_iter().filter(|app| app.passes(&query, "teamsApp"));
            let value: Vec<Value> = apps.map(|app| world.installed(person, &app, &query)).collect();
            let context =
                format!("{}/v1.0/$metadata#users('{user}')/teamwork/installedApps(teamsApp())", world.graph_url);
            Ok(Answer::json(200, json!({"@odata.context": context, "@odata.count": value.len(), "value": value})))
        })
    }

    /// `GET /users/{id}/teamwork/installedApps/{iid}`.
    pub fn installed_app(
        &mut self,
        caller: &Caller<'_>,
        user: &str,
        installation: &str,
        query: Result<AppQuery, Answer>,
        now: Timestamp,
    ) -> Answer {
        let person = self.organisation.find(user);
        self.serve(caller, Request::about(INSTALLED, person, user), now, |world| {
            let query = query?;
            check_fields(&query, &["teamsApp", "teamsAppDefinition"], |_| false)?;
            let person = person.ok_or_else(|| no_such_user(user))?;
            let app = world
                .apps_of(person, now)
                .into_iter()
                .find(|app| world.installation_id(person, app.id) == installation);
            let app = app.ok_or_else(no_such_installation)?;
            Ok(Answer::json(200, world.installed(person, &app, &query)))
        })
    }

    /// `POST /users/{id}/teamwork/installedApps`. `app` is the id in the bind of a well-formed body.
    pub fn install(&mut self, caller: &Caller<'_>, user: &str, app: Result<Uuid, Answer>, now: Timestamp) -> Answer {
        let person = self.organisation.find(user);
        self.serve(caller, Request::about(INSTALL, person, user), now, |world| {
            let app = app?;
            let person = person.ok_or_else(|| no_such_user(user))?;
            if app != world.catalogue_id {
                return Err(Answer::graph_error(404, "NotFound", "Not Found"));
            }
            if world.home(person).installation.is_some() {
                return Err(Answer::graph_error(409, "Conflict", "App already installed for the user."));
            }
            world.may_install(person)?;
            let lag = world.faults.visibility_lag(person, world.home(person).installs);
            world.home_mut(person).install(after(now, lag));
            world.tell_installed(person, now);
            Ok(Answer::empty(201))
        })
    }

    /// `GET /users/{id}/teamwork/installedApps/{iid}/chat`.
    pub fn chat(&mut self, caller: &Caller<'_>, user: &str, installation: &str, now: Timestamp) -> Answer {
        let person = self.organisation.find(user);
        let request = Request::about(RESOLVE, person, user).charged_to(person.map(Thread::Resource), 1);
        self.serve(caller, request, now, |world| {
            let person = person.ok_or_else(|| no_such_user(user))?;
            if !world.is_installed_as(person, installation, now) {
                return Err(no_such_installation());
            }
            let created = world.created_at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
            Ok(Answer::json(
                200,
                json!({
                    "@odata.context": format!("{}/v1.0/$metadata#chats/$entity", world.graph_url),
                    "id": world.chat_id(person),
                    "topic": null,
                    "createdDateTime": created,
                    "lastUpdatedDateTime": created,
                    "chatType": "oneOnOne",
                    "webUrl": null,
                    "tenantId": world.tenant,
                    "onlineMeetingInfo": null,
                }),
            ))
        })
    }

    /// `DELETE /users/{id}/teamwork/installedApps/{iid}`.
    pub fn uninstall(&mut self, caller: &Caller<'_>, user: &str, installation: &str, now: Timestamp) -> Answer {
        let person = self.organisation.find(user);
        self.serve(caller, Request::about(UNINSTALL, person, user), now, |world| {
            let person = person.ok_or_else(|| no_such_user(user))?;
            if !world.is_installed_as(person, installation, now) {
                return Err(no_such_installation());
            }
            world.home_mut(person).installation = None;
            world.tell_removed(person, now);
            Ok(Answer::empty(204))
        })
    }

    /// From now on administrators look at whom a policy keeps from the app, and let some of them in.
    pub fn let_administrators_mend(&mut self) {
        self.kept_out.get_or_insert_default();
    }

    /// Of four whom a policy keeps out, one is let in once that was seen, and one once it was seen twice.
    fn is_let_in(&mut self, person: u32) -> bool {
        let Some(kept_out) = &mut self.kept_out else { return false };
        let seen = kept_out.entry(person).or_default();
        *seen += 1;
        match person % 4 {
            0 => true,
            1 => *seen > 1,
            _ => false,
        }
    }

    fn may_install(&mut self, person: u32) -> Result<(), Answer> {
        let standing = self.organisation.person(person).standing;
        if standing == Standing::ExcludedByPolicy && self.is_let_in(person) {
            return Ok(());
        }
        let somebody = self.organisation.person(person);
        if self.forbidden.contains(&person) {
            return Err(self.blocked_by_policy(somebody.id));
        }
        match somebody.standing {
            Standing::Warm | Standing::WithoutBot | Standing::BlockedBot => Ok(()),
            Standing::Guest => Err(Answer::graph_error(403, "UnknownError", "")),
            Standing::Unlicensed | Standing::Disabled => Err(Answer::graph_error(
                403,
                "Forbidden",
                "Failed to get license information for the user. Ensure user has a valid Office365 license assigned to \
                 them.",
            )),
            Standing::ExcludedByPolicy => Err(self.blocked_by_policy(somebody.id)),
        }
    }

    fn blocked_by_policy(&self, user: Uuid) -> Answer {
        let message = format!(
            "App is blocked by app permission policy. TenantId: {}, UserObjectId: {user}, AppId: {}, AppType: Private",
            self.tenant, self.catalogue_id
        );
        let inner = json!({"code": "AccessDenied", "message": message});
        Answer::json(403, json!({"error": {"code": "Forbidden", "message": message, "innerError": inner}}))
    }

    fn catalogue(&self) -> [App; 2] {
        [self.bot_app(), store_app()]
    }

    pub(super) fn bot_app(&self) -> App {
        App { id: self.catalogue_id, external_id: self.external_id, name: BOT_NAME, distribution: "organization" }
    }

    /// Whoever has Teams has an app of the store besides, so that nobody can take "some app" for the bot's.
    fn apps_of(&self, person: u32, now: Timestamp) -> Vec<App> {
        let store = self.organisation.person(person).has_teams().then(store_app);
        let own = self.home(person).is_visible(now).then(|| self.bot_app());
        store.into_iter().chain(own).collect()
    }

    fn is_installed_as(&self, person: u32, installation: &str, now: Timestamp) -> bool {
        self.home(person).is_visible(now) && self.installation_id(person, self.catalogue_id) == installation
    }

    pub(super) fn installation_id(&self, person: u32, app: Uuid) -> String {
        installation_of(self.organisation.person(person).id, app)
    }

    fn installed(&self, person: u32, app: &App, query: &AppQuery) -> Value {
        shown_installed(self.installation_id(person, app.id), app, query)
    }
}

/// The id of the installation of `app` for a person or a team.
pub(super) fn installation_of(holder: Uuid, app: Uuid) -> String {
    base64::encode(format!("{holder}##{app}").as_bytes())
}

pub(super) fn shown_installed(id: String, app: &App, query: &AppQuery) -> Value {
    let mut shown = Map::new();
    shown.insert("id".to_owned(), json!(id));
    if query.shows("teamsApp") {
        shown.insert("teamsApp".to_owned(), app.plain());
    }
    if query.shows("teamsAppDefinition") {
        shown.insert("teamsAppDefinition".to_owned(), app.definition());
    }
    Value::Object(shown)
}

impl App {
    fn plain(&self) -> Value {
        json!({"id": self.id, "externalId": self.external_id, "displayName": self.name,
            "distributionMethod": self.distribution})
    }

    fn definition(&self) -> Value {
        json!({
            "id": base64::encode(format!("{}##1.0.0", self.id).as_bytes()),
            "teamsAppId": self.id,
            "displayName": self.name,
            "version": "1.0.0",
            "publishingState": "published",
            "shortDescription": "News from the company",
            "description": "Sends announcements to every employee.",
            "lastModifiedDateTime": null,
            "createdBy": null,
        })
    }

    fn in_catalogue(&self, query: &AppQuery) -> Value {
        let mut shown = self.plain();
        if query.shows("appDefinitions")
            && let Value::Object(members) = &mut shown
        {
            members.insert("appDefinitions".to_owned(), json!([self.definition()]));
        }
        shown
    }

    /// `root` is where the fields of the app begin: nothing in the catalogue, `teamsApp` among the installed.
    pub(super) fn passes(&self, query: &AppQuery, root: &str) -> bool {
        let owned = |id: Uuid| Some(Literal::Text(Cow::Owned(id.to_string())));
        let field = |path: &str| match (path.strip_prefix("teamsAppDefinition/"), path) {
            (Some("teamsAppId"), _) => owned(self.id),
            (Some("displayName"), _) => Some(Literal::text(self.name)),
            (Some("version"), _) => Some(Literal::text("1.0.0")),
            _ => match path.strip_prefix(root).map(|rest| rest.trim_start_matches('/')) {
                Some("id") => owned(self.id),
                Some("externalId") => owned(self.external_id),
                Some("displayName") => Some(Literal::text(self.name)),
                Some("distributionMethod") => Some(Literal::text(self.distribution)),
                _ => None,
            },
        };
        query.filter.as_ref().is_none_or(|filter| filter.matches(&field))
    }
}

impl AppQuery {
    fn shows(&self, member: &str) -> bool {
        self.expand.iter().any(|expanded| expanded == member)
    }
}

pub(super) fn store_app() -> App {
    App {
        id: uuid!("88888888-8888-4888-8888-888888888888"),
        external_id: uuid!("88888888-8888-4888-8888-888888888888"),
        name: "Lunch Menu",
        distribution: "store",
    }
}

pub(super) fn is_installed_field(path: &str) -> bool {
    match path.split_once('/') {
        Some(("teamsApp", field)) => APP_FIELDS.contains(&field),
        Some(("teamsAppDefinition", field)) => DEFINITION_FIELDS.contains(&field),
        _ => false,
    }
}

pub(super) fn check_fields(
    query: &AppQuery,
    expandable: &[&str],
    is_known: impl Fn(&str) -> bool,
) -> Result<(), Answer> {
    if let Some(unknown) = query.expand.iter().find(|expanded| !expandable.contains(&expanded.as_str())) {
        let text = format!("Parsing OData Select and Expand failed: Could not find a property named '{unknown}'.");
        return Err(Answer::graph_error(400, "BadRequest", text));
    }
    match query.filter.as_ref().and_then(|filter| filter.unknown_field(&is_known)) {
        None => Ok(()),
        Some(field) => {
            let text = format!("Invalid filter clause: Could not find a property named '{field}'.");
            Err(Answer::graph_error(400, "BadRequest", text))
        }
    }
}

pub(super) fn no_such_user(user: &str) -> Answer {
    let text =
        format!("Resource '{user}' does not exist or one of its queried reference-property objects are not present.");
    Answer::graph_error(404, "Request_ResourceNotFound", text)
}

pub(super) fn no_such_installation() -> Answer {
    Answer::graph_error(404, "NotFound", "The installation of the app was not found.")
}
