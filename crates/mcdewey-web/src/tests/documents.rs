//! Pages of chunks and documents.

use super::{BARGE, page};
use crate::testing::{GUIDE, NOTE, service};

#[tokio::test]
async fn a_chunk_page_links_to_other_versions() {
    let service = service().await;
    let body = page(&service, &format!("/c/{BARGE}")).await.body;
    let other = "finesse%3A%3Av15.0%3A%3Adeveloper-guide%3A%3Adeveloper-guide%3A%3A0";

    assert!(
        body.contains(&format!(
            "<li><a href=\"/c/{other}\">v15.0, page 120</a></li>"
        )),
        "{body}"
    );

    let json = service.get(&format!("/c/{BARGE}.json")).await.json();
    assert_eq!(json["chunk"]["also_in"][0]["version"], "v15.0");
    let rest = service.get(&format!("/api/v1/chunks/{BARGE}")).await.json();

    assert_eq!(
        rest["chunk"]["also_in"], json["chunk"]["also_in"],
        "REST and `.json` agree"
    );
    let alone = page(&service, "/c/notes::empty-gadgets::0").await.body;
    assert!(!alone.contains("Also appears in"), "{alone}");
}

#[tokio::test]
async fn a_chunk_page_has_its_familiar_layout() {
    let service = service().await;
    let body = page(&service, &format!("/c/{BARGE}")).await.body;
    assert!(body.contains("<h1>Page 118</h1>"), "{body}");
    assert!(body.contains(&format!(
        "<a class=\"button\" href=\"/d/{GUIDE}?page=118#p-2\">↗ View in doc context</a>"
    )));
    assert!(
        body.contains("<dt>Page</dt><dd>118</dd>")
            && body.contains("<dt>Printed page</dt><dd>102</dd>")
    );
    assert!(body.contains(&format!("<code>{GUIDE}</code>")));
    assert!(body.contains("<code>finesse::v12.5::developer-guide::developer-guide::2</code>"));
    assert!(body.contains("NOT_READY while monitoring"));

    let plain = page(
        &service,
        "/c/finesse::v12.5::developer-guide::developer-guide::2",
    )
    .await
    .body;

    assert_eq!(plain, body);
    let section = page(&service, "/c/notes::empty-gadgets::0").await.body;
    assert!(section.contains("<h1>Certificates</h1>") && section.contains("No version"));
    assert!(section.contains(&format!("href=\"/d/{NOTE}?section=certificates-1#p-0\"")));
}

#[tokio::test]
async fn a_document_page_shows_one_page() {
    let service = service().await;
    let id = "finesse::v12.5::developer-guide::developer-guide::3";
    let body = page(&service, &format!("/d/{GUIDE}?page=118&chunk={id}"))
        .await
        .body;
    assert!(body.contains("<h1>Page 118</h1>"));
    assert!(
        body.contains("<div class=\"passage\" id=\"p-2\">")
            && body.contains("<div class=\"passage is-marked\" id=\"p-3\">")
    );
    assert!(body.contains("<td>20700</td>"));
    assert!(body.contains(&format!(
        "<a rel=\"prev\" href=\"/d/{GUIDE}?page=117\">← Page 117</a>"
    )));
    assert!(body.contains("<input type=\"hidden\" name=\"source\""));
    assert!(!body.contains("Make a Barge Call"), "another page's text");

    let by_label = page(&service, &format!("/d/{GUIDE}?page=&label=102"))
        .await
        .body;
    assert!(by_label.contains("<h1>Page 118</h1>"));
    let by_chunk = page(&service, &format!("/d/{GUIDE}?chunk={id}")).await.body;
    assert!(by_chunk.contains("<h1>Page 118</h1>") && by_chunk.contains("is-marked"));

    let lost = page(&service, &format!("/d/{GUIDE}?page=117&chunk={id}"))
        .await
        .body;
    assert!(lost.contains("no longer on this page"));
}

#[tokio::test]
async fn a_document_page_links_to_its_comparison() {
    let service = service().await;
    let newer = "finesse/v15.0/developer-guide/developer-guide.md";
    let href = format!("/compare?from={GUIDE}&#38;to={newer}");
    let href = href.replace('/', "%2F").replacen("%2F", "/", 1);
    let later = page(&service, &format!("/d/{newer}")).await.body;

    assert!(
        later.contains(&format!(
            "<a href=\"{href}\">Changes since the previous version</a>"
        )),
        "{later}"
    );

    let first = page(&service, &format!("/d/{GUIDE}")).await.body;
    assert!(
        first.contains(&format!(
            "<a href=\"{href}\">Changes in the next version</a>"
        )),
        "{first}"
    );

    let note = page(&service, &format!("/d/{NOTE}")).await.body;
    assert!(!note.contains("Changes "), "{note}");
}
