//! Compares two versions of a guide in a library with other documents.

use std::sync::Arc;

use mcdewey_core::testing::{FakeEmbed, MemoryIndex, SampleDocument};
use mcdewey_core::{Index, Visibility};

use super::{ChangeKind, CompareRequest, Comparison, WordOp};
use crate::{Library, QueryError};

const OLD: &str = "gateway/v12.5/admin/b_gateway_admin_125.md";
const NEW: &str = "gateway/v15.0/admin/gateway-15-administration.md";

async fn library() -> Library {
    let embed = FakeEmbed::new(&["barge", "certificate"]);
    let index = MemoryIndex::new();
    let guide = |source: &str, version: &str| {
        SampleDocument::new(source)
            .vendor("Norvane")
            .product("gateway")
            .version(version)
            .guide("admin")
    };

    let old = guide(OLD, "v12.5")
        .title("Gateway Administration Guide, Release 12.5")
        .page(
            1,
            &[
                "This is release 12.5 of Gateway.",
                "A barge call takes up to 20 parties.",
            ],
        )
        .page(
            2,
            &[
                "| Code | Meaning |\n|---|---|\n| 20700 | Old limit |\n| 20701 | Refused |",
                "Gone for good now.",
            ],
        );

    let new = guide(NEW, "v15.0")
        .title("Gateway Administration Guide, Release 15.0")
        .page(
            1,
            &[
                "This is release 15.0 of Gateway.",
                "A barge call takes up to 25 parties.",
            ],
        )
        .page(
            3,
            &[
                "| Code | Meaning |\n|---|---|\n| 20700 | New limit |\n| 20701 | Refused |",
                "A certificate is new.",
            ],
        );

    let other = SampleDocument::new("gateway/v15.0/api/reference.md")
        .vendor("Norvane")
        .product("gateway")
        .version("v15.0")
        .guide("api")
        .title("Gateway API")
        .page(1, &["GET /calls"]);

    for document in [old, new, other] {
        index.commit(document.build(&embed)).await.unwrap();
    }

    Library::new(Arc::new(index), Arc::new(embed))
}

fn request(from: &str, to: &str) -> CompareRequest {
    CompareRequest {
        from: from.to_owned(),
        to: to.to_owned(),
        ..CompareRequest::default()
    }
}

async fn compare(request: &CompareRequest) -> Result<Comparison, QueryError> {
    compare_as(request, &Visibility::Everything).await
}

async fn compare_as(
    request: &CompareRequest,
    visibility: &Visibility,
) -> Result<Comparison, QueryError> {
    let library = library().await;
    let snapshot = library.at(visibility).await?;
    let mut comparison = snapshot.compare(request).await?;
    if let Some(relevance) = comparison.relevance_request() {
        comparison.keep_relevant(&snapshot.search(&relevance).await?);
    }

    Ok(comparison)
}

fn kinds(answer: &Comparison) -> Vec<(ChangeKind, Option<u32>, Option<u32>)> {
    let page = |text: &Option<super::ComparedText>| {
        text.as_ref().and_then(|text| text.page.physical_page())
    };
    answer
        .changes
        .iter()
        .map(|change| (change.kind, page(&change.from), page(&change.to)))
        .collect()
}

#[tokio::test]
async fn versions_of_a_guide_are_compared_regardless_of_file_names() {
    let answer = compare(&CompareRequest {
        product: vec!["gateway".to_owned()],
        ..request("12.5", "15.0")
    })
    .await
    .unwrap();

    let pair = &answer.pairs[0];
    assert_eq!(
        (pair.from.source.as_str(), pair.to.source.as_str()),
        (OLD, NEW)
    );
    assert_eq!(
        (pair.unchanged, pair.changed, pair.added, pair.removed),
        (2, 2, 1, 1),
        "{answer:#?}"
    );
    assert_eq!(
        answer.only_to[0].source.as_str(),
        "gateway/v15.0/api/reference.md"
    );

    let expected = [
        (ChangeKind::Changed, Some(1), Some(1)),
        (ChangeKind::Changed, Some(2), Some(3)),
        (ChangeKind::Removed, Some(2), None),
        (ChangeKind::Added, None, Some(3)),
    ];

    assert_eq!(kinds(&answer), expected);
    let words: Vec<(WordOp, &str)> = answer.changes[0]
        .words
        .iter()
        .map(|run| (run.op, run.text.as_str()))
        .collect();

    let expected = [
        (WordOp::Same, "A barge call takes up to"),
        (WordOp::Removed, "20"),
        (WordOp::Added, "25"),
        (WordOp::Same, "parties."),
    ];

    assert_eq!(words, expected);
    let cells = &answer.changes[1].cells;
    assert_eq!(
        (cells[1].column.as_deref(), cells[1].words[0].text.as_str()),
        (Some("Meaning"), "Old")
    );
}

