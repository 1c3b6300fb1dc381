//! The bot connector on the wire.

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::{get, post};

use super::{Service, Visit};
use crate::simulator::activity::Activity;
use crate::simulator::answer::Answer;
use crate::simulator::world::{Asked, answered};

pub(super) fn routes() -> Router<Service> {
    let activities = "/teams/v3/conversations/{cid}/activities";
    Router::new()
        .route("/teams/v3/conversations", post(create))
        .route(activities, post(send))
        .route("/teams/v3/conversations/{cid}/pagedmembers", get(members))
        .route(&format!("{activities}/{{aid}}"), post(reply).put(update).delete(delete))
}

async fn create(visit: Visit) -> Response {
    let asked = json_body(&visit).and_then(Asked::read);
    visit
        .answer(|world, caller, now| match asked {
            Ok(Asked::Chat(opening)) => world.create_conversation(caller, Ok(opening), now),
            Ok(Asked::Channel(posting)) => world.post_in_channel(caller, posting, now),
            Err(refusal) => world.create_conversation(caller, Err(refusal), now),
        })
        .await
}

async fn members(Path(conversation): Path<String>, visit: Visit) -> Response {
    visit.answer(|world, caller, now| world.conversation_members(caller, &conversation, now)).await
}

async fn send(Path(conversation): Path<String>, visit: Visit) -> Response {
    let activity = json_body(&visit).and_then(Activity::read);
    visit.answer(|world, caller, now| world.send(caller, &conversation, activity, now)).await
}

async fn reply(Path((conversation, id)): Path<(String, String)>, visit: Visit) -> Response {
    send(Path(answered(&conversation, &id)), visit).await
}

async fn update(Path((conversation, id)): Path<(String, String)>, visit: Visit) -> Response {
    let activity = json_body(&visit).and_then(Activity::read);
    visit.answer(|world, caller, now| world.update(caller, &conversation, &id, activity, now)).await
}

async fn delete(Path((conversation, id)): Path<(String, String)>, visit: Visit) -> Response {
    visit.answer(|world, caller, now| world.delete(caller, &conversation, &id, now)).await
}

fn json_body(visit: &Visit) -> Result<&[u8], Answer> {
    if visit.is_of_type("application/json") {
        return Ok(&visit.body);
    }
    Err(Answer::connector_error(
        415,
        "UnsupportedMediaType",
        "The content type of the request is not application/json.",
    ))
}
