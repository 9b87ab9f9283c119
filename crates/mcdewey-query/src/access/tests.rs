//! Sends every kind of caller to every route and tool: who is admitted, what they may do, and that
//! nobody learns about what they may not see.

mod audit;
mod authentication;
mod origins;
mod rate_limits;
mod visibility;

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Method, header};
use mcdewey_auth::{AccessPolicy, AnonymousAccess, Audit, Credentials, WRONG_KEYS_PER_MINUTE};
use serde_json::{Value, json};

use super::*;
use crate::testing::{
    Answer, HIDDEN, HOSTILE, Keys, MISSING, SampleService, TOKEN, comparable, documents, filled_in,
    request,
};

async fn service(change: impl Fn(AccessPolicy) -> AccessPolicy) -> SampleService {
    let policy = AccessPolicy::default().with_credentials(Arc::new(Keys));
    SampleService::with(&documents(), |state| state.with_access(change(policy))).await
}

impl SampleService {
    async fn send_as(&self, key: Option<&str>, method: Method, path: &str, body: &str) -> Answer {
        let mut request = request(method, path).header(header::CONTENT_TYPE, "application/json");

        // Responses are compared word by word, and errors repeat the id.
        request = request.header("x-request-id", "one-of-many");
        if path.starts_with("/mcp") {
            request = request.header(header::ACCEPT, "application/json, text/event-stream");
        }

        if let Some(key) = key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }

        self.send(request.body(Body::from(body.to_owned())).unwrap())
            .await
    }

    async fn status(&self, path: &str, authorization: Option<&str>) -> u16 {
        let mut request = request(Method::GET, path);
        if let Some(value) = authorization {
            request = request.header(header::AUTHORIZATION, value);
        }

        self.send(request.body(Body::empty()).unwrap())
            .await
            .status
            .as_u16()
    }

    /// The whole response to a tool call.
    async fn tool(&self, key: &str, name: &str, arguments: &Value) -> String {
        self.mcp(
            key,
            "tools/call",
            &json!({"name": name, "arguments": arguments}),
        )
        .await
    }

    async fn mcp(&self, key: &str, method: &str, params: &Value) -> String {
        let message =
            json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let response = self
            .send_as(Some(key), Method::POST, "/mcp", &message)
            .await;
        assert_eq!(response.status, 200, "{}", response.body);
        response.body
    }
}

/// Every route that reads, with placeholders for what is hidden. The web pages have the same test.
const READS: [&str; 13] = [
    "/api/v1/compare?from=12.5&to=15.0",
    "/api/v1/compare?from={source}&to=15.0",
    "/api/v1/library",
    "/api/v1/search?q=barge&explain=1",
    "/api/v1/search?q=barge&product={product}",
    "/api/v1/search?q=barge&vendor={vendor}",
    "/api/v1/search?q=barge&guide=developer-guide&version=12.5",
    "/api/v1/search?q=barge&source={source}",
    "/api/v1/search?q=supervisr+in+{product}+12.5&explain=1",
    "/api/v1/search?q=barge+error+{code}&explain=1",
    "/api/v1/chunks/{product}%3A%3Av12.5%3A%3Adeveloper-guide%3A%3Adeveloper-guide%3A%3A1\
     ?context=2",
    "/api/v1/documents/{source}",
    "/api/v1/documents/{source}?page=118",
];

/// Requests the library from this address.
async fn library_from(
    service: &SampleService,
    remote: &str,
    authorization: Option<&str>,
) -> Answer {
    get_from(service, "/api/v1/library", remote, authorization).await
}

/// Requests `path` from this address, with this `Authorization` header.
async fn get_from(
    service: &SampleService,
    path: &str,
    remote: &str,
    authorization: Option<&str>,
) -> Answer {
    let mut request = request(Method::GET, path);
    if let Some(value) = authorization {
        request = request.header(header::AUTHORIZATION, value);
    }

    let mut request = request.body(Body::empty()).unwrap();
    let remote: SocketAddr = remote.parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(remote));
    service.send(request).await
}

/// An audit log in memory.
#[derive(Default)]
struct Record(Mutex<Vec<AuditEntry>>);

impl Audit for Record {
    fn record(&self, entry: AuditEntry) {
        self.0.lock().unwrap().push(entry);
    }
}
