//! One file on its way to a document: read, parsed, given facets, and cut. Blocks; runs on threads for that.

use std::sync::Arc;

use mcdewey_core::{
    AttachedFile, AttachmentRole, ContentHash, Convert, DocumentMeta, Embed, EmbedError, Format,
    ImageFile, OutlineEntry, Page, RootName,
};

use crate::images::{self, Beside};
use crate::markdown::{Dialect, Parsed, READER, parse};
use crate::plan::Known;
use crate::read;
use crate::rules::{RuleSet, Subject, detect_language};
use crate::split::{CHUNKER, SizedChunk, split};
use crate::walk::{FoundFile, Reading};

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
    /// Its images and its original.
    pub(crate) attachments: Vec<AttachedFile>,
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

/// A description says what it is within this many bytes.
const HEAD: usize = 64 * 1024;

/// What files are read with.
pub(crate) struct Reader {
    pub(crate) embed: Arc<dyn Embed>,
    /// Without one, only text is read.
    pub(crate) convert: Option<Arc<dyn Convert>>,
    /// Whether originals are kept for readers.
    pub(crate) keep_originals: bool,
}

impl Reader {
    /// Reads a file, and makes a document of it unless the index knows it as it is (`known`).
    pub(crate) fn prepare(
        &self,
        file: &FoundFile,
        rules: &RuleSet,
        known: Option<Known>,
    ) -> Result<Outcome, EmbedError> {
        let content = match self.content(file) {
            Ok(content) => content,
            Err(reason) => return Ok(Outcome::Skipped(reason)),
        };
        let input = self.input_hash(file, &content, rules);
        if known == Some(Known { input, here: true }) {
            return Ok(Outcome::Unchanged);
        }

        let (parsed, own) = match parse_file(file, &content.bytes, self.convert.as_deref()) {
            Ok(parsed) => parsed,
            Err(reason) => return Ok(Outcome::Skipped(reason)),
        };

        if parsed.pages.is_empty() {
            return Ok(Outcome::Skipped(
                "it holds nothing but front matter; fill it or take it away".to_owned(),
            ));
        }

        match self.draft(file, input, parsed, rules) {
            Ok(mut draft) => {
                self.attach(&mut draft, file, own, content);
                Ok(Outcome::Draft(Box::new(draft)))
            }
            Err(EmbedError::Model(reason)) => Ok(Outcome::Skipped(format!(
                "its text cannot be tokenised: {reason}"
            ))),
            Err(error) => Err(error),
        }
    }

    /// The bytes of a file and of what it was made from.
    fn content(&self, file: &FoundFile) -> Result<Content, String> {
        let read_original = |path: &String| {
            read::bytes(&file.dir, path)
                .map_err(|reason| format!("its original `{}`: {reason}", file_name(path)))
        };

        let original = file
            .original
            .as_ref()
            .filter(|_| self.keep_originals)
            .map(read_original)
            .transpose()?;

        Ok(Content {
            bytes: read::bytes(&file.dir, &file.path_in_root)?,
            original,
        })
    }

    /// Everything that decides what becomes of a file: its bytes, its name, the rules, and the ways of reading and
    /// cutting.
    fn input_hash(&self, file: &FoundFile, content: &Content, rules: &RuleSet) -> ContentHash {
        let original = content
            .original
            .as_ref()
            .map(|bytes| ContentHash::of(bytes).to_string());

        let (way, beside) = match file.reading {
            Reading::Text(Dialect::Markdown) => {
                let text = std::str::from_utf8(&content.bytes).unwrap_or_default();
                (String::new(), images::beside_hash(text, beside(file)))
            }
            Reading::Text(Dialect::Plain) => Default::default(),
            Reading::Convert(format) => (self.way(format), String::new()),
            Reading::Described => (self.way(Format::OpenApi), String::new()),
        };

        ContentHash::of_parts([
            ContentHash::of(&content.bytes).to_string().as_str(),
            file.source.as_str(),
            rules.fingerprint().to_string().as_str(),
            READER,
            CHUNKER,
            &self.embed.model().fingerprint,
            &way,
            &beside,
            &original.unwrap_or_default(),
        ])
    }

    fn way(&self, format: Format) -> String {
        let version = self
            .convert
            .as_ref()
            .map_or("", |convert| convert.fingerprint(format));
        format!("{version} {}", self.keep_originals)
    }

