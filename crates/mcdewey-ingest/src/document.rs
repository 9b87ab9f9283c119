//! Turns one file into a document that is ready to embed: reads it, converts it where needed,
//! parses it, assigns facets and splits it into chunks. Everything here blocks and must run on a
//! blocking thread.

use std::path::Path;
use std::sync::Arc;

use mcdewey_core::{
    AttachedFile, AttachmentRole, ContentHash, Convert, DocumentMeta, Embed, EmbedError, FileStamp,
    Format, ImageFile, OutlineEntry, Page, PageBoxes, PageWords, RootName,
};

use crate::file_stamps::FileStamps;
use crate::file_state::FileState;
use crate::images::{self, CollectedImages, FileLocation};
use crate::parse::{
    Dialect, FrontMatter, PARSER_VERSION, ParsedDocument, name_for_title, parse, without_dialects,
};
use crate::plan::IndexedFile;
use crate::read;
use crate::root_dir::Links;
use crate::rules::{RuleSet, Subject, detect_language, unrecognised_releases};
use crate::split::{CHUNKER, SizedChunk, split};
use crate::walk::{FileKind, FoundFile};
use crate::word_boxes::word_boxes;

/// How many bytes of a JSON or YAML file are checked before it is read as an OpenAPI description.
const SNIFFED_BYTES: u64 = 64 * 1024;

/// The reason to report for a file on which the parser panicked.
pub(crate) const READER_CRASHED: &str =
    "the reader crashed on it; please report this together with the file";

/// A document that lacks only its vectors.
#[derive(Debug)]
pub(crate) struct PreparedDocument {
    /// The root it was found in.
    pub(crate) root: RootName,
    /// The folder of that root.
    pub(crate) folder: String,
    /// The hash by which the next ingest recognises the file as unchanged.
    pub(crate) input: ContentHash,
    pub(crate) meta: Arc<DocumentMeta>,
    pub(crate) outline: Vec<OutlineEntry>,
    pub(crate) pages: Vec<Page>,
    pub(crate) chunks: Vec<SizedChunk>,
    pub(crate) warnings: Vec<String>,
    /// If it has no version, the folders above it whose names look like one.
    pub(crate) unrecognised_folders: Vec<String>,
    /// Its images and its original.
    pub(crate) attachments: Vec<AttachedFile>,
}

/// The result of preparing a file.
#[derive(Debug)]
pub(crate) enum FileOutcome {
    /// The indexed revision is up to date.
    Unchanged,
    /// The file cannot become a document, for this reason.
    Skipped(String),
    /// The file is new or has changed.
    Prepared(Box<PreparedDocument>),
}

/// Prepares files.
pub(crate) struct DocumentReader {
    pub(crate) embed: Arc<dyn Embed>,
    /// Without a converter, only Markdown and plain text are read.
    pub(crate) convert: Option<Arc<dyn Convert>>,
    /// Whether originals are stored for readers.
    pub(crate) keep_originals: bool,
    /// The stamps of the files that were read.
    pub(crate) stamps: FileStamps,
}

impl DocumentReader {
    /// Reads a file and prepares a document from it, unless the `indexed` revision is up to date.
    pub(crate) fn prepare(
        &self,
        file: &FoundFile,
        rules: &RuleSet,
        indexed: Option<IndexedFile>,
    ) -> Result<FileOutcome, EmbedError> {
        let content = match self.read(file) {
            Ok(content) => content,
            Err(reason) => return Ok(FileOutcome::Skipped(reason)),
        };

        let images = linked_images(file, &content);
        let input = self.input_hash(file, &content, &images, rules);
        if let Some(states) = &content.states
            && self.stamps.are_settled(states)
        {
            let stamp = self.stamp(file, states, &images, rules);
            self.stamps.add(file, input, stamp, images);
        }

        let up_to_date = IndexedFile {
            input,
            same_folder: true,
        };
        if indexed == Some(up_to_date) {
            return Ok(FileOutcome::Unchanged);
        }

        let ParsedFile {
            parsed,
            images: own_images,
            page_words,
        } = match parse_file(file, &content.bytes, self.convert.as_deref()) {
            Ok(parsed) => parsed,
            Err(reason) => return Ok(FileOutcome::Skipped(reason)),
        };

        let image_targets = parsed.image_targets();
        match self.build(file, input, parsed, rules) {
            Ok(mut document) => {
                let images = images::collect_images(image_targets, own_images, location(file));
                self.attach(&mut document, file, images, content);
                let boxes = word_boxes(&document.pages, &page_words);
                document.attachments.extend(PageBoxes::attachments(&boxes));
                Ok(FileOutcome::Prepared(Box::new(document)))
            }
            Err(EmbedError::Model(reason)) => Ok(FileOutcome::Skipped(format!(
                "its text cannot be tokenised: {reason}"
            ))),
            Err(error) => Err(error),
        }
    }

