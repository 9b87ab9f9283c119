//! What lies outside a scope is answered like what does not exist.

use std::sync::Arc;

use super::{commit, dense, ids, keyword, question, source};
use crate::testing::SampleDocument;
use crate::{
    DocumentRevision, Filter, Index, PageNumber, Scope, VersionFilter, VersionTerm, Visibility,
};

const ALL: &str = "the index answers";

/// Checks with every read whether a document's passages are seen.
async fn check_seen(
    index: &Arc<dyn Index>,
    document: &DocumentRevision,
    scope: &Scope,
    seen: bool,
) {
    let name = &document.meta.source;
    let chunk = &document.chunks[0].chunk;
    let prefix = chunk.chunk_id.document_prefix();
    let query = question(&chunk.text, 50);

    let mine = |candidates: Vec<crate::Candidate>| {
        candidates
            .iter()
            .filter(|candidate| candidate.chunk_id.document_prefix() == prefix)
            .count()
    };

    assert_eq!(
        mine(dense(index, &query, scope).await) > 0,
        seen,
        "dense, {name}"
    );
    assert_eq!(
        mine(keyword(index, &query, scope).await) > 0,
        seen,
        "keyword, {name}"
    );

    let by_id = index
        .chunks(std::slice::from_ref(&chunk.chunk_id), scope)
        .await
        .expect(ALL);
    assert_eq!(!by_id.is_empty(), seen, "chunks, {name}");
    assert_eq!(
        !index
            .passages(name, 0..9, scope)
            .await
            .expect(ALL)
            .is_empty(),
        seen,
        "passages, {name}"
    );

    let on_page = index
        .chunks_on(name, chunk.page.number, scope)
        .await
        .expect(ALL);
    assert_eq!(!on_page.is_empty(), seen, "chunks_on, {name}");
    assert_eq!(
        !index
            .by_handle(&chunk.handle(), scope)
            .await
            .expect(ALL)
            .is_empty(),
        seen,
        "by_handle, {name}"
    );

    let page = index.page(name, PageNumber(1), scope).await.expect(ALL);
    assert_eq!(page.is_some(), seen, "page, {name}");
    assert_eq!(
        index.document(name, scope).await.expect(ALL).is_some(),
        seen,
        "document, {name}"
    );

    let listed = index.documents(scope).await.expect(ALL);
    assert_eq!(
        listed.iter().any(|summary| summary.meta.source == *name),
        seen,
        "documents, {name}"
    );
}

async fn library(index: &Arc<dyn Index>) -> Vec<DocumentRevision> {
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
    for (place, sample) in samples.into_iter().enumerate() {
        let text = format!("canine word{place}");
        committed.push(commit(index, &sample.page(1, &[&text, "feline"])).await);
    }

    committed
}

async fn check(
    index: &Arc<dyn Index>,
    documents: &[DocumentRevision],
    scope: &Scope,
    expected: &[&str],
) {
    for document in documents {
        let seen = expected.contains(&document.meta.source.as_str());
        check_seen(index, document, scope, seen).await;
    }
}

/// Vendor, product, guide and source limit every read; several values are alternatives, several facets all hold.
pub async fn filters_hold_for_every_read(index: Arc<dyn Index>) {
    let documents = library(&index).await;
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

/// What the caller may not see is not there, whatever the filter says.
pub async fn visibility_holds_for_every_read(index: Arc<dyn Index>) {
    let documents = library(&index).await;
    let only = |vendors: &[&str], products: &[&str]| Visibility::Only {
        vendors: vendors.iter().map(|name| (*name).to_owned()).collect(),
        products: products.iter().map(|name| (*name).to_owned()).collect(),
    };

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

/// A version filter shows documents of these releases and of no other.
pub async fn version_filters_never_leak(index: Arc<dyn Index>) {
    let documents = library(&index).await;
    let term = |product: Option<&str>, release: &str| VersionTerm {
        product: product.map(str::to_owned),
        key: release.parse().expect("a release"),
    };

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

/// Better passages outside the scope do not crowd out those inside.
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
        let query = crate::CandidateQuery {
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