#[tokio::test]
async fn documents_are_selected_by_source_or_version() {
    for (from, to) in [(OLD, NEW), (OLD, "15.0"), ("12.5", NEW)] {
        let answer = compare(&request(from, to)).await.unwrap();
        assert_eq!(
            (answer.pairs.len(), answer.pairs[0].to.source.as_str()),
            (1, NEW),
            "{from} {to}"
        );
        assert_eq!(answer.pairs[0].from.source.as_str(), OLD);
    }

    let same = compare(&request(NEW, NEW)).await.unwrap();
    assert_eq!((same.changes.len(), same.pairs[0].unchanged), (0, 5));
}

#[tokio::test]
async fn a_question_keeps_only_relevant_changes() {
    let answer = compare(&CompareRequest {
        q: "barge".to_owned(),
        ..request(OLD, NEW)
    })
    .await
    .unwrap();

    let first = answer.changes[0].to.as_ref().unwrap();
    assert!(first.text.contains("barge"), "{answer:#?}");
    assert_eq!(answer.pairs[0].changed, 2, "the counts include all changes");
}

#[tokio::test]
async fn changes_are_paged() {
    let mut paged = CompareRequest {
        limit: Some(3),
        ..request(OLD, NEW)
    };
    let first = compare(&paged).await.unwrap();
    assert_eq!((first.page().len(), first.changes.len()), (3, 4));
    paged.cursor = first.cursor_after(3);
    let second = compare(&paged).await.unwrap();
    assert_eq!(second.page(), &first.changes[3..]);
    assert_eq!(second.cursor_after(1), None);
    assert_eq!(first.cursor_after(4), None);

    paged.cursor = first.cursor_after(1);
    let further = compare(&paged).await.unwrap();
    assert_eq!(further.page(), &first.changes[1..]);

    let other = CompareRequest {
        cursor: paged.cursor,
        ..request(NEW, OLD)
    };

    assert!(matches!(
        compare(&other).await,
        Err(QueryError::CursorExpired)
    ));
}

#[tokio::test]
async fn invalid_requests_are_rejected() {
    for (from, to) in [("", "15.0"), ("12.5", " ")] {
        assert!(
            compare(&request(from, to))
                .await
                .unwrap_err()
                .to_string()
                .contains("is missing")
        );
    }

    assert!(matches!(
        compare(&request("99", "15.0")).await,
        Err(QueryError::UnknownVersion { .. })
    ));
    let alone = compare(&request("gateway/v15.0/api/reference.md", "12.5")).await;
    assert!(matches!(alone, Err(QueryError::NotFound(_))), "{alone:?}");

    let none = compare(&CompareRequest {
        limit: Some(0),
        ..request(OLD, NEW)
    })
    .await;

    assert!(none.unwrap_err().to_string().contains("1 to 200"));
}

#[tokio::test]
async fn invisible_documents_are_not_compared() {
    let hidden = Visibility::Only {
        vendors: Vec::new(),
        products: vec!["other".to_owned()],
    };

    for (from, to) in [(OLD, NEW), ("12.5", "15.0")] {
        let answer = compare_as(&request(from, to), &hidden).await;
        assert!(matches!(answer, Err(QueryError::NotFound(_))), "{answer:?}");
    }
}
