//! Turns one file into a document that is ready to embed: reads it, converts it where needed,
//! parses it, assigns facets and splits it into chunks. Everything here blocks and must run on a
//! blocking thread.

use std::sync::Arc;

use mcdewey_core::{
    AttachedFile, AttachmentRole, ContentHash, Convert, DocumentMeta, Embed, EmbedError, Format,
    ImageFile, OutlineEntry, Page, PageBoxes, PageWords, RootName,
};

use crate::images::{self, CollectedImages, FileLocation};
use crate::parse::{
    Dialect, FrontMatter, PARSER_VERSION, ParsedDocument, name_for_title, parse, without_dialects,
};
use crate::plan::IndexedFile;
use crate::read;
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

        let input = self.input_hash(file, &content, rules);
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
        let original = match &file.original {
            Some(path) if self.keep_originals => Some(
                read::bytes(&file.dir, path)
                    .map_err(|reason| format!("its original `{}`: {reason}", file_name(path)))?,
            ),
            _ => None,
        };

        Ok(FileContent {
            bytes: read_bytes(file, self.convert.as_deref())?,
            original,
        })
    }

    /// Hashes everything that decides which document a file becomes: its bytes, its name, the
    /// rules, and the versions of the parser, the splitter, the model and the converter.
    fn input_hash(&self, file: &FoundFile, content: &FileContent, rules: &RuleSet) -> ContentHash {
        let original = content
            .original
            .as_ref()
            .map(|bytes| ContentHash::of(bytes).to_string());

        let (conversion, images) = match file.kind {
            FileKind::Text(Dialect::Plain) => Default::default(),
            FileKind::Text(dialect) => {
                let text = std::str::from_utf8(&content.bytes).unwrap_or_default();
                // Markup of a dialect may hide the images of its content from the parser.
                let text = without_dialects(text, dialect, &FrontMatter::default()).text;
                (
                    String::new(),
                    images::linked_images_fingerprint(&text, location(file)),
                )
            }
            FileKind::Convert(format) => (self.conversion_fingerprint(format), String::new()),
            FileKind::MaybeOpenApi => (self.conversion_fingerprint(Format::OpenApi), String::new()),
        };

        ContentHash::of_parts([
            ContentHash::of(&content.bytes).to_string().as_str(),
            file.source.as_str(),
            rules.fingerprint().to_string().as_str(),
            PARSER_VERSION,
            CHUNKER,
            &self.embed.model().fingerprint,
            &conversion,
            &images,
            &original.unwrap_or_default(),
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
}

/// Reads and parses a file without preparing a document from it. The error is the reason to report.
pub(crate) fn read_and_parse(
    file: &FoundFile,
    convert: Option<&dyn Convert>,
) -> Result<ParsedDocument, String> {
    let bytes = read_bytes(file, convert)?;
    Ok(parse_file(file, &bytes, convert)?.parsed)
}

/// Reads the bytes of a file. Of JSON and YAML, which is mostly data, only the beginning is read
/// unless it may be an OpenAPI description. The error is the reason to report.
fn read_bytes(file: &FoundFile, convert: Option<&dyn Convert>) -> Result<Vec<u8>, String> {
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
