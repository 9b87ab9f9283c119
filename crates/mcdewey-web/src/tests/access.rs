//! Pages and the library's visibility: nobody learns from a page about what they may not see.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, header};
use mcdewey_auth::AccessPolicy;

use crate::testing::{
    Answer, HIDDEN, Keys, MISSING, SampleService, TOKEN, comparable, documents, filled_in, request,
    service_with,
};

/// Every page that reads, with placeholders for what is hidden.
const READS: [&str; 14] = [
    "/",
    "/?q=certificate",
    "/?q=certificate&product={product}",
    "/?q=barge+{product}+supervisor",
    "/library",
    "/status",
    "/connect",
    "/compare",
    "/compare?from=12.5&to=15.0&product={product}",
    "/d/{source}?page=118",
    "/c/{product}%3A%3Av12.5%3A%3Adeveloper-guide%3A%3Adeveloper-guide%3A%3A1",
    "/c/{product}%3A%3Av12.5%3A%3Adeveloper-guide%3A%3Adeveloper-guide%3A%3A1.json",
    "/f/{source}?image=page-1-image-1.png",
    "/f/{source}?original=manual.pdf",
];

async fn service_with_keys() -> SampleService {
    let policy = AccessPolicy::default().with_credentials(Arc::new(Keys));
    service_with(&documents(), |state| state.with_access(policy)).await
}

async fn get_as(service: &SampleService, key: Option<&str>, path: &str) -> Answer {
    // Responses are compared word by word, and errors repeat the id.
    let mut request = request(Method::GET, path).header("x-request-id", "one-of-many");
    if let Some(key) = key {
        request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
    }

    service.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn every_page_requires_a_key() {
    let service = service_with_keys().await;
    for path in READS.map(|template| filled_in(template, HIDDEN)) {
        for key in [None, Some("wrong"), Some("")] {
            let rejected = get_as(&service, key, &path).await;
            assert_eq!(rejected.status, 401, "{path} {key:?}");
        }

        for key in ["all", "admin", TOKEN] {
            let admitted = get_as(&service, Some(key), &path).await;
            assert_ne!(admitted.status, 401, "{path} {key}");
        }
    }
}

#[tokio::test]
async fn a_limited_key_cannot_tell_from_a_page_that_a_hidden_product_exists() {
    let service = service_with_keys().await;
    for template in READS {
        let get = async |names| {
            let response = get_as(&service, Some("evil"), &filled_in(template, names)).await;
            (response.status, response.body)
        };

        let (hidden, missing) = (get(HIDDEN).await, get(MISSING).await);
        assert_eq!(comparable(&hidden.1), comparable(&missing.1), "{template}");
        assert_eq!(hidden.0, missing.0, "{template}");
        assert!(
            !template.contains('{') || !hidden.1.contains("developer-guide/developer-guide.md\""),
            "{template}"
        );
    }
}
