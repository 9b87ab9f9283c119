//! The points of a collection: chunks have two vectors; pages, documents, descriptions and the
//! library's own state have none.
//!
//! The point ids of chunks and pages contain the hash of the document's revision, so that points of
//! an old and a new revision can coexist. The document's own point names the live revision.

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
use crate::prepare::{CHUNK_KIND, Prepared, PreparedChunk};
use crate::ranking::ChunkLocation;
use crate::terms;

/// The name of the vector from the embedding model.
pub(super) const DENSE: &str = "dense";

/// The name of the sparse vector of BM25 weights.
pub(super) const KEYWORD: &str = "bm25";

/// The field with the kind of a point, one of [`kind`].
pub(super) const KIND: &str = "kind";

/// On chunks and pages: the hash of the revision they belong to.
pub(super) const DOCUMENT: &str = "document";

/// On chunks: their short handle.
pub(super) const HANDLE: &str = "handle";

/// On chunks and pages: the number of the page.
pub(super) const PAGE: &str = "page";

/// On documents, descriptions and removals: the library's revision in which they were written.
pub(super) const REVISION: &str = "revision";

/// On the library's own point: its revision, a field of [`LibraryState`].
pub(super) const LIBRARY_REVISION: &str = "library_revision";

/// On chunks: the fields of which a candidate consists.
pub(super) const CANDIDATE_FIELDS: [&str; 6] = [
    facets::SOURCE,
    DOCUMENT,
    "ordinal",
    PAGE,
    "passage_hash",
    "likeness",
];

/// On documents, descriptions and removals: the fields that the replica of the catalogue keeps.
pub(super) const CATALOGUE_FIELDS: [&str; 16] = [
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

/// The kinds of points.
pub(super) mod kind {
    pub(in crate::server) const CHUNK: &str = crate::prepare::CHUNK_KIND;
    pub(in crate::server) const PAGE: &str = "page";
    /// A part of a file attached to a document.
    pub(in crate::server) const FILE: &str = "file";
    pub(in crate::server) const DOCUMENT: &str = "document";
    /// A removal: replaces the point of a removed document, so that readers notice.
    pub(in crate::server) const REMOVED: &str = "removed";
    pub(in crate::server) const DESCRIPTION: &str = "description";
    pub(in crate::server) const LIBRARY: &str = "library";
    pub(in crate::server) const WRITER: &str = "writer";
}

/// The namespace of point ids that are made from names: the UUIDv5 of "points.mcdewey" in the DNS
/// namespace.
const NAMESPACE: Uuid = Uuid::from_u128(0x8c1f_0a3e_52a7_5d0c_9a4b_706f_696e_7473);

/// The id of the one point of this kind and name.
pub(super) fn named_id(kind: &str, name: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("{kind}\0{name}").as_bytes())
}

/// The id of a document's point.
pub(super) fn document_id(source: &SourcePath) -> Uuid {
    named_id(kind::DOCUMENT, source.as_str())
}

/// The id of a chunk's point in one revision of its document.
pub(super) fn chunk_point_id(source: &SourcePath, ordinal: u32, hash: &ContentHash) -> Uuid {
    point_id(CHUNK_KIND, &ChunkId::new(source, ordinal), hash)
}

/// The id of a page's point in one revision of its document. `position` counts the pages from 0.
pub(super) fn page_point_id(source: &SourcePath, position: u32, hash: &ContentHash) -> Uuid {
    named_id(kind::PAGE, &format!("{source}\0{position}\0{hash}"))
}

/// The ids of all points of one revision of a document, except the document's own point.
pub(super) fn revision_point_ids(
    source: &SourcePath,
    hash: &ContentHash,
    counts: PointCounts,
) -> Vec<Uuid> {
    let chunks = (0..counts.chunks).map(|ordinal| chunk_point_id(source, ordinal, hash));
    let pages = (0..counts.pages).map(|position| page_point_id(source, position, hash));
    let parts = (0..counts.parts).map(|part| files::part_id(source, part, hash));
    chunks.chain(pages).chain(parts).collect()
}

/// How many points of each kind a revision of a document has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PointCounts {
    pub(super) chunks: u32,
    pub(super) pages: u32,
    /// The parts of attached files.
    pub(super) parts: u32,
}

