//! Every route and tool with every kind of caller: who is let in, what they may do, and that nobody learns of what they
//! may not see.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Method, header};
use mcdewey_core::Visibility;
use serde_json::{Value, json};

use super::*;
use crate::app::testing::{Answer, GUIDE, HOSTILE, Service, TOKEN, documents, request};
use crate::{AccessPolicy, Anonymous, Audit, Credentials};

/// Keys as they are sent.
struct Keys;

#[async_trait]
impl Credentials for Keys {
    async fn caller(&self, secret: &str) -> Result<Option<Caller>, IssuerUnavailable> {
        let only = |product: &str| Visibility::Only {
            vendors: Vec::new(),
            products: vec![product.to_owned()],
        };

        Ok(match secret {
            "unverified" => return Err(IssuerUnavailable),
            "all" => Some(Caller::new("portal", Role::Read, Visibility::Everything)),
            "admin" => Some(Caller::new("operator", Role::Admin, Visibility::Everything)),
            "evil" => Some(Caller::new("partner", Role::Read, only("evil"))),
            "slow" => {
                let requests_per_minute = NonZeroU32::new(2);
                Some(Caller {
                    requests_per_minute,
                    ..Caller::new("slow", Role::Read, Visibility::Everything)
                })
            }
            _ => None,
        })
    }

    fn required(&self) -> bool {
        true
    }
}

async fn service(change: impl Fn(AccessPolicy) -> AccessPolicy) -> Service {
    let policy = AccessPolicy::default().with_credentials(Arc::new(Keys));
    Service::with(&documents(), |state| state.with_access(change(policy))).await
}

impl Service {
    async fn ask(&self, key: Option<&str>, method: Method, path: &str, body: &str) -> Answer {
        let mut request = request(method, path).header(header::CONTENT_TYPE, "application/json");

        // Answers are compared word by word, and refusals repeat it.
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

    /// A tool's whole answer.
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
        let answer = self.ask(Some(key), Method::POST, "/mcp", &message).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }
}

/// Everything that reads, with places for what is hidden.
const READS: [&str; 27] = [
    "/",
    "/?q=certificate",
    "/?q=certificate&product={product}",
    "/?q=barge+{product}+supervisor",
    "/library",
    "/status",
    "/connect",
    "/compare",
    "/compare?from=12.5&to=15.0&product={product}",
    "/api/v1/compare?from=12.5&to=15.0",
    "/api/v1/compare?from={source}&to=15.0",
    "/d/{source}?page=118",
    "/c/{product}%3A%3Av12.5%3A%3Adeveloper-guide%3A%3Adeveloper-guide%3A%3A1",
    "/c/{product}%3A%3Av12.5%3A%3Adeveloper-guide%3A%3Adeveloper-guide%3A%3A1.json",
    "/f/{source}?image=page-1-image-1.png",
    "/f/{source}?original=manual.pdf",
    "/api/v1/library",
    "/api/v1/search?q=barge&explain=1",
    "/api/v1/search?q=barge&product={product}",
    "/api/v1/search?q=barge&vendor={vendor}",
    "/api/v1/search?q=barge&guide=developer-guide&version=12.5",
    "/api/v1/search?q=barge&source={source}",
    "/api/v1/search?q=supervisr+in+{product}+12.5&explain=1",
    "/api/v1/search?q=barge+error+{code}&explain=1",
    "/api/v1/chunks/{product}%3A%3Av12.5%3A%3Adeveloper-guide%3A%3Adeveloper-guide%3A%3A1?context=2",
    "/api/v1/documents/{source}",
    "/api/v1/documents/{source}?page=118",
];

