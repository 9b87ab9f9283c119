//! Who is admitted, and how keys and tokens are sent.

use async_trait::async_trait;

use super::*;

#[tokio::test]
async fn every_route_requires_a_key_and_changes_require_an_admin() {
    let service = service(|policy| policy).await;
    let changes = [
        "/api/v1/sync",
        "/api/v1/removals",
        "/api/v1/generations/rollback",
    ];

    for path in READS
        .map(|template| filled_in(template, HIDDEN))
        .iter()
        .map(String::as_str)
        .chain(["/mcp", "/nothing"])
    {
        for key in [None, Some("wrong"), Some("")] {
            assert_eq!(
                service.send_as(key, Method::GET, path, "").await.status,
                401,
                "{path} {key:?}"
            );
        }

        for key in ["all", "admin", TOKEN] {
            assert_ne!(
                service
                    .send_as(Some(key), Method::GET, path, "")
                    .await
                    .status,
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
                service.send_as(key, Method::POST, path, "{}").await.status,
                expected,
                "{path} {key:?}"
            );
        }
    }

    for key in ["admin", TOKEN] {
        let response = service
            .send_as(Some(key), Method::POST, "/api/v1/removals", "{}")
            .await;
        assert_eq!(response.code(), (400, "invalid_request".to_owned()));
    }

    for path in PUBLIC_PATHS {
        assert_eq!(
            service.send_as(None, Method::GET, path, "").await.status,
            200,
            "{path}"
        );
    }

    let ready = service.send_as(None, Method::GET, "/readyz", "").await;
    assert_eq!(
        ready.json(),
        json!({"status": "ready"}),
        "nothing about the library for unauthenticated callers"
    );
    assert!(
        service
            .send_as(Some("all"), Method::GET, "/readyz", "")
            .await
            .json()["documents"]
            .is_number()
    );
}

#[tokio::test]
async fn a_key_is_sent_as_a_token_or_as_a_password() {
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
async fn an_unauthorized_response_says_how_to_authenticate() {
    let service =
        service(|policy| policy.with_issuers(vec!["https://login.example.com".to_owned()])).await;
    let response = service.get("/api/v1/library").await;
    assert_eq!(response.code(), (401, "unauthorized".to_owned()));

    let schemes: Vec<_> = response
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
        let metadata = service.get(path).await.json();
        assert_eq!(metadata["resource"], "http://localhost:8080/mcp");
        assert_eq!(
            metadata["authorization_servers"],
            json!(["https://login.example.com"])
        );
    }
}

#[tokio::test]
async fn without_keys_every_caller_is_admitted() {
    let open = SampleService::new().await;
    assert_eq!(open.status("/api/v1/library", None).await, 200);
    assert_eq!(
        open.status("/api/v1/library", Some("Bearer whatever"))
            .await,
        200,
        "a key that is not required is ignored"
    );

    let documents = documents();
    let closed = SampleService::with(&documents, |state| {
        state.with_access(AccessPolicy::default().with_anonymous(AnonymousAccess::Never))
    })
    .await;
    assert_eq!(closed.status("/api/v1/library", None).await, 401);
    let both = service(|policy| policy.with_anonymous(AnonymousAccess::Always)).await;
    assert_eq!(both.status("/api/v1/library", None).await, 200);
    assert_eq!(
        both.status("/api/v1/library", Some("Bearer wrong")).await,
        401,
        "a wrong key is not the same as no key"
    );
}

#[tokio::test]
async fn a_token_that_cannot_be_verified_now_is_not_called_wrong() {
    let service = service(|policy| policy).await;
    let response = service
        .send_as(Some("unverified"), Method::GET, "/api/v1/library", "")
        .await;
    assert_eq!(response.code(), (503, "unavailable".to_owned()));
    assert!(response.header(header::RETRY_AFTER).parse::<u64>().is_ok());
    assert_eq!(
        service
            .send_as(Some("unverified"), Method::GET, "/healthz", "")
            .await
            .status,
        200
    );
}

/// Keys are required, and none is left.
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
async fn when_no_key_is_left_only_the_owner_is_admitted() {
    let policy = || {
        AccessPolicy::default()
            .with_credentials(Arc::new(NoKeys))
            .with_personal(true)
    };

    let service = SampleService::with(&documents(), |state| state.with_access(policy())).await;
    for path in READS
        .map(|template| filled_in(template, HIDDEN))
        .iter()
        .map(String::as_str)
        .chain(["/mcp", "/nothing"])
    {
        for key in [None, Some("")] {
            assert_eq!(
                service.send_as(key, Method::GET, path, "").await.status,
                401,
                "{path} {key:?}"
            );
        }

        assert_ne!(
            service
                .send_as(Some(TOKEN), Method::GET, path, "")
                .await
                .status,
            401,
            "{path}"
        );
    }

    assert!(!policy().shows_questions(&Caller::anonymous()) && policy().needs_key());
    assert!(
        !policy()
            .with_anonymous(AnonymousAccess::Always)
            .shows_questions(&Caller::anonymous())
    );
}
