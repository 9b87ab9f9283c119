//! Pages over the whole service.

mod access;
mod compression;
mod documents;
mod every_route;
mod index_calls;
mod library;
mod search;

use axum::http::header;

use crate::testing::{Answer, GUIDE, SampleService, service};

const BARGE: &str = "finesse%3A%3Av12.5%3A%3Adeveloper-guide%3A%3Adeveloper-guide%3A%3A2";

/// Gets an HTML page.
async fn page(service: &SampleService, path: &str) -> Answer {
    let page = service.get(path).await;
    assert!(
        page.header(header::CONTENT_TYPE).starts_with("text/html"),
        "{path}: {}",
        page.body
    );

    page
}

/// Tabs and bookmarks show the title without the style sheet that isolates bidirectional text.
#[tokio::test]
async fn page_titles_have_no_hidden_characters() {
    let service = service().await;
    let body = page(&service, "/?q=barge%E2%80%AE%F3%A0%81%81call")
        .await
        .body;

    let title = body
        .split("<title>")
        .nth(1)
        .and_then(|rest| rest.split("</title>").next())
        .unwrap();

    assert!(title.starts_with("bargecall · "), "{title:?}");
}

#[tokio::test]
async fn documents_and_questions_cannot_inject_markup() {
    let service = service().await;
    let paths = [
        "/?q=%3Cscript%3Ealert(1)%3C/script%3E%22%20onfocus=alert(1)%20barge",
        "/?q=x&product=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/?q=barge&product=evil",
        "/c/evil%2520corp%3A%3A50%2525%2520off%3A%3A0",
        "/d/evil%20corp/50%25%20off.md",
        "/d/%3Cscript%3Ealert(1)%3C/script%3E",
        "/library",
        "/compare",
        "/connect",
        "/",
    ];

    for path in paths {
        let page = page(&service, path).await;

        // The only script of every page is our own file.
        let own = format!(
            "<script src=\"/assets/{}\" defer></script>",
            super::assets::SCRIPT_FILE.as_str()
        );
        assert_eq!(page.body.matches(&own).count(), 1, "{path}");

        let body = page.body.replace(&own, "").to_lowercase();
        for bad in [
            "<script",
            "href=\"javascript:",
            "<img src=x",
            "\" onfocus",
            "<b>corp",
        ] {
            assert!(!body.contains(bad), "{path} has {bad}: {body}");
        }

        let policy = page.header(header::CONTENT_SECURITY_POLICY);
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe"),
            "{path}"
        );
        assert!(
            !body.contains(" style=\"") && !body.contains("<style"),
            "{path}: the policy forbids inline styles"
        );
        assert_eq!(page.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
        assert_eq!(page.header(header::REFERRER_POLICY), "same-origin");
    }
}

#[tokio::test]
async fn pages_and_assets_can_be_cached() {
    let service = service().await;
    let first = page(&service, "/?q=barge").await;
    let again = service
        .get_if_none_match("/?q=barge", first.header(header::ETAG))
        .await;
    assert_eq!((again.status.as_u16(), again.body.as_str()), (304, ""));

    let style = first
        .body
        .split("rel=\"stylesheet\" href=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap();

    let style = service.get(style).await;
    assert_eq!(
        style.header(header::CONTENT_TYPE),
        "text/css; charset=utf-8"
    );
    assert!(
        style
            .body
            .contains("a, b, button, code, small, span { unicode-bidi: isolate; }"),
        "names do not affect the direction of the text around them"
    );
    assert!(style.header(header::CACHE_CONTROL).contains("immutable"));
    assert_eq!(
        service.get("/assets/style-old.css").await.status.as_u16(),
        404
    );
    assert_eq!(
        service
            .get("/favicon.ico")
            .await
            .header(header::CONTENT_TYPE),
        "image/svg+xml"
    );
}

/// The page without the fingerprints of its assets.
fn without_fingerprints(body: &str) -> String {
    let body = body.replace(super::assets::SCRIPT_FILE.as_str(), "SCRIPT");
    body.replace(super::assets::STYLE_FILE.as_str(), "STYLE")
        .replace(super::assets::ICON_FILE.as_str(), "ICON")
}

#[tokio::test]
async fn page_snapshots() {
    let service = service().await;
    insta::assert_snapshot!(
        "passage",
        without_fingerprints(&page(&service, &format!("/c/{BARGE}")).await.body)
    );
    insta::assert_snapshot!(
        "document_page",
        without_fingerprints(&page(&service, &format!("/d/{GUIDE}?page=118")).await.body)
    );

    let results = page(&service, "/?q=barge+state+supervisor&version=v12.5&limit=1")
        .await
        .body;

    let cursor = results
        .split("cursor=")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap_or("none");

    insta::assert_snapshot!(
        "results",
        without_fingerprints(&results.replace(cursor, "CURSOR"))
    );
}