/// The same over MCP.
fn tools() -> Vec<(&'static str, &'static str, Value)> {
    let call = |name: &str, arguments: Value| {
        (
            "tools/call",
            "",
            json!({"name": name, "arguments": arguments}),
        )
    };

    let page = "mcdewey://{source}/page/118";
    let complete = |kind: &str, of: &str, argument: &str, typed: &str| {
        let name = if kind == "ref/prompt" { "name" } else { "uri" };
        json!({"ref": {"type": kind, name: of}, "argument": {"name": argument, "value": typed}})
    };

    vec![
        call("search_docs", json!({"query": "barge"})),
        call("search_docs", json!({"query": "supervisr in {product}"})),
        call(
            "search_docs",
            json!({"query": "barge", "product": "{product}", "version": "12.5"}),
        ),
        call(
            "search_docs",
            json!({"query": "barge", "vendor": "{vendor}"}),
        ),
        call("read_doc", json!({"source": "{source}"})),
        call("read_doc", json!({"source": "{source}", "page": "118"})),
        call(
            "read_doc",
            json!({"id": "{product}::v12.5::developer-guide::developer-guide::1"}),
        ),
        call("list_library", json!({})),
        call("list_library", json!({"product": "{product}"})),
        call("list_library", json!({"vendor": "{vendor}"})),
        call(
            "compare_versions",
            json!({"from": "12.5", "to": "15.0", "product": "{product}"}),
        ),
        call(
            "compare_versions",
            json!({"from": "{source}", "to": "15.0"}),
        ),
        ("tools/list", "", json!({})),
        ("prompts/list", "", json!({})),
        ("resources/list", "", json!({})),
        (
            "completion/complete",
            "",
            complete("ref/prompt", "upgrade_check", "product", "{product}"),
        ),
        (
            "completion/complete",
            "",
            complete("ref/prompt", "upgrade_check", "from", "12"),
        ),
        (
            "completion/complete",
            "",
            complete(
                "ref/resource",
                "mcdewey://{+source}/page/{page}",
                "source",
                "developer",
            ),
        ),
        (
            "completion/complete",
            "",
            complete(
                "ref/resource",
                "mcdewey://chunk/{chunk_id}",
                "chunk_id",
                "{product}::",
            ),
        ),
        ("resources/templates/list", "", json!({})),
        ("resources/read", "error", json!({"uri": page})),
        (
            "resources/read",
            "error",
            json!({"uri": "mcdewey://{source}"}),
        ),
    ]
}

/// What hides from the key for the product `evil`, and what is nowhere at all.
const HIDDEN: [&str; 4] = ["finesse", "Cisco", GUIDE, "20700"];
const NOWHERE: [&str; 4] = [
    "nothere",
    "Nobdy",
    "nothere/v12.5/developer-guide/developer-guide.md",
    "20711",
];

fn filled(template: &str, names: [&str; 4]) -> String {
    let [product, vendor, source, code] = names;
    let named = template
        .replace("{product}", product)
        .replace("{vendor}", vendor);
    named.replace("{source}", source).replace("{code}", code)
}

/// The answer without what differs from one time to the next, and with the hidden names as if they were the others.
fn comparable(answer: &str) -> String {
    let mut text = answer.to_owned();
    for (hidden, nowhere) in HIDDEN.iter().zip(NOWHERE).rev() {
        text = text.replace(hidden, nowhere);
    }

    let number = |c: char| c.is_ascii_digit() || c == '.' || c == '-' || c == 'e';
    for name in
        ["queue", "embed", "store", "fusion", "write", "total"].map(|name| format!("\"{name}\":"))
    {
        while let Some(at) = text.find(&name) {
            let end = text[at + name.len()..]
                .find(|c| !number(c))
                .map_or(text.len(), |end| at + name.len() + end);
            text.replace_range(at..end, "");
        }
    }

    text
}

#[tokio::test]
async fn a_limited_key_cannot_tell_that_a_hidden_product_exists() {
    let service = service(|policy| policy).await;
    for template in READS {
        let ask = async |names| {
            let answer = service
                .ask(Some("evil"), Method::GET, &filled(template, names), "")
                .await;
            (answer.status, answer.body)
        };

        let (hidden, nowhere) = (ask(HIDDEN).await, ask(NOWHERE).await);
        assert_eq!(comparable(&hidden.1), comparable(&nowhere.1), "{template}");
        assert_eq!(hidden.0, nowhere.0, "{template}");
        assert!(
            !template.contains('{') || !hidden.1.contains("developer-guide/developer-guide.md\""),
            "{template}"
        );
    }

    for (method, expected, params) in tools() {
        let ask = async |names| {
            let params: Value = serde_json::from_str(&filled(&params.to_string(), names)).unwrap();
            service.mcp("evil", method, &params).await
        };
        let (hidden, nowhere) = (ask(HIDDEN).await, ask(NOWHERE).await);
        assert_eq!(
            comparable(&hidden),
            comparable(&nowhere),
            "{method} {params}"
        );
        assert!(hidden.contains(expected), "{method} {params}: {hidden}");
    }
}

