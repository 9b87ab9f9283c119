//! `POST /api/v1/search/batch`: several searches in one request, each with its own answer or error.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use futures::stream;
use mcdewey_search::{QueryError, SearchRequest};
use serde_json::{Map, Value, json};

use super::{input, requests};
use crate::problem::Problem;
use crate::request_state::RequestState;
use crate::telemetry;
use crate::wire::SearchAnswer;

pub(super) const FIELDS: [&str; 1] = ["searches"];
/// Maximum number of searches in one request.
pub(super) const MAX_SEARCHES: usize = 20;
/// Maximum number of searches of one request that run concurrently.
const MAX_CONCURRENT: usize = 4;

pub(super) async fn post(
    state: RequestState,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let mut object = input::json_object(&headers, body, &FIELDS)?;
    let searches = match object.remove("searches") {
        Some(Value::Array(searches)) if (1..=MAX_SEARCHES).contains(&searches.len()) => searches,
        _ => {
            let message = format!(
                "searches must be a list of 1 to {MAX_SEARCHES} searches, \
                 each like the body of a search"
            );
            return Err(QueryError::InvalidRequest(message).into());
        }
    };

    let answers: Vec<Value> = stream::iter(searches)
        .map(|search| answer(&state, search))
        .buffered(MAX_CONCURRENT)
        .collect()
        .await;
    let no_store = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(([no_store], axum::Json(json!({"answers": answers}))).into_response())
}

/// Runs one search and returns `{"answer": …}` or `{"problem": …}`.
async fn answer(state: &RequestState, search: Value) -> Value {
    let (name, value) = match run(state, search).await {
        Ok(answer) => ("answer", serde_json::to_value(answer)),
        Err(error) => (
            "problem",
            serde_json::to_value(Problem::from(error).details()),
        ),
    };

    let mut item = Map::new();
    item.insert(name.to_owned(), value.unwrap_or_default());
    Value::Object(item)
}

async fn run(state: &RequestState, search: Value) -> Result<SearchAnswer, QueryError> {
    let Value::Object(object) = search else {
        return Err(QueryError::InvalidRequest(
            "a search must be a JSON object".to_owned(),
        ));
    };

    let request: SearchRequest = requests::from_object(object)?;
    let results = telemetry::search(&state.library, &request, state.visibility()).await?;
    Ok(SearchAnswer::new(results, state.library.public_url()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::SampleService;

    #[tokio::test]
    async fn each_search_returns_an_answer_or_a_problem() {
        let service = SampleService::new().await;
        let body = json!({"searches": [
            {"q": "barge"},
            {"q": "barge", "version": "99"},
            {"qq": 1},
            7,
            {"q": "certificate"},
        ]});

        let answer = service
            .post("/api/v1/search/batch", &body.to_string())
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let answers = answer.json()["answers"].clone();
        assert_eq!(answers.as_array().unwrap().len(), 5);
        assert!(!answers[0]["answer"]["hits"].as_array().unwrap().is_empty());
        assert_eq!(
            (
                &answers[1]["problem"]["code"],
                &answers[1]["problem"]["status"]
            ),
            (&json!("unknown_version"), &json!(400))
        );
        assert!(
            answers[2]["problem"]["detail"]
                .as_str()
                .unwrap()
                .contains("qq")
        );
        assert!(
            answers[3]["problem"]["detail"]
                .as_str()
                .unwrap()
                .contains("object")
        );
        assert!(answers[4]["answer"]["hits"].is_array());
    }

    #[tokio::test]
    async fn too_many_searches_and_none_are_rejected() {
        let service = SampleService::new().await;
        let many = json!({"searches": vec![json!({"q": "x"}); 21]}).to_string();
        for body in [
            many.as_str(),
            "{}",
            r#"{"searches": []}"#,
            r#"{"searches": {"q": "x"}}"#,
        ] {
            let answer = service.post("/api/v1/search/batch", body).await;
            assert_eq!(answer.code(), (400, "invalid_request".to_owned()), "{body}");
        }
    }
}
