//! Teams and channels on Graph's wire.

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::{delete, get};

use super::graph::people_query;
use super::{Service, Visit};
use crate::simulator::world::Wanted;

pub(super) fn routes() -> Router<Service> {
    let team = "/graph/v1.0/teams/{id}";
    Router::new()
        .route(team, get(one_team))
        .route(&format!("{team}/channels"), get(channels))
        .route(&format!("{team}/channels/{{cid}}"), get(channel))
        .route(&format!("{team}/channels/{{cid}}/members"), get(channel_members))
        .route(&format!("{team}/primaryChannel"), get(primary_channel))
        .route(&format!("{team}/members"), get(members))
        .route(&format!("{team}/installedApps/{{iid}}"), delete(uninstall))
}

async fn one_team(Path(team): Path<String>, visit: Visit) -> Response {
    let query = people_query(&visit);
    visit.answer(|world, caller, now| world.one_team(caller, &team, query, now)).await
}

async fn channels(Path(team): Path<String>, visit: Visit) -> Response {
    let query = people_query(&visit);
    visit.answer(|world, caller, now| world.list_channels(caller, &team, query, now)).await
}

async fn channel(Path((team, channel)): Path<(String, String)>, visit: Visit) -> Response {
    let query = people_query(&visit);
    visit.answer(|world, caller, now| world.one_channel(caller, &team, Wanted::Id(&channel), query, now)).await
}

async fn primary_channel(Path(team): Path<String>, visit: Visit) -> Response {
    let query = people_query(&visit);
    visit.answer(|world, caller, now| world.one_channel(caller, &team, Wanted::Primary, query, now)).await
}

async fn members(Path(team): Path<String>, visit: Visit) -> Response {
    let query = people_query(&visit);
    visit.answer(|world, caller, now| world.list_team_members(caller, &team, query, now)).await
}

async fn channel_members(Path((team, channel)): Path<(String, String)>, visit: Visit) -> Response {
    let query = people_query(&visit);
    visit.answer(|world, caller, now| world.list_channel_members(caller, &team, &channel, query, now)).await
}

async fn uninstall(Path((team, installation)): Path<(String, String)>, visit: Visit) -> Response {
    visit.answer(|world, caller, now| world.uninstall_from_team(caller, &team, &installation, now)).await
}
