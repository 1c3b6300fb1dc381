//! The strings that a test pulls, and the ledger that it reads. None of this exists in Teams.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::stream;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Service, Visit, lock};
use crate::simulator::bucket::Bucket;
use crate::simulator::entra::SecretState;
use crate::simulator::faults::FaultPlan;
use crate::simulator::ledger::{DeliveredMessage, Received, Subject, written};
use crate::simulator::world::{BotState, Refused, Turnover, World};

/// How many lines of the ledger are written under one lock.
const LINES_MAX: usize = 2_000;

pub(super) fn routes() -> Router<Service> {
    Router::new()
        .route("/_simulator/ledger", get(ledger))
        .route("/_simulator/ledger/requests", get(requests))
        .route("/_simulator/ledger/messages", get(messages))
        .route("/_simulator/ledger/reset", post(reset))
        .route("/_simulator/organisation", get(organisation))
        .route("/_simulator/secret", post(secret))
        .route("/_simulator/bot", post(bot))
        .route("/_simulator/date", post(date))
        .route("/_simulator/permissions", post(permissions))
        .route("/_simulator/faults", post(faults))
        .route("/_simulator/throttle", post(throttle))
        .route("/_simulator/reupload", post(reupload))
        .route("/_simulator/say", post(say))
        .route("/_simulator/uninstall", post(uninstall))
        .route("/_simulator/directory/changes", post(turn_over))
        .route("/_simulator/directory/expire", post(expire))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretOrder {
    state: SecretState,
    #[serde(default)]
    revoke_tokens: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BotOrder {
    state: BotState,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DateOrder {
    /// Behind when below zero.
    ahead_seconds: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PermissionOrder {
    role: String,
    granted: bool,
    #[serde(default)]
    revoke_tokens: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThrottleOrder {
    bucket: Bucket,
    seconds: f64,
    #[serde(default)]
    retry_after_seconds: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SayOrder {
    person: String,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UninstallOrder {
    person: String,
    /// A policy keeps it from coming back.
    #[serde(default)]
    for_good: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpireOrder {
    #[serde(default, rename = "as")]
    refused: Refused,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum FaultOrder {
    Named(String),
    Plan(Box<FaultPlan>),
}

async fn ledger(State(service): State<Service>) -> Response {
    let summary = lock(&service.world).ledger_summary();
    axum::Json(summary).into_response()
}

async fn reset(State(service): State<Service>) -> StatusCode {
    lock(&service.world).reset_ledger();
    StatusCode::NO_CONTENT
}

async fn organisation(State(service): State<Service>) -> Response {
    let expected = lock(&service.world).expected();
    axum::Json(expected).into_response()
}

async fn secret(visit: Visit) -> Response {
    obey(&visit, |world, order: SecretOrder| {
        world.set_secret(order.state);
        if order.revoke_tokens {
            world.revoke_tokens();
        }
        json!({"state": order.state})
    })
}

async fn bot(visit: Visit) -> Response {
    obey(&visit, |world, order: BotOrder| {
        world.set_bot(order.state);
        json!({"state": order.state})
    })
}

/// From now on answers are dated by another clock than ours.
async fn date(visit: Visit) -> Response {
    let date = Arc::clone(&visit.service.date);
    obey(&visit, |_, order: DateOrder| {
        date.store(order.ahead_seconds, Ordering::Relaxed);
        json!({"ahead_seconds": order.ahead_seconds})
    })
}

async fn permissions(visit: Visit) -> Response {
    obey(&visit, |world, order: PermissionOrder| {
        world.consent(&order.role, order.granted);
        if order.revoke_tokens {
            world.revoke_tokens();
        }
        json!({"permissions": world.permissions()})
    })
}

async fn faults(visit: Visit) -> Response {
    let plan = match serde_json::from_slice(&visit.body) {
        Ok(FaultOrder::Named(name)) => FaultPlan::named(&name).ok_or_else(|| format!("no plan is called '{name}'")),
        Ok(FaultOrder::Plan(plan)) => plan.check().map(|()| *plan).map_err(|fault| fault.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match plan {
        Ok(plan) => {
            lock(&visit.service.world).set_faults(plan.clone());
            axum::Json(plan).into_response()
        }
        Err(fault) => (StatusCode::BAD_REQUEST, fault).into_response(),
    }
}

async fn throttle(visit: Visit) -> Response {
    let order: Result<ThrottleOrder, String> = serde_json::from_slice(&visit.body).map_err(|error| error.to_string());
    let order = order.and_then(|order| {
        let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string());
        let wait = seconds(order.seconds)?;
        Ok((order.bucket, wait, order.retry_after_seconds.map_or(Ok(wait), seconds)?))
    });
    match order {
        Ok((bucket, wait, retry_after)) => {
            let mut world = lock(&visit.service.world);
            let until = world.refuse(bucket, wait, retry_after, visit.service.clock.now());
            axum::Json(json!({"bucket": bucket, "until": written(until)})).into_response()
        }
        Err(fault) => (StatusCode::BAD_REQUEST, fault).into_response(),
    }
}

async fn reupload(State(service): State<Service>) -> Response {
    let id = lock(&service.world).reupload();
    axum::Json(json!({"catalogue_id": id})).into_response()
}

/// Somebody writes to the bot.
async fn say(visit: Visit) -> Response {
    let now = visit.service.clock.now();
    obey(&visit, |world, order: SayOrder| {
        let person = world.organisation().find(&order.person);
        json!({"said": person.is_some_and(|person| world.say(person, &order.text, now))})
    })
}

/// Somebody removes the app by herself.
async fn uninstall(visit: Visit) -> Response {
    let now = visit.service.clock.now();
    obey(&visit, |world, order: UninstallOrder| {
        let person = world.organisation().find(&order.person);
        json!({"removed": person.is_some_and(|person| world.leave(person, order.for_good, now))})
    })
}

async fn turn_over(visit: Visit) -> Response {
    let now = visit.service.clock.now();
    obey(&visit, |world, order: Turnover| {
        world.turn_over(order, now);
        json!(world.expected())
    })
}

async fn expire(visit: Visit) -> Response {
    obey(&visit, |world, order: ExpireOrder| {
        world.forget_changes(order.refused);
        json!({"as": order.refused})
    })
}

pub(super) fn obey<T: DeserializeOwned>(visit: &Visit, act: impl FnOnce(&mut World, T) -> Value) -> Response {
    match serde_json::from_slice(&visit.body) {
        Ok(order) => axum::Json(act(&mut lock(&visit.service.world), order)).into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

async fn requests(State(service): State<Service>) -> Response {
    lines(service, |world| world.ledger().requests(), request_line)
}

async fn messages(State(service): State<Service>) -> Response {
    lines(service, |world| world.ledger().messages(), message_line)
}

/// Writes entries as one JSON document a line, a few thousand at a time, so that requests need not wait.
pub(super) fn lines<T: 'static>(
    service: Service,
    entries: fn(&World) -> &[T],
    line: fn(&World, &T) -> Value,
) -> Response {
    let pages = stream::unfold(0_usize, move |start| {
        let world = Arc::clone(&service.world);
        async move {
            let world = lock(&world);
            let page: Vec<&T> = entries(&world).iter().skip(start).take(LINES_MAX).collect();
            let text: String = page.iter().map(|entry| format!("{}\n", line(&world, entry))).collect();
            (!page.is_empty()).then(|| (Ok::<_, Infallible>(text), start + page.len()))
        }
    });
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(pages)).into_response()
}

fn request_line(world: &World, request: &Received) -> Value {
    let (person, place, unknown_id) = match &request.subject {
        Subject::None => (None, None, None),
        Subject::Person(person) => (Some(world.organisation().person(*person).id), None, None),
        Subject::Place(id) => (None, Some(id), None),
        Subject::Unknown(id) => (None, None, Some(id)),
    };
    json!({
        "at": written(request.at),
        "bucket": request.bucket,
        "method": request.method,
        "path": request.path,
        "person": person,
        "place": place,
        "unknown_id": unknown_id,
        "request_id": request.request_id,
        "status": request.status,
        "throttled": request.status == 429,
        "lost": request.is_lost,
    })
}

fn message_line(world: &World, message: &DeliveredMessage) -> Value {
    let content = |number| world.ledger().content(number).map(|content| &**content);
    json!({
        "at": written(message.at),
        "person": world.organisation().person(message.person).id,
        "conversation": world.chat_id(message.person),
        "activity_id": message.activity_id.to_string(),
        "content_number": message.content,
        "content": content(message.content),
        "present": content(message.life.present),
        "updates": message.life.updates,
        "recalled": message.life.is_recalled,
    })
}