impl PointCounts {
    pub(super) fn total(self) -> u64 {
        u64::from(self.chunks) + u64::from(self.pages) + u64::from(self.parts)
    }
}

/// The payload of a chunk's point, without the facets of its document.
#[derive(Debug, Serialize, Deserialize)]
struct StoredChunk {
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
    #[serde(rename = "place")]
    page_ref: PageRef,
    headings: Vec<String>,
    spans: Vec<Span>,
    context: String,
    text: String,
}

/// The payload of a page's point.
#[derive(Debug, Serialize, Deserialize)]
struct StoredPage {
    kind: String,
    source: SourcePath,
    document: ContentHash,
    /// The position among the pages, from 0.
    ordinal: u32,
    page: u32,
    #[serde(rename = "place")]
    page_ref: PageRef,
    text: String,
}

/// A document's entry in the catalogue.
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
    /// In how many chunks each token occurs, encoded by [`terms::to_bytes`].
    #[serde(with = "base64_bytes")]
    pub(super) terms: Vec<u8>,
}

impl StoredDocument {
    /// The catalogue entry of a document that is committed in this revision of the library.
    pub(super) fn new(document: &Prepared, revision: u64, committed_at: i64) -> Self {
        Self {
            source: document.meta.source.clone(),
            revision,
            hash: document.hash,
            root: document.root.clone(),
            folder: document.folder.clone(),
            input: document.input,
            prefix: document.prefix.clone(),
            pages: document.pages.len() as u32,
            chunks: document.chunks.len() as u32,
            parts: files::count_parts(document.attachments.iter().map(|file| &file.attachment)),
            committed_at,
            meta: Arc::clone(&document.meta),
            terms: terms::to_bytes(&document.terms),
        }
    }

    /// How many points this revision has in addition to the document's own.
    pub(super) fn point_counts(&self) -> PointCounts {
        PointCounts {
            chunks: self.chunks,
            pages: self.pages,
            parts: self.parts,
        }
    }
}

/// The part of a document's payload that is not in the catalogue.
#[derive(Debug, Serialize, Deserialize)]
struct DocumentContents {
    outline: Vec<OutlineEntry>,
    page_list: Vec<PageRef>,
    attachments: Vec<Attachment>,
}

/// A change of the catalogue.
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

/// The payload of the library's own point.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LibraryState {
    /// The library's revision: everything committed up to it is visible.
    pub(super) library_revision: u64,
    /// Removals up to this revision have been deleted.
    pub(super) purged: u64,
    /// The writer that raised the revision. Of two processes that tried to, only one is recorded.
    pub(super) writer: String,
}

/// The points of a document's pages, chunks and attached files.
pub(super) fn content_points(document: &Prepared) -> Result<Vec<PointStruct>, IndexError> {
    let mut points = Vec::with_capacity(document.chunks.len() + document.pages.len());
    for (position, page) in document.pages.iter().enumerate() {
        points.push(page_point(document, position as u32, page)?);
    }

    for chunk in &document.chunks {
        points.push(chunk_point(document, chunk)?);
    }

    points.extend(files::part_points(document));
    Ok(points)
}

fn chunk_point(document: &Prepared, prepared: &PreparedChunk) -> Result<PointStruct, IndexError> {
    let chunk = &prepared.chunk;
    let stored = StoredChunk {
        kind: kind::CHUNK.to_owned(),
        chunk_id: chunk.chunk_id.clone(),
        document: document.hash,
        ordinal: chunk.ordinal,
        page: chunk.page.number.0,
        handle: chunk.handle(),
        passage_hash: chunk.passage_hash,
        simhash: chunk.simhash().to_string(),
        text_hash: chunk.text_hash,
        page_ref: chunk.page.clone(),
        headings: chunk.headings.clone(),
        spans: chunk.spans.clone(),
        context: chunk.context.clone(),
        text: chunk.text.clone(),
    };

    let mut payload = facets::payload(&document.meta);
    payload.extend(to_object(&stored)?);
    let SparseVector { indices, values } = prepared.keyword_vector.clone();
    let mut vectors = HashMap::new();
    if let Some(vector) = &prepared.vector {
        vectors.insert(DENSE.to_owned(), Vector::new_dense(vector.clone()));
    }

    if !indices.is_empty() {
        vectors.insert(KEYWORD.to_owned(), Vector::new_sparse(indices, values));
    }

    Ok(PointStruct::new(
        prepared.point.to_string(),
        Vectors::from(NamedVectors { vectors }),
        Payload::from(payload),
    ))
}

