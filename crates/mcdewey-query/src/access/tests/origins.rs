//! Which web pages may call the server.

use super::*;

#[tokio::test]
async fn pages_of_other_sites_may_call_the_server_only_if_they_are_allowed() {
    let service = service(|policy| {
        policy
            .with_anonymous(AnonymousAccess::Always)
            .with_origins(vec!["https://portal.example.com".to_owned()])
    })
    .await;

    let from = async |origin: &str, method: Method, path: &str| {
        let request = request(method, path).header(header::ORIGIN, origin);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        service
            .send(request.body(Body::from(r#"{"q": "barge"}"#)).unwrap())
            .await
    };

    let allowed = |response: &Answer| {
        response
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
        let rejected = from(other, Method::POST, search).await;
        assert_eq!(
            rejected.code(),
            (403, "origin_not_allowed".to_owned()),
            "{other}"
        );

        let read = from(other, Method::GET, "/api/v1/library").await;
        assert_eq!(
            (read.status.as_u16(), allowed(&read).as_str()),
            (200, ""),
            "the browser withholds it from the page"
        );
    }

    let own = from("http://localhost:8080", Method::POST, search).await;
    assert_eq!(own.status, 200);
}