#[tokio::test]
async fn a_limited_key_sees_what_it_may_and_nothing_else() {
    let service = service(|policy| policy).await;
    let of = |answer: Answer| answer.body;
    let library = of(service
        .ask(Some("evil"), Method::GET, "/api/v1/library", "")
        .await);

    assert!(
        library.contains("evil") && !library.contains("inesse") && !library.contains("Cisco"),
        "{library}"
    );

    let found = of(service
        .ask(Some("evil"), Method::GET, "/api/v1/search?q=barge", "")
        .await);

    assert!(
        found.contains(HOSTILE) && !found.contains("inesse"),
        "{found}"
    );

    let found = service
        .tool(
            "evil",
            "search_docs",
            &json!({"query": "barge supervisor state"}),
        )
        .await;

    assert!(
        found.contains("50% off") && !found.contains("inesse"),
        "{found}"
    );

    let found = service
        .tool(
            "all",
            "search_docs",
            &json!({"query": "barge supervisor state"}),
        )
        .await;

    assert!(found.contains("finesse"), "{found}");
}

#[tokio::test]
async fn every_route_asks_for_a_key_and_changes_want_an_admin() {
    let service = service(|policy| policy).await;
    let changes = [
        "/api/v1/sync",
        "/api/v1/removals",
        "/api/v1/generations/rollback",
    ];

    for path in READS
        .map(|template| filled(template, HIDDEN))
        .iter()
        .map(String::as_str)
        .chain(["/mcp", "/nothing"])
    {
        for key in [None, Some("wrong"), Some("")] {
            assert_eq!(
                service.ask(key, Method::GET, path, "").await.status,
                401,
                "{path} {key:?}"
            );
        }

        for key in ["all", "admin", TOKEN] {
            assert_ne!(
                service.ask(Some(key), Method::GET, path, "").await.status,
                401,
                "{path} {key}"
            );
        }
    }

    for path in changes {
        for (key, expected) in [
            (None, 401),
            (Some("wrong"), 401),
            (Some("all"), 403),
            (Some("evil"), 403),
        ] {
            assert_eq!(
                service.ask(key, Method::POST, path, "{}").await.status,
                expected,
                "{path} {key:?}"
            );
        }
    }

    for key in ["admin", TOKEN] {
        let answer = service
            .ask(Some(key), Method::POST, "/api/v1/removals", "{}")
            .await;
        assert_eq!(answer.code(), (400, "invalid_request".to_owned()));
    }

    for path in OPEN {
        assert_eq!(
            service.ask(None, Method::GET, path, "").await.status,
            200,
            "{path}"
        );
    }

    let ready = service.ask(None, Method::GET, "/readyz", "").await;
    assert_eq!(
        ready.json(),
        json!({"status": "ready"}),
        "it says nothing to strangers"
    );
    assert!(
        service
            .ask(Some("all"), Method::GET, "/readyz", "")
            .await
            .json()["documents"]
            .is_number()
    );
}

#[tokio::test]
async fn answers_for_one_key_are_not_taken_for_those_of_another() {
    let service = service(|policy| policy).await;
    let of = async |key| {
        service
            .ask(Some(key), Method::GET, "/api/v1/library", "")
            .await
    };

    let (all, evil) = (of("all").await, of("evil").await);
    assert_ne!(all.header(header::ETAG), evil.header(header::ETAG));
    assert!(
        all.headers
            .get_all(header::VARY)
            .iter()
            .any(|value| value == "authorization")
    );
}

#[tokio::test]
async fn the_key_comes_as_a_token_or_as_a_password() {
    let service = service(|policy| policy).await;
    let basic = |pair: &str| format!("Basic {}", BASE64.encode(pair));
    for good in [
        "Bearer all",
        "bearer admin",
        &basic("anyone:all"),
        &basic(":all"),
    ] {
        assert_eq!(
            service.status("/api/v1/library", Some(good)).await,
            200,
            "{good}"
        );
    }

    for bad in [
        "Bearer al",
        "all",
        "Bearer",
        "Basic all",
        &basic("all"),
        &basic("all:"),
        "",
    ] {
        assert_eq!(
            service.status("/api/v1/library", Some(bad)).await,
            401,
            "{bad}"
        );
    }
}

