//! What is stored in a collection, as points: passages with their two vectors; pages, documents, descriptions and the
//! library's own state without any.
//!
//! A passage's and a page's point id holds the hash of its document's revision, so that the points of an old and a new
//! revision stand side by side; the document's one point says which revision is live.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use mcdewey_core::{
    Attachment, Chunk, ChunkId, ContentHash, Document, DocumentMeta, IndexError,
    LibraryDescription, OutlineEntry, Page, PageNumber, PageRef, RootName, SourcePath, Span,
    point_id,
};
use qdrant_client::Payload;
use qdrant_client::qdrant::vectors_output::VectorsOptions;
use qdrant_client::qdrant::{
    NamedVectors, PointStruct, Value, Vector, VectorOutput, Vectors, VectorsOutput, vector_output,
};
use qdrant_edge::SparseVector;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::files;
use crate::facets;
use crate::prepare::{PASSAGE, Prepared, PreparedPassage};
use crate::ranking::Located;
use crate::terms;

/// The vector of meaning.
pub(super) const DENSE: &str = "dense";
/// The vector of words.
pub(super) const WORDS: &str = "bm25";

/// The field that says what a point is.
pub(super) const KIND: &str = "kind";
/// On passages and pages: the revision they belong to, by its hash.
pub(super) const DOCUMENT: &str = "document";
/// On passages: their short handle.
pub(super) const HANDLE: &str = "handle";
/// On passages and pages: the page's number.
pub(super) const PAGE: &str = "page";
/// On documents, descriptions and what stands for removed documents: the library's revision that brought them.
pub(super) const REVISION: &str = "revision";
/// On the library's own point: its revision; a field of [`LibraryState`].
pub(super) const LIBRARY_REVISION: &str = "library_revision";
/// On passages: what a candidate is made of.
pub(super) const CANDIDATE: [&str; 6] = [
    facets::SOURCE,
    DOCUMENT,
    "ordinal",
    PAGE,
    "passage_hash",
    "likeness",
];
/// On documents, descriptions and what stands for removed documents: what the catalogue keeps in memory.
pub(super) const CATALOGUED: [&str; 16] = [
    KIND,
    facets::SOURCE,
    REVISION,
    "hash",
    "root",
    "folder",
    "input",
    "prefix",
    "pages",
    "chunks",
    "parts",
    "committed_at",
    "meta",
    "terms",
    "description",
    "purged",
];

/// Kinds of points.
pub(super) mod kind {
    pub(in crate::server) const CHUNK: &str = crate::prepare::PASSAGE;
    pub(in crate::server) const PAGE: &str = "page";
    /// A part of a file that is kept with a document.
    pub(in crate::server) const FILE: &str = "file";
    pub(in crate::server) const DOCUMENT: &str = "document";
    /// Stands for a removed document until all readers know.
    pub(in crate::server) const REMOVED: &str = "removed";
    pub(in crate::server) const DESCRIPTION: &str = "description";
    pub(in crate::server) const LIBRARY: &str = "library";
    pub(in crate::server) const WRITER: &str = "writer";
}

/// The namespace of points that are named, not numbered: the UUIDv5 of "points.mcdewey" in the DNS namespace.
const NAMESPACE: Uuid = Uuid::from_u128(0x8c1f_0a3e_52a7_5d0c_9a4b_706f_696e_7473);

/// The id of the one point of this kind and name.
pub(super) fn named(kind: &str, name: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("{kind}\0{name}").as_bytes())
}

/// The id of a document's point.
pub(super) fn document_id(source: &SourcePath) -> Uuid {
    named(kind::DOCUMENT, source.as_str())
}

/// The id of a passage's point in one revision of its document.
pub(super) fn passage_id(source: &SourcePath, ordinal: u32, hash: &ContentHash) -> Uuid {
    point_id(PASSAGE, &ChunkId::new(source, ordinal), hash)
}

/// The id of a page's point in one revision of its document; `place` counts the pages from 0.
pub(super) fn page_id(source: &SourcePath, place: u32, hash: &ContentHash) -> Uuid {
    named(kind::PAGE, &format!("{source}\0{place}\0{hash}"))
}

/// All points of one revision of a document but the document's own.
pub(super) fn ids_of(source: &SourcePath, hash: &ContentHash, of: Points) -> Vec<Uuid> {
    let chunks = (0..of.chunks).map(|ordinal| passage_id(source, ordinal, hash));
    let pages = (0..of.pages).map(|place| page_id(source, place, hash));
    chunks
        .chain(pages)
        .chain((0..of.parts).map(|part| files::part_id(source, part, hash)))
        .collect()
}

/// How many points a revision of a document has, by their kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Points {
    pub(super) chunks: u32,
    pub(super) pages: u32,
    /// Of the files that are kept with it.
    pub(super) parts: u32,
}

