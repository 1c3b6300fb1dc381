//! Every route of the API on one screen, each with what it is: whoever may not do that is not let in.
//!
//! The document that describes the API is made of this very list.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::IntoResponse;
use axum::routing::MethodRouter;
use axum::{Extension, Router};
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Required, Response, ResponseBuilder};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use super::{
    Api, amends, audiences, broadcasts, deeds, deliveries, directory, doctor, document, drafts, events, exports, guard,
    idempotency, life, lists, me, pictures, quotas, workers,
};
use crate::domain::rights::Action;
use crate::http::limits::{self, CallerLimit, Room};
use crate::http::problem::{PROBLEM_JSON, Problem};
use crate::http::sign_in::cookies::Kind;

/// Where the API is.
pub const API: &str = "/api/v1";

/// The routes, and the document that describes them.
pub fn api(api: &Api) -> (Router, utoipa::openapi::OpenApi) {
    use Action as A;
    let limit = Arc::new(CallerLimit::new(api.settings.caller_rate, Arc::clone(&api.clock)));
    let room = Room::default();
    // For a route whose body may be larger than others': limits::LIST, limits::PICTURE.
    let at_most = |body_max, action, routes| {
        let (limit, room) = (Arc::clone(&limit), room.clone());
        guarded(guard::Post { api: api.clone(), action, body_max, limit, room }, routes)
    };
    let at = |action, routes| at_most(limits::BODY, action, routes);
    let mut document = document::blank();
    if let Some(components) = &mut document.components {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        let name = Kind::Session.name(&api.settings.public_url);
        let described =
            "Set by /sign-in. Whatever changes something needs the header X-CSRF-Token with what GET /me tells, too.";
        let cookie = ApiKey::Cookie(ApiKeyValue::with_description(name, described));
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(cookie));
    }
    let routes = OpenApiRouter::new()
        .routes(at(A::See, routes!(me::me)))
        .routes(at(A::See, routes!(broadcasts::list)))
        .routes(at_most(limits::LIST, A::Write, routes!(drafts::create)))
        .routes(at(A::See, routes!(broadcasts::show)))
        .routes(at_most(limits::LIST, A::Write, routes!(drafts::change, drafts::remove)))
        .routes(at(A::Write, routes!(drafts::duplicate)))
        .routes(at(A::See, routes!(drafts::validate)))
        .routes(at_most(limits::LIST, A::See, routes!(drafts::validate_unsaved)))
        .routes(at(A::See, routes!(drafts::dry_run)))
        .routes(at_most(limits::LIST, A::See, routes!(drafts::dry_run_unsaved)))
        .routes(at(A::Write, routes!(drafts::test)))
        .routes(at(A::Send, routes!(life::submit)))
        .routes(at(A::Approve, routes!(life::approve)))
        .routes(at(A::Approve, routes!(life::reject)))
        .routes(at(A::Send, routes!(life::send)))
        .routes(at(A::Stop, routes!(life::pause)))
        .routes(at(A::GoOn, routes!(life::resume)))
        .routes(at(A::Stop, routes!(life::cancel)))
        .routes(at(A::GoOn, routes!(life::retry)))
        .routes(at(A::Amend, routes!(amends::correct)))
        .routes(at(A::Amend, routes!(amends::recall)))
        .routes(at(A::See, routes!(audiences::list)))
        .routes(at(A::See, routes!(audiences::show)))
        .routes(at(A::Write, routes!(audiences::save, audiences::remove)))
        .routes(at_most(limits::LIST, A::See, routes!(audiences::count)))
        .routes(at_most(limits::LIST, A::See, routes!(lists::read)))
        .routes(at(A::See, routes!(audiences::groups)))
        .routes(at(A::See, routes!(directory::status)))
        .routes(at(A::See, routes!(directory::search)))
        .routes(at(A::See, routes!(directory::values)))
        .routes(at(A::Administer, routes!(directory::sync)))
        .routes(at_most(limits::PICTURE, A::Write, routes!(pictures::upload)))
        .routes(at(A::See, routes!(deliveries::list)))
        .routes(at(A::See, routes!(deliveries::show)))
        .routes(at(A::See, routes!(exports::export)))
        .routes(at(A::See, routes!(events::of_broadcast)))
        .routes(at(A::See, routes!(events::of_all)))
        .routes(at(A::See, routes!(quotas::list)))
        .routes(at(A::See, routes!(workers::list)))
        .routes(at(A::Administer, routes!(doctor::show, doctor::begin)))
        .routes(at(A::Audit, routes!(deeds::list)));
    OpenApiRouter::with_openapi(document).nest(API, routes).with_state(api.clone()).split_for_parts()
}

