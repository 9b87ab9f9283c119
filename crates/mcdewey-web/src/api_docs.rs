//! `/api/docs`: the REST API for readers, generated from the OpenAPI description.

use askama::Template;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use mcdewey_query::RequestState;
use mcdewey_query::links;
use mcdewey_query::rest::openapi::{self, OPERATIONS, Operation, Parameter as Described};
use mcdewey_query::rest::{self, Parameters};
use mcdewey_search::QueryError;
use serde_json::Value;

use super::error::error_page;
use super::respond;
use super::site::Site;

struct OperationView {
    id: &'static str,
    method: String,
    path: &'static str,
    summary: &'static str,
    parameters: Vec<ParameterView>,
    /// Schema and example of the request body.
    body: Option<(&'static str, &'static str)>,
    /// The schema of a successful response.
    response: Option<&'static str>,
    /// Status codes and the error codes that come with them.
    errors: Vec<(u16, String)>,
    curl: String,
    access: &'static str,
}

struct ParameterView {
    name: &'static str,
    description: String,
    kind: String,
    required: bool,
}

struct SchemaView {
    name: String,
    description: String,
    fields: Vec<FieldView>,
}

struct FieldView {
    name: String,
    kind: String,
    /// The schema that the type links to.
    schema: Option<String>,
    required: bool,
    description: String,
}

#[derive(Template)]
#[template(path = "api_docs.html")]
struct ApiPage {
    site: Site,
    operations: Vec<OperationView>,
    schemas: Vec<SchemaView>,
}

pub(super) async fn get(state: RequestState, headers: HeaderMap, uri: Uri) -> Response {
    match rest::pairs(&uri).and_then(|pairs| Parameters::new(pairs, &[])) {
        Ok(_) => respond::page(&headers, &page(&state)),
        Err(error) => error_page(&state.app, &QueryError::into(error)),
    }
}

fn page(state: &RequestState) -> ApiPage {
    let (public_url, needs_key) = (state.app.public_url(), state.app.needs_key());
    let document = openapi::document_for(public_url);
    let schemas = document["components"]["schemas"].as_object();

    ApiPage {
        site: Site::from_state(&state.app),
        operations: OPERATIONS
            .iter()
            .map(|operation| operation_view(operation, public_url, needs_key))
            .collect(),
        schemas: schemas
            .into_iter()
            .flatten()
            .map(|(name, schema)| schema_view(name, schema))
            .collect(),
    }
}

fn operation_view(operation: &Operation, public_url: &str, needs_key: bool) -> OperationView {
    OperationView {
        id: operation.id,
        method: operation.method.to_uppercase(),
        path: operation.path,
        summary: operation.summary,
        parameters: operation.parameters.iter().map(parameter_view).collect(),
        body: operation
            .body
            .as_ref()
            .map(|body| (body.schema, body.example)),
        response: operation.response.schema,
        errors: operation
            .error_codes()
            .into_iter()
            .map(|(status, codes)| (status, codes.join(", ")))
            .collect(),
        curl: curl(operation, public_url, needs_key),
        access: match (operation.admin_only, operation.public) {
            (true, _) => "Requires an admin key.",
            (_, true) => "No key required.",
            _ => "",
        },
    }
}

fn parameter_view(parameter: &Described) -> ParameterView {
    ParameterView {
        name: parameter.name,
        description: without_backticks(parameter.description),
        kind: parameter.value_description(),
        required: parameter.required,
    }
}

/// A command line to paste into a terminal.
fn curl(operation: &Operation, public_url: &str, needs_key: bool) -> String {
    let mut text = "curl -s".to_owned();
    if operation.admin_only || (needs_key && !operation.public) {
        text.push_str(" -H 'Authorization: Bearer YOUR_KEY'");
    }

    if let Some(body) = &operation.body {
        text.push_str(&format!(" --json '{}'", body.example));
    }

    format!("{text} '{public_url}{}'", example_url(operation))
}

/// The operation's path with example values, and the query parameters that make a useful example.
fn example_url(operation: &Operation) -> String {
    let mut path = operation.path.to_owned();
    let mut query = Vec::new();
    for parameter in operation.parameters {
        let example = parameter.example();
        let value = example
            .as_array()
            .and_then(|list| list.first())
            .unwrap_or(&example);

        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let placeholder = format!("{{{}}}", parameter.name);
        if path.contains(&placeholder) {
            let parts: Vec<String> = value.split('/').map(links::encode).collect();
            path = path.replace(&placeholder, &parts.join("/"));
        } else if parameter.required
            || matches!(
                parameter.name,
                "q" | "limit" | "page" | "context" | "original"
            )
        {
            query.push(format!("{}={}", parameter.name, links::encode(&value)));
        }
    }

    let query = if query.is_empty() {
        String::new()
    } else {
        format!("?{}", query.join("&"))
    };

    path + &query
}