impl Points {
    /// All of them together.
    pub(super) fn total(self) -> u64 {
        u64::from(self.chunks) + u64::from(self.pages) + u64::from(self.parts)
    }
}

/// A passage as it is stored, its document's facets aside.
#[derive(Debug, Serialize, Deserialize)]
struct StoredPassage {
    kind: String,
    chunk_id: ChunkId,
    document: ContentHash,
    ordinal: u32,
    page: u32,
    handle: String,
    passage_hash: ContentHash,
    #[serde(rename = "likeness")]
    simhash: String,
    text_hash: ContentHash,
    place: PageRef,
    headings: Vec<String>,
    spans: Vec<Span>,
    context: String,
    text: String,
}

/// A page as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct StoredPage {
    kind: String,
    source: SourcePath,
    document: ContentHash,
    /// Its place among the pages, from 0.
    ordinal: u32,
    page: u32,
    place: PageRef,
    text: String,
}

/// What the catalogue keeps of a document.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StoredDocument {
    pub(super) source: SourcePath,
    pub(super) revision: u64,
    pub(super) hash: ContentHash,
    pub(super) root: RootName,
    pub(super) folder: String,
    pub(super) input: ContentHash,
    pub(super) prefix: String,
    pub(super) pages: u32,
    pub(super) chunks: u32,
    pub(super) parts: u32,
    pub(super) committed_at: i64,
    pub(super) meta: Arc<DocumentMeta>,
    /// In how many passages each token occurs, packed.
    #[serde(with = "packed")]
    pub(super) terms: Vec<u8>,
}

impl StoredDocument {
    /// How many points this revision has beside the document's own.
    pub(super) fn points(&self) -> Points {
        Points {
            chunks: self.chunks,
            pages: self.pages,
            parts: self.parts,
        }
    }
}

/// What a document's point holds beside it.
#[derive(Debug, Serialize, Deserialize)]
struct Contents {
    outline: Vec<OutlineEntry>,
    page_list: Vec<PageRef>,
    attachments: Vec<Attachment>,
}

/// What brings the catalogue forward.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Document(Box<StoredDocument>),
    Removed {
        source: SourcePath,
        revision: u64,
    },
    Description {
        root: RootName,
        revision: u64,
        description: LibraryDescription,
    },
}

/// The library's own point.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LibraryState {
    /// Its revision: what was committed up to here is visible.
    pub(super) library_revision: u64,
    /// Points that stand for removed documents are gone up to this revision.
    pub(super) purged: u64,
    /// Who raised the revision: of two processes that wanted to, only one is named.
    pub(super) writer: String,
}

/// The points of a document's pages and passages.
pub(super) fn contents(document: &Prepared) -> Result<Vec<PointStruct>, IndexError> {
    let mut points = Vec::with_capacity(document.passages.len() + document.pages.len());
    for (place, page) in document.pages.iter().enumerate() {
        points.push(page_point(document, place as u32, page)?);
    }

    for passage in &document.passages {
        points.push(passage_point(document, passage)?);
    }

    points.extend(files::parts(document));
    Ok(points)
}

fn passage_point(
    document: &Prepared,
    passage: &PreparedPassage,
) -> Result<PointStruct, IndexError> {
    let chunk = &passage.chunk;
    let stored = StoredPassage {
        kind: kind::CHUNK.to_owned(),
        chunk_id: chunk.chunk_id.clone(),
        document: document.hash,
        ordinal: chunk.ordinal,
        page: chunk.page.number.0,
        handle: chunk.handle(),
        passage_hash: chunk.passage_hash,
        simhash: chunk.simhash().to_string(),
        text_hash: chunk.text_hash,
        place: chunk.page.clone(),
        headings: chunk.headings.clone(),
        spans: chunk.spans.clone(),
        context: chunk.context.clone(),
        text: chunk.text.clone(),
    };

    let mut payload = facets::payload(&document.meta);
    payload.extend(object(&stored)?);
    let SparseVector { indices, values } = passage.words.clone();
    let mut vectors =
        HashMap::from([(DENSE.to_owned(), Vector::new_dense(passage.vector.clone()))]);

    if !indices.is_empty() {
        vectors.insert(WORDS.to_owned(), Vector::new_sparse(indices, values));
    }

    Ok(PointStruct::new(
        passage.point.to_string(),
        Vectors::from(NamedVectors { vectors }),
        Payload::from(payload),
    ))
}

