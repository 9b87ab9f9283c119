//! Converts stored chunks, pages and documents to response types.

use std::collections::{HashMap, HashSet};

use mcdewey_core::{
    Attachment, AttachmentRole, Chunk, Document, DocumentMeta, IndexState, OutlineEntry,
    PageNumber, PageRef, SourcePath,
};

use crate::search::collapse::Occurrence;
use crate::search::snippet::snippet;
use crate::{AlsoIn, DocumentAnswer, FileItem, Hit, OutlineItem, PageItem, links};

/// Converts a chunk to a hit. The search sets `score`, `also_in` and `explain`. `question` has the
/// stems of the question, which determine the snippet.
pub(crate) fn hit(chunk: Chunk, question: &HashSet<String>, public_url: &str) -> Hit {
    let meta = &chunk.document;
    let facets = &meta.facets;

    Hit {
        handle: chunk.handle(),
        url: format!("{public_url}{}", links::chunk_path(chunk.chunk_id.as_str())),
        page_url: format!(
            "{public_url}{}",
            links::page_path(&meta.source, &chunk.page)
        ),
        source: meta.source.to_string(),
        page: physical_page(&chunk.page),
        section: section_slug(&chunk.page),
        vendor: facets.vendor.clone(),
        product: facets.product.clone(),
        version: facets.version_label(),
        guide: facets.guide.clone(),
        snippet: snippet(&chunk.text, question),
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
        explain: None,
    }
}

pub(crate) fn also_in(occurrence: Occurrence) -> AlsoIn {
    let candidate = occurrence.candidate;
    let meta: &DocumentMeta = &candidate.document;

    AlsoIn {
        chunk_id: candidate.chunk_id.to_string(),
        source: meta.source.to_string(),
        page: meta.paged.then_some(candidate.page.0),
        product: meta.facets.product.clone(),
        version: meta.facets.version_label(),
        doc_title: meta.title.clone(),
        differs: occurrence.differs,
    }
}

pub(crate) fn document(
    document: &Document,
    state: &IndexState,
    public_url: &str,
) -> DocumentAnswer {
    let meta = &document.meta;
    let facets = &meta.facets;

    DocumentAnswer {
        source: meta.source.to_string(),
        doc_title: meta.title.clone(),
        vendor: facets.vendor.clone(),
        product: facets.product.clone(),
        version: facets.version_label(),
        guide: facets.guide.clone(),
        lang: facets.lang.clone(),
        source_url: meta.source_url.clone(),
        updated: meta.updated.clone(),
        paged: meta.paged,
        outline: outline(document),
        pages: document
            .pages
            .iter()
            .map(|page| page_item(&meta.source, page, public_url))
            .collect(),
        chunks: document.chunks,
        original: original(document).map(|file| file_item(&meta.source, file, public_url)),
        url: format!("{public_url}{}", links::document_path(&meta.source)),
        generation: state.generation.clone(),
        revision: state.revision,
    }
}

/// Returns the file that a document was made from, if it is kept.
fn original(document: &Document) -> Option<&Attachment> {
    document
        .attachments
        .iter()
        .find(|file| file.role == AttachmentRole::Original)
}

/// Returns the URL of a page of the original PDF: browsers open the file at this page.
pub(crate) fn original_page(
    document: &Document,
    page: &PageRef,
    public_url: &str,
) -> Option<String> {
    let file = original(document)
        .filter(|file| file.media_type == "application/pdf" && document.meta.paged)?;
    Some(format!(
        "{}#page={}",
        file_item(&document.meta.source, file, public_url).url,
        page.number
    ))
}

pub(crate) fn file_item(source: &SourcePath, file: &Attachment, public_url: &str) -> FileItem {
    FileItem {
        name: file.name.clone(),
        media_type: file.media_type.clone(),
        bytes: file.bytes,
        url: format!("{public_url}{}", links::file_path(source, file)),
    }
}

pub(crate) fn page_item(source: &SourcePath, page: &PageRef, public_url: &str) -> PageItem {
    PageItem {
        page: physical_page(page),
        page_label: page.label.clone(),
        section: section_slug(page),
        title: page.title(),
        url: format!("{public_url}{}", links::page_path(source, page)),
    }
}

fn outline(document: &Document) -> Vec<OutlineItem> {
    let by_number: HashMap<PageNumber, &PageRef> = document
        .pages
        .iter()
        .map(|page| (page.number, page))
        .collect();

    document
        .outline
        .iter()
        .map(|entry: &OutlineEntry| OutlineItem {
            level: entry.level,
            title: entry.title.clone(),
            page: document.meta.paged.then_some(entry.page.0),
            section: by_number
                .get(&entry.page)
                .and_then(|page| section_slug(page)),
        })
        .collect()
}

fn physical_page(page: &PageRef) -> Option<u32> {
    if page.section.is_some() {
        None
    } else {
        Some(page.number.0)
    }
}

fn section_slug(page: &PageRef) -> Option<String> {
    page.section.as_ref().map(|section| section.slug.clone())
}
