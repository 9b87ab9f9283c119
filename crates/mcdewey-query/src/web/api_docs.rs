//! `/api/docs`: the routes for programs, for people to read; made from the description that programs read.

use askama::Template;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::Value;

use super::error::error_page;
use super::respond;
use super::site::Site;
use crate::rest::openapi::{self, OPERATIONS, Operation, Parameter as Described};
use crate::rest::{self, Parameters};
use crate::{AppState, QueryError, links};

struct OperationView {
    id: &'static str,
    method: String,
    path: &'static str,
    summary: &'static str,
    parameters: Vec<ParameterView>,
    body: Option<(&'static str, &'static str)>,
    answer: Option<&'static str>,
    codes: Vec<(u16, String)>,
    curl: String,
    who: &'static str,
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
    /// The schema it leads to.
    link: Option<String>,
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

pub(super) async fn get(state: AppState, headers: HeaderMap, uri: Uri) -> Response {
    let shown = rest::pairs(&uri).and_then(|pairs| Parameters::new(pairs, &[]));
    match shown {
        Ok(_) => respond::page(&headers, &page(&state)),
        Err(error) => error_page(&state, &QueryError::into(error)),
    }
}

fn page(state: &AppState) -> ApiPage {
    let (public, key) = (state.library.public_url(), state.access.needs_key());
    let document = openapi::at(public);
    let schemas = document["components"]["schemas"].as_object();

    ApiPage {
        site: Site::of(state),
        operations: OPERATIONS
            .iter()
            .map(|operation| view(operation, public, key))
            .collect(),
        schemas: schemas
            .into_iter()
            .flatten()
            .map(|(name, schema)| schema_view(name, schema))
            .collect(),
    }
}

fn view(operation: &Operation, public: &str, key: bool) -> OperationView {
    OperationView {
        id: operation.id,
        method: operation.method.to_uppercase(),
        path: operation.path,
        summary: operation.summary,
        parameters: operation.parameters.iter().map(parameter).collect(),
        body: operation
            .body
            .as_ref()
            .map(|body| (body.schema, body.example)),
        answer: operation.answer.schema,
        codes: operation
            .problems()
            .into_iter()
            .map(|(status, codes)| (status, codes.join(", ")))
            .collect(),
        curl: curl(operation, public, key),
        who: match (operation.admin, operation.open) {
            (true, _) => "needs an admin key",
            (_, true) => "needs no key",
            _ => "",
        },
    }
}

fn parameter(parameter: &Described) -> ParameterView {
    ParameterView {
        name: parameter.name,
        // Marks of code say nothing here.
        description: parameter.description.replace('`', ""),
        kind: parameter.takes(),
        required: parameter.required,
    }
}

/// A call that can be pasted into a terminal.
fn curl(operation: &Operation, public: &str, key: bool) -> String {
    let mut text = "curl -s".to_owned();
    if operation.admin || (key && !operation.open) {
        text.push_str(" -H 'Authorization: Bearer YOUR_KEY'");
    }

    if let Some(body) = &operation.body {
        text.push_str(&format!(" --json '{}'", body.example));
    }

    format!("{text} '{public}{}'", address(operation))
}

/// An operation's path with its examples, and with as many of its parameters as say what it is about.
fn address(operation: &Operation) -> String {
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
        let place = format!("{{{}}}", parameter.name);
        if path.contains(&place) {
            let parts: Vec<String> = value.split('/').map(links::encode).collect();
            path = path.replace(&place, &parts.join("/"));
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
    let alternatives = ["oneOf", "anyOf"]
        .iter()
        .filter_map(|word| schema[*word].as_array())
        .flatten();

    SchemaView {
        name: name.to_owned(),
        description: schema["description"]
            .as_str()
            .unwrap_or_default()
            .replace('`', ""),
        fields: fields(schema)
            .chain(alternatives.flat_map(alternative))
            .collect(),
    }
}

/// One of several shapes: what it is made of, then its own fields.
fn alternative(schema: &Value) -> Vec<FieldView> {
    let made_of = named(schema).map(|kind| FieldView {
        name: "one of".to_owned(),
        link: target(schema),
        kind,
        required: false,
        description: schema["description"]
            .as_str()
            .unwrap_or_default()
            .replace('`', ""),
    });
    made_of.into_iter().chain(fields(schema)).collect()
}

fn fields(schema: &Value) -> impl Iterator<Item = FieldView> {
    let required = |field: &str| {
        schema["required"]
            .as_array()
            .is_some_and(|names| names.iter().any(|name| name.as_str() == Some(field)))
    };

    schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(move |(field, described)| FieldView {
            name: field.clone(),
            kind: kind(described),
            link: target(described),
            required: required(field),
            description: described["description"]
                .as_str()
                .unwrap_or_default()
                .replace('`', ""),
        })
}

fn kind(schema: &Value) -> String {
    if let Some(name) = named(schema) {
        return name;
    }

    if let Some(several) = schema["anyOf"].as_array() {
        return several.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }

    if let Some(only) = schema["const"].as_str() {
        return only.to_owned();
    }

    if let Some(names) = schema["enum"].as_array() {
        return names
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(", ");
    }

    let one = match &schema["type"] {
        Value::Array(several) => several
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(" or "),
        one => one.as_str().unwrap_or("any").to_owned(),
    };

    match (one.as_str(), schema.get("items")) {
        ("array", Some(items)) => format!("list of {}", kind(items)),
        _ => one,
    }
}

fn named(schema: &Value) -> Option<String> {
    schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next())
        .map(str::to_owned)
}

/// The first schema that a field is made of.
fn target(schema: &Value) -> Option<String> {
    let alternatives = schema["anyOf"].as_array().into_iter().flatten();
    named(schema)
        .or_else(|| schema.get("items").and_then(target))
        .or_else(|| alternatives.filter_map(target).next())
}

#[cfg(test)]
mod tests {
    use super::{OPERATIONS, address};
    use crate::app::testing::Service;

