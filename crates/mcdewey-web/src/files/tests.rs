//! Images and originals over the whole service.

use axum::http::header;
use mcdewey_core::AttachmentRole::{Image, Original};
use mcdewey_core::testing::{FakeEmbed, SampleDocument};

use crate::testing::{SampleService, service_with};

/// The start of a GIF, as text.
const GIF: &[u8] = b"GIF89a and the rest";

/// A service with a manual that has images and an original.
async fn service_with_files() -> SampleService {
    let text = "barge ![The button](page-58-image-1.gif)";
    let manual = SampleDocument::new("a/manual.pdf")
        .page(58, &[text, "barge again"])
        .attachment(Image, "page-58-image-1.gif", "image/gif", GIF)
        .attachment(Image, "evil.png", "image/png", b"<svg onload=alert(1)>")
        .attachment(Original, "manual.pdf", "application/pdf", b"%PDF-1.7")
        .build(&FakeEmbed::new(&["barge"]));

    service_with(&[manual], |state| state).await
}

#[tokio::test]
async fn a_page_shows_its_images_and_links_to_its_original() {
    let service = service_with_files().await;
    let page = service.get("/d/a/manual.pdf?page=58").await.body;
    assert!(
        page.contains("Image 1 from page 58") && page.contains("alt=\"The button\""),
        "{page}"
    );
    assert!(
        page.contains("href=\"/f/a/manual.pdf?original=manual.pdf&#38;hash="),
        "{page}"
    );
    assert!(page.contains("#page=58"), "{page}");
    let own = service.get("/c/a::manual::0").await.body;
    assert_eq!(own.matches("<img src=\"/f/").count(), 1, "{own}");
    let other = service.get("/c/a::manual::1").await.body;

    assert!(
        other.contains("<figcaption>Image 1 from page 58</figcaption>"),
        "{other}"
    );

    let json = service
        .get("/api/v1/documents/a/manual.pdf?page=58")
        .await
        .json();
    assert_eq!(json["images"][0]["title"], "Image 1 from page 58");
    assert_eq!(json["images"][0]["name"], "page-58-image-1.gif");
    assert_eq!(
        json["document"]["original"]["media_type"],
        "application/pdf"
    );
    assert!(
        json["original_url"]
            .as_str()
            .is_some_and(|url| url.ends_with("#page=58"))
    );
}

#[tokio::test]
async fn stored_files_are_sent_safely() {
    let service = service_with_files().await;
    let image = service
        .get("/f/a/manual.pdf?image=page-58-image-1.gif")
        .await;
    assert_eq!((image.status.as_u16(), image.body.as_bytes()), (200, GIF));
    assert_eq!(image.header(header::CONTENT_TYPE), "image/gif");
    assert!(
        image
            .header(header::CONTENT_SECURITY_POLICY)
            .contains("sandbox")
    );
    assert_eq!(image.header(header::CACHE_CONTROL), "no-cache");
    let hash = image.header(header::ETAG).trim_matches('"').to_owned();

    let named = service
        .get(&format!(
            "/f/a/manual.pdf?image=page-58-image-1.gif&hash={hash}"
        ))
        .await;

    assert!(named.header(header::CACHE_CONTROL).contains("immutable"));
    let again = service
        .get_if_none_match(
            "/f/a/manual.pdf?image=page-58-image-1.gif",
            &format!("\"{hash}\""),
        )
        .await;

    assert_eq!((again.status.as_u16(), again.body.as_str()), (304, ""));
    let evil = service.get("/f/a/manual.pdf?image=evil.png").await;
    assert_eq!(
        evil.header(header::CONTENT_TYPE),
        "application/octet-stream"
    );
    assert!(
        evil.header(header::CONTENT_DISPOSITION)
            .starts_with("attachment")
    );
    let pdf = service.get("/f/a/manual.pdf?original=manual.pdf").await;
    assert_eq!(pdf.header(header::CONTENT_TYPE), "application/pdf");
    assert!(
        pdf.header(header::CONTENT_DISPOSITION)
            .starts_with("inline")
    );
}

#[tokio::test]
async fn unknown_files_are_not_found() {
    let service = service_with_files().await;
    for (path, status) in [
        ("/f/a/manual.pdf?image=none.png", 404),
        ("/f/a/manual.pdf?original=page-58-image-1.gif", 404),
        ("/f/a/other.pdf?image=evil.png", 404),
        ("/f/a/manual.pdf", 400),
        ("/f/a/manual.pdf?image=a&original=b", 400),
    ] {
        assert_eq!(service.get(path).await.status.as_u16(), status, "{path}");
    }
}
