//! `/api/docs`: the routes for programs, for people to read; made from the description that programs read.

use askama::Template;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::Value;

use super::error::error_page;
use super::respond;
use super::site::Site;
use crate::rest::openapi;
use crate::rest::openapi::operations::{OPERATIONS, Operation, Parameter};
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
        operations: OPERATIONS.iter().map(|operation| view(operation, public, key)).collect(),
        schemas: schemas.into_iter().flatten().map(|(name, schema)| schema_view(name, schema)).collect(),
    }
}

fn view(operation: &Operation, public: &str, key: bool) -> OperationView {
    OperationView {
        id: operation.id,
        method: operation.method.to_uppercase(),
        path: operation.path,
        summary: operation.summary,
        parameters: operation.parameters.iter().map(parameter).collect(),
        body: operation.body.as_ref().map(|body| (body.schema, body.example)),
        answer: operation.answer.schema,
        codes: operation.problems().into_iter().map(|(status, codes)| (status, codes.join(", "))).collect(),
        curl: curl(operation, public, key),
        who: match (operation.admin, operation.open) {
            (true, _) => "needs an admin key",
            (_, true) => "needs no key",
            _ => "",
        },
    }
}

fn parameter(parameter: &Parameter) -> ParameterView {
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
    let mut path = operation.path.to_owned();
    let mut query = Vec::new();
    for parameter in operation.parameters {
        let example = parameter.example();
        let value = example.as_array().and_then(|list| list.first()).unwrap_or(&example);
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let place = format!("{{{}}}", parameter.name);
        if path.contains(&place) {
            let parts: Vec<String> = value.split('/').map(links::encode).collect();
            path = path.replace(&place, &parts.join("/"));
        } else if parameter.required || matches!(parameter.name, "q" | "limit" | "page" | "context" | "original") {
            query.push(format!("{}={}", parameter.name, links::encode(&value)));
        }
    }
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let mut text = "curl -s".to_owned();
    if operation.admin || (key && !operation.open) {
        text.push_str(" -H 'Authorization: Bearer YOUR_KEY'");
    }
    if let Some(body) = &operation.body {
        text.push_str(&format!(" --json '{}'", body.example));
    }
    format!("{text} '{public}{path}{query}'")
}

fn schema_view(name: &str, schema: &Value) -> SchemaView {
    let required = |field: &str| {
        schema["required"].as_array().is_some_and(|names| names.iter().any(|name| name.as_str() == Some(field)))
    };
    let fields = schema["properties"].as_object().into_iter().flatten().map(|(field, described)| FieldView {
        name: field.clone(),
        kind: kind(described),
        link: target(described),
        required: required(field),
        description: described["description"].as_str().unwrap_or_default().replace('`', ""),
    });
    SchemaView {
        name: name.to_owned(),
        description: schema["description"].as_str().unwrap_or_default().replace('`', ""),
        fields: fields.collect(),
    }
}

fn kind(schema: &Value) -> String {
    if let Some(name) = named(schema) {
        return name;
    }
    if let Some(several) = schema["anyOf"].as_array() {
        return several.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    if let Some(names) = schema["enum"].as_array() {
        return names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
    }
    let one = match &schema["type"] {
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        one => one.as_str().unwrap_or("any").to_owned(),
    };
    match (one.as_str(), schema.get("items")) {
        ("array", Some(items)) => format!("list of {}", kind(items)),
        _ => one,
    }
}

fn named(schema: &Value) -> Option<String> {
    schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()).map(str::to_owned)
}

/// The first schema that a field is made of.
fn target(schema: &Value) -> Option<String> {
    let alternatives = schema["anyOf"].as_array().into_iter().flatten();
    named(schema).or_else(|| schema.get("items").and_then(target)).or_else(|| alternatives.filter_map(target).next())
}

#[cfg(test)]
mod tests {
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
}
