//! One file on its way to a document: read, parsed, given facets, and cut. Blocks; runs on threads for that.

use std::sync::Arc;

use mcdewey_core::{ContentHash, DocumentMeta, Embed, EmbedError, OutlineEntry, Page, RootName};

use crate::markdown::{Parsed, READER, parse};
use crate::plan::Known;
use crate::read;
use crate::rules::{RuleSet, Subject, detect_language};
use crate::split::{CHUNKER, SizedChunk, split};
use crate::walk::FoundFile;

/// A document that wants only its vectors.
#[derive(Debug)]
pub(crate) struct Draft {
    /// The root it was found in.
    pub(crate) root: RootName,
    /// That root's folder.
    pub(crate) folder: String,
    /// What the unchanged file will be recognised by.
    pub(crate) input: ContentHash,
    /// What is known of it.
    pub(crate) meta: Arc<DocumentMeta>,
    /// Its headings.
    pub(crate) outline: Vec<OutlineEntry>,
    /// Its pages.
    pub(crate) pages: Vec<Page>,
    /// Its passages.
    pub(crate) chunks: Vec<SizedChunk>,
    /// Things worth a look.
    pub(crate) warnings: Vec<String>,
}

/// What became of a file.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It is as the index knows it.
    Unchanged,
    /// It cannot become a document, for this reason.
    Skipped(String),
    /// It is new or changed.
    Draft(Box<Draft>),
}

/// Reads a file, and makes a document of it unless the index knows it as it is (`known`).
pub(crate) fn prepare(
    file: &FoundFile,
    rules: &RuleSet,
    embed: &dyn Embed,
    known: Option<Known>,
) -> Result<Outcome, EmbedError> {
    let bytes = match read::bytes(file) {
        Ok(bytes) => bytes,
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    let input = input_hash(file, &bytes, rules, embed);
    if known == Some(Known { input, here: true }) {
        return Ok(Outcome::Unchanged);
    }
    let text = match read::text(&bytes) {
        Ok(text) => text,
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    let parsed = parse(text, read::stem(&file.path_in_root), file.dialect);
    if parsed.pages.is_empty() {
        return Ok(Outcome::Skipped("it holds nothing but front matter; fill it or take it away".to_owned()));
    }
    match draft(file, input, parsed, rules, embed) {
        Ok(draft) => Ok(Outcome::Draft(Box::new(draft))),
        Err(EmbedError::Model(reason)) => Ok(Outcome::Skipped(format!("its text cannot be tokenised: {reason}"))),
        Err(error) => Err(error),
    }
}

/// Everything that decides what becomes of a file: its bytes, its name, the rules, and the ways of reading and cutting.
fn input_hash(file: &FoundFile, bytes: &[u8], rules: &RuleSet, embed: &dyn Embed) -> ContentHash {
    ContentHash::of_parts([
        ContentHash::of(bytes).to_string().as_str(),
        file.source.as_str(),
        rules.fingerprint().to_string().as_str(),
        READER,
        CHUNKER,
        &embed.model().fingerprint,
    ])
}

fn draft(
    file: &FoundFile,
    input: ContentHash,
    parsed: Parsed,
    rules: &RuleSet,
    embed: &dyn Embed,
) -> Result<Draft, EmbedError> {
    let assignment =
        rules.assign(Subject { path: &file.path_in_root, title: &parsed.title, front_matter: &parsed.front_matter });
    let mut facets = assignment.facets;
    if facets.lang.is_none() {
        facets.lang = detect_language(parsed.pages.iter().map(|page| page.page.text.as_str()));
    }
    let meta = Arc::new(DocumentMeta {
        source: file.source.clone(),
        title: parsed.title.clone(),
        facets,
        source_url: parsed.front_matter.source_url(),
        updated: parsed.front_matter.updated(),
        paged: parsed.paged,
    });
    let chunks = split(&meta, &parsed.pages, embed)?;
    let outline = parsed.outline();
    let warnings = parsed.warnings.into_iter().chain(assignment.warnings).collect();
    let pages = parsed.pages.into_iter().map(|page| page.page).collect();
    Ok(Draft {
        root: file.root.clone(),
        folder: file.folder.to_string(),
        input,
        meta,
        outline,
        pages,
        chunks,
        warnings,
    })
}

/// As much of a document as rules look at.
pub(crate) struct ReadSubject(Parsed);

impl ReadSubject {
    pub(crate) fn subject<'a>(&'a self, file: &'a FoundFile) -> Subject<'a> {
        Subject { path: &file.path_in_root, title: &self.0.title, front_matter: &self.0.front_matter }
    }
}

/// Reads what rules look at; or why the file cannot be read.
pub(crate) fn read_subject(file: &FoundFile) -> Result<ReadSubject, String> {
    let bytes = read::bytes(file)?;
    Ok(ReadSubject(parse(read::text(&bytes)?, read::stem(&file.path_in_root), file.dialect)))
}
