//! `POST /api/v1/search/batch`: several searches in one request, each answered or refused by itself.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use futures::stream;
use serde_json::{Map, Value, json};

use super::{Problem, input, search_parameters};
use crate::{AppState, QueryError};

pub(super) const KNOWN: [&str; 1] = ["searches"];
/// Most searches of one request.
pub(super) const MAX_SEARCHES: usize = 20;
/// Searches of one request that run at once.
const AT_ONCE: usize = 4;

pub(super) async fn post(
    state: AppState,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let mut object = input::json_object(&headers, body, &KNOWN)?;
    let searches = match object.remove("searches") {
        Some(Value::Array(searches)) if (1..=MAX_SEARCHES).contains(&searches.len()) => searches,
        _ => {
            let message = format!(
                "searches is a list of 1 to {MAX_SEARCHES} searches; each is the body of a search"
            );
            return Err(QueryError::InvalidRequest(message).into());
        }
    };

    let answers = stream::iter(searches)
        .map(|search| answer(&state, search))
        .buffered(AT_ONCE);
    let answers: Vec<Value> = answers.collect().await;
    let no_store = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(([no_store], axum::Json(json!({"answers": answers}))).into_response())
}

/// `{"answer": …}`, or `{"problem": …}`.
async fn answer(state: &AppState, search: Value) -> Value {
    let found = async {
        let Value::Object(object) = search else {
            return Err(QueryError::InvalidRequest(
                "a search is an object".to_owned(),
            ));
        };
        let request = search_parameters::from_object(object)?;
        state.library.search(&request, state.visibility()).await
    };

    let (name, value) = match found.await {
        Ok(answer) => ("answer", serde_json::to_value(answer)),
        Err(error) => ("problem", serde_json::to_value(Problem::from(error).body())),
    };
    let mut item = Map::new();
    item.insert(name.to_owned(), value.unwrap_or_default());
    Value::Object(item)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::app::testing::Service;

    #[tokio::test]
    async fn each_search_has_its_answer_or_its_problem() {
        let service = Service::new().await;
        let body = json!({"searches": [{"q": "barge"}, {"q": "barge", "version": "99"}, {"qq": 1}, 7, {"q": "certificate"}]});
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
    async fn too_many_and_none_are_refused() {
        let service = Service::new().await;
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
