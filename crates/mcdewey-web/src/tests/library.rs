//! The home page and the library page.

use mcdewey_core::testing::{FakeEmbed, SampleDocument};

use super::page;
use crate::testing::{GUIDE, service, service_with};

#[tokio::test]
async fn the_home_page_shows_the_tagline_and_the_products() {
    let service = service().await;
    let body = page(&service, "/").await.body;
    assert!(
        body.contains(
            "Multi-vendor documentation library · semantic search · MCP endpoint at /mcp"
        )
    );
    assert!(body.contains("Cisco Finesse") && body.contains("href=\"/?product=finesse\""));
    assert!(
        body.contains("href=\"/?product=finesse&#38;version=v12.5\""),
        "{body}"
    );
}

#[tokio::test]
async fn the_library_is_shown_as_a_tree() {
    let service = service().await;
    let body = page(&service, "/library").await.body;
    assert!(
        body.contains("Cisco Finesse") && body.contains("Also known as Agent desktop"),
        "{body}"
    );
    assert!(body.contains(&format!(
        "<a href=\"/d/{GUIDE}\">Finesse Developer Guide 12.5</a>"
    )));
    assert!(body.contains("v15.0</a> <span class=\"quiet\">latest</span>"));
}

#[tokio::test]
async fn the_library_shows_counts_and_dates() {
    let service = service().await;
    let ingested = service.get("/api/v1/library").await.json();
    let day = ingested["vendors"][0]["products"][0]["versions"][0]["guides"][0]["documents"][0]["ingested"].clone();
    let (day, _) = day.as_str().unwrap().split_once('T').unwrap();
    let body = page(&service, "/library").await.body;
    let guide =
        format!("<span class=\"quiet\">developer-guide, 1 page, 2 passages, ingested {day}</span>");

    assert!(
        day.starts_with("20") && body.contains(&guide),
        "{guide}: {body}"
    );
}

#[tokio::test]
async fn a_document_of_two_versions_counts_once() {
    let guide = SampleDocument::new("finesse/guide.md")
        .vendor("Cisco")
        .product("finesse")
        .version("v12.0")
        .version("v12.5")
        .page(1, &["one"])
        .page(2, &["two"])
        .build(&FakeEmbed::new(&[]));

    let service = service_with(&[guide], |state| state).await;
    let body = page(&service, "/").await.body;
    assert!(
        body.contains("<p class=\"quiet\">1 guide, 2 pages</p>"),
        "{body}"
    );
}