fn page_point(document: &Prepared, position: u32, page: &Page) -> Result<PointStruct, IndexError> {
    let source = &document.meta.source;
    let stored = StoredPage {
        kind: kind::PAGE.to_owned(),
        source: source.clone(),
        document: document.hash,
        ordinal: position,
        page: page.page.number.0,
        page_ref: page.page.clone(),
        text: page.text.clone(),
    };

    Ok(point_without_vectors(
        page_point_id(source, position, &document.hash),
        to_object(&stored)?,
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

    let mut payload = to_object(stored)?;
    let attachments = document
        .attachments
        .iter()
        .map(|file| file.attachment.clone())
        .collect();

    payload.extend(to_object(&DocumentContents {
        outline: document.outline.clone(),
        page_list,
        attachments,
    })?);

    payload.insert(KIND.to_owned(), kind::DOCUMENT.into());
    Ok(point_without_vectors(document_id(&stored.source), payload))
}

/// A document's point with another catalogue entry and unchanged contents.
pub(super) fn updated_document_point(
    payload: HashMap<String, Value>,
    stored: &StoredDocument,
) -> Result<PointStruct, IndexError> {
    let mut payload: serde_json::Map<String, serde_json::Value> = Payload::from(payload).into();
    payload.extend(to_object(stored)?);
    Ok(point_without_vectors(document_id(&stored.source), payload))
}

/// The point that replaces that of a removed document.
pub(super) fn removed_point(source: &SourcePath, revision: u64) -> PointStruct {
    let payload = json!({KIND: kind::REMOVED, facets::SOURCE: source, REVISION: revision});
    point_without_vectors(document_id(source), into_object(payload))
}

/// The point with a root's description of products and aliases.
pub(super) fn description_point(
    root: &RootName,
    revision: u64,
    description: &LibraryDescription,
) -> Result<PointStruct, IndexError> {
    let description = serde_json::to_value(description).map_err(serialize_error)?;
    let payload = json!({
        KIND: kind::DESCRIPTION,
        "root": root,
        REVISION: revision,
        "description": description,
    });
    Ok(point_without_vectors(
        named_id(kind::DESCRIPTION, root.as_str()),
        into_object(payload),
    ))
}

/// The library's own point.
pub(super) fn library_point(state: &LibraryState) -> Result<PointStruct, IndexError> {
    let mut payload = to_object(state)?;
    payload.insert(KIND.to_owned(), kind::LIBRARY.into());
    Ok(point_without_vectors(library_id(), payload))
}

pub(super) fn library_id() -> Uuid {
    named_id(kind::LIBRARY, "")
}

pub(super) fn point_without_vectors(
    id: Uuid,
    payload: serde_json::Map<String, serde_json::Value>,
) -> PointStruct {
    let no_vectors = Vectors::from(NamedVectors {
        vectors: HashMap::new(),
    });
    PointStruct::new(id.to_string(), no_vectors, Payload::from(payload))
}

/// Parses the library's own point.
pub(super) fn read_library_state(
    payload: HashMap<String, Value>,
) -> Result<LibraryState, IndexError> {
    from_payload(payload)
}

/// Parses a chunk of this document.
pub(super) fn read_chunk(
    payload: HashMap<String, Value>,
    meta: &Arc<DocumentMeta>,
) -> Result<Chunk, IndexError> {
    let stored: StoredChunk = from_payload(payload)?;
    Ok(Chunk {
        chunk_id: stored.chunk_id,
        document: Arc::clone(meta),
        ordinal: stored.ordinal,
        page: stored.page_ref,
        headings: stored.headings,
        context: stored.context,
        text: stored.text,
        spans: stored.spans,
        text_hash: stored.text_hash,
        passage_hash: stored.passage_hash,
    })
}

/// Parses a page and its position among the pages.
pub(super) fn read_page(payload: HashMap<String, Value>) -> Result<(u32, Page), IndexError> {
    let stored: StoredPage = from_payload(payload)?;
    Ok((
        stored.ordinal,
        Page {
            page: stored.page_ref,
            text: stored.text,
        },
    ))
}

/// Parses a document from its point.
pub(super) fn read_document(payload: HashMap<String, Value>) -> Result<Document, IndexError> {
    let stored: StoredDocument = from_payload(payload.clone())?;
    let contents: DocumentContents = from_payload(payload)?;
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

/// Parses a change of the catalogue.
pub(super) fn read_change(payload: HashMap<String, Value>) -> Result<Change, IndexError> {
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

    match text_field(&payload, KIND) {
        Some(kind::DOCUMENT) => Ok(Change::Document(Box::new(from_payload(payload)?))),
        Some(kind::REMOVED) => {
            let Removed { source, revision } = from_payload(payload)?;
            Ok(Change::Removed { source, revision })
        }
        Some(kind::DESCRIPTION) => {
            let Description {
                root,
                revision,
                description,
            } = from_payload(payload)?;

            Ok(Change::Description {
                root,
                revision,
                description,
            })
        }
        other => Err(IndexError::Store(format!(
            "a point of the unexpected kind {other:?} has a revision"
        ))),
    }
}

/// Parses the location of a candidate. `live` returns the live revision of a document in scope, by
/// its source; a candidate of another revision has no location.
pub(super) fn read_location(
    payload: HashMap<String, Value>,
    live: impl FnOnce(&str) -> Option<(ContentHash, Arc<DocumentMeta>)>,
) -> Result<Option<ChunkLocation>, IndexError> {
    #[derive(Deserialize)]
    struct StoredLocation {
        document: ContentHash,
        ordinal: u32,
        page: u32,
        passage_hash: ContentHash,
        #[serde(rename = "likeness")]
        simhash: String,
    }

    let Some((hash, document)) = text_field(&payload, facets::SOURCE).and_then(live) else {
        return Ok(None);
    };
    let stored: StoredLocation = from_payload(payload)?;
    if stored.document != hash {
        return Ok(None);
    }

    Ok(Some(ChunkLocation {
        prefix: document.source.chunk_prefix().into(),
        document,
        ordinal: stored.ordinal,
        page: PageNumber(stored.page),
        passage_hash: stored.passage_hash,
        simhash: stored.simhash.parse()?,
    }))
}

/// Returns a field of a payload if it is a string.
pub(super) fn text_field<'a>(payload: &'a HashMap<String, Value>, field: &str) -> Option<&'a str> {
    payload
        .get(field)
        .and_then(|value| value.as_str())
        .map(String::as_str)
}

/// Returns the keyword vector of a point.
pub(super) fn keyword_vector(vectors: Option<VectorsOutput>) -> Option<SparseVector> {
    match named_vector(vectors, KEYWORD)?.into_vector() {
        vector_output::Vector::Sparse(sparse) => Some(SparseVector {
            indices: sparse.indices,
            values: sparse.values,
        }),
        _ => None,
    }
}

/// Returns the vector of a point whose collection has a single, unnamed vector.
pub(super) fn unnamed_vector(vectors: Option<VectorsOutput>) -> Option<Vec<f32>> {
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

pub(super) fn from_payload<T: DeserializeOwned>(
    payload: HashMap<String, Value>,
) -> Result<T, IndexError> {
    let json: serde_json::Value = Payload::from(payload).into();
    serde_json::from_value(json).map_err(|error| {
        IndexError::Store(format!("cannot read a point of the collection: {error}"))
    })
}

fn to_object(
    value: &impl Serialize,
) -> Result<serde_json::Map<String, serde_json::Value>, IndexError> {
    Ok(into_object(
        serde_json::to_value(value).map_err(serialize_error)?,
    ))
}

/// Returns the fields of an object. Only called with objects; anything else has no fields.
pub(super) fn into_object(value: serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
    match value {
        serde_json::Value::Object(map) => map,
        _ => serde_json::Map::new(),
    }
}

fn serialize_error(error: serde_json::Error) -> IndexError {
    IndexError::Store(format!("cannot serialise a point: {error}"))
}

/// Serialises bytes as base64.
mod base64_bytes {
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
