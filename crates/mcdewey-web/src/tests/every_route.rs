//! Rules that hold on every route: which hosts and pages may send requests, and how `Accept` is
//! honoured. The routes come from the tables that the routers are made of, so that new ones are
//! tested too.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request, header};
use mcdewey_auth::AccessPolicy;
use mcdewey_query::rest::OPERATIONS;
use mcdewey_query::rest::openapi::document_for;

use crate::ROUTES;
use crate::testing::{Answer, SampleService, TOKEN, documents, service, service_with};

/// A site that the settings allow.
const PORTAL: &str = "https://portal.example.com";
/// Added by `nest_service`, so no table has them.
const MCP_ENDPOINTS: [&str; 2] = ["/mcp", "/mcp/openai"];

/// Origins of pages that may not call a server at `localhost:8080`.
const FOREIGN: [&str; 12] = [
    "https://evil.example",
    "null",
    "http://localhost:6274",
    "http://localhost",
    "http://127.0.0.1:9999",
    "http://127.0.0.1:8080.evil.example",
    "http://localhost:8080.evil.example",
    "http://localhost:8080@evil.example",
    "http://localhost.:8080",
    "http://[::ffff:127.0.0.1]:8080",
    "http://localhost:8080/",
    "https://portal.example.com.evil.example",
];

async fn service_with_portal() -> SampleService {
    let access = AccessPolicy::default().with_origins(vec![PORTAL.to_owned()]);
    service_with(&documents(), |state| state.with_access(access)).await
}

/// Every route with each of its methods, with `x` for each parameter.
fn every_route() -> BTreeSet<(Method, String)> {
    let parameter = regex::Regex::new(r"\{[^}]*\}").unwrap();
    let described = OPERATIONS.iter().flat_map(|operation| {
        let routes = operation.routes().into_iter();
        routes.map(|path| (operation.method.name(), path))
    });
    let pages = ROUTES.map(|(method, path, _)| (method.name(), path.to_owned()));

    let mut found: BTreeSet<(Method, String)> = described
        .chain(pages)
        .map(|(method, path)| {
            (
                method.to_uppercase().parse().unwrap(),
                parameter.replace_all(&path, "x").into_owned(),
            )
        })
        .collect();

    found.extend(MCP_ENDPOINTS.map(|path| (Method::POST, path.to_owned())));
    found.insert((Method::GET, "/no/such/route".to_owned()));
    found
}

#[test]
fn every_operation_has_a_route() {
    let elsewhere: Vec<_> = OPERATIONS
        .iter()
        .filter(|operation| operation.handler.is_none())
        .flat_map(|operation| {
            let routes = operation.routes().into_iter();
            routes.map(|path| (operation.method, path))
        })
        .collect();

    assert_eq!(elsewhere.len(), 1, "{elsewhere:?}");
    for (method, path) in elsewhere {
        assert!(
            ROUTES
                .iter()
                .any(|(other, page, _)| *other == method && *page == path),
            "{path}"
        );
    }
}

#[tokio::test]
async fn errors_of_files_are_pages_as_described() {
    let response = service().await.get("/f/none.md?image=x.png").await;
    let media_type = response
        .header(header::CONTENT_TYPE)
        .split(';')
        .next()
        .unwrap_or_default();

    let description = document_for("http://localhost:8080");
    let described = &description["paths"]["/f/{source}"]["get"]["responses"]["404"]["content"];
    assert_eq!((response.status.as_u16(), media_type), (404, "text/html"));
    assert!(described[media_type].is_object(), "{described}");
}

async fn send(
    service: &SampleService,
    method: &Method,
    path: &str,
    headers: &[(header::HeaderName, &str)],
) -> Answer {
    let mut request = Request::builder().method(method.clone()).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }

    let request = request.header(header::CONTENT_TYPE, "application/json");
    service
        .send(
            request
                .body(Body::from(
                    r#"{"jsonrpc": "2.0", "id": 1, "method": "ping"}"#,
                ))
                .unwrap(),
        )
        .await
}

/// Whether the host or origin check rejected the request.
fn is_rejected(response: &Answer) -> bool {
    let body = &response.body;
    response.status == 403
        && (body.contains("origin_not_allowed") || body.contains("host_not_allowed"))
}

fn has_cors_headers(response: &Answer) -> bool {
    response
        .headers
        .keys()
        .any(|name| name.as_str().starts_with("access-control-"))
}

