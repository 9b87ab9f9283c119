//! The answers all faces give: REST sends them as they are, MCP as structured content, the web page and the terminal
//! render them. Fields that do not apply are left out of the JSON.

use std::collections::BTreeMap;

use mcdewey_core::{Generation, Revision};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Signals, place};

/// The answer to a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SearchAnswer {
    /// The passages found, best first.
    pub hits: Vec<Hit>,
    /// With a version filter: the best passages of documents that name no release; never mixed with the hits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unversioned: Vec<Hit>,
    /// For vendor, product, version and guide: the values among the passages found, most frequent first.
    pub facets: BTreeMap<String, Vec<FacetCount>>,
    /// Present when there are more hits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Present when a part of the search failed: which one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degraded: Option<String>,
    /// How likely it is that the hits hold an answer, 0 to 1; calibrated on labelled questions. Only in mode
    /// `hybrid`, with both lists, and with the first page of hits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// With `explain`: what the confidence was made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signals: Option<Signals>,
    /// Present when the library probably holds no answer: the hits are then only what comes nearest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_answer: Option<NoAnswer>,
    /// Present where a reranker is asked, with the first page of hits: whether the order of the first ones is its own.
    /// When it is not, the notices say why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reranked: Option<bool>,
    /// What the asker should know: the question was cut, an alias was used, …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// Which index answered.
    #[schemars(with = "String")]
    pub generation: Generation,
    /// Which revision of it.
    #[schemars(with = "u64")]
    pub revision: Revision,
    /// Where the time went, in milliseconds: `queue` (the wait for a place, in a server), `embed` (the model, its own
    /// queue included), `store`, `fusion`, `write`, `rerank` where one is asked, `total`.
    pub timings_ms: BTreeMap<String, f64>,
}

/// One passage found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hit {
    /// The passage's name.
    pub chunk_id: String,
    /// A short name (8 hexadecimal digits) that stands for the chunk id everywhere.
    pub handle: String,
    /// The document.
    pub source: String,
    /// The physical page; `null` in a document without pages.
    pub page: Option<u32>,
    /// The number printed on the page, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_label: Option<String>,
    /// The section's slug, in a document without pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Facets.
    pub vendor: Option<String>,
    /// The product's id.
    pub product: Option<String>,
    /// The release or releases, as the document writes them; `null` when it names none.
    pub version: Option<String>,
    /// The guide.
    pub guide: Option<String>,
    /// The breadcrumb: document title, then headings.
    pub headings: Vec<String>,
    /// The part of the text that answers best, on one line.
    pub snippet: String,
    /// The passage, verbatim.
    pub text: String,
    /// The document's title.
    pub doc_title: String,
    /// What the search ordered the hits by; comparable within one answer. Where the answer is reranked, the first hits
    /// stand in the reranker's order instead.
    pub score: f64,
    /// The passage on this server's web pages.
    pub url: String,
    /// The page on this server's web pages.
    pub page_url: String,
    /// The vendor's own page, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_url: Option<String>,
    /// When the document was last changed, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<String>,
    /// Hash of the text: tells later whether the citation still points at the same words.
    pub text_hash: String,
    /// Where the same passage stands as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_in: Vec<AlsoIn>,
    /// How it was found; on request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explain: Option<Explanation>,
}

impl Hit {
    /// "Page 118 (printed 102)", or the section's heading.
    pub fn page_title(&self) -> String {
        let heading = || {
            self.headings
                .last()
                .cloned()
                .unwrap_or_else(|| self.doc_title.clone())
        };
        place::page_words(self.page, self.page_label.as_deref()).unwrap_or_else(heading)
    }
}

/// Another place of the same passage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlsoIn {
    /// The passage there.
    pub chunk_id: String,
    /// The document.
    pub source: String,
    /// The page there; `null` in a document without pages.
    pub page: Option<u32>,
    /// Its product.
    pub product: Option<String>,
    /// Its release.
    pub version: Option<String>,
    /// Its title.
    pub doc_title: String,
    /// Whether a few words differ there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub differs: bool,
}

/// Why the hits are not taken for an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoAnswer {
    /// One sentence for people: "no Cisco Finesse 16.0 in this library: v12.5, v15.0".
    pub message: String,
    /// What the question names and the library does not have: releases, names, codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// How a passage was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// Its 1-based place in the list by meaning.
    pub dense_rank: Option<usize>,
    /// Its cosine similarity there.
    pub dense_score: Option<f32>,
    /// Its 1-based place in the list by words.
    pub keyword_rank: Option<usize>,
    /// Its BM25 score there.
    pub keyword_score: Option<f32>,
    /// What each part added to the score.
    pub parts: BTreeMap<String, f64>,
    /// The reranker's score, which is no part of the other one; where its order stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerank: Option<f32>,
}

/// How many of the passages found have one value of a facet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FacetCount {
    /// The value.
    pub value: String,
    /// How many passages.
    pub count: usize,
}

/// One passage with its neighbours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChunkAnswer {
    /// The passage; its `score` is 0 and its `snippet` its beginning.
    pub chunk: Hit,
    /// Its neighbours before it, in order.
    pub before: Vec<Hit>,
    /// Its neighbours behind it, in order.
    pub after: Vec<Hit>,
    /// Which index answered.
    #[schemars(with = "String")]
    pub generation: Generation,
    /// Which revision of it.
    #[schemars(with = "u64")]
    pub revision: Revision,
}

