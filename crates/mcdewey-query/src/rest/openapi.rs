//! `GET /openapi.json`: the API described in OpenAPI 3.1, generated from the response types and the
//! table of routes.

mod parameter;
mod schemas;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use mcdewey_search::parameter::Declaration;
use serde_json::{Map, Value, json};

use crate::request_state::RequestState;

pub use self::parameter::{example, value_description};

use self::schemas::reference;
use super::operation::{Operation, SuccessResponse, status_description};
use super::routes::OPERATIONS;

/// The description without the server's URL; built once.
static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

pub(super) async fn get(state: RequestState) -> Response {
    let no_cache = (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    ([no_cache], axum::Json(document_for(state.app.public_url()))).into_response()
}

/// Returns every error code of the API, including those of unknown paths and unsupported methods.
fn error_codes() -> Vec<&'static str> {
    let mut codes: Vec<&str> = OPERATIONS
        .iter()
        .flat_map(Operation::error_codes)
        .flat_map(|(_, codes)| codes)
        .chain(["not_found", "method_not_allowed"])
        .collect();
    codes.sort_unstable();
    codes.dedup();

    codes
}

/// Returns the description of a server at this URL.
pub fn document_for(public_url: &str) -> Value {
    let mut document = DOCUMENT.clone();
    document["servers"] = json!([{"url": public_url}]);
    document
}

fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in OPERATIONS {
        let path = paths
            .entry(operation.path.to_owned())
            .or_insert_with(|| json!({}));
        path[operation.method.name()] = describe_operation(operation);
    }

    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "McDewey",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Semantic and keyword search in vendor documentation, to the exact page",
            "description": "Errors are problem details (RFC 9457) with a stable `code`. Responses \
                            to GET requests have an `ETag` derived from the index's generation and \
                            revision. Every response has an `X-Request-Id`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas::all(&error_codes()),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key created with `mcdewey keys`, or a token from the issuer",
                },
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The key as the password, with any user name",
                },
            },
        },
        // The empty requirement is for servers that allow anonymous access.
        "security": [{"bearer": []}, {"basic": []}, {}],
    })
}

fn describe_operation(operation: &Operation) -> Value {
    let mut parameters: Vec<Value> = operation
        .parameters()
        .map(|(place, declaration)| describe_parameter(place, declaration))
        .collect();
    if operation.has_etag {
        parameters.push(if_none_match_parameter());
    }

    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": parameters,
        "responses": responses(operation),
    });

    if operation.public {
        described["security"] = json!([{}]);
    }

    if operation.admin_only {
        described["security"] = json!([{"bearer": []}]);
    }

    if let Some(body) = &operation.body {
        let example: Value = serde_json::from_str(body.example).unwrap_or_default();
        let content = json!({"schema": reference(body.schema), "example": example});
        described["requestBody"] =
            json!({"required": !body.optional, "content": {"application/json": content}});
    }

    described
}

fn describe_parameter(place: &str, declaration: &Declaration) -> Value {
    let mut described = json!({
        "name": declaration.name,
        "in": place,
        "description": declaration.description,
        "required": declaration.required,
        "schema": parameter::schema(declaration),
        "example": example(declaration),
    });

    if declaration.kind.is_repeatable() {
        described["style"] = json!("form");
        described["explode"] = json!(true);
    }

    described
}

fn if_none_match_parameter() -> Value {
    json!({
        "name": "If-None-Match",
        "in": "header",
        "description": "The `ETag` of a cached response; the server responds with 304 if it is \
                        still current",
        "required": false,
        "schema": {"type": "string"},
        "example": "W/\"0123456789abcdef\"",
    })
}

fn responses(operation: &Operation) -> Value {
    let SuccessResponse {
        status,
        description,
        media_types,
        schema,
    } = &operation.response;

    let request_id = header_schema("The id of the request in the server log");
    let mut headers = json!({"X-Request-Id": request_id});
    if operation.has_etag {
        headers["ETag"] =
            header_schema("Identifies this response at the current state of the library");
    }

    let content: Map<String, Value> = media_types
        .iter()
        .map(|media_type| {
            (
                (*media_type).to_owned(),
                media_type_object(media_type, *schema),
            )
        })
        .collect();
    let mut responses = Map::new();
    responses.insert(
        (*status).to_owned(),
        json!({"description": description, "headers": headers, "content": content}),
    );

    if operation.has_etag {
        let description = "Not modified: `If-None-Match` lists the current `ETag`";
        responses.insert(
            "304".to_owned(),
            json!({"description": description, "headers": headers}),
        );
    }

    let problem = json!({"schema": reference("Problem")});
    let problem_content = if operation.html_errors {
        json!({"text/html": {"schema": {"type": "string"}}, "application/problem+json": problem})
    } else {
        json!({"application/problem+json": problem})
    };

    for (status, codes) in operation.error_codes() {
        let description = format!("{}: `{}`", status_description(status), codes.join("`, `"));
        let mut response = json!({
            "description": description,
            "headers": {"X-Request-Id": request_id},
            "content": problem_content,
        });

        if matches!(status, 429 | 503) {
            response["headers"]["Retry-After"] = header_schema("Seconds to wait before retrying");
        }
        responses.insert(status.to_string(), response);
    }

    Value::Object(responses)
}

/// Describes JSON by its schema and text as a string; other media types have no schema.
fn media_type_object(media_type: &str, schema: Option<&str>) -> Value {
    match schema {
        Some(name) => json!({"schema": reference(name)}),
        None if media_type.starts_with("text/") => json!({"schema": {"type": "string"}}),
        None => json!({}),
    }
}

fn header_schema(description: &str) -> Value {
    json!({"description": description, "schema": {"type": "string"}})
}
