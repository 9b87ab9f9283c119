//! Tests of telemetry over the whole service.

mod metrics;
mod overload;
mod questions;
mod requests;

use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Method, header};
use mcdewey_auth::{AccessPolicy, Caller, Credentials, IssuerUnavailable, Role};
use mcdewey_core::Visibility;
use serde_json::{Value, json};

use crate::testing::{Answer, SampleService, TOKEN, documents, request};

/// Calls `search_docs` over MCP with this `_meta`.
async fn call_search_docs(service: &SampleService, meta: Value) -> Answer {
    let params = json!({"name": "search_docs", "arguments": {"query": "barge"}, "_meta": meta});
    let body =
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string();
    let request = request(Method::POST, "/mcp")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-11-25");

    service.send(request.body(Body::from(body)).unwrap()).await
}

async fn get_as_owner(service: &SampleService, path: &str) -> Answer {
    get_with_key(service, TOKEN, path).await
}

async fn get_with_key(service: &SampleService, key: &str, path: &str) -> Answer {
    let request = request(Method::GET, path).header(header::AUTHORIZATION, format!("Bearer {key}"));
    service.send(request.body(Body::empty()).unwrap()).await
}

/// A key for the whole library, and one for a part of it.
struct Keys;

#[async_trait]
impl Credentials for Keys {
    async fn caller(&self, secret: &str) -> Result<Option<Caller>, IssuerUnavailable> {
        let part = Visibility::Only {
            vendors: Vec::new(),
            products: vec!["finesse".to_owned()],
        };

        Ok(match secret {
            "all" => Some(Caller::new("all", Role::Read, Visibility::Everything)),
            "finesse" => Some(Caller::new("finesse", Role::Read, part)),
            _ => None,
        })
    }

    fn required(&self) -> bool {
        true
    }
}

async fn service_with_keys() -> SampleService {
    let policy = AccessPolicy::default().with_credentials(Arc::new(Keys));
    SampleService::with(&documents(), |state| state.with_access(policy)).await
}
