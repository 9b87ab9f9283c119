//! The rules that hold on every route alike: which hosts and pages may ask, and what `Accept` asks for. The routes are
//! those that the sources add, so that a new one is judged too.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request, header};

use super::testing::{Answer, Service, TOKEN, documents};
use crate::AccessPolicy;
use crate::rest::openapi::routes_tests::all_routes;

const PORTAL: &str = "https://portal.example.com";
/// What `nest_service` takes, which is no route with a method.
const ENDPOINTS: [&str; 2] = ["/mcp", "/mcp/openai"];

/// Pages that may not call a server at `localhost:8080`.
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

async fn service() -> Service {
    let access = AccessPolicy::default().with_origins(vec![PORTAL.to_owned()]);
    Service::with(&documents(), |state| state.with_access(access)).await
}

/// Every route with each of its methods, filled with something that may or may not be there.
fn every_route() -> BTreeSet<(Method, String)> {
    let fill = regex::Regex::new(r"\{[^}]*\}").unwrap();
    let mut found: BTreeSet<(Method, String)> = all_routes()
        .into_iter()
        .map(|(path, method)| {
            (
                method.to_uppercase().parse().unwrap(),
                fill.replace_all(&path, "x").into_owned(),
            )
        })
        .collect();

    found.extend(ENDPOINTS.map(|path| (Method::POST, path.to_owned())));
    found.insert((Method::GET, "/no/such/route".to_owned()));
    found
}

async fn send(
    service: &Service,
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

/// Whether a request came no further than the gates.
fn is_stopped(answer: &Answer) -> bool {
    let body = &answer.body;
    answer.status == 403
        && (body.contains("origin_not_allowed") || body.contains("host_not_allowed"))
}

fn permits(answer: &Answer) -> bool {
    answer
        .headers
        .keys()
        .any(|name| name.as_str().starts_with("access-control-"))
}

#[tokio::test]
async fn one_rule_for_pages_holds_on_every_route() {
    let service = service().await;
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
                let answer = from(origin, method).await;
                let refused = answer.status == 403 && answer.body.contains("origin_not_allowed");
                let reads = *method == Method::GET;

                assert_eq!(
                    refused, !reads,
                    "{method} {path} from {origin}: {}",
                    answer.status
                );
                assert!(!permits(&answer), "{method} {path} from {origin}");
            }
        }

        let own = from("http://localhost:8080", method).await;
        assert!(
            !is_stopped(&own) && !permits(&own),
            "{method} {path}: {}",
            own.status
        );

        let named = from(PORTAL, method).await;
        assert_eq!(
            named.header(header::ACCESS_CONTROL_ALLOW_ORIGIN),
            PORTAL,
            "{method} {path}"
        );
        assert!(!is_stopped(&named), "{method} {path}");
        let preflight = from(PORTAL, &Method::OPTIONS).await;
        assert_eq!(preflight.status, 204, "{path}");

        for allowed in [
            "authorization",
            "mcp-protocol-version",
            "mcp-method",
            "mcp-name",
        ] {
            assert!(
                preflight
                    .header(header::ACCESS_CONTROL_ALLOW_HEADERS)
                    .contains(allowed),
                "{path}"
            );
        }

        let program = send(&service, method, path, &[(header::HOST, "localhost:8080")]).await;
        assert!(
            !is_stopped(&program) && !permits(&program),
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
async fn one_rule_for_hosts_holds_on_every_route() {
    let service = service().await;
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
            let answer = send(&service, method, path, &headers).await;
            if hosts.is_empty() && ["/healthz", "/readyz"].contains(&path.as_str()) {
                assert_eq!(
                    (answer.status.as_u16(), answer.body.contains("documents")),
                    (200, false),
                    "{path}"
                );
                continue;
            }

            assert!(
                answer.status == 403 && answer.body.contains("host_not_allowed"),
                "{method} {path} at {hosts:?}"
            );
        }

        let elsewhere = format!("http://evil.example{path}");
        let answer = send(
            &service,
            method,
            &elsewhere,
            &[(header::HOST, "localhost:8080")],
        )
        .await;

        assert_eq!(answer.status, 403, "{method} {elsewhere}");
        for host in ["localhost", "127.0.0.1:1234", "[::1]:80", "LOCALHOST:8080"] {
            let answer = send(&service, method, path, &[(header::HOST, host)]).await;
            assert!(!is_stopped(&answer), "{method} {path} at {host}");
        }
    }
}

#[tokio::test]
async fn answers_for_programs_are_json_or_refused() {
    let service = service().await;
    let is_for_programs = |path: &str| path.starts_with("/api/v1/") || path == "/openapi.json";
    for (method, path) in every_route() {
        let asked = async |accept: &str| {
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
            assert_ne!(asked(accept).await.status, 406, "{method} {path} {accept}");
        }

        for accept in [
            "application/json;q=0, application/x-ndjson;q=0, */*",
            "image/png",
            "*/*;q=0",
        ] {
            let answer = asked(accept).await;
            let refused = answer.status == 406;
            if is_for_programs(&path) || ENDPOINTS.contains(&path.as_str()) {
                assert!(refused, "{method} {path} {accept}: {}", answer.status);
                let code = if is_for_programs(&path) {
                    "\"not_acceptable\""
                } else {
                    "-32600"
                };
                assert!(answer.body.contains(code), "{}", answer.body);
            } else {
                assert!(
                    !refused || path == "/c/x" || path.starts_with("/.well-known"),
                    "{method} {path} {accept}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_health_check_without_a_host_learns_nothing_of_the_library() {
    let service = service().await;
    let token = format!("Bearer {TOKEN}");
    for path in ["/healthz", "/readyz"] {
        for headers in [vec![], vec![(header::AUTHORIZATION, token.as_str())]] {
            let answer = send(&service, &Method::GET, path, &headers).await;
            assert_eq!(answer.status, 200, "{path}");
            assert!(
                !answer.body.contains("documents"),
                "{path}: {}",
                answer.body
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

    let named = send(
        &service,
        &Method::GET,
        "/readyz",
        &[(header::HOST, "localhost")],
    )
    .await;

    assert!(
        named.body.contains("documents"),
        "an open library: {}",
        named.body
    );
}