    /// Reads a file and, where it is kept, its original.
    fn read(&self, file: &FoundFile) -> Result<FileContent, String> {
        let (original, original_state) = match &file.original {
            Some(path) if self.keep_originals => {
                let (bytes, state) = read::bytes(&file.dir, path)
                    .map_err(|reason| format!("its original `{}`: {reason}", file_name(path)))?;
                (Some(bytes), Some(state))
            }
            _ => (None, None),
        };

        let (bytes, state) = read_bytes(file, self.convert.as_deref())?;
        Ok(FileContent {
            bytes,
            original,
            states: [Some(state), original_state]
                .into_iter()
                .flatten()
                .collect(),
        })
    }

    /// Reports whether a file must be the one of which an earlier run kept this stamp. Asks only the
    /// file system.
    pub(crate) fn is_unchanged(&self, file: &FoundFile, rules: &RuleSet, kept: &FileStamp) -> bool {
        let mut states = vec![file.state.clone()];
        if let Some(path) = file.original.as_ref().filter(|_| self.keep_originals) {
            match file.dir.find(Path::new(path), Links::FinalComponent) {
                Ok(located) => states.push(located.state),
                Err(_) => return false,
            }
        }

        self.stamp(file, &states, &kept.images, rules) == kept.stamp
    }

    /// Hashes what can be known without reading the file of everything that is part of
    /// [`input_hash`](Self::input_hash).
    fn stamp(
        &self,
        file: &FoundFile,
        states: &[FileState],
        images: &[String],
        rules: &RuleSet,
    ) -> ContentHash {
        let states = states.iter().map(FileState::as_str);
        let parts = states.collect::<Vec<_>>().join(", ");
        let content = (parts.as_str(), file.original.as_deref());
        self.hash_with_settings(file, content, images, rules)
    }

    /// Hashes everything that decides which document a file becomes: its bytes, its name, the
    /// rules, and the versions of the parser, the splitter, the model and the converter.
    fn input_hash(
        &self,
        file: &FoundFile,
        content: &FileContent,
        images: &[String],
        rules: &RuleSet,
    ) -> ContentHash {
        let original = content
            .original
            .as_ref()
            .map(|bytes| ContentHash::of(bytes).to_string());
        let content = ContentHash::of(&content.bytes).to_string();
        self.hash_with_settings(file, (&content, original.as_deref()), images, rules)
    }

    /// Hashes the identity of a file's content and of its original together with everything else
    /// that decides which document the file becomes.
    fn hash_with_settings(
        &self,
        file: &FoundFile,
        (content, original): (&str, Option<&str>),
        images: &[String],
        rules: &RuleSet,
    ) -> ContentHash {
        let conversion = match file.kind {
            FileKind::Text(_) => String::new(),
            FileKind::Convert(format) => self.conversion_fingerprint(format),
            FileKind::MaybeOpenApi => self.conversion_fingerprint(Format::OpenApi),
        };

        ContentHash::of_parts([
            content,
            file.source.as_str(),
            rules.fingerprint().to_string().as_str(),
            PARSER_VERSION,
            CHUNKER,
            &self.embed.model().fingerprint,
            &conversion,
            &images::linked_images_fingerprint(images, location(file)),
            original.unwrap_or_default(),
            file.dotted_version.as_deref().unwrap_or_default(),
        ])
    }

