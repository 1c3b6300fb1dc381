//! Every route of the API on one screen, each with what it is: whoever may not do that is not let in.
//!
//! The document that describes the API is made of this very list.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::MethodRouter;
use axum::{Extension, Router};
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use super::{Api, audiences, broadcasts, deeds, directory, document, guard, me, pictures};
use crate::domain::rights::Action;
use crate::http::limits::{self, CallerLimit};
use crate::http::problem::PROBLEM_JSON;
use crate::http::sign_in::cookies::Kind;

/// Where the API is.
pub const API: &str = "/api/v1";

/// The routes, and the document that describes them.
pub fn api(api: &Api) -> (Router, utoipa::openapi::OpenApi) {
    use Action as A;
    let limit = Arc::new(CallerLimit::new(api.settings.caller_rate, Arc::clone(&api.clock)));
    // For a route whose body may be larger than others': limits::LIST, limits::PICTURE.
    let at_most = |body_max, action, routes| {
        guarded(guard::Post { api: api.clone(), action, body_max, limit: Arc::clone(&limit) }, routes)
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
        .routes(at(A::See, routes!(broadcasts::show)))
        .routes(at(A::See, routes!(audiences::list)))
        .routes(at(A::See, routes!(audiences::show)))
        .routes(at(A::Write, routes!(audiences::save, audiences::remove)))
        .routes(at_most(limits::LIST, A::See, routes!(audiences::count)))
        .routes(at_most(limits::LIST, A::See, routes!(audiences::read)))
        .routes(at(A::See, routes!(audiences::groups)))
        .routes(at(A::See, routes!(directory::status)))
        .routes(at(A::See, routes!(directory::search)))
        .routes(at(A::Administer, routes!(directory::sync)))
        .routes(at_most(limits::PICTURE, A::Write, routes!(pictures::upload)))
        .routes(at(A::Audit, routes!(deeds::list)));
    OpenApiRouter::with_openapi(document).nest(API, routes).with_state(api.clone()).split_for_parts()
}

/// The routes of one path, guarded, and described as such.
fn guarded(post: guard::Post, routes: UtoipaMethodRouter<Api>) -> UtoipaMethodRouter<Api> {
    let (schemas, mut paths, methods) = routes;
    for operation in paths.paths.values_mut().flat_map(operations) {
        describe(operation, post.action);
    }
    // From the inside out: who did it, who may, and what it is called. The guard has its own limit for bodies, which may be
    // higher than that of the framework.
    let operations = deeds::Operations::of(&paths, post.action);
    let noted: MethodRouter<Api> = methods.layer(from_fn_with_state(post.api.clone(), deeds::noted));
    let guarded: MethodRouter<Api> =
        noted.layer(DefaultBodyLimit::disable()).layer(from_fn_with_state(post, guard::guard));
    (schemas, paths, guarded.layer(Extension(operations)))
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch].into_iter().flatten()
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