fn schema_view(name: &str, schema: &Value) -> SchemaView {
    let variants = ["oneOf", "anyOf"]
        .iter()
        .filter_map(|keyword| schema[*keyword].as_array())
        .flatten();

    SchemaView {
        name: name.to_owned(),
        description: description(schema),
        fields: fields(schema)
            .chain(variants.flat_map(variant_fields))
            .collect(),
    }
}

/// A variant of a schema: the schema it refers to, then its own fields.
fn variant_fields(schema: &Value) -> Vec<FieldView> {
    let reference = schema_name(schema).map(|kind| FieldView {
        name: "one of".to_owned(),
        schema: linked_schema(schema),
        kind,
        required: false,
        description: description(schema),
    });

    reference.into_iter().chain(fields(schema)).collect()
}

fn fields(schema: &Value) -> impl Iterator<Item = FieldView> {
    schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(move |(name, field)| FieldView {
            name: name.clone(),
            kind: kind(field),
            schema: linked_schema(field),
            required: is_required(schema, name),
            description: description(field),
        })
}

fn is_required(schema: &Value, field: &str) -> bool {
    schema["required"]
        .as_array()
        .is_some_and(|names| names.iter().any(|name| name.as_str() == Some(field)))
}

fn description(schema: &Value) -> String {
    without_backticks(schema["description"].as_str().unwrap_or_default())
}

/// Descriptions are Markdown, but the page shows them as plain text.
fn without_backticks(text: &str) -> String {
    text.replace('`', "")
}

/// The type of a field: "string", "list of Hit", "A or B".
fn kind(schema: &Value) -> String {
    if let Some(name) = schema_name(schema) {
        return name;
    }

    if let Some(variants) = schema["anyOf"].as_array() {
        return variants.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }

    if let Some(value) = schema["const"].as_str() {
        return value.to_owned();
    }

    if let Some(values) = schema["enum"].as_array() {
        return values
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(", ");
    }

    let name = match &schema["type"] {
        Value::Array(names) => names
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(" or "),
        name => name.as_str().unwrap_or("any").to_owned(),
    };

    match (name.as_str(), schema.get("items")) {
        ("array", Some(items)) => format!("list of {}", kind(items)),
        _ => name,
    }
}

fn schema_name(schema: &Value) -> Option<String> {
    schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next())
        .map(str::to_owned)
}

/// The schema that the field's type links to: itself, its items, or its first variant with one.
fn linked_schema(schema: &Value) -> Option<String> {
    let variants = schema["anyOf"].as_array().into_iter().flatten();
    schema_name(schema)
        .or_else(|| schema.get("items").and_then(linked_schema))
        .or_else(|| variants.filter_map(linked_schema).next())
}

#[cfg(test)]
mod tests {
    use super::{OPERATIONS, example_url};
    use crate::testing::service;

    #[tokio::test]
    async fn the_page_covers_the_openapi_description() {
        let body = service().await.get("/api/docs").await.body;
        for part in [
            "<code>/api/v1/search</code>",
            "curl -s &#39;http://localhost:8080/api/v1/search?q=barge%20state%20in%20CCX&#38;limit=3&#39;",
            "1 to 50, default 10",
            "id=\"schema-SearchAnswer\"",
            "href=\"#schema-Hit\"",
            "unknown_version",
            "Requires an admin key.",
            "--json &#39;{&#34;q&#34;: &#34;barge state in CCX&#34;, &#34;limit&#34;: 3}&#39;",
        ] {
            assert!(body.contains(part), "{part} is not in {body}");
        }

        assert!(!body.contains("$ref"));
    }

    #[tokio::test]
    async fn every_example_can_be_called() {
        let service = service().await;
        for operation in OPERATIONS {
            let answer = match &operation.body {
                Some(body) => service.post(&example_url(operation), body.example).await,
                None => service.get(&example_url(operation)).await,
            };

            // The sample library has no originals and no issuer, and the request sends no key.
            let expected = match operation.id {
                "getFile" | "getResourceMetadata" => 404,
                _ if operation.admin_only => 401,
                _ => 200,
            };

            assert_eq!(answer.status, expected, "{}: {}", operation.id, answer.body);
        }
    }

    #[tokio::test]
    async fn schemas_with_variants_list_each() {
        let body = service().await.get("/api/docs").await.body;
        let section = |name: &str| {
            body.split(&format!("id=\"schema-{name}\""))
                .nth(1)
                .unwrap()
                .split("</section>")
                .next()
                .unwrap()
        };

        for name in ["DocumentAnswer", "PageAnswer"] {
            assert!(
                section("DocumentOrPage").contains(&format!("href=\"#schema-{name}\"")),
                "{}",
                section("DocumentOrPage")
            );
        }

        for event in ["progress", "finished", "failed"] {
            assert!(
                section("SyncEvent").contains(event),
                "{}",
                section("SyncEvent")
            );
        }
    }
}