#[tokio::test]
async fn the_origin_check_applies_to_every_route() {
    let service = service_with_portal().await;
    let routes = every_route();
    assert!(routes.len() > 28, "{routes:?}");

    for (method, path) in &routes {
        let from = async |origin: &str, method: &Method| {
            send(
                &service,
                method,
                path,
                &[(header::HOST, "localhost:8080"), (header::ORIGIN, origin)],
            )
            .await
        };

        for origin in FOREIGN {
            for method in [method, &Method::POST, &Method::OPTIONS, &Method::DELETE] {
                let response = from(origin, method).await;
                let rejected =
                    response.status == 403 && response.body.contains("origin_not_allowed");
                let only_reads = *method == Method::GET;

                assert_eq!(
                    rejected, !only_reads,
                    "{method} {path} from {origin}: {}",
                    response.status
                );
                assert!(
                    !has_cors_headers(&response),
                    "{method} {path} from {origin}"
                );
            }
        }

        let own = from("http://localhost:8080", method).await;
        assert!(
            !is_rejected(&own) && !has_cors_headers(&own),
            "{method} {path}: {}",
            own.status
        );

        let allowed = from(PORTAL, method).await;
        assert_eq!(
            allowed.header(header::ACCESS_CONTROL_ALLOW_ORIGIN),
            PORTAL,
            "{method} {path}"
        );
        assert!(!is_rejected(&allowed), "{method} {path}");
        let preflight = from(PORTAL, &Method::OPTIONS).await;
        assert_eq!(preflight.status, 204, "{path}");

        for name in [
            "authorization",
            "mcp-protocol-version",
            "mcp-method",
            "mcp-name",
        ] {
            assert!(
                preflight
                    .header(header::ACCESS_CONTROL_ALLOW_HEADERS)
                    .contains(name),
                "{path}"
            );
        }

        let program = send(&service, method, path, &[(header::HOST, "localhost:8080")]).await;
        assert!(
            !is_rejected(&program) && !has_cors_headers(&program),
            "{method} {path}: {}",
            program.status
        );
        assert!(
            program
                .headers
                .get_all(header::VARY)
                .iter()
                .any(|value| value == "origin"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_host_check_applies_to_every_route() {
    let service = service_with_portal().await;
    for (method, path) in &every_route() {
        let hosts: [&[&str]; 10] = [
            &["evil.example"],
            &["localhost.evil.example"],
            &["127.0.0.1:8080.evil.example"],
            &["user@127.0.0.1"],
            &["localhost."],
            &["localhost:0"],
            &[""],
            &[],
            &["localhost", "localhost"],
            &["localhost", "evil.example"],
        ];

        for hosts in hosts {
            let headers: Vec<_> = hosts.iter().map(|host| (header::HOST, *host)).collect();
            let response = send(&service, method, path, &headers).await;
            if hosts.is_empty() && ["/healthz", "/readyz"].contains(&path.as_str()) {
                assert_eq!(
                    (
                        response.status.as_u16(),
                        response.body.contains("documents")
                    ),
                    (200, false),
                    "{path}"
                );
                continue;
            }

            assert!(
                response.status == 403 && response.body.contains("host_not_allowed"),
                "{method} {path} at {hosts:?}"
            );
        }

        let elsewhere = format!("http://evil.example{path}");
        let response = send(
            &service,
            method,
            &elsewhere,
            &[(header::HOST, "localhost:8080")],
        )
        .await;

        assert_eq!(response.status, 403, "{method} {elsewhere}");
        for host in ["localhost", "127.0.0.1:1234", "[::1]:80", "LOCALHOST:8080"] {
            let response = send(&service, method, path, &[(header::HOST, host)]).await;
            assert!(!is_rejected(&response), "{method} {path} at {host}");
        }
    }
}

/// Whether the route belongs to REST and always sends JSON.
fn is_for_programs(path: &str) -> bool {
    path.starts_with("/api/v1/") || path == "/openapi.json"
}

#[tokio::test]
async fn routes_for_programs_send_json_or_reject_the_request() {
    let service = service_with_portal().await;
    for (method, path) in every_route() {
        let get = async |accept: &str| {
            send(
                &service,
                &method,
                &path,
                &[(header::HOST, "localhost"), (header::ACCEPT, accept)],
            )
            .await
        };

        for accept in [
            "*/*",
            "application/*, text/*",
            "APPLICATION/JSON",
            "text/html, application/json;q=0.1",
        ] {
            assert_ne!(get(accept).await.status, 406, "{method} {path} {accept}");
        }

        for accept in [
            "application/json;q=0, application/x-ndjson;q=0, */*",
            "image/png",
            "*/*;q=0",
        ] {
            let response = get(accept).await;
            let rejected = response.status == 406;
            if is_for_programs(&path) || MCP_ENDPOINTS.contains(&path.as_str()) {
                assert!(rejected, "{method} {path} {accept}: {}", response.status);
                let code = if is_for_programs(&path) {
                    "\"not_acceptable\""
                } else {
                    "-32600"
                };
                assert!(response.body.contains(code), "{}", response.body);
            } else {
                assert!(
                    !rejected || path == "/c/x" || path.starts_with("/.well-known"),
                    "{method} {path} {accept}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_health_check_without_a_host_reveals_nothing_about_the_library() {
    let service = service_with_portal().await;
    let token = format!("Bearer {TOKEN}");
    for path in ["/healthz", "/readyz"] {
        for headers in [vec![], vec![(header::AUTHORIZATION, token.as_str())]] {
            let response = send(&service, &Method::GET, path, &headers).await;
            assert_eq!(response.status, 200, "{path}");
            assert!(
                !response.body.contains("documents"),
                "{path}: {}",
                response.body
            );
        }

        assert_eq!(
            send(&service, &Method::POST, path, &[]).await.status,
            403,
            "{path}"
        );

        let elsewhere = format!("http://evil.example{path}");
        assert_eq!(
            send(&service, &Method::GET, &elsewhere, &[]).await.status,
            403,
            "{path}"
        );
    }

    let with_host = send(
        &service,
        &Method::GET,
        "/readyz",
        &[(header::HOST, "localhost")],
    )
    .await;

    assert!(
        with_host.body.contains("documents"),
        "no key is required here: {}",
        with_host.body
    );
}