fn page_point(document: &Prepared, place: u32, page: &Page) -> Result<PointStruct, IndexError> {
    let source = &document.meta.source;
    let stored = StoredPage {
        kind: kind::PAGE.to_owned(),
        source: source.clone(),
        document: document.hash,
        ordinal: place,
        page: page.page.number.0,
        place: page.page.clone(),
        text: page.text.clone(),
    };

    Ok(bare(
        page_id(source, place, &document.hash),
        object(&stored)?,
    ))
}

/// The point that makes a document's revision the live one.
pub(super) fn document_point(
    stored: &StoredDocument,
    document: &Prepared,
) -> Result<PointStruct, IndexError> {
    let page_list = document
        .pages
        .iter()
        .map(|page| page.page.clone())
        .collect();

    let mut payload = object(stored)?;
    let attachments = document
        .attachments
        .iter()
        .map(|file| file.attachment.clone())
        .collect();

    payload.extend(object(&Contents {
        outline: document.outline.clone(),
        page_list,
        attachments,
    })?);

    payload.insert(KIND.to_owned(), kind::DOCUMENT.into());
    Ok(bare(document_id(&stored.source), payload))
}

/// A document's point with other words about it; what it holds stays.
pub(super) fn rewritten(
    payload: HashMap<String, Value>,
    stored: &StoredDocument,
) -> Result<PointStruct, IndexError> {
    let mut payload: serde_json::Map<String, serde_json::Value> = Payload::from(payload).into();
    payload.extend(object(stored)?);
    Ok(bare(document_id(&stored.source), payload))
}

/// The point that stands for a removed document.
pub(super) fn removed_point(source: &SourcePath, revision: u64) -> PointStruct {
    let payload = json!({KIND: kind::REMOVED, facets::SOURCE: source, REVISION: revision});
    bare(document_id(source), map(payload))
}

/// The point of what a root says about products and aliases.
pub(super) fn description_point(
    root: &RootName,
    revision: u64,
    description: &LibraryDescription,
) -> Result<PointStruct, IndexError> {
    let description = serde_json::to_value(description).map_err(unwritable)?;
    let payload = json!({KIND: kind::DESCRIPTION, "root": root, REVISION: revision, "description": description});
    Ok(bare(named(kind::DESCRIPTION, root.as_str()), map(payload)))
}

/// The library's own point.
pub(super) fn library_point(state: &LibraryState) -> Result<PointStruct, IndexError> {
    let mut payload = object(state)?;
    payload.insert(KIND.to_owned(), kind::LIBRARY.into());
    Ok(bare(library_id(), payload))
}

/// The id of the library's own point.
pub(super) fn library_id() -> Uuid {
    named(kind::LIBRARY, "")
}

/// A point without vectors.
pub(super) fn bare(id: Uuid, payload: serde_json::Map<String, serde_json::Value>) -> PointStruct {
    let none = Vectors::from(NamedVectors {
        vectors: HashMap::new(),
    });
    PointStruct::new(id.to_string(), none, Payload::from(payload))
}

/// Reads the library's own point.
pub(super) fn library_state(payload: HashMap<String, Value>) -> Result<LibraryState, IndexError> {
    read(payload)
}

/// Reads a passage of this document.
pub(super) fn chunk(
    payload: HashMap<String, Value>,
    meta: &Arc<DocumentMeta>,
) -> Result<Chunk, IndexError> {
    let stored: StoredPassage = read(payload)?;
    Ok(Chunk {
        chunk_id: stored.chunk_id,
        document: Arc::clone(meta),
        ordinal: stored.ordinal,
        page: stored.place,
        headings: stored.headings,
        context: stored.context,
        text: stored.text,
        spans: stored.spans,
        text_hash: stored.text_hash,
        passage_hash: stored.passage_hash,
    })
}

/// Reads a page, with its place among the pages.
pub(super) fn page(payload: HashMap<String, Value>) -> Result<(u32, Page), IndexError> {
    let stored: StoredPage = read(payload)?;
    Ok((
        stored.ordinal,
        Page {
            page: stored.place,
            text: stored.text,
        },
    ))
}

/// Reads a document's whole point.
pub(super) fn document(payload: HashMap<String, Value>) -> Result<Document, IndexError> {
    let stored: StoredDocument = read(payload.clone())?;
    let contents: Contents = read(payload)?;
    Ok(Document {
        meta: stored.meta,
        outline: contents.outline,
        pages: contents.page_list,
        attachments: contents.attachments,
        chunks: stored.chunks,
        hash: stored.hash,
        committed_at: stored.committed_at,
    })
}

