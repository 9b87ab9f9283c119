//! Hand-made candidates and a sample library for the tests of this module.

use std::sync::Arc;

use mcdewey_core::{
    Alias, Candidate, Chunk, ChunkId, ContentHash, DocumentMeta, DocumentSummary, Facets,
    LibraryDescription, PageNumber, PageRef, Product, Simhash, VersionScheme,
};

use crate::library::view::LibraryView;

/// A candidate of product "p" with a text of its own.
pub(crate) fn candidate(id: &str, score: f32) -> Candidate {
    candidate_of(id, score, "p", None)
}

/// A candidate of a product and version, without vendor and guide.
pub(crate) fn candidate_of(
    id: &str,
    score: f32,
    product: &str,
    version: Option<&str>,
) -> Candidate {
    let chunk_id: ChunkId = id.parse().unwrap();
    let source = format!("{}.md", chunk_id.document_prefix().replace("::", "/"));
    Candidate {
        document: Arc::new(document_meta(&source, product, version)),
        page: PageNumber(1),
        ordinal: chunk_id.ordinal(),
        passage_hash: ContentHash::of(id),
        simhash: Simhash::new(None, id),
        chunk_id,
        score,
    }
}

/// A chunk of product "p" with this text and no headings.
pub(crate) fn chunk(id: &str, text: &str) -> Chunk {
    let Candidate {
        chunk_id,
        document,
        page,
        ordinal,
        ..
    } = candidate(id, 0.0);

    let (text_hash, passage_hash) = Chunk::text_hashes(text);
    Chunk {
        chunk_id,
        document,
        ordinal,
        page: PageRef {
            number: page,
            label: None,
            section: None,
        },
        headings: Vec::new(),
        context: String::new(),
        text: text.to_owned(),
        spans: Vec::new(),
        text_hash,
        passage_hash,
    }
}

/// Replaces the candidate's text.
pub(crate) fn with_text(candidate: Candidate, text: &str) -> Candidate {
    Candidate {
        passage_hash: ContentHash::of(text),
        ..candidate
    }
}

/// A document of a product and version.
pub(crate) fn document_meta(source: &str, product: &str, version: Option<&str>) -> DocumentMeta {
    let versions = version.map_or_else(Vec::new, |text| {
        VersionScheme::default().versions(text).unwrap()
    });

    let facets = Facets {
        product: Some(product.to_owned()),
        versions,
        ..Facets::default()
    };

    let title = source.to_owned();
    DocumentMeta {
        source: source.parse().unwrap(),
        title,
        facets,
        source_url: None,
        updated: None,
        paged: true,
    }
}

/// A library of Finesse 12.5 and 15.0, UCCX 12.5(1) and CUCM without a version, with the alias CCX.
pub(crate) fn sample_view() -> LibraryView {
    let product = |id: &str, title: &str| Product {
        id: id.to_owned(),
        vendor: Some("Cisco".to_owned()),
        title: Some(title.to_owned()),
        compact: vec![r"^(\d\d)(\d)(\d)?$".to_owned()],
    };

    let names = ["CCX", "UCCX", "Unified CCX"].map(str::to_owned).to_vec();
    let description = LibraryDescription {
        products: vec![
            product("finesse", "Cisco Finesse"),
            product("uccx", "Unified Express"),
            product("cucm", "CUCM"),
        ],
        aliases: vec![Alias {
            names,
            products: vec!["uccx".to_owned(), "finesse".to_owned()],
        }],
    };

    let documents = [
        ("finesse/v12.5/g.md", "finesse", Some("v12.5")),
        ("finesse/v15.0/g.md", "finesse", Some("v15.0")),
        ("uccx/a.md", "uccx", Some("12.5(1)")),
        ("cucm/n.md", "cucm", None),
    ];

    let summary = |(source, product, version)| DocumentSummary {
        meta: Arc::new(document_meta(source, product, version)),
        pages: 1,
        chunks: 1,
        committed_at: 0,
    };

    LibraryView::new(documents.map(summary).to_vec(), description).unwrap()
}

/// A library of one document for each product and version, without a description.
pub(crate) fn view_of(documents: &[(&str, &str)]) -> LibraryView {
    let summaries = documents
        .iter()
        .enumerate()
        .map(|(number, (product, version))| {
            let source = format!("{product}/{number}.md");
            DocumentSummary {
                meta: Arc::new(document_meta(&source, product, Some(version))),
                pages: 1,
                chunks: 1,
                committed_at: 0,
            }
        });

    LibraryView::new(summaries.collect(), LibraryDescription::default()).unwrap()
}
