//! `GET /openapi.json`: the routes for programs, described in OpenAPI 3.1. Made from the types that are sent, the names that
//! requests may use, and one table of operations.

pub(crate) mod operations;
mod schemas;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use self::operations::{Answer, OPERATIONS, Operation, Parameter};
use crate::AppState;

/// The description but for the server's address; made once.
static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

pub(super) async fn get(state: AppState) -> Response {
    let no_cache = (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    ([no_cache], axum::Json(at(state.library.public_url()))).into_response()
}

/// The description of a server at this address.
pub(crate) fn at(public_url: &str) -> Value {
    let mut document = DOCUMENT.clone();
    document["servers"] = json!([{"url": public_url}]);
    document
}

fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in OPERATIONS {
        let path = paths.entry(operation.path.to_owned()).or_insert_with(|| json!({}));
        path[operation.method] = described(operation);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "McDewey",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Vendor documentation, searched by meaning and words, answered with the exact page",
            "description": "Errors are problem details (RFC 9457) with a stable `code`. Answers to GET carry an `ETag` made of the \
                            index's generation and revision. Every answer carries `X-Request-Id`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas::all(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "A key of `mcdewey keys`, or a token of the issuer"},
                "basic": {"type": "http", "scheme": "basic", "description": "The key as the password; any name"},
            },
        },
        // On its own machine a library may be open.
        "security": [{"bearer": []}, {"basic": []}, {}],
    })
}

fn described(operation: &Operation) -> Value {
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": operation.parameters.iter().map(parameter).collect::<Vec<_>>(),
        "responses": responses(operation),
    });
    if operation.open {
        described["security"] = json!([{}]);
    }
    if operation.admin {
        described["security"] = json!([{"bearer": []}]);
    }
    if let Some(body) = &operation.body {
        let example: Value = serde_json::from_str(body.example).unwrap_or_default();
        let content = json!({"schema": reference(body.schema), "example": example});
        described["requestBody"] = json!({"required": true, "content": {"application/json": content}});
    }
    described
}

fn parameter(parameter: &Parameter) -> Value {
    let mut described = json!({
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        "required": parameter.required,
        "schema": parameter.schema(),
        "example": parameter.example(),
    });
    if parameter.several {
        described["style"] = json!("form");
        described["explode"] = json!(true);
    }
    described
}

fn responses(operation: &Operation) -> Value {
    let Answer { status, description, kind, schema } = &operation.answer;
    let mut headers = json!({"X-Request-Id": header_of("What the request is called in the server's log")});
    if operation.tagged {
        headers["ETag"] = header_of("Stands for this answer at this state of the library");
    }
    let schema = schema.map_or_else(|| json!({"type": "string"}), reference);
    let mut responses = Map::new();
    let content = json!({*kind: {"schema": schema}});
    responses.insert((*status).to_owned(), json!({"description": description, "headers": headers, "content": content}));
    if operation.tagged {
        responses.insert("304".to_owned(), json!({"description": "The client has it: If-None-Match named its tag"}));
    }
    let problem = match operation.pages {
        true => json!({"text/html": {"schema": {"type": "string"}}}),
        false => json!({"application/problem+json": {"schema": reference("Problem")}}),
    };
    for (status, codes) in operation.problems() {
        let description = format!("{}: `{}`", operations::meaning(status), codes.join("`, `"));
        let mut response = json!({"description": description, "content": problem});
        if matches!(status, 429 | 503) {
            response["headers"] = json!({"Retry-After": header_of("Seconds to wait before asking again")});
        }
        responses.insert(status.to_string(), response);
    }
    Value::Object(responses)
}

fn header_of(description: &str) -> Value {
    json!({"description": description, "schema": {"type": "string"}})
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}
