//! `GET /openapi.json`: what the API is, made from the handlers and the wire types; `GET /docs/`: the same to
//! look at and to try, by Swagger UI (Apache-2.0), which is in this program.

mod refusals;

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Bytes;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_swagger_ui::Config;
use windlass_protocol::Problem;

use super::error::ApiError;
use super::extract::Id;
use super::{companion, events, me, photos, upload_links, uploads};
use crate::app::App;

/// The whole API.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Windlass",
        description = "Announces, signs, verifies and lists uploads; file bytes go straight to the bucket.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    paths(
        uploads::create::create,
        uploads::report_previews::report_previews,
        uploads::show::show,
        uploads::abort::abort,
        uploads::list_parts::list_parts,
        uploads::sign_parts::sign_parts,
        uploads::sign_pieces::sign_pieces,
        uploads::complete::complete,
        photos::upload_url::upload_url,
        photos::list::list,
        photos::urls::urls,
        photos::show::show,
        photos::edit::edit,
        photos::delete::delete,
        photos::set_status::set_status,
        events::stream::stream,
        events::ticket::ticket,
        upload_links::create::create,
        upload_links::list::list,
        upload_links::revoke::revoke,
        me::me,
        companion::params::params,
        companion::create::create,
        companion::parts::list,
        companion::sign::sign_one,
        companion::sign::sign_batch,
        companion::complete::complete,
        companion::abort::abort,
    ),
    components(schemas(Problem)),
    modifiers(&Common)
)]
struct Description;

/// What all operations have in common.
struct Common;

impl Modify for Common {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        openapi.components.get_or_insert_default().add_security_scheme("token", SecurityScheme::Http(token));
        for path in openapi.paths.paths.values_mut() {
            let operations: [&mut Option<Operation>; 4] =
                [&mut path.get, &mut path.post, &mut path.patch, &mut path.delete];
            for operation in operations.into_iter().flatten() {
                let refusals = refusals::of(operation);
                operation
                    .responses
                    .responses
                    .extend(refusals.into_iter().map(|(status, refusal)| (status, refusal.into())));
            }
        }
    }
}

static DESCRIPTION: LazyLock<Bytes> =
    LazyLock::new(|| Description::openapi().to_json().unwrap_or_default().into());

static CONFIG: LazyLock<Arc<Config<'static>>> =
    LazyLock::new(|| Arc::new(Config::from("/openapi.json").try_it_out_enabled(true)));

/// Its own scripts, and styles that it writes into its page; nothing from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/openapi.json", get(description))
        .route("/docs", get(async || Redirect::permanent("/docs/")))
        .route("/docs/", get(async || page("")))
        .route("/docs/{*file}", get(async |Id(file): Id<String>| page(&file)))
}

async fn description() -> Response {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")], DESCRIPTION.clone()).into_response()
}

fn page(file: &str) -> Response {
    match utoipa_swagger_ui::serve(file, CONFIG.clone()) {
        Ok(Some(file)) => {
            let headers = [
                (CONTENT_TYPE, file.content_type.as_str()),
                (CACHE_CONTROL, "no-cache"),
                (CONTENT_SECURITY_POLICY, POLICY),
            ];
            (headers, Bytes::from(file.bytes.into_owned())).into_response()
        }
        Ok(None) => ApiError::NotFound("There is nothing at this path").into_response(),
        Err(error) => ApiError::Internal(error.to_string()).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    fn description() -> Value {
        serde_json::from_slice(&DESCRIPTION).unwrap()
    }

    #[test]
    fn every_route_of_the_api_is_described() {
        let paths_in =
            |table: &'static str| table.split(".route(").skip(1).filter_map(|route| route.split('"').nth(1));
        let api = paths_in(include_str!("mod.rs")).filter(|path| !path.ends_with('z'));
        let routed: BTreeSet<String> = api
            .map(|path| format!("{}{path}", windlass_protocol::API_PREFIX))
            .chain(paths_in(include_str!("companion/mod.rs")).map(str::to_owned))
            .collect();
        let described: BTreeSet<String> =
            description()["paths"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(described, routed);
    }

    #[test]
    fn what_is_refused_where_it_is_missing_is_said_to_be_required() {
        let description = description();
        let uppys = "/s3/multipart/{upload_id}";
        for (path, method, name) in [
            (uppys.to_owned(), "get", "key"),
            (uppys.to_owned(), "delete", "key"),
            (format!("{uppys}/{{part_number}}"), "get", "key"),
            (format!("{uppys}/complete"), "post", "key"),
            (format!("{uppys}/batch"), "get", "key"),
            (format!("{uppys}/batch"), "get", "partNumbers"),
        ] {
            let parameters = description["paths"][&path][method]["parameters"].as_array().unwrap();
            let named = parameters.iter().find(|parameter| parameter["name"] == name).unwrap();
            assert_eq!(named["required"], true, "{method} {path}: {name}");
        }
    }

    #[test]
    fn headers_that_are_read_and_sent_are_described() {
        let description = description();
        for path in ["/api/v1/photos", "/api/v1/uploads/{upload_id}"] {
            let operation = &description["paths"][path]["get"];
            let parameters = operation["parameters"].as_array().unwrap();
            let known = parameters.iter().find(|parameter| parameter["name"] == "If-None-Match").unwrap();
            assert_eq!(known["in"], "header", "{path}");
            assert_ne!(known["required"], true, "{path}");
            for status in ["200", "304"] {
                assert!(operation["responses"][status]["headers"]["ETag"].is_object(), "{path}: {status}");
            }
        }
        let answers = &description["paths"]["/api/v1/uploads/{upload_id}/complete"]["post"]["responses"];
        for (status, says_when) in [("404", false), ("409", true), ("429", true), ("503", true)] {
            assert_eq!(answers[status]["headers"]["Retry-After"].is_object(), says_when, "{status}");
        }
    }

    #[test]
    fn every_operation_has_a_name_of_its_own_and_says_how_it_fails() {
        let mut names = BTreeSet::new();
        for (path, item) in description()["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let name = operation["operationId"].as_str().unwrap().to_owned();
                assert!(names.insert(name.clone()), "{name} twice");
                let answers = operation["responses"].as_object().unwrap();
                assert!(
                    !answers.contains_key("default"),
                    "{method} {path}: with it whatever is answered is right"
                );
                for status in ["401", "500", "503"] {
                    assert!(answers.contains_key(status), "{method} {path}: {status}");
                }
                for (status, answer) in answers.iter().filter(|(status, _)| status.as_str() >= "400") {
                    let problem = &answer["content"]["application/problem+json"];
                    let at = format!("{method} {path}: {status}");
                    assert_eq!(problem["schema"]["$ref"], "#/components/schemas/Problem", "{at}");
                    assert!(answer["description"].as_str().unwrap().starts_with('`'), "{at}");
                }
            }
        }
        assert_eq!(names.len(), 28);
    }
}
