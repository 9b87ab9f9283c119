//! The response types of all interfaces. REST sends them as they are, MCP as structured content;
//! the web pages and the terminal render them. Fields that do not apply are omitted from the JSON.

use std::collections::BTreeMap;

use mcdewey_core::{Generation, Revision};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Signals, page_label};

/// The response to a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SearchAnswer {
    /// The passages found, best first.
    pub hits: Vec<Hit>,
    /// With a version filter: the best passages of documents that have no version. They are never
    /// mixed with `hits`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unversioned: Vec<Hit>,
    /// The facet values among the passages found (vendor, product, version, guide), most frequent
    /// first.
    pub facets: BTreeMap<String, Vec<FacetCount>>,
    /// The cursor of the next page of hits; present if there are more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Present if part of the search failed: names that part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degraded: Option<String>,
    /// The probability that the hits contain an answer, 0 to 1, calibrated on labelled questions.
    /// Only in mode `hybrid`, if both ranked lists are available, and only with the first page of
    /// hits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// With `explain`: the inputs of `confidence`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signals: Option<Signals>,
    /// Present if the library probably contains no answer: the hits are then only the closest
    /// passages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_answer: Option<NoAnswer>,
    /// Present with the first page of hits if a reranker is configured: whether the reranker
    /// ordered the first hits. If it did not, `notices` give the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reranked: Option<bool>,
    /// Remarks for the user, for example that the question was truncated or a word was corrected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// The generation of the index that answered.
    #[schemars(with = "String")]
    pub generation: Generation,
    /// The revision of the index that answered.
    #[schemars(with = "u64")]
    pub revision: Revision,
    /// Time spent, in milliseconds: `queue` (waiting for a permit, on a server), `embed` (the
    /// model, including its own queue), `store`, `fusion`, `write`, `rerank` (if a reranker is
    /// used), `total`.
    pub timings_ms: BTreeMap<String, f64>,
}

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
    /// The score that determined the order; comparable within one response. If the response is
    /// reranked, the first hits are in the reranker's order instead.
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
    /// How the passage was found; only with `explain`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explain: Option<Explanation>,
}

impl Hit {
    /// Returns "Page 118 (printed 102)", or the section's heading.
    pub fn page_title(&self) -> String {
        page_label::page_text(self.page, self.page_label.as_deref()).unwrap_or_else(|| {
            self.headings
                .last()
                .cloned()
                .unwrap_or_else(|| self.doc_title.clone())
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

/// Why the hits probably do not answer the question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoAnswer {
    /// One sentence for people: "no Cisco Finesse 16.0 in this library: v12.5, v15.0".
    pub message: String,
    /// What the question names but the library does not contain: versions, names, codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
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
    /// The reranker's score, which is not part of `score`; present if the reranker ordered the
    /// hits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerank: Option<f32>,
}

/// The number of passages found that have one value of a facet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FacetCount {
    /// The value.
    pub value: String,
    /// The number of passages.
    pub count: usize,
}

/// A passage with its neighbours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChunkAnswer {
    /// The passage; its `score` is 0 and its `snippet` is the beginning of the text.
    pub chunk: Hit,
    /// The preceding passages, in document order.
    pub before: Vec<Hit>,
    /// The following passages, in document order.
    pub after: Vec<Hit>,
    /// The generation of the index that answered.
    #[schemars(with = "String")]
    pub generation: Generation,
    /// The revision of the index that answered.
    #[schemars(with = "u64")]
    pub revision: Revision,
}

/// A document: metadata, outline, pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DocumentAnswer {
    /// The source of the document.
    pub source: String,
    /// The title.
    pub doc_title: String,
    /// The vendor's name.
    pub vendor: Option<String>,
    /// The product's id.
    pub product: Option<String>,
    /// The version or versions.
    pub version: Option<String>,
    /// The guide's name.
    pub guide: Option<String>,
    /// The language, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// The URL of the vendor's own page, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_url: Option<String>,
    /// When it was last changed, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<String>,
    /// Whether it has physical pages.
    pub paged: bool,
    /// The headings, in document order.
    pub outline: Vec<OutlineItem>,
    /// The pages or sections, in order.
    pub pages: Vec<PageItem>,
    /// The number of passages.
    pub chunks: u32,
    /// The file that the document was made from, if it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<FileItem>,
    /// The URL of the document on this server's web pages.
    pub url: String,
    /// The generation of the index that answered.
    #[schemars(with = "String")]
    pub generation: Generation,
    /// The revision of the index that answered.
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
    /// The physical page of the heading; `null` in a document without pages.
    pub page: Option<u32>,
    /// The slug of the section it begins, in a document without pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
}

