//! The comparison page over the whole service.

use mcdewey_core::testing::{FakeEmbed, SampleDocument};

use crate::testing::{SampleService, service_with};

async fn service() -> SampleService {
    let embed = FakeEmbed::new(&["barge"]);
    let guide = |source: &str, version: &str, limit: &str, more: &str| {
        let mut revision = SampleDocument::new(source)
            .product("gateway")
            .version(version)
            .guide("admin")
            .title(&format!("Gateway Administration Guide {version}"))
            .page(
                1,
                &[&format!("A **barge** `call` takes {limit} parties."), more],
            )
            .build(&embed);

        revision
            .chunks
            .iter_mut()
            .for_each(|embedded| embedded.chunk.page.label = Some("iii".to_owned()));

        revision
    };

    let documents = [
        guide(
            "gateway/v12.5/admin/a.md",
            "v12.5",
            "20",
            "| Code | Means |\n|---|---|\n| 7 | old |",
        ),
        guide(
            "gateway/v15.0/admin/b.md",
            "v15.0",
            "25",
            "| Code | Means |\n|---|---|\n| 7 | new |",
        ),
        guide(
            "gateway/v16.0/admin/c.md",
            "v16.0",
            "25",
            "<script>alert(1)</script> is new.",
        ),
    ];

    service_with(&documents, |state| state).await
}

#[tokio::test]
async fn the_choice_lists_consecutive_versions() {
    let body = service().await.get("/compare").await.body;
    assert!(
        body.contains(
            "href=\"/compare?from=v15.0&#38;to=v16.0&#38;product=gateway\">v15.0 → v16.0</a>"
        ),
        "{body}"
    );
    assert!(body.contains("v12.5 → v15.0") && !body.contains("v12.5 → v16.0"));
    let library = service().await.get("/library").await.body;

    assert!(library.contains("Changes from v15.0 to v16.0"), "{library}");
}

#[tokio::test]
async fn changes_are_marked_by_word_and_by_cell() {
    let body = service()
        .await
        .get("/compare?from=12.5&to=15.0&product=gateway")
        .await
        .body;

    assert!(
        body.contains(
            "<span>A barge call takes</span> <del>20</del> <ins>25</ins> <span>parties.</span>"
        ),
        "{body}"
    );
    assert!(
        body.contains("<dt>Means</dt><dd><del>old</del> <ins>new</ins>"),
        "{body}"
    );
    assert!(body.contains("href=\"/d/gateway/v12.5/admin/a.md\">v12.5</a>"));
    for version in ["Old", "New"] {
        let link = format!(">{version}: Page 1 (printed iii)</a>");
        assert!(body.contains(&link), "{link} is not in {body}");
    }

    assert!(
        body.contains("<option value=\"v12.5\" selected>")
            && body.contains("<option value=\"v15.0\" selected>")
    );
    assert!(
        body.contains("href=\"/compare?from=15.0&#38;to=12.5&#38;product=gateway\">Swap versions"),
        "{body}"
    );

    let about = service()
        .await
        .get("/compare?from=12.5&to=15.0&product=gateway&q=barge&limit=1")
        .await
        .body;

    assert!(
        about.contains("rel=\"next\"")
            && about.contains("<ins>25</ins>")
            && !about.contains("<ins>new</ins>"),
        "{about}"
    );
}

#[tokio::test]
async fn code_is_compared_verbatim() {
    let embed = FakeEmbed::new(&["barge"]);
    let guide = |version: &str, name: &str| {
        let code = format!("~~~sh\n# who\n{name}=`id -un` **\n~~~");
        let sample = SampleDocument::new(&format!("gateway/{version}/admin/a.md"))
            .product("gateway")
            .version(version);

        sample
            .guide("admin")
            .title("Gateway Guide")
            .page(1, &["Make a barge call so.", &code])
            .build(&embed)
    };

    let service = service_with(&[guide("v1.0", "old"), guide("v2.0", "new")], |state| state).await;

    let body = service
        .get("/compare?from=1.0&to=2.0&product=gateway")
        .await
        .body;

    for kept in ["# who", "`id", "-un` **"] {
        assert!(body.contains(kept), "{kept}: {body}");
    }
}

#[tokio::test]
async fn text_of_documents_is_escaped() {
    let body = service().await.get("/compare?from=15.0&to=16.0").await.body;
    assert!(
        body.contains("&#60;script&#62;alert(1)") && !body.contains("<script>alert"),
        "{body}"
    );
}

#[tokio::test]
async fn an_impossible_comparison_is_an_error_page() {
    let service = service().await;
    for (path, status, expected) in [
        ("/compare?from=12.5", 400, "pass a version"),
        ("/compare?from=1&to=2", 400, "ersion"),
        ("/compare?from=gateway/none.md&to=12.5", 404, "ocument"),
    ] {
        let answer = service.get(path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert!(
            answer.body.contains(expected) && answer.body.contains("<main"),
            "{path}: {}",
            answer.body
        );
    }
}