/// The routes of one path, guarded, and described as such.
fn guarded(post: guard::Post, routes: UtoipaMethodRouter<Api>) -> UtoipaMethodRouter<Api> {
    let (schemas, mut paths, methods) = routes;
    for operation in paths.paths.values_mut().flat_map(operations) {
        describe(operation, post.action);
    }
    for operation in paths.paths.values_mut().flat_map(unsafe_operations) {
        describe_once(operation);
    }
    // From the inside out: who did it, whether it was done before, who may, and what it is called. The guard has its own limit
    // for bodies, which may be higher than that of the framework.
    let operations = deeds::Operations::of(&paths, post.action);
    let methods: MethodRouter<Api> = methods.layer(map_response(told_as_a_problem));
    let noted: MethodRouter<Api> = methods.layer(from_fn_with_state(post.api.clone(), deeds::noted));
    let once: MethodRouter<Api> = noted.layer(from_fn_with_state(post.api.clone(), idempotency::once));
    let guarded: MethodRouter<Api> =
        once.layer(DefaultBodyLimit::disable()).layer(from_fn_with_state(post, guard::guard));
    (schemas, paths, guarded.layer(Extension(operations)))
}

/// The framework's own answer to a method that the path does not take, as a problem; it adds the header Allow itself.
async fn told_as_a_problem(answer: axum::response::Response) -> axum::response::Response {
    let is_plain = answer.status() == StatusCode::METHOD_NOT_ALLOWED && !answer.headers().contains_key(CONTENT_TYPE);
    if is_plain { Problem::METHOD_NOT_ALLOWED.into_response() } else { answer }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch].into_iter().flatten()
}

fn unsafe_operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.put, &mut item.post, &mut item.delete, &mut item.patch].into_iter().flatten()
}

/// What every route has that changes something: the key under which it is done once.
fn describe_once(operation: &mut Operation) {
    let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(255));
    let key = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(
            "The same request again under the same key is answered as the first time, and nothing is done twice: \
             visible ASCII characters, such as a UUID. Answers are kept for 48 hours.",
        ))
        .schema(Some(text));
    operation.parameters.get_or_insert_default().push(key.build().into());
    let problems = [
        ("400", "The request, or its Idempotency-Key, cannot be read"),
        ("409", "It stands where this makes no sense, or the same request is still being answered"),
        ("413", "The body is larger than this route takes"),
        ("422", "What was sent is wrong, `faults` says where; or the Idempotency-Key was used for another request"),
    ];
    for (status, description) in problems {
        operation.responses.responses.entry(status.to_owned()).or_insert(problem(description).into());
    }
}

/// What every route has: who may, the answers that the guard gives, and those of what reads the request.
fn describe(operation: &mut Operation, action: Action) {
    let roles: Vec<&str> = action.roles().map(|role| role.name()).collect();
    let either = ["token", "cookie"].map(|scheme| SecurityRequirement::new(scheme, Vec::<String>::new()));
    operation.security = Some(either.to_vec());
    operation
        .extensions
        .get_or_insert_default()
        .merge(ExtensionsBuilder::new().add("x-action", format!("{action:?}")).add("x-roles", roles).build());
    let mut problems = vec![
        ("401", "Nobody knows who is asking"),
        ("403", "Whoever asks may not"),
        ("429", "Whoever asks does so too often"),
        ("503", "The database, or what else it takes, cannot be had at present"),
        ("504", "It takes longer than a request may"),
    ];
    // What stands elsewhere in the document, and is only named here, nobody writes with these macros.
    let given =
        |it: &RefOr<Parameter>| if let RefOr::T(parameter) = it { Some(parameter.parameter_in.clone()) } else { None };
    let places: Vec<_> = operation.parameters.iter().flatten().filter_map(given).collect();
    if places.contains(&ParameterIn::Query) {
        problems.push(("400", "The query is not what this route takes"));
    }
    let matches = |it: &&RefOr<Parameter>| matches!(it, RefOr::T(parameter) if parameter.name == "If-Match");
    if let Some(RefOr::T(parameter)) = operation.parameters.iter().flatten().find(matches) {
        problems.push(("412", "It was changed since that version"));
        if parameter.required == Required::True {
            problems.push(("428", "The header If-Match is missing"));
        }
    }
    if places.contains(&ParameterIn::Path) {
        problems.push(("404", "There is nothing of this name"));
    }
    if let Some(RefOr::T(body)) = &operation.request_body {
        problems.push(("400", "The body cannot be read"));
        problems.push(("408", "The body does not arrive in time"));
        problems.push(("413", "The body is larger than this route takes"));
        problems.push(("422", "The body is not what this route takes; `faults` says where"));
        if body.content.contains_key("application/json") {
            problems.push(("415", "The body is not called JSON"));
        }
    }
    for (status, description) in problems {
        operation.responses.responses.entry(status.to_owned()).or_insert(problem(description).into());
    }
}

fn problem(description: &str) -> Response {
    let document = Ref::from_schema_name("ProblemDocument");
    let content = ContentBuilder::new().schema(Some(document)).build();
    ResponseBuilder::new().description(description).content(PROBLEM_JSON, content).build()
}
