//! `GET /openapi.json`: the routes for programs, described in OpenAPI 3.1. Made from the types that are sent, the names that
//! requests may use, and one table of operations.

mod operation;
mod operations;
mod parameter;
#[cfg(test)]
pub(crate) mod routes_tests;
mod schemas;
mod taken;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::AppState;

pub(crate) use self::operation::Operation;
pub(crate) use self::operations::OPERATIONS;
pub(crate) use self::parameter::Parameter;

use self::operation::{Answer, meaning};

/// The description but for the server's address; made once.
static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

pub(super) async fn get(state: AppState) -> Response {
    let no_cache = (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    ([no_cache], axum::Json(at(state.library.public_url()))).into_response()
}

/// Every code that a problem may have, those of addresses and methods that nothing is said of too.
fn codes() -> Vec<&'static str> {
    let known = OPERATIONS
        .iter()
        .flat_map(Operation::problems)
        .flat_map(|(_, codes)| codes);
    let mut codes: Vec<&str> = known.chain(["not_found", "method_not_allowed"]).collect();
    codes.sort_unstable();
    codes.dedup();

    codes
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
        let path = paths
            .entry(operation.path.to_owned())
            .or_insert_with(|| json!({}));
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
    let mut parameters: Vec<Value> = operation.parameters.iter().map(parameter).collect();
    if operation.tagged {
        parameters.push(if_none_match());
    }

    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": parameters,
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
        described["requestBody"] =
            json!({"required": !body.optional, "content": {"application/json": content}});
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

fn if_none_match() -> Value {
    json!({
        "name": "If-None-Match",
        "in": "header",
        "description": "The `ETag` of an answer that the client has; 304 while it still holds",
        "required": false,
        "schema": {"type": "string"},
        "example": "W/\"0123456789abcdef\"",
    })
}

fn responses(operation: &Operation) -> Value {
    let Answer {
        status,
        description,
        kinds,
        schema,
    } = &operation.answer;

    let request_id = header_of("What the request is called in the server's log");
    let mut headers = json!({"X-Request-Id": request_id});
    if operation.tagged {
        headers["ETag"] = header_of("Stands for this answer at this state of the library");
    }

    let content: Map<String, Value> = kinds
        .iter()
        .map(|kind| ((*kind).to_owned(), content(kind, *schema)))
        .collect();
    let mut responses = Map::new();
    responses.insert(
        (*status).to_owned(),
        json!({"description": description, "headers": headers, "content": content}),
    );

    if operation.tagged {
        let description = "The client has it: If-None-Match named its tag";
        responses.insert(
            "304".to_owned(),
            json!({"description": description, "headers": headers}),
        );
    }

    let problem = json!({"schema": reference("Problem")});
    let problem = match operation.pages {
        true => {
            json!({"text/html": {"schema": {"type": "string"}}, "application/problem+json": problem})
        }
        false => json!({"application/problem+json": problem}),
    };

    for (status, codes) in operation.problems() {
        let description = format!("{}: `{}`", meaning(status), codes.join("`, `"));
        let headers = json!({"X-Request-Id": request_id});
        let mut response =
            json!({"description": description, "headers": headers, "content": problem});
        if matches!(status, 429 | 503) {
            response["headers"]["Retry-After"] = header_of("Seconds to wait before asking again");
        }
        responses.insert(status.to_string(), response);
    }

    Value::Object(responses)
}

/// Text and JSON have a shape; of other files nothing is said.
fn content(kind: &str, schema: Option<&str>) -> Value {
    match schema {
        Some(name) => json!({"schema": reference(name)}),
        None if kind.starts_with("text/") => json!({"schema": {"type": "string"}}),
        None => json!({}),
    }
}

fn header_of(description: &str) -> Value {
    json!({"description": description, "schema": {"type": "string"}})
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}
