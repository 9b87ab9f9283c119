//! A passage in a response.

use std::collections::BTreeMap;

use mcdewey_core::Chunk;
use mcdewey_search::{Occurrence, opening};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{links, page_label};

/// One passage found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hit {
    /// The passage's chunk id.
    pub chunk_id: String,
    /// A short form of the chunk id (8 hexadecimal digits), accepted wherever a chunk id is.
    pub handle: String,
    /// The source of the document.
    pub source: String,
    /// The physical page; `null` in a document without pages.
    pub page: Option<u32>,
    /// The printed page number, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_label: Option<String>,
    /// The section's slug, in a document without pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// The vendor's name.
    pub vendor: Option<String>,
    /// The product's id.
    pub product: Option<String>,
    /// The version or versions, as the document writes them; `null` if it has none.
    pub version: Option<String>,
    /// The guide's name.
    pub guide: Option<String>,
    /// The breadcrumb: the document's title, then the headings above the passage.
    pub headings: Vec<String>,
    /// The most relevant part of the text, on one line.
    pub snippet: String,
    /// The passage, verbatim.
    pub text: String,
    /// The document's title.
    pub doc_title: String,
    /// The score that determined the order; comparable within one response.
    pub score: f64,
    /// The URL of the passage on this server's web pages.
    pub url: String,
    /// The URL of its page on this server's web pages.
    pub page_url: String,
    /// The URL of the vendor's own page, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_url: Option<String>,
    /// When the document was last changed, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<String>,
    /// A hash of the text; shows later whether the cited text has changed.
    pub text_hash: String,
    /// Other locations of the same or nearly the same passage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_in: Vec<AlsoIn>,
    /// With `group=page`: the next passages of the same page, best first, three at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further: Vec<Hit>,
    /// How the passage was found; only with `explain`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explain: Option<Explanation>,
}

impl Hit {
    /// Writes out a hit of a search.
    pub fn new(hit: mcdewey_search::Hit, public_url: &str) -> Self {
        let rerank = hit.rerank_score;
        Self {
            score: hit.score,
            also_in: also_in(hit.also_in),
            further: hit
                .further
                .into_iter()
                .map(|hit| Self::new(hit, public_url))
                .collect(),
            explain: hit
                .explanation
                .map(|explanation| Explanation::new(explanation, rerank)),
            ..Self::with_snippet(hit.chunk, hit.snippet, public_url)
        }
    }

    /// Writes out a chunk that no search found: its score is 0 and its snippet is the beginning of
    /// the text.
    pub fn from_chunk(chunk: Chunk, public_url: &str) -> Self {
        let snippet = opening(&chunk.text);
        Self::with_snippet(chunk, snippet, public_url)
    }

    fn with_snippet(chunk: Chunk, snippet: String, public_url: &str) -> Self {
        let meta = &chunk.document;
        let facets = &meta.facets;
        let page_path = links::page_path(&meta.source, &chunk.page);

        Self {
            handle: chunk.handle(),
            url: format!("{public_url}{}", links::chunk_path(chunk.chunk_id.as_str())),
            page_url: format!("{public_url}{page_path}"),
            source: meta.source.to_string(),
            page: chunk.page.physical_page(),
            section: chunk.page.section_slug().map(str::to_owned),
            vendor: facets.vendor.clone(),
            product: facets.product.clone(),
            version: facets.version_label(),
            guide: facets.guide.clone(),
            snippet,
            doc_title: meta.title.clone(),
            source_url: meta.source_url.clone(),
            updated: meta.updated.clone(),
            text_hash: chunk.text_hash.to_string(),
            chunk_id: chunk.chunk_id.into(),
            page_label: chunk.page.label,
            headings: chunk.headings,
            text: chunk.text,
            score: 0.0,
            also_in: Vec::new(),
            further: Vec::new(),
            explain: None,
        }
    }

    /// Returns "Page 118 (printed 102)", or the section's heading.
    pub fn page_title(&self) -> String {
        page_label::page_text(self.page, self.page_label.as_deref()).unwrap_or_else(|| {
            page_label::section_title(&self.headings, &self.doc_title).to_owned()
        })
    }
}

/// Another location of a passage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlsoIn {
    /// The chunk id of the passage there.
    pub chunk_id: String,
    /// The source of the document.
    pub source: String,
    /// The page there; `null` in a document without pages.
    pub page: Option<u32>,
    /// The document's product.
    pub product: Option<String>,
    /// The document's version.
    pub version: Option<String>,
    /// The document's title.
    pub doc_title: String,
    /// Whether the text differs there in a few words.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub differs: bool,
}

impl From<Occurrence> for AlsoIn {
    fn from(Occurrence { candidate, differs }: Occurrence) -> Self {
        let meta = &candidate.document;
        Self {
            chunk_id: candidate.chunk_id.to_string(),
            source: meta.source.to_string(),
            page: meta.paged.then_some(candidate.page.0),
            product: meta.facets.product.clone(),
            version: meta.facets.version_label(),
            doc_title: meta.title.clone(),
            differs,
        }
    }
}

/// Writes out the other locations of a passage.
pub(super) fn also_in(occurrences: Vec<Occurrence>) -> Vec<AlsoIn> {
    occurrences.into_iter().map(AlsoIn::from).collect()
}

/// How a passage was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// Its 1-based rank in the dense (semantic) list.
    pub dense_rank: Option<usize>,
    /// Its cosine similarity.
    pub dense_score: Option<f32>,
    /// Its 1-based rank in the keyword list.
    pub keyword_rank: Option<usize>,
    /// Its BM25 score.
    pub keyword_score: Option<f32>,
    /// The contribution of each part to the score.
    pub parts: BTreeMap<String, f64>,
    /// The reranker's score, present if the reranker read the passage. What it adds to `score` is
    /// the part `reranker`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerank: Option<f32>,
}

impl Explanation {
    fn new(found: mcdewey_search::Explanation, rerank: Option<f32>) -> Self {
        Self {
            dense_rank: found.dense_rank,
            dense_score: found.dense_score,
            keyword_rank: found.keyword_rank,
            keyword_score: found.keyword_score,
            parts: found
                .parts
                .into_iter()
                .map(|(name, part)| (name.to_owned(), part))
                .collect(),
            rerank,
        }
    }
}