    fn conversion_fingerprint(&self, format: Format) -> String {
        let version = self
            .convert
            .as_ref()
            .map_or("", |convert| convert.fingerprint(format));
        format!("{version} {}", self.keep_originals)
    }

    fn build(
        &self,
        file: &FoundFile,
        input: ContentHash,
        parsed: ParsedDocument,
        rules: &RuleSet,
    ) -> Result<PreparedDocument, EmbedError> {
        let assignment = rules.assign(subject(file, &parsed));
        let mut facets = assignment.facets;
        if facets.lang.is_none() {
            facets.lang = detect_language(parsed.pages.iter().map(|page| page.page.text.as_str()));
        }

        let unrecognised_folders = if facets.versions.is_empty() {
            let prefix = file.root.source_prefix();
            unrecognised_releases(&file.path_in_root)
                .map(|folder| format!("{prefix}{folder}"))
                .collect()
        } else {
            Vec::new()
        };

        let meta = Arc::new(DocumentMeta {
            source: file.source.clone(),
            title: parsed.title.text.clone(),
            facets,
            source_url: parsed.front_matter.source_url(),
            updated: parsed.front_matter.updated(),
            paged: parsed.paged,
        });

        let chunks = split(
            &meta,
            &parsed.title.context,
            &parsed.pages,
            self.embed.as_ref(),
        )?;
        let outline = parsed.outline();
        let warnings = parsed
            .warnings
            .into_iter()
            .chain(assignment.warnings)
            .collect();
        let pages = parsed.pages.into_iter().map(|page| page.page).collect();

        Ok(PreparedDocument {
            root: file.root.clone(),
            folder: file.dir.path().to_string_lossy().into_owned(),
            input,
            meta,
            outline,
            pages,
            chunks,
            warnings,
            unrecognised_folders,
            attachments: Vec::new(),
        })
    }

    /// Attaches the images and the original.
    fn attach(
        &self,
        document: &mut PreparedDocument,
        file: &FoundFile,
        images: CollectedImages,
        content: FileContent,
    ) {
        document.attachments = images.kept;
        document.warnings.extend(images.warnings);

        let original = match (file.kind, &file.original) {
            (FileKind::Text(_), Some(path)) => content.original.map(|bytes| (path.clone(), bytes)),
            (FileKind::Text(_), None) => None,
            // A converted file is its own original.
            _ if self.keep_originals => Some((file.path_in_root.clone(), content.bytes)),
            _ => None,
        };

        if let Some((path, bytes)) = original {
            let name = file_name(&path).to_owned();
            let media_type = media_type(&name);
            document.attachments.push(AttachedFile::new(
                name,
                AttachmentRole::Original,
                media_type,
                bytes,
            ));
        }
    }
}

/// The bytes of a file and of the original it was converted from.
struct FileContent {
    bytes: Vec<u8>,
    original: Option<Vec<u8>>,
    /// The states of both, unless one was changed while it was read.
    states: Option<Vec<FileState>>,
}

/// The links of a Markdown file to images below the root.
fn linked_images(file: &FoundFile, content: &FileContent) -> Vec<String> {
    let FileKind::Text(dialect @ (Dialect::Markdown | Dialect::Mdx | Dialect::Converted)) =
        file.kind
    else {
        return Vec::new();
    };

    let text = std::str::from_utf8(&content.bytes).unwrap_or_default();
    // Markup of a dialect may hide the images of its content from the parser.
    let text = without_dialects(text, dialect, &FrontMatter::default()).text;
    images::linked_images(&text, location(file))
}

/// Reads and parses a file without preparing a document from it. The error is the reason to report.
pub(crate) fn read_and_parse(
    file: &FoundFile,
    convert: Option<&dyn Convert>,
) -> Result<ParsedDocument, String> {
    let (bytes, _) = read_bytes(file, convert)?;
    Ok(parse_file(file, &bytes, convert)?.parsed)
}