/// A document: metadata, outline, pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DocumentAnswer {
    /// The document.
    pub source: String,
    /// Its title.
    pub doc_title: String,
    /// Facets.
    pub vendor: Option<String>,
    /// The product's id.
    pub product: Option<String>,
    /// The release or releases.
    pub version: Option<String>,
    /// The guide.
    pub guide: Option<String>,
    /// The language, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// The vendor's own page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_url: Option<String>,
    /// When it was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<String>,
    /// Whether it has physical pages.
    pub paged: bool,
    /// Its headings.
    pub outline: Vec<OutlineItem>,
    /// Its pages or sections, in order.
    pub pages: Vec<PageItem>,
    /// How many passages it has.
    pub chunks: u32,
    /// The file it was made from, where that is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<FileItem>,
    /// The document on this server's web pages.
    pub url: String,
    /// Which index answered.
    #[schemars(with = "String")]
    pub generation: Generation,
    /// Which revision of it.
    #[schemars(with = "u64")]
    pub revision: Revision,
}

/// A heading of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutlineItem {
    /// 1 for a chapter, 2 below it, …
    pub level: u8,
    /// The heading.
    pub title: String,
    /// The physical page it stands on; `null` in a document without pages.
    pub page: Option<u32>,
    /// The section it heads, in a document without pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
}

/// A page or section of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PageItem {
    /// The physical page; `null` in a document without pages.
    pub page: Option<u32>,
    /// The number printed on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_label: Option<String>,
    /// The section's slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// "Page 118", or the section's heading.
    pub title: String,
    /// The page on this server's web pages.
    pub url: String,
}

/// One whole page (or section) of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PageAnswer {
    /// The document.
    pub document: DocumentAnswer,
    /// Which page.
    pub page: PageItem,
    /// Its Markdown, as the document has it.
    pub text: String,
    /// Its passages, in order.
    pub chunks: Vec<PassageOnPage>,
    /// The images it shows, in order, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<ImageItem>,
    /// The same page of the original, where that is kept and has pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_url: Option<String>,
    /// The page before, if any.
    pub previous: Option<PageItem>,
    /// The page behind, if any.
    pub next: Option<PageItem>,
}

/// A file that is kept with a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileItem {
    /// Its name.
    pub name: String,
    /// What it is ("application/pdf").
    pub media_type: String,
    /// How long it is.
    pub bytes: u64,
    /// Where to get it.
    pub url: String,
}

/// An image that a page shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImageItem {
    /// "Image 1 from page 58".
    pub title: String,
    /// What stands for it in words, where the document says so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub alt: String,
    /// The image. Its name is the target of the links that show it in the page's Markdown.
    #[serde(flatten)]
    pub file: FileItem,
}

/// Where a passage stands on its page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PassageOnPage {
    /// The passage.
    pub chunk_id: String,
    /// First byte in the page's text.
    pub start: u32,
    /// First byte behind it.
    pub end: u32,
}

/// What the library holds: vendors → products → versions → guides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LibraryAnswer {
    /// The vendors, by name; documents without one come last under `null`.
    pub vendors: Vec<VendorEntry>,
    /// Documents in all.
    pub documents: u64,
    /// Pages and sections in all.
    pub pages: u64,
    /// Passages in all.
    pub chunks: u64,
    /// Which index answered.
    #[schemars(with = "String")]
    pub generation: Generation,
    /// Which revision of it.
    #[schemars(with = "u64")]
    pub revision: Revision,
}

/// A vendor and its products.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VendorEntry {
    /// Its name.
    pub vendor: Option<String>,
    /// Its products, by id.
    pub products: Vec<ProductEntry>,
}

/// A product and its versions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProductEntry {
    /// Its id, as filters take it.
    pub product: Option<String>,
    /// What people call it.
    pub title: Option<String>,
    /// Other names that filters and questions may use.
    pub aliases: Vec<String>,
    /// Its releases, newest first; documents without one come last under `null`.
    pub versions: Vec<VersionEntry>,
}

/// A release and its guides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VersionEntry {
    /// As the documents write it.
    pub version: Option<String>,
    /// The canonical form, as filters take it too.
    pub canonical: Option<String>,
    /// Whether it is the newest release of the product here.
    pub latest: bool,
    /// Its guides.
    pub guides: Vec<GuideEntry>,
}

/// A guide and its documents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GuideEntry {
    /// Its name, as filters take it.
    pub guide: Option<String>,
    /// Its documents.
    pub documents: Vec<DocumentEntry>,
    /// Pages and sections of all its documents.
    pub pages: u64,
    /// Passages of all its documents.
    pub chunks: u64,
}

/// A document of a guide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DocumentEntry {
    /// The document.
    pub source: String,
    /// Its title.
    pub doc_title: String,
    /// Pages and sections.
    pub pages: u32,
    /// Passages.
    pub chunks: u32,
    /// The document on this server's web pages.
    pub url: String,
    /// When it was last changed, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<String>,
    /// When it was taken in, or last anew ("2026-03-01T09:30:00Z").
    pub ingested: String,
}
