//! The ZIP package of a Word document, read within limits.
//!
//! The sizes that a ZIP file declares are not trusted; entries are measured while they are
//! decompressed.

use std::collections::HashMap;
use std::fmt::Display;
use std::io::{Cursor, Read};

use mcdewey_core::ConvertError;
use zip::ZipArchive;
use zip::read::ZipFile;

use super::relationships::{Relationships, part_name};
use super::xml;

const MAX_ENTRIES: usize = 10_000;
const MAX_ENTRY_BYTES: u64 = 256 * 1024 * 1024;
const MAX_TOTAL_BYTES: u64 = 1024 * 1024 * 1024;

/// Text compresses to a tenth. A file that compresses better than this, and is larger than
/// [`MAX_BYTES_AT_RATIO`] when decompressed, was made to do harm.
const MAX_RATIO: u64 = 200;
const MAX_BYTES_AT_RATIO: u64 = 64 * 1024 * 1024;

/// Magic bytes of OLE files, the container of old and of encrypted documents.
const OLE_MAGIC: &[u8] = b"\xD0\xCF\x11\xE0";

const CONTENT_TYPES_PART: &str = "[content_types].xml";

/// Where almost all programs put the main part.
const USUAL_MAIN_PART: &str = "word/document.xml";

/// The content types of a main part: a document or a template, with or without macros.
const MAIN_CONTENT_TYPES: [&str; 4] = [
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
    "application/vnd.ms-word.document.macroenabled.main+xml",
    "application/vnd.ms-word.template.macroenabledtemplate.main+xml",
];

/// The parts of a document, by the names that [`part_name`] gives them.
pub(super) struct Package {
    parts: HashMap<String, Vec<u8>>,
}

impl Package {
    /// Decompresses a package within the limits.
    pub(super) fn open(bytes: &[u8]) -> Result<Self, ConvertError> {
        if bytes.starts_with(OLE_MAGIC) {
            return fail(
                "the file is encrypted or an old .doc; save it as .docx without a password",
            );
        }

        Ok(Self {
            parts: read_parts(bytes)?,
        })
    }

    pub(super) fn part(&self, name: &str) -> Option<&[u8]> {
        self.parts.get(name).map(Vec::as_slice)
    }

    /// Returns the relationships of a part; those of the package itself if the name is empty.
    /// Damaged relationships are treated like none.
    pub(super) fn relationships(&self, source: &str) -> Relationships {
        let (folder, file) = source.rsplit_once('/').unwrap_or(("", source));
        let name = part_name(&format!("{folder}/_rels/{file}.rels"));
        self.part(&name)
            .and_then(|content| xml::parse(content).ok())
            .map(|root| Relationships::read(&root, source))
            .unwrap_or_default()
    }

    /// Returns the name of the main part: the package's relationships name it, or else the content
    /// types.
    pub(super) fn main_part(&self) -> Result<String, ConvertError> {
        let root = self.relationships("");
        let candidates = [
            root.part_of_kind("officeDocument").map(str::to_owned),
            self.main_part_by_content_type(),
            Some(USUAL_MAIN_PART.to_owned()),
        ];

        candidates
            .into_iter()
            .flatten()
            .find(|name| self.parts.contains_key(name))
            .ok_or_else(not_word)
    }

    fn main_part_by_content_type(&self) -> Option<String> {
        let types = xml::parse(self.part(CONTENT_TYPES_PART)?).ok()?;
        types
            .elements()
            .filter(|element| element.is("Override"))
            .find(|element| {
                element.attribute("ContentType").is_some_and(|content| {
                    MAIN_CONTENT_TYPES.contains(&content.trim().to_lowercase().as_str())
                })
            })
            .and_then(|element| element.attribute("PartName"))
            .map(part_name)
    }
}

/// The error for a ZIP file that has no main part of a Word document.
pub(super) fn not_word() -> ConvertError {
    ConvertError(
        "the file is a ZIP file but not a Word document; if it is an archive, unpack it".to_owned(),
    )
}

/// Decompresses all entries within the limits and returns those that can hold text or pictures.
fn read_parts(bytes: &[u8]) -> Result<HashMap<String, Vec<u8>>, ConvertError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| {
        ConvertError(format!(
            "the file is not a Word document ({error}); save it as .docx"
        ))
    })?;

    if archive.len() > MAX_ENTRIES {
        return fail(&format!(
            "the file has more than {MAX_ENTRIES} entries, which no Word document has"
        ));
    }

    let mut parts = HashMap::new();
    let mut total = 0;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(zip_error)?;
        let name = entry.name().map_err(zip_error)?.into_owned();
        let content = decompress(&mut entry, &name)?;

        total += content.len() as u64;
        let suspicious = total > MAX_BYTES_AT_RATIO && total / MAX_RATIO > bytes.len() as u64;
        if total > MAX_TOTAL_BYTES || suspicious {
            return fail(&format!(
                "the file expands to more than {} MB (at {name}) and was not read",
                total / 1024 / 1024
            ));
        }

        if !entry.is_dir() && is_needed(&name) {
            parts.insert(part_name(&name), content);
        }
    }

    Ok(parts)
}

fn decompress<R: Read>(entry: &mut ZipFile<'_, R>, name: &str) -> Result<Vec<u8>, ConvertError> {
    let mut content = Vec::new();
    if entry.size() <= MAX_ENTRY_BYTES {
        entry
            .by_ref()
            .take(MAX_ENTRY_BYTES + 1)
            .read_to_end(&mut content)
            .map_err(zip_error)?;
        if content.len() as u64 <= MAX_ENTRY_BYTES {
            return Ok(content);
        }
    }

    fail(&format!(
        "{name} in the file expands to more than {} MB",
        MAX_ENTRY_BYTES / 1024 / 1024
    ))
}

/// Reports whether a part may hold text, pictures or their relationships: not embedded files,
/// fonts, macros and names that lead out of the package.
fn is_needed(name: &str) -> bool {
    let name = part_name(name);
    !name.split('/').any(|segment| segment == "..")
        && !name.contains("/embeddings/")
        && !name.contains("/fonts/")
        && !name.ends_with(".bin")
}

/// Describes an error of the `zip` crate. Encryption is recognised by its message.
fn zip_error(error: impl Display) -> ConvertError {
    let error = error.to_string();
    if error.to_lowercase().contains("password") {
        return ConvertError(
            "the file is encrypted; save it as .docx without a password".to_owned(),
        );
    }

    ConvertError(format!(
        "the file is damaged ({error}); open it in Word and save it again"
    ))
}

fn fail<T>(message: &str) -> Result<T, ConvertError> {
    Err(ConvertError(message.to_owned()))
}
