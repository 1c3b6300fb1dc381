//! Graph on the wire: addresses, queries and the one body that it reads.

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;
use uuid::Uuid;

use super::{Service, Visit};
use crate::simulator::answer::{Answer, Api};
use crate::simulator::odata::Filter;
use crate::simulator::world::{AppQuery, PeopleQuery};

pub(super) fn routes() -> Router<Service> {
    let installed = "/graph/v1.0/users/{id}/teamwork/installedApps";
    Router::new()
        .route("/graph/v1.0/appCatalogs/teamsApps", get(apps))
        .route("/graph/v1.0/users", get(users))
        .route("/graph/v1.0/users/$count", get(count_users))
        .route("/graph/v1.0/users/delta", get(users_delta))
        .route("/graph/v1.0/groups", get(groups))
        .route("/graph/v1.0/groups/{id}", get(group))
        .route("/graph/v1.0/groups/{id}/transitiveMembers", get(members))
        .route("/graph/v1.0/groups/{id}/transitiveMembers/microsoft.graph.user", get(people_among_members))
        .route("/graph/v1.0/users/{id}", get(user))
        .route("/graph/v1.0/teams/{id}/installedApps", get(team_apps).post(install_in_team))
        .route(installed, get(installed_apps).post(install))
        .route(&format!("{installed}/{{iid}}"), get(installed_app).delete(uninstall))
        .route(&format!("{installed}/{{iid}}/chat"), get(chat))
}

pub(super) async fn unknown(visit: Visit) -> Response {
    let api = if visit.path.starts_with("/graph/") { Api::Graph } else { Api::Connector };
    visit.answer(|world, caller, now| world.unknown(caller, api, &visit.path, now)).await
}

async fn apps(visit: Visit) -> Response {
    let query = app_query(&visit);
    visit.answer(|world, caller, now| world.apps(caller, query, now)).await
}

async fn users(visit: Visit) -> Response {
    let query = people_query(&visit);
    visit.answer(|world, caller, now| world.users(caller, query, now)).await
}

async fn count_users(visit: Visit) -> Response {
    let query = people_query(&visit);
    visit.answer(|world, caller, now| world.count_users(caller, query, now)).await
}

async fn users_delta(visit: Visit) -> Response {
    let query = delta_query(&visit);
    visit.answer(|world, caller, now| world.users_delta(caller, query, now)).await
}

async fn groups(visit: Visit) -> Response {
    let query = people_query(&visit);
    visit.answer(|world, caller, now| world.list_groups(caller, query, now)).await
}

async fn group(Path(group): Path<String>, visit: Visit) -> Response {
    let query = people_query(&visit);
    visit.answer(|world, caller, now| world.group(caller, &group, query, now)).await
}

async fn members(Path(group): Path<String>, visit: Visit) -> Response {
    let query = people_query(&visit);
    visit.answer(|world, caller, now| world.members(caller, &group, false, query, now)).await
}

async fn people_among_members(Path(group): Path<String>, visit: Visit) -> Response {
    let query = people_query(&visit);
    visit.answer(|world, caller, now| world.members(caller, &group, true, query, now)).await
}

async fn user(Path(user): Path<String>, visit: Visit) -> Response {
    let query = people_query(&visit);
    visit.answer(|world, caller, now| world.user(caller, &user, query, now)).await
}

async fn installed_apps(Path(user): Path<String>, visit: Visit) -> Response {
    let query = app_query(&visit);
    visit.answer(|world, caller, now| world.installed_apps(caller, &user, query, now)).await
}

async fn installed_app(Path((user, installation)): Path<(String, String)>, visit: Visit) -> Response {
    let query = app_query(&visit);
    visit.answer(|world, caller, now| world.installed_app(caller, &user, &installation, query, now)).await
}

async fn install(Path(user): Path<String>, visit: Visit) -> Response {
    let app = bound_app(&visit);
    visit.answer(|world, caller, now| world.install(caller, &user, app, now)).await
}

async fn team_apps(Path(team): Path<String>, visit: Visit) -> Response {
    let query = app_query(&visit);
    visit.answer(|world, caller, now| world.team_apps(caller, &team, query, now)).await
}

async fn install_in_team(Path(team): Path<String>, visit: Visit) -> Response {
    let app = bound_app(&visit);
    visit.answer(|world, caller, now| world.install_in_team(caller, &team, app, now)).await
}