/// Reads what brings the catalogue forward.
pub(super) fn change(payload: HashMap<String, Value>) -> Result<Change, IndexError> {
    #[derive(Deserialize)]
    struct Removed {
        source: SourcePath,
        revision: u64,
    }

    #[derive(Deserialize)]
    struct Description {
        root: RootName,
        revision: u64,
        description: LibraryDescription,
    }

    match text(&payload, KIND) {
        Some(kind::DOCUMENT) => Ok(Change::Document(Box::new(read(payload)?))),
        Some(kind::REMOVED) => {
            let Removed { source, revision } = read(payload)?;
            Ok(Change::Removed { source, revision })
        }
        Some(kind::DESCRIPTION) => {
            let Description {
                root,
                revision,
                description,
            } = read(payload)?;

            Ok(Change::Description {
                root,
                revision,
                description,
            })
        }
        other => Err(IndexError::Store(format!(
            "a point of the kind {other:?} holds a revision"
        ))),
    }
}

/// Reads what a candidate is made of, without its document: source, revision hash, place. `document` is filled in by
/// whoever knows the live revisions.
pub(super) fn located(
    payload: HashMap<String, Value>,
    live: impl FnOnce(&str) -> Option<(ContentHash, Arc<DocumentMeta>)>,
) -> Result<Option<Located>, IndexError> {
    #[derive(Deserialize)]
    struct Place {
        document: ContentHash,
        ordinal: u32,
        page: u32,
        passage_hash: ContentHash,
        #[serde(rename = "likeness")]
        simhash: String,
    }

    let Some((hash, document)) = text(&payload, facets::SOURCE).and_then(live) else {
        return Ok(None);
    };
    let place: Place = read(payload)?;
    if place.document != hash {
        return Ok(None);
    }

    let Place {
        ordinal,
        page,
        passage_hash,
        simhash,
        ..
    } = place;

    Ok(Some(Located {
        document,
        ordinal,
        page: PageNumber(page),
        passage_hash,
        simhash: simhash.parse()?,
    }))
}

/// A text in a payload.
pub(super) fn text<'a>(payload: &'a HashMap<String, Value>, field: &str) -> Option<&'a str> {
    payload
        .get(field)
        .and_then(|value| value.as_str())
        .map(String::as_str)
}

/// The word vector that came with a point.
pub(super) fn words(vectors: Option<VectorsOutput>) -> Option<SparseVector> {
    match named_vector(vectors, WORDS)?.into_vector() {
        vector_output::Vector::Sparse(sparse) => Some(SparseVector {
            indices: sparse.indices,
            values: sparse.values,
        }),
        _ => None,
    }
}

/// The one vector of a point that has no name for it.
pub(super) fn only_vector(vectors: Option<VectorsOutput>) -> Option<Vec<f32>> {
    match vectors?.vectors_options? {
        VectorsOptions::Vector(vector) => match vector.into_vector() {
            vector_output::Vector::Dense(dense) => Some(dense.data),
            _ => None,
        },
        VectorsOptions::Vectors(_) => None,
    }
}

fn named_vector(vectors: Option<VectorsOutput>, name: &str) -> Option<VectorOutput> {
    match vectors?.vectors_options? {
        VectorsOptions::Vectors(mut vectors) => vectors.vectors.remove(name),
        VectorsOptions::Vector(_) => None,
    }
}

/// Reads a payload as what it was written as.
pub(super) fn read<T: DeserializeOwned>(payload: HashMap<String, Value>) -> Result<T, IndexError> {
    let json: serde_json::Value = Payload::from(payload).into();
    serde_json::from_value(json).map_err(|error| {
        IndexError::Store(format!(
            "a point of the collection has another shape: {error}"
        ))
    })
}

fn object(
    value: &impl Serialize,
) -> Result<serde_json::Map<String, serde_json::Value>, IndexError> {
    Ok(map(serde_json::to_value(value).map_err(unwritable)?))
}

/// What was written as an object is one.
pub(super) fn map(value: serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
    match value {
        serde_json::Value::Object(map) => map,
        _ => serde_json::Map::new(),
    }
}

fn unwritable(error: serde_json::Error) -> IndexError {
    IndexError::Store(format!("a point cannot be written: {error}"))
}

/// Bytes as base64.
mod packed {
    use super::{BASE64, Engine};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        BASE64
            .decode(String::deserialize(deserializer)?)
            .map_err(D::Error::custom)
    }
}

/// A document as the catalogue will keep it once it is committed with this revision.
pub(super) fn stored(document: &Prepared, revision: u64, committed_at: i64) -> StoredDocument {
    StoredDocument {
        source: document.meta.source.clone(),
        revision,
        hash: document.hash,
        root: document.root.clone(),
        folder: document.folder.clone(),
        input: document.input,
        prefix: document.prefix.clone(),
        pages: document.pages.len() as u32,
        chunks: document.passages.len() as u32,
        parts: files::count(document.attachments.iter().map(|file| &file.attachment)),
        committed_at,
        meta: Arc::clone(&document.meta),
        terms: terms::to_bytes(&document.terms),
    }
}