#[tokio::test]
async fn a_refusal_says_how_to_come_in() {
    let service =
        service(|policy| policy.with_issuers(vec!["https://login.example.com".to_owned()])).await;
    let answer = service.get("/api/v1/library").await;
    assert_eq!(answer.code(), (401, "unauthorized".to_owned()));

    let schemes: Vec<_> = answer
        .headers
        .get_all(header::WWW_AUTHENTICATE)
        .iter()
        .collect();

    let bearer =
        "Bearer resource_metadata=\"http://localhost:8080/.well-known/oauth-protected-resource\"";
    assert_eq!(schemes[0], bearer, "{schemes:?}");
    assert!(schemes[1].to_str().unwrap().starts_with("Basic "));

    for path in [
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/mcp",
    ] {
        let said = service.get(path).await.json();
        assert_eq!(said["resource"], "http://localhost:8080/mcp");
        assert_eq!(
            said["authorization_servers"],
            json!(["https://login.example.com"])
        );
    }
}

#[tokio::test]
async fn without_keys_everybody_may_ask_until_there_is_one() {
    let open = Service::new().await;
    assert_eq!(open.status("/api/v1/library", None).await, 200);
    assert_eq!(
        open.status("/api/v1/library", Some("Bearer whatever"))
            .await,
        200,
        "nobody asked for it"
    );

    let documents = documents();
    let closed = Service::with(&documents, |state| {
        state.with_access(AccessPolicy::default().with_anonymous(Anonymous::Never))
    })
    .await;
    assert_eq!(closed.status("/api/v1/library", None).await, 401);
    let both = service(|policy| policy.with_anonymous(Anonymous::Always)).await;
    assert_eq!(both.status("/api/v1/library", None).await, 200);
    assert_eq!(
        both.status("/api/v1/library", Some("Bearer wrong")).await,
        401,
        "a bad key is not no key"
    );
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back() {
    let service = service(|policy| policy).await;
    for _ in 0..2 {
        assert_eq!(
            service.status("/api/v1/library", Some("Bearer slow")).await,
            200
        );
    }

    let answer = service
        .ask(Some("slow"), Method::GET, "/api/v1/library", "")
        .await;
    assert_eq!(answer.code(), (429, "rate_limited".to_owned()));
    let seconds: u64 = answer.header(header::RETRY_AFTER).parse().unwrap();
    assert!((1..=31).contains(&seconds), "{seconds}");
    assert_eq!(
        service.status("/api/v1/library", Some("Bearer all")).await,
        200,
        "others are not held up"
    );
    assert_eq!(service.status("/healthz", Some("Bearer slow")).await, 200);
}

/// A request from this address, with these credentials.
async fn status_from(service: &Service, remote: &str, authorization: Option<&str>) -> Answer {
    answer_from(service, "/api/v1/library", remote, authorization).await
}

async fn answer_from(
    service: &Service,
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

#[tokio::test]
async fn wrong_keys_are_limited_and_good_ones_from_the_same_address_are_not() {
    let record = Arc::new(Record::default());
    let service = service(|policy| policy.with_audit(record.clone())).await;
    let basic = format!("Basic {}", BASE64.encode("anyone:wrong"));

    let limit = limits::WRONG_KEYS.get() as usize;
    for number in 0..limit {
        let wrong = if number % 2 == 0 {
            "Bearer wrong"
        } else {
            basic.as_str()
        };

        assert_eq!(
            status_from(&service, "192.0.2.1:1000", Some(wrong))
                .await
                .status,
            401,
            "{number}"
        );
    }

    // The bucket fills while the test runs: on a slow machine there is more to take.
    let mut refused = status_from(&service, "192.0.2.1:1001", Some("Bearer wrong")).await;
    for _ in 0..limit {
        if refused.status != 401 {
            break;
        }
        refused = status_from(&service, "192.0.2.1:1001", Some("Bearer wrong")).await;
    }

    assert_eq!(refused.code(), (429, "rate_limited".to_owned()));
    assert!((1..=2).contains(&refused.header(header::RETRY_AFTER).parse::<u64>().unwrap()));
    assert_eq!(
        status_from(&service, "192.0.2.1:1002", Some("Bearer all"))
            .await
            .status,
        200
    );
    assert_eq!(
        status_from(&service, "192.0.2.1:1002", None).await.status,
        401,
        "no key is no guess"
    );
    assert_eq!(
        status_from(&service, "192.0.2.2:1000", Some("Bearer wrong"))
            .await
            .status,
        401
    );

    for _ in 0..10 * limit {
        status_from(&service, "192.0.2.1:1003", None).await;
    }

    let entries = record.0.lock().unwrap();
    let refused = entries
        .iter()
        .filter(|entry| entry.caller == "nobody")
        .count();

    assert!(
        (limit..3 * limit).contains(&refused),
        "refusals do not fill the audit log: {refused}"
    );
    assert!(entries.iter().any(|entry| entry.caller == "portal"));
}

#[tokio::test]
async fn keys_are_not_tried_in_any_number_at_what_is_open() {
    for path in [
        "/readyz",
        "/healthz",
        "/.well-known/oauth-protected-resource",
    ] {
        let record = Arc::new(Record::default());
        let service = service(|policy| policy.with_audit(record.clone())).await;
        let ask = async |key| answer_from(&service, path, "192.0.2.1:1000", key).await;
        let open = ask(None).await.status;

        assert_eq!(
            ask(Some("Bearer wrong")).await.status,
            open,
            "{path}: it is open"
        );

        let recorded = record.0.lock().unwrap().clone();
        assert_eq!(recorded.len(), 1, "{path}: {recorded:?}");
        assert_eq!(
            (recorded[0].caller.as_str(), recorded[0].path.as_str()),
            ("nobody", path)
        );

        let mut refused = false;
        for _ in 0..3 * limits::WRONG_KEYS.get() {
            refused |= ask(Some("Bearer wrong")).await.status == 429;
        }

        assert!(refused, "{path}");
        let elsewhere = status_from(&service, "192.0.2.1:1000", Some("Bearer wrong")).await;
        assert!([401, 429].contains(&elsewhere.status.as_u16()));
        assert_eq!(
            ask(None).await.status,
            open,
            "{path}: without a key nothing is tried"
        );
        assert_ne!(ask(Some("Bearer all")).await.status, 429, "{path}");
    }
}

#[tokio::test]
async fn health_checks_take_nothing_from_those_who_ask() {
    let policy = AccessPolicy::default().with_requests_per_minute(NonZeroU32::new(1));
    let service = Service::with(&documents(), |state| state.with_access(policy)).await;
    for path in ["/healthz", "/readyz", "/healthz", "/readyz"] {
        assert_eq!(
            answer_from(&service, path, "192.0.2.1:1", None)
                .await
                .status,
            200,
            "{path}"
        );
    }

    assert_eq!(status_from(&service, "192.0.2.1:1", None).await.status, 200);
    assert_eq!(status_from(&service, "192.0.2.1:1", None).await.status, 429);
    assert_eq!(
        answer_from(&service, "/healthz", "192.0.2.1:1", None)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_token_that_cannot_be_checked_now_is_not_called_wrong() {
    let service = service(|policy| policy).await;
    let answer = service
        .ask(Some("unverified"), Method::GET, "/api/v1/library", "")
        .await;
    assert_eq!(answer.code(), (503, "unavailable".to_owned()));
    assert!(answer.header(header::RETRY_AFTER).parse::<u64>().is_ok());
    assert_eq!(
        service
            .ask(Some("unverified"), Method::GET, "/healthz", "")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_bucket_belongs_to_an_address_or_a_network() {
    let policy = AccessPolicy::default().with_requests_per_minute(NonZeroU32::new(1));
    let service = Service::with(&documents(), |state| state.with_access(policy)).await;
    for (remote, expected) in [
        ("192.0.2.1:1", 200),
        ("192.0.2.1:2", 429),
        ("[::ffff:192.0.2.1]:3", 429),
        ("192.0.2.2:1", 200),
        ("[2001:db8::1]:1", 200),
        ("[2001:db8::2:1]:1", 429),
        ("[2001:db8:0:1::1]:1", 200),
    ] {
        assert_eq!(
            status_from(&service, remote, None).await.status,
            expected,
            "{remote}"
        );
    }
}

/// Keys were asked for, and none is left.
struct NoKeys;

#[async_trait]
impl Credentials for NoKeys {
    async fn caller(&self, _: &str) -> Result<Option<Caller>, IssuerUnavailable> {
        Ok(None)
    }

    fn required(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn without_any_key_left_nobody_may_ask_but_the_owner() {
    let policy = || {
        AccessPolicy::default()
            .with_credentials(Arc::new(NoKeys))
            .with_personal(true)
    };

    let service = Service::with(&documents(), |state| state.with_access(policy())).await;
    for path in READS
        .map(|template| filled(template, HIDDEN))
        .iter()
        .map(String::as_str)
        .chain(["/mcp", "/nothing"])
    {
        for key in [None, Some("")] {
            assert_eq!(
                service.ask(key, Method::GET, path, "").await.status,
                401,
                "{path} {key:?}"
            );
        }

        assert_ne!(
            service.ask(Some(TOKEN), Method::GET, path, "").await.status,
            401,
            "{path}"
        );
    }

    assert!(!policy().shows_questions(&Caller::anonymous()) && policy().needs_key());
    assert!(
        !policy()
            .with_anonymous(Anonymous::Always)
            .shows_questions(&Caller::anonymous())
    );
}

#[derive(Default)]
struct Record(Mutex<Vec<AuditEntry>>);

impl Audit for Record {
    fn record(&self, entry: AuditEntry) {
        self.0.lock().unwrap().push(entry);
    }
}

#[tokio::test]
async fn who_asked_for_what_is_recorded_without_the_question() {
    let record = Arc::new(Record::default());
    let service = service(|policy| policy.with_audit(record.clone())).await;
    service
        .status("/api/v1/search?q=secret", Some("Bearer all"))
        .await;
    service.status("/library", Some("Bearer wrong")).await;
    service.status("/healthz", None).await;

    service
        .status(&format!("/{}", "x".repeat(60_000)), Some("Bearer all"))
        .await;
    let mut entries = record.0.lock().unwrap();
    assert!(
        entries.pop().is_some_and(|entry| entry.path.len() < 600),
        "a path is not kept whole"
    );

    let lines: Vec<_> = entries
        .iter()
        .map(|one| (one.caller.as_str(), one.path.as_str(), one.status))
        .collect();

    assert_eq!(
        lines,
        [
            ("portal", "/api/v1/search", 200),
            ("nobody", "/library", 401)
        ]
    );
    assert!(!serde_json::to_string(&*entries).unwrap().contains("secret"));
}

#[tokio::test]
async fn pages_of_other_sites_change_nothing_and_read_only_where_they_are_named() {
    let service = service(|policy| {
        policy
            .with_anonymous(Anonymous::Always)
            .with_origins(vec!["https://portal.example.com".to_owned()])
    });

    let service = service.await;
    let from = async |origin: &str, method: Method, path: &str| {
        let request = request(method, path).header(header::ORIGIN, origin);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        service
            .send(request.body(Body::from(r#"{"q": "barge"}"#)).unwrap())
            .await
    };

    let allowed = |answer: &Answer| {
        answer
            .header(header::ACCESS_CONTROL_ALLOW_ORIGIN)
            .to_owned()
    };

    let search = "/api/v1/search";
    let named = from("https://portal.example.com", Method::POST, search).await;
    assert_eq!(
        (named.status.as_u16(), allowed(&named).as_str()),
        (200, "https://portal.example.com")
    );
    let preflight = from("https://portal.example.com", Method::OPTIONS, search).await;

    assert_eq!(
        (preflight.status.as_u16(), allowed(&preflight).as_str()),
        (204, "https://portal.example.com")
    );
    assert!(
        preflight
            .header(header::ACCESS_CONTROL_ALLOW_HEADERS)
            .contains("authorization")
    );

    for other in [
        "https://evil.example",
        "null",
        "https://portal.example.com.evil.example",
    ] {
        let refused = from(other, Method::POST, search).await;
        assert_eq!(
            refused.code(),
            (403, "origin_not_allowed".to_owned()),
            "{other}"
        );

        let read = from(other, Method::GET, "/api/v1/library").await;
        assert_eq!(
            (read.status.as_u16(), allowed(&read).as_str()),
            (200, ""),
            "a browser keeps it from the page"
        );
    }

    let own = from("http://localhost:8080", Method::POST, search).await;
    assert_eq!(own.status, 200);
}

#[test]
fn an_empty_key_opens_nothing() {
    assert!(!is_key(Some(""), ""));
    assert!(!is_key(None, "key"));
}