    #[tokio::test]
    async fn people_read_what_programs_read() {
        let body = Service::new().await.get("/api/docs").await.body;
        for part in [
            "<code>/api/v1/search</code>",
            "curl -s &#39;http://localhost:8080/api/v1/search?q=barge%20state%20in%20CCX&#38;limit=3&#39;",
            "1 to 50; 10 when left out",
            "id=\"schema-SearchAnswer\"",
            "href=\"#schema-Hit\"",
            "unknown_version",
            "needs an admin key",
            "--json &#39;{&#34;q&#34;: &#34;barge state in CCX&#34;, &#34;limit&#34;: 3}&#39;",
        ] {
            assert!(body.contains(part), "{part} is not in {body}");
        }

        assert!(!body.contains("$ref"));
    }

    #[tokio::test]
    async fn what_is_shown_can_be_called() {
        let service = Service::new().await;
        for operation in OPERATIONS {
            let answer = match &operation.body {
                Some(body) => service.post(&address(operation), body.example).await,
                None => service.get(&address(operation)).await,
            };

            // The sample library has no originals, no issuer, and nobody's key.
            let expected = match operation.id {
                "getFile" | "getResourceMetadata" => 404,
                _ if operation.admin => 401,
                _ => 200,
            };

            assert_eq!(answer.status, expected, "{}: {}", operation.id, answer.body);
        }
    }

    #[tokio::test]
    async fn what_may_have_several_shapes_shows_each() {
        let body = Service::new().await.get("/api/docs").await.body;
        let of = |name: &str| {
            body.split(&format!("id=\"schema-{name}\""))
                .nth(1)
                .unwrap()
                .split("</section>")
                .next()
                .unwrap()
        };

        for name in ["DocumentAnswer", "PageAnswer"] {
            assert!(
                of("DocumentOrPage").contains(&format!("href=\"#schema-{name}\"")),
                "{}",
                of("DocumentOrPage")
            );
        }

        for event in ["progress", "finished", "failed"] {
            assert!(of("SyncEvent").contains(event), "{}", of("SyncEvent"));
        }
    }
}