    /// Puts the images that the pages show and the original with a document.
    fn attach(&self, draft: &mut Draft, file: &FoundFile, own: Vec<ImageFile>, content: Content) {
        let images = images::images(&draft.pages, own, beside(file));
        draft.attachments = images.kept;
        draft.warnings.extend(images.warnings);

        let original = match (file.reading, &file.original) {
            (Reading::Text(_), Some(path)) => content.original.map(|bytes| (path.clone(), bytes)),
            (Reading::Text(_), None) => None,
            _ => Some((file.path_in_root.clone(), content.bytes)).filter(|_| self.keep_originals),
        };

        if let Some((path, bytes)) = original {
            let name = file_name(&path).to_owned();
            let media_type = media_type(&name);
            draft.attachments.push(AttachedFile::new(
                name,
                AttachmentRole::Original,
                media_type,
                bytes,
            ));
        }
    }

    fn draft(
        &self,
        file: &FoundFile,
        input: ContentHash,
        parsed: Parsed,
        rules: &RuleSet,
    ) -> Result<Draft, EmbedError> {
        let assignment = rules.assign(Subject {
            path: &file.path_in_root,
            title: &parsed.title,
            front_matter: &parsed.front_matter,
        });

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

        let chunks = split(&meta, &parsed.pages, self.embed.as_ref())?;
        let outline = parsed.outline();
        let warnings = parsed
            .warnings
            .into_iter()
            .chain(assignment.warnings)
            .collect();

        let pages = parsed.pages.into_iter().map(|page| page.page).collect();
        Ok(Draft {
            root: file.root.clone(),
            folder: file.dir.path().to_string_lossy().into_owned(),
            input,
            meta,
            outline,
            pages,
            chunks,
            warnings,
            attachments: Vec::new(),
        })
    }
}

/// The text of a file with its headings and pages, and the images that came out of it; or why it cannot be read.
fn parse_file(
    file: &FoundFile,
    bytes: &[u8],
    convert: Option<&dyn Convert>,
) -> Result<(Parsed, Vec<ImageFile>), String> {
    let stem = read::stem(&file.path_in_root);
    let format = match file.reading {
        Reading::Text(dialect) => {
            return Ok((parse(read::text(bytes)?, stem, dialect), Vec::new()));
        }
        Reading::Convert(format) => format,
        Reading::Described => Format::OpenApi,
    };

    let Some(convert) = convert else {
        return Err(format!("nothing here reads {format}"));
    };

    if file.reading == Reading::Described
        && !convert.may_be(format, &bytes[..bytes.len().min(HEAD)])
    {
        return Err(
            "it is no OpenAPI description; convert it to Markdown, or take it away".to_owned(),
        );
    }

    let converted = convert
        .convert(format, bytes)
        .map_err(|error| error.to_string())?;

    let mut parsed = parse(
        read::text(converted.markdown.as_bytes())?,
        stem,
        Dialect::Markdown,
    );

    parsed.warnings.extend(converted.warnings);
    Ok((parsed, converted.images))
}

/// Reads what rules look at; or why the file cannot be read.
pub(crate) fn read_subject(
    file: &FoundFile,
    convert: Option<&dyn Convert>,
) -> Result<ReadSubject, String> {
    let bytes = read::bytes(&file.dir, &file.path_in_root)?;
    Ok(ReadSubject(parse_file(file, &bytes, convert)?.0))
}

/// A file's bytes, and those of the file it was made from.
struct Content {
    bytes: Vec<u8>,
    original: Option<Vec<u8>>,
}

fn beside(file: &FoundFile) -> Beside<'_> {
    Beside {
        file: &file.path_in_root,
        root: &file.dir,
    }
}

fn file_name(path_in_root: &str) -> &str {
    path_in_root.rsplit('/').next().unwrap_or(path_in_root)
}

/// What an original is, by its name.
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

/// As much of a document as rules look at.
pub(crate) struct ReadSubject(Parsed);

impl ReadSubject {
    pub(crate) fn parsed(&self) -> &Parsed {
        &self.0
    }

    pub(crate) fn subject<'a>(&'a self, file: &'a FoundFile) -> Subject<'a> {
        Subject {
            path: &file.path_in_root,
            title: &self.0.title,
            front_matter: &self.0.front_matter,
        }
    }
}
