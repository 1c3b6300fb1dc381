//! What a test reads of activity feeds, channels and requests. None of this exists in Teams.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};

use super::control::{lines, obey};
use super::{Service, Visit, lock};
use crate::simulator::groups::Kind;
use crate::simulator::ledger::{Notified, PostedMessage, written};
use crate::simulator::transcript::Exchange;
use crate::simulator::world::{Message, Notice, World};

pub(super) fn routes() -> Router<Service> {
    Router::new()
        .route("/_simulator/inbox/{person}", get(inbox))
        .route("/_simulator/feed/{person}", get(feed))
        .route("/_simulator/teams", get(teams))
        .route("/_simulator/posts/{channel}", get(posts))
        .route("/_simulator/ledger/posts", get(posted))
        .route("/_simulator/ledger/notifications", get(notified))
        .route("/_simulator/transcript", get(transcript).post(keep))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TranscriptOrder {
    /// How many of the last requests to keep from here on; zero switches it off.
    keep: usize,
}

async fn inbox(State(service): State<Service>, Path(person): Path<String>) -> Response {
    let world = lock(&service.world);
    let Some(person) = world.organisation().find(&person) else { return StatusCode::NOT_FOUND.into_response() };
    axum::Json(world.inbox(person).iter().map(message).collect::<Vec<Value>>()).into_response()
}

async fn feed(State(service): State<Service>, Path(person): Path<String>) -> Response {
    let world = lock(&service.world);
    let Some(person) = world.organisation().find(&person) else { return StatusCode::NOT_FOUND.into_response() };
    axum::Json(world.feed(person).iter().map(Notice::written).collect::<Vec<Value>>()).into_response()
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

async fn notified(State(service): State<Service>) -> Response {
    lines(service, |world| world.ledger().notifications(), notification_line)
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

fn notification_line(world: &World, notified: &Notified) -> Value {
    json!({
        "at": written(notified.at),
        "person": world.organisation().person(notified.person).id,
        "by": notified.by,
        "chain_id": notified.chain_id,
        "replacement": notified.is_replacement,
        "content_number": notified.content,
        "content": world.ledger().content(notified.content).map(|content| &**content),
    })
}

async fn transcript(State(service): State<Service>) -> Response {
    let world = lock(&service.world);
    let line = |exchange: &Exchange| serde_json::to_string(exchange).map(|line| line + "\n").unwrap_or_default();
    let text: String = world.transcript().exchanges().map(line).collect();
    ([(header::CONTENT_TYPE, "application/x-ndjson")], text).into_response()
}

async fn keep(visit: Visit) -> Response {
    obey(&visit, |world, order: TranscriptOrder| {
        world.transcript_mut().restart(order.keep);
        json!({"keep": order.keep})
    })
}
