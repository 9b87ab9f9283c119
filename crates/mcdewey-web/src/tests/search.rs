//! The results page and errors of searches.

use mcdewey_core::testing::{FakeEmbed, SampleDocument};

use super::{BARGE, page};
use crate::testing::{GUIDE, service, service_with};

#[tokio::test]
async fn a_search_finds_the_page() {
    let service = service().await;
    let body = page(&service, "/?q=supervisor+barge+state&version=v12.5")
        .await
        .body;
    assert!(body.contains(&format!("href=\"/c/{BARGE}\"")), "{body}");
    assert!(body.contains(&format!("href=\"/d/{GUIDE}?page=118#p-2\"")));
    assert!(body.contains("<mark>barging</mark>") && body.contains("<mark>state</mark>"));
    assert!(body.contains("Page 118<small> printed 102</small>"));
    assert!(body.contains("No version") && body.contains("2024-06-03"));
    assert!(body.contains(
        "<a href=\"https://docs.example.com/finesse\" rel=\"noopener noreferrer\">View on \
         docs.example.com ↗</a>"
    ));
    assert!(
        !body.contains("v15.0</span>"),
        "another version despite the filter"
    );
}

#[tokio::test]
async fn other_locations_of_a_hit_are_listed() {
    let service = service().await;
    let body = page(&service, "/?q=supervisor+monitoring+barging")
        .await
        .body;

    assert!(
        body.contains("Also appears in <a href=\"/c/finesse%3A%3A"),
        "{body}"
    );
}

#[tokio::test]
async fn the_other_passages_of_a_page_are_shown_under_the_best() {
    let guide = SampleDocument::new("guide.md")
        .page(4, &["Barge in.", "Who may barge.", "Barge tones."])
        .page(5, &["Barge and whisper."])
        .build(&FakeEmbed::new(&["barge"]));
    let service = service_with(&[guide], |state| state).await;
    let body = page(&service, "/?q=barge").await.body;

    assert_eq!(body.matches("<li class=\"hit\">").count(), 2, "{body}");
    let list = "<ul class=\"further\" aria-label=\"More from this page\">";
    assert_eq!(body.matches(list).count(), 1, "{body}");
    for text in ["in.", "tones."] {
        assert!(
            body.contains(&format!("<mark>Barge</mark> {text}")),
            "{body}"
        );
    }
    assert!(
        body.contains("/api/v1/search?q=barge&#38;group=page"),
        "{body}"
    );
}

#[tokio::test]
async fn filters_can_be_added_and_removed() {
    let service = service().await;
    let body = page(
        &service,
        "/?q=supervisor+certificate&product=finesse&mode=keyword",
    )
    .await
    .body;

    assert!(
        body.contains(
            "<a href=\"/?q=supervisor%20certificate&#38;mode=keyword\"><span \
             class=\"name\">Product</span> finesse"
        ),
        "{body}"
    );
    assert!(body.contains("<input type=\"hidden\" name=\"product\" value=\"finesse\">"));
    assert!(body.contains("<option value=\"keyword\" selected>"));
    assert!(
        body.contains("href=\"/?q=supervisor%20certificate&#38;mode=keyword&#38;product=finesse&#38;version=v15.0\"")
    );
}

#[tokio::test]
async fn results_can_be_paged() {
    let service = service().await;
    let body = page(&service, "/?q=barge&limit=1").await.body;
    let next = body
        .split("rel=\"next\" href=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap();

    let second = page(&service, &next.replace("&#38;", "&")).await;
    assert_eq!(second.status.as_u16(), 200, "{}", second.body);
    assert!(
        second
            .body
            .contains("<a href=\"/?q=barge&#38;limit=1\">← First results</a>")
    );
}

#[tokio::test]
async fn ranking_details_are_shown_on_request() {
    let service = service().await;
    assert!(
        !page(&service, "/?q=barge")
            .await
            .body
            .contains("<summary>Ranking details</summary>")
    );

    let body = page(&service, "/?q=barge&explain=1").await.body;
    assert!(
        body.contains("<summary>Ranking details</summary>") && body.contains("rank 1, cosine"),
        "{body}"
    );
}

#[tokio::test]
async fn a_search_without_results_suggests_alternatives() {
    let service = service().await;
    let body = page(&service, "/?q=zzzz&mode=keyword&product=finesse")
        .await
        .body;

    assert!(
        body.contains("<h2>No results</h2>")
            && body.contains("href=\"/?q=zzzz&#38;mode=keyword\">Search without filters")
    );
}

#[tokio::test]
async fn error_pages_link_to_known_values() {
    let service = service().await;
    let version = page(&service, "/?q=barge&product=finesse&version=99").await;
    assert_eq!(version.status.as_u16(), 400);
    assert!(
        version
            .body
            .contains("href=\"/?q=barge&#38;product=finesse&#38;version=v12.5\">finesse v12.5</a>"),
        "{}",
        version.body
    );

    let product = page(&service, "/?q=barge&product=nope").await;
    assert!(
        product
            .body
            .contains("href=\"/?q=barge&#38;product=finesse\">finesse</a>")
    );

    for (path, status) in [
        ("/nothing", 404),
        ("/c/a::0", 404),
        ("/d/nope.md", 404),
        ("/?q=x&foo=1", 400),
    ] {
        assert_eq!(page(&service, path).await.status.as_u16(), status, "{path}");
    }
}

#[tokio::test]
async fn a_question_without_a_good_match_shows_the_closest_results() {
    let service = service().await;
    let body = page(&service, "/?q=barge+in+Finesse+16.0").await.body;
    let notice = "no Cisco Finesse 16.0 in this library: v12.5, v15.0</span> \
                  <b>No good match. Closest results:</b>";
    assert!(body.contains(notice), "{body}");
    assert!(
        body.contains("<ol class=\"hits\">"),
        "the closest results are shown"
    );

    let body = page(&service, "/?q=barge+in+Finesse+15.0").await.body;
    assert!(!body.contains("No good match"), "{body}");
}
