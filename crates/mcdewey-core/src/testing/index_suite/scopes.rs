//! Scopes: content outside a scope is treated as if it did not exist.

use std::sync::Arc;

use super::{SUCCEEDS, commit, dense, ids, keyword, question, reader, source};
use crate::testing::SampleDocument;
use crate::{
    Candidate, CandidateQuery, DocumentRevision, Filter, Index, PageNumber, Scope, VersionFilter,
    VersionTerm, Visibility,
};

/// Checks for every read that a document is visible exactly if `visible`.
async fn check_visible(
    index: &Arc<dyn Index>,
    document: &DocumentRevision,
    scope: &Scope,
    visible: bool,
) {
    let name = &document.meta.source;
    let chunk = &document.chunks[0].chunk;
    let prefix = chunk.chunk_id.document_prefix();
    let query = question(&chunk.text, 50);
    let reader = reader(index).await;

    let has_document = |candidates: Vec<Candidate>| {
        candidates
            .iter()
            .any(|candidate| candidate.chunk_id.document_prefix() == prefix)
    };

    assert_eq!(
        has_document(dense(index, &query, scope).await),
        visible,
        "dense, {name}"
    );
    assert_eq!(
        has_document(keyword(index, &query, scope).await),
        visible,
        "keyword, {name}"
    );

    let by_id = reader
        .chunks(std::slice::from_ref(&chunk.chunk_id), scope)
        .await
        .expect(SUCCEEDS);
    assert_eq!(!by_id.is_empty(), visible, "chunks, {name}");
    assert_eq!(
        !reader
            .document_chunks(name, 0..9, scope)
            .await
            .expect(SUCCEEDS)
            .is_empty(),
        visible,
        "passages, {name}"
    );

    let on_page = reader
        .chunks_on_page(name, chunk.page.number, scope)
        .await
        .expect(SUCCEEDS);
    assert_eq!(!on_page.is_empty(), visible, "chunks_on_page, {name}");
    assert_eq!(
        !reader
            .chunks_by_handle(&chunk.handle(), scope)
            .await
            .expect(SUCCEEDS)
            .is_empty(),
        visible,
        "chunks_by_handle, {name}"
    );

    let page = reader
        .page(name, PageNumber(1), scope)
        .await
        .expect(SUCCEEDS);
    assert_eq!(page.is_some(), visible, "page, {name}");
    assert_eq!(
        reader
            .document(name, scope)
            .await
            .expect(SUCCEEDS)
            .is_some(),
        visible,
        "document, {name}"
    );

    let listed = reader.documents(scope).await.expect(SUCCEEDS);
    assert_eq!(
        listed.iter().any(|summary| summary.meta.source == *name),
        visible,
        "documents, {name}"
    );
}

/// Commits documents with various facets.
async fn commit_library(index: &Arc<dyn Index>) -> Vec<DocumentRevision> {
    let samples = [
        SampleDocument::new("finesse/12.5.md")
            .vendor("Cisco")
            .product("finesse")
            .version("v12.5")
            .guide("developer"),
        SampleDocument::new("finesse/15.md")
            .vendor("Cisco")
            .product("finesse")
            .version("15.0")
            .guide("admin"),
        SampleDocument::new("uccx.md")
            .vendor("Cisco")
            .product("uccx")
            .version("12.5")
            .version("12.5.1"),
        SampleDocument::new("kafka.md")
            .vendor("Apache")
            .product("kafka")
            .version("3.9")
            .guide("admin"),
        SampleDocument::new("notes.md").product("finesse"),
        SampleDocument::new("loose.md"),
    ];

    let mut committed = Vec::new();
    for (number, sample) in samples.into_iter().enumerate() {
        let text = format!("canine word{number}");
        committed.push(commit(index, &sample.page(1, &[&text, "feline"])).await);
    }

    committed
}

/// Checks that exactly the `expected` documents are visible in the scope.
async fn check(
    index: &Arc<dyn Index>,
    documents: &[DocumentRevision],
    scope: &Scope,
    expected: &[&str],
) {
    for document in documents {
        let visible = expected.contains(&document.meta.source.as_str());
        check_visible(index, document, scope, visible).await;
    }
}

