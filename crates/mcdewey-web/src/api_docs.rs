//! `/api/docs`: the REST API for readers, generated from the OpenAPI description.

mod schemas;

use askama::Template;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use mcdewey_query::RequestState;
use mcdewey_query::links;
use mcdewey_query::rest::{self, OPERATIONS, Operation, Parameters, openapi};
use mcdewey_search::QueryError;
use mcdewey_search::parameter::Declaration;

use self::schemas::{SchemaView, schema_view};
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
        method: operation.method.name().to_uppercase(),
        path: operation.path,
        summary: operation.summary,
        parameters: operation
            .parameters()
            .map(|(_, declaration)| parameter_view(declaration))
            .collect(),
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

fn parameter_view(declaration: &Declaration) -> ParameterView {
    ParameterView {
        name: declaration.name,
        description: without_backticks(declaration.description),
        kind: openapi::value_description(declaration),
        required: declaration.required,
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
    for (_, parameter) in operation.parameters() {
        let example = openapi::example(parameter);
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

/// Descriptions are Markdown, but the page shows them as plain text.
fn without_backticks(text: &str) -> String {
    text.replace('`', "")
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