/// A page or section of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PageItem {
    /// The physical page; `null` in a document without pages.
    pub page: Option<u32>,
    /// The printed page number, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_label: Option<String>,
    /// The section's slug, in a document without pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// "Page 118", or the section's heading.
    pub title: String,
    /// The URL of the page on this server's web pages.
    pub url: String,
}

/// One page (or section) of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PageAnswer {
    /// The document.
    pub document: DocumentAnswer,
    /// The page or section.
    pub page: PageItem,
    /// Its Markdown, as in the document.
    pub text: String,
    /// Its passages, in order.
    pub chunks: Vec<PassageOnPage>,
    /// The images on the page, in order, each listed once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<ImageItem>,
    /// The URL of the same page of the original file, if the original is kept and has pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_url: Option<String>,
    /// The previous page, if any.
    pub previous: Option<PageItem>,
    /// The next page, if any.
    pub next: Option<PageItem>,
}

/// A file stored with a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileItem {
    /// The file's name.
    pub name: String,
    /// The media type ("application/pdf").
    pub media_type: String,
    /// The size in bytes.
    pub bytes: u64,
    /// The URL of the file.
    pub url: String,
}

/// An image on a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImageItem {
    /// "Image 1 from page 58".
    pub title: String,
    /// The alternative text, if the document has one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub alt: String,
    /// The image file. Its name is the target of the links to it in the page's Markdown.
    #[serde(flatten)]
    pub file: FileItem,
}

/// The position of a passage on its page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PassageOnPage {
    /// The passage's chunk id.
    pub chunk_id: String,
    /// Offset of the first byte in the page's text.
    pub start: u32,
    /// Offset of the first byte after the passage.
    pub end: u32,
}

/// The contents of the library: vendors → products → versions → guides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LibraryAnswer {
    /// The vendors, by name; documents without one are listed last, under `null`.
    pub vendors: Vec<VendorEntry>,
    /// The total number of documents.
    pub documents: u64,
    /// The total number of pages and sections.
    pub pages: u64,
    /// The total number of passages.
    pub chunks: u64,
    /// The generation of the index that answered.
    #[schemars(with = "String")]
    pub generation: Generation,
    /// The revision of the index that answered.
    #[schemars(with = "u64")]
    pub revision: Revision,
}

/// A vendor and its products.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VendorEntry {
    /// The vendor's name.
    pub vendor: Option<String>,
    /// The products, by id.
    pub products: Vec<ProductEntry>,
}

/// A product and its versions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProductEntry {
    /// The product's id, as used in filters.
    pub product: Option<String>,
    /// The product's title.
    pub title: Option<String>,
    /// Other names that filters and questions may use.
    pub aliases: Vec<String>,
    /// The versions, newest first; documents without one are listed last, under `null`.
    pub versions: Vec<VersionEntry>,
}

/// A version and its guides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VersionEntry {
    /// The version as the documents write it.
    pub version: Option<String>,
    /// The canonical form, which filters accept too.
    pub canonical: Option<String>,
    /// Whether this is the newest version of the product in the library.
    pub latest: bool,
    /// The guides of this version.
    pub guides: Vec<GuideEntry>,
}

/// A guide and its documents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GuideEntry {
    /// The guide's name, as used in filters.
    pub guide: Option<String>,
    /// The documents of the guide.
    pub documents: Vec<DocumentEntry>,
    /// The number of pages and sections of all its documents.
    pub pages: u64,
    /// The number of passages of all its documents.
    pub chunks: u64,
}

/// A document of a guide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DocumentEntry {
    /// The source of the document.
    pub source: String,
    /// The title.
    pub doc_title: String,
    /// The number of pages and sections.
    pub pages: u32,
    /// The number of passages.
    pub chunks: u32,
    /// The URL of the document on this server's web pages.
    pub url: String,
    /// When it was last changed, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<String>,
    /// When the document was last ingested ("2026-03-01T09:30:00Z").
    pub ingested: String,
}
