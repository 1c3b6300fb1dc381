//! The apps of teams: check, install and remove.
//!
//! Source: Microsoft Graph v1.0, "List apps in team", "Add app to team", "Remove app from team".

use serde_json::{Value, json};
use uuid::Uuid;

use super::apps::{
    AppQuery, check_fields, installation_of, is_installed_field, no_such_installation, road, shown_installed, store_app,
};
use super::{Answer, Bucket, Caller, Road, Timestamp, World};

const TEAM_APPS: &[&str] =
    &["TeamsAppInstallation.ReadWriteSelfForTeam.All", "TeamsAppInstallation.ReadWriteForTeam.All"];
const TEAM_CHECK: Road = road(Bucket::Check, "GET", "/teams/{id}/installedApps", TEAM_APPS);
const TEAM_UNINSTALL: Road = road(Bucket::Uninstall, "DELETE", "/teams/{id}/installedApps/{iid}", TEAM_APPS);
const TEAM_INSTALL: Road = road(Bucket::Install, "POST", "/teams/{id}/installedApps", TEAM_APPS);

impl World {
    /// `GET /teams/{id}/installedApps`.
    pub fn team_apps(
        &mut self,
        caller: &Caller<'_>,
        team: &str,
        query: Result<AppQuery, Answer>,
        now: Timestamp,
    ) -> Answer {
        let request = self.about_team(TEAM_CHECK, team);
        self.serve(caller, request, now, |world| {
            let query = query?;
            check_fields(&query, &["teamsApp", "teamsAppDefinition"], is_installed_field)?;
            let team = world.team(team)?;
            let own = world.teams_with_app.contains(&team).then(|| world.bot_app());
            let apps = [store_app()].into_iter().chain(own).filter(|app| app.passes(&query, "teamsApp"));
            let value: Vec<Value> =
                apps.map(|app| shown_installed(installation_of(team, app.id), &app, &query)).collect();
            let context = format!("{}/v1.0/$metadata#teams('{team}')/installedApps(teamsApp())", world.graph_url);
            Ok(Answer::json(200, json!({"@odata.context": context, "@odata.count": value.len(), "value": value})))
        })
    }

    /// `POST /teams/{id}/installedApps`. `app` is the id in the bind of a well-formed body.
    pub fn install_in_team(
        &mut self,
        caller: &Caller<'_>,
        team: &str,
        app: Result<Uuid, Answer>,
        now: Timestamp,
    ) -> Answer {
        let request = self.about_team(TEAM_INSTALL, team);
        self.serve(caller, request, now, |world| {
            let (app, team) = (app?, world.team(team)?);
            if app != world.catalogue_id {
                return Err(Answer::graph_error(404, "NotFound", "Not Found"));
            }
            if !world.teams_with_app.insert(team) {
                return Err(Answer::graph_error(409, "Conflict", "App already installed in the team."));
            }
            world.tell_installed_in_team(team, now);
            Ok(Answer::empty(201))
        })
    }

    /// `DELETE /teams/{id}/installedApps/{iid}`.
    pub fn uninstall_from_team(
        &mut self,
        caller: &Caller<'_>,
        team: &str,
        installation: &str,
        now: Timestamp,
    ) -> Answer {
        let request = self.about_team(TEAM_UNINSTALL, team);
        self.serve(caller, request, now, |world| {
            let team = world.team(team)?;
            let is_this = installation_of(team, world.catalogue_id) == installation;
            if is_this && world.teams_with_app.remove(&team) {
                return Ok(Answer::empty(204));
            }
            Err(no_such_installation())
        })
    }
}
