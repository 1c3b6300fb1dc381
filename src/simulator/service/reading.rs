//! What a test reads of chats and channels. None of this exists in Teams.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

use super::control::lines;
use super::{Service, lock};
use crate::simulator::groups::Kind;
use crate::simulator::ledger::{PostedMessage, written};
use crate::simulator::world::{Message, World};

pub(super) fn routes() -> Router<Service> {
    Router::new()
        .route("/_simulator/inbox/{person}", get(inbox))
        .route("/_simulator/teams", get(teams))
        .route("/_simulator/posts/{channel}", get(posts))
        .route("/_simulator/ledger/posts", get(posted))
}

async fn inbox(State(service): State<Service>, Path(person): Path<String>) -> Response {
    let world = lock(&service.world);
    let Some(person) = world.organisation().find(&person) else { return StatusCode::NOT_FOUND.into_response() };
    axum::Json(world.inbox(person).iter().map(message).collect::<Vec<Value>>()).into_response()
}

async fn teams(State(service): State<Service>) -> Response {
    let world = lock(&service.world);
    let team = |id, name: &str| {
        let channels = world.channels().iter().filter(|channel| channel.team == id);
        let channels: Vec<Value> = channels
            .map(|channel| json!({"id": channel.id, "name": channel.name, "primary": channel.is_primary}))
            .collect();
        json!({"id": id, "name": name, "installed": world.has_app(id), "channels": channels})
    };
    let teams = world.groups().iter().filter(|group| group.kind == Kind::Team);
    axum::Json(teams.map(|group| team(group.id, &group.name)).collect::<Vec<Value>>()).into_response()
}

async fn posts(State(service): State<Service>, Path(channel): Path<String>) -> Response {
    let world = lock(&service.world);
    if !world.channels().iter().any(|known| known.id == channel) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let post = |post: &Message| {
        let mut shown = message(post);
        shown["answers"] = json!(post.answers.map(|id| id.to_string()));
        shown
    };
    axum::Json(world.posts(&channel).iter().map(post).collect::<Vec<Value>>()).into_response()
}

/// A message as it is at present.
fn message(message: &Message) -> Value {
    json!({"activity_id": message.activity_id.to_string(), "recalled": message.is_recalled,
        "updates": message.updates, "content": *message.content})
}

async fn posted(State(service): State<Service>) -> Response {
    lines(service, |world| world.ledger().posts(), post_line)
}

fn post_line(world: &World, post: &PostedMessage) -> Value {
    let content = |number| world.ledger().content(number).map(|content| &**content);
    json!({
        "at": written(post.at),
        "channel": world.channels().get(post.channel as usize).map(|channel| &channel.id),
        "activity_id": post.activity_id.to_string(),
        "content_number": post.content,
        "content": content(post.content),
        "present": content(post.life.present),
        "updates": post.life.updates,
        "recalled": post.life.is_recalled,
    })
}