/// Vendor, product, guide and source limit every read. Several values of one facet are
/// alternatives; conditions on several facets must all hold.
pub async fn every_read_applies_the_filter(index: Arc<dyn Index>) {
    let documents = commit_library(&index).await;
    let cases: [(Filter, &[&str]); 6] = [
        (
            Filter {
                vendor: vec!["Apache".into()],
                ..Filter::default()
            },
            &["kafka.md"],
        ),
        (
            Filter {
                product: vec!["uccx".into(), "kafka".into()],
                ..Filter::default()
            },
            &["uccx.md", "kafka.md"],
        ),
        (
            Filter {
                guide: vec!["admin".into()],
                ..Filter::default()
            },
            &["finesse/15.md", "kafka.md"],
        ),
        (
            Filter {
                source: vec![source("loose.md")],
                ..Filter::default()
            },
            &["loose.md"],
        ),
        (
            Filter {
                vendor: vec!["Cisco".into()],
                guide: vec!["admin".into()],
                ..Filter::default()
            },
            &["finesse/15.md"],
        ),
        (
            Filter {
                vendor: vec!["cisco".into()],
                ..Filter::default()
            },
            &[],
        ),
    ];

    for (filter, expected) in cases {
        check(
            &index,
            &documents,
            &Scope {
                filter,
                visibility: Visibility::Everything,
            },
            expected,
        )
        .await;
    }
}

fn only(vendors: &[&str], products: &[&str]) -> Visibility {
    Visibility::Only {
        vendors: vendors.iter().map(|name| (*name).to_owned()).collect(),
        products: products.iter().map(|name| (*name).to_owned()).collect(),
    }
}

/// Documents that the caller may not see are invisible, whatever the filter asks for.
pub async fn every_read_applies_the_visibility(index: Arc<dyn Index>) {
    let documents = commit_library(&index).await;
    let cases: [(Visibility, &[&str]); 3] = [
        (only(&["Apache"], &["uccx"]), &["kafka.md", "uccx.md"]),
        (
            only(&[], &["finesse"]),
            &["finesse/12.5.md", "finesse/15.md", "notes.md"],
        ),
        (only(&[], &[]), &[]),
    ];

    for (visibility, expected) in cases {
        check(
            &index,
            &documents,
            &Scope {
                filter: Filter::default(),
                visibility,
            },
            expected,
        )
        .await;
    }

    let filter = Filter {
        product: vec!["finesse".into(), "uccx".into()],
        ..Filter::default()
    };

    let scope = Scope {
        filter,
        visibility: only(&["Apache"], &["uccx"]),
    };
    check(&index, &documents, &scope, &["uccx.md"]).await;
}

fn term(product: Option<&str>, version: &str) -> VersionTerm {
    VersionTerm {
        product: product.map(str::to_owned),
        key: version.parse().expect("a valid version"),
    }
}

/// A version filter shows only documents of the given versions.
pub async fn version_filters_exclude_other_versions(index: Arc<dyn Index>) {
    let documents = commit_library(&index).await;
    let cases: [(VersionFilter, &[&str]); 7] = [
        (
            VersionFilter::OneOf(vec![term(None, "12.5")]),
            &["finesse/12.5.md", "uccx.md"],
        ),
        (
            VersionFilter::OneOf(vec![term(Some("finesse"), "12.5")]),
            &["finesse/12.5.md"],
        ),
        (
            VersionFilter::OneOf(vec![term(Some("uccx"), "12.5.1"), term(None, "3.9")]),
            &["uccx.md", "kafka.md"],
        ),
        (
            VersionFilter::OneOf(vec![term(None, "15")]),
            &["finesse/15.md"],
        ),
        (
            VersionFilter::OneOf(vec![term(Some("kafka"), "15"), term(None, "9.9")]),
            &[],
        ),
        (VersionFilter::OneOf(Vec::new()), &[]),
        (VersionFilter::Unversioned, &["notes.md", "loose.md"]),
    ];

    for (version, expected) in cases {
        let filter = Filter {
            version,
            ..Filter::default()
        };

        check(
            &index,
            &documents,
            &Scope {
                filter,
                visibility: Visibility::Everything,
            },
            expected,
        )
        .await;
    }
}

/// Chunks outside the scope do not displace those inside, even with better scores.
pub async fn filters_do_not_shorten_the_lists(index: Arc<dyn Index>) {
    commit(
        &index,
        &SampleDocument::new("crowd.md")
            .product("crowd")
            .page(1, &["canine"; 60]),
    )
    .await;

    let few = SampleDocument::new("few.md")
        .product("few")
        .page(1, &["canine feline alpha beta gamma"; 4]);
    commit(&index, &few).await;
    let filter = Filter {
        product: vec!["few".into()],
        ..Filter::default()
    };

    let scope = Scope {
        filter,
        visibility: Visibility::Everything,
    };

    for exact in [false, true] {
        let query = CandidateQuery {
            exact,
            ..question("canine", 4)
        };

        assert_eq!(
            ids(&dense(&index, &query, &scope).await),
            ["few::0", "few::1", "few::2", "few::3"]
        );
        assert_eq!(
            ids(&keyword(&index, &query, &scope).await),
            ["few::0", "few::1", "few::2", "few::3"]
        );
    }
}
