//! Teams, channels and activity feeds on Graph's wire.

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::{delete, get, post};

use super::graph::people_query;
use super::{Service, Visit};
use crate::simulator::answer::Answer;
use crate::simulator::feed::{Notification, Scope};
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
        .route(&format!("{team}/sendActivityNotification"), post(notify_team))
        .route("/graph/v1.0/users/{id}/teamwork/sendActivityNotification", post(notify_person))
        .route("/graph/v1.0/chats/{id}/sendActivityNotification", post(notify_chat))
        .route("/graph/v1.0/teamwork/sendActivityNotificationToRecipients", post(notify_people))
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

async fn notify_person(Path(user): Path<String>, visit: Visit) -> Response {
    let notification = notification(&visit, Scope::User);
    visit.answer(|world, caller, now| world.notify_person(caller, &user, notification, now)).await
}

async fn notify_team(Path(team): Path<String>, visit: Visit) -> Response {
    let notification = notification(&visit, Scope::Team);
    visit.answer(|world, caller, now| world.notify_team(caller, &team, notification, now)).await
}

async fn notify_chat(Path(chat): Path<String>, visit: Visit) -> Response {
    let notification = notification(&visit, Scope::Chat);
    visit.answer(|world, caller, now| world.notify_chat(caller, &chat, notification, now)).await
}

async fn notify_people(visit: Visit) -> Response {
    let notification = notification(&visit, Scope::Bulk);
    visit.answer(|world, caller, now| world.notify_people(caller, notification, now)).await
}

fn notification(visit: &Visit, scope: Scope) -> Result<Notification, Answer> {
    if !visit.is_of_type("application/json") {
        let text = "Write requests (excluding DELETE) must contain the Content-Type header declaration.";
        return Err(Answer::graph_error(400, "BadRequest", text));
    }
    Notification::read(&visit.body, scope)
}