async fn chat(Path((user, installation)): Path<(String, String)>, visit: Visit) -> Response {
    visit.answer(|world, caller, now| world.chat(caller, &user, &installation, now)).await
}

async fn uninstall(Path((user, installation)): Path<(String, String)>, visit: Visit) -> Response {
    visit.answer(|world, caller, now| world.uninstall(caller, &user, &installation, now)).await
}

/// The id that `teamsApp@odata.bind` names.
fn bound_app(visit: &Visit) -> Result<Uuid, Answer> {
    if !visit.is_of_type("application/json") {
        return Err(bad("Write requests (excluding DELETE) must contain the Content-Type header declaration."));
    }
    let body: Value = serde_json::from_slice(&visit.body)
        .map_err(|_| bad("Unable to read JSON request payload. Please ensure it is properly formed."))?;
    let Value::Object(members) = body else { return Err(bad("The request payload must be an object.")) };
    if let Some(stray) = members.keys().find(|name| *name != "teamsApp@odata.bind" && *name != "consentedPermissionSet")
    {
        return Err(bad(&format!(
            "The property '{stray}' does not exist on type 'microsoft.graph.teamsAppInstallation'."
        )));
    }
    let bind = members.get("teamsApp@odata.bind").and_then(Value::as_str);
    let bind = bind.ok_or_else(|| bad("The property 'teamsApp@odata.bind' is required."))?;
    let address = url::Url::parse(bind).map_err(|_| bad("Invalid value specified for 'teamsApp@odata.bind'."))?;
    let app = address.path().rsplit_once("/v1.0/appCatalogs/teamsApps/").map(|(_, app)| app);
    app.and_then(|app| Uuid::try_parse(app).ok()).ok_or_else(|| bad("Invalid bind property name teamsApp in request."))
}

fn app_query(visit: &Visit) -> Result<AppQuery, Answer> {
    let mut query = AppQuery::default();
    for (name, value) in visit.parameters() {
        match name.as_str() {
            "$filter" if value.trim().is_empty() => {}
            "$filter" => query.filter = Some(filter(&value)?),
            "$expand" => query.expand = listed(&value),
            "$select" | "$top" => {}
            _ => return Err(unsupported(&name)),
        }
    }
    Ok(query)
}

pub(super) fn people_query(visit: &Visit) -> Result<PeopleQuery, Answer> {
    let is_eventual = visit.header("consistencylevel").is_some_and(|level| level.eq_ignore_ascii_case("eventual"));
    let mut query = PeopleQuery { is_eventual, as_written: without_skip_token(&visit.query), ..PeopleQuery::default() };
    for (name, value) in visit.parameters() {
        match name.as_str() {
            "$filter" if value.trim().is_empty() => {}
            "$filter" => query.filter = Some(filter(&value)?),
            "$select" => query.select = listed(&value),
            "$top" => query.top = Some(value.parse().map_err(|_| bad("Invalid value for $top."))?),
            "$skiptoken" => query.skip_token = Some(value),
            "$count" => query.has_count = value.eq_ignore_ascii_case("true"),
            _ => return Err(unsupported(&name)),
        }
    }
    Ok(query)
}

/// Changes are asked for with `$select` and a token, and with nothing else.
fn delta_query(visit: &Visit) -> Result<PeopleQuery, Answer> {
    let mut query = PeopleQuery::default();
    for (name, value) in visit.parameters() {
        match name.as_str() {
            "$select" => query.select = listed(&value),
            "$skiptoken" => query.skip_token = Some(value),
            "$deltatoken" => query.delta_token = Some(value),
            _ => return Err(unsupported(&name)),
        }
    }
    Ok(query)
}

fn without_skip_token(query: &str) -> String {
    let is_token = |part: &&str| part.starts_with("$skiptoken=") || part.starts_with("%24skiptoken=");
    query.split('&').filter(|part| !part.is_empty() && !is_token(part)).collect::<Vec<_>>().join("&")
}

fn listed(value: &str) -> Vec<String> {
    value.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

fn filter(value: &str) -> Result<Filter, Answer> {
    Filter::parse(value).map_err(|error| bad(&error.to_string()))
}

fn unsupported(name: &str) -> Answer {
    Answer::graph_error(400, "Request_UnsupportedQuery", format!("The query parameter '{name}' is not supported."))
}

fn bad(message: &str) -> Answer {
    Answer::graph_error(400, "BadRequest", message)
}