/// Reads the bytes of a file. Of JSON and YAML, which is mostly data, only the beginning is read
/// unless it may be an OpenAPI description. Also returns the file's state unless it was changed
/// meanwhile. The error is the reason to report.
fn read_bytes(
    file: &FoundFile,
    convert: Option<&dyn Convert>,
) -> Result<(Vec<u8>, Option<FileState>), String> {
    if file.kind == FileKind::MaybeOpenApi
        && let Some(convert) = convert
    {
        let beginning = read::beginning(&file.dir, &file.path_in_root, SNIFFED_BYTES)?;
        if !convert.may_be(Format::OpenApi, &beginning) {
            return Err(
                "it is not an OpenAPI description; convert it to Markdown, or remove it".to_owned(),
            );
        }
    }

    read::bytes(&file.dir, &file.path_in_root)
}

/// What the rules match a parsed file against.
pub(crate) fn subject<'a>(file: &'a FoundFile, parsed: &'a ParsedDocument) -> Subject<'a> {
    Subject {
        path: &file.path_in_root,
        title: &parsed.title.for_rules,
        front_matter: &parsed.front_matter,
        root: Some(file.root.as_str()).filter(|name| *name != RootName::DEFAULT),
        dotted_version: file.dotted_version.as_deref(),
    }
}

/// A parsed file, with what the converter extracted besides its text.
struct ParsedFile {
    parsed: ParsedDocument,
    images: Vec<ImageFile>,
    page_words: Vec<PageWords>,
}

/// Parses the bytes of a file, after converting them where needed, to a document with at least one
/// page. The error is the reason to report.
fn parse_file(
    file: &FoundFile,
    bytes: &[u8],
    convert: Option<&dyn Convert>,
) -> Result<ParsedFile, String> {
    let file = convert_and_parse(file, bytes, convert)?;
    if file.parsed.pages.is_empty() {
        return Err(
            "it contains only front matter or comments; add content or delete it".to_owned(),
        );
    }

    Ok(file)
}

fn convert_and_parse(
    file: &FoundFile,
    bytes: &[u8],
    convert: Option<&dyn Convert>,
) -> Result<ParsedFile, String> {
    let name = name_for_title(&file.path_in_root);
    let format = match file.kind {
        FileKind::Text(dialect) => {
            return Ok(ParsedFile {
                parsed: parse(read::text(bytes)?, name, dialect),
                images: Vec::new(),
                page_words: Vec::new(),
            });
        }
        FileKind::Convert(format) => format,
        FileKind::MaybeOpenApi => Format::OpenApi,
    };

    let Some(convert) = convert else {
        return Err(format!("no converter for {format} is available"));
    };

    let converted = convert
        .convert(format, bytes)
        .map_err(|error| error.to_string())?;

    let mut parsed = parse(
        read::text(converted.markdown.as_bytes())?,
        name,
        Dialect::Converted,
    );
    parsed.warnings.extend(converted.warnings);

    Ok(ParsedFile {
        parsed,
        images: converted.images,
        page_words: converted.page_words,
    })
}

fn location(file: &FoundFile) -> FileLocation<'_> {
    FileLocation {
        path: &file.path_in_root,
        root: &file.dir,
    }
}

fn file_name(path_in_root: &str) -> &str {
    path_in_root.rsplit('/').next().unwrap_or(path_in_root)
}

/// The media type of an original, by its extension.
fn media_type(name: &str) -> &'static str {
    let extension = name
        .rsplit_once('.')
        .map_or("", |(_, extension)| extension)
        .to_lowercase();

    match extension.as_str() {
        "pdf" => "application/pdf",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "html" | "htm" | "xhtml" => "text/html",
        "json" => "application/json",
        "yaml" | "yml" => "application/yaml",
        "adoc" | "asciidoc" | "asc" | "rst" | "rest" => "text/plain",
        _ => "application/octet-stream",
    }
}
