//! The ZIP package of a Word document: read within limits, then written again with only what the
//! parser needs.
//!
//! The sizes that a ZIP file declares are not trusted; entries are measured while they are
//! decompressed.

use std::fmt::Display;
use std::io::{Cursor, Read, Write};

use mcdewey_core::ConvertError;
use zip::read::ZipFile;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{numbering, pages};

const MAX_ENTRIES: usize = 10_000;
const MAX_ENTRY_BYTES: u64 = 256 * 1024 * 1024;
const MAX_TOTAL_BYTES: u64 = 1024 * 1024 * 1024;

/// Text compresses to a tenth. A file that compresses better than this, and is larger than
/// [`MAX_BYTES_AT_RATIO`] when decompressed, was made to do harm.
const MAX_RATIO: u64 = 200;
const MAX_BYTES_AT_RATIO: u64 = 64 * 1024 * 1024;

/// Elements of Word documents nest some 40 deep, with tables in tables.
const MAX_DEPTH: usize = 400;

/// Magic bytes of OLE files, the container of old and of encrypted documents.
const OLE_MAGIC: &[u8] = b"\xD0\xCF\x11\xE0";

const DOCUMENT_PART: &str = "word/document.xml";

/// A package that is safe to parse.
pub(super) struct Package {
    pub(super) bytes: Vec<u8>,
    /// Whether Word has recorded its page breaks in the document.
    pub(super) has_page_breaks: bool,
}

/// A file of the package.
struct Part {
    name: String,
    content: Vec<u8>,
}

/// Checks a package against the limits and prepares it for the parser.
pub(super) fn check(bytes: &[u8]) -> Result<Package, ConvertError> {
    if bytes.starts_with(OLE_MAGIC) {
        return fail("the file is encrypted or an old .doc; save it as .docx without a password");
    }

    let mut parts = read_parts(bytes)?;
    for part in parts.iter().filter(|part| part.name.ends_with(".xml")) {
        check_depth(&part.content)?;
    }

    let has_page_breaks = prepare_document(&mut parts)?;
    Ok(Package {
        bytes: write_package(&parts)?,
        has_page_breaks,
    })
}

/// Decompresses all entries within the limits and returns those that the parser needs.
fn read_parts(bytes: &[u8]) -> Result<Vec<Part>, ConvertError> {
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

    let mut parts = Vec::new();
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
            parts.push(Part { name, content });
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

/// Inserts into the document what the parser does not look up itself: the numbering of styles and
/// the recorded page breaks. Returns whether there were page breaks.
fn prepare_document(parts: &mut [Part]) -> Result<bool, ConvertError> {
    let numbering = numbering::of_styles(
        &part_text(parts, "word/styles.xml"),
        &part_text(parts, "word/numbering.xml"),
    );

    let Some(document) = parts.iter_mut().find(|part| part.name == DOCUMENT_PART) else {
        return fail(
            "the file is a ZIP file but not a Word document; if it is an archive, unpack it",
        );
    };

    // Other encodings are left to the parser, which decodes them itself.
    let Ok(text) = std::str::from_utf8(&document.content) else {
        return Ok(false);
    };

    let (text, has_page_breaks) = pages::insert_breaks(text);
    document.content = numbering::insert(&text, &numbering).into_bytes();
    Ok(has_page_breaks)
}

/// Returns the text of a part; empty if it does not exist.
fn part_text(parts: &[Part], name: &str) -> String {
    parts
        .iter()
        .find(|part| part.name == name)
        .map(|part| String::from_utf8_lossy(&part.content).into_owned())
        .unwrap_or_default()
}

/// Writes the parts as a ZIP file, uncompressed.
fn write_package(parts: &[Part]) -> Result<Vec<u8>, ConvertError> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for part in parts {
        writer.start_file(&part.name, options).map_err(zip_error)?;
        writer.write_all(&part.content).map_err(zip_error)?;
    }

    Ok(writer.finish().map_err(zip_error)?.into_inner())
}

/// Reports whether a part holds text, pictures or their relationships.
fn is_needed(name: &str) -> bool {
    name == "[Content_Types].xml"
        || ["word/", "docProps/", "_rels/", "customXml/"]
            .iter()
            .any(|folder| name.starts_with(folder))
}

/// Refuses XML that is nested deeper than any real document, in one pass without parsing it.
fn check_depth(xml: &[u8]) -> Result<(), ConvertError> {
    let mut depth = 0_usize;
    let mut offset = 0;
    while let Some(open) = xml[offset..].iter().position(|&byte| byte == b'<') {
        offset += open + 1;
        let Some(length) = xml[offset..].iter().position(|&byte| byte == b'>') else {
            break;
        };

        let tag = &xml[offset..offset + length];
        match (tag.first(), tag.last()) {
            (Some(b'/'), _) => depth = depth.saturating_sub(1),
            (Some(b'?' | b'!'), _) | (_, Some(b'/')) => {}
            _ => depth += 1,
        }

        if depth > MAX_DEPTH {
            return fail(&format!(
                "the document's elements are nested more than {MAX_DEPTH} levels deep; simplify \
                 tables inside tables"
            ));
        }

        offset += length;
    }

    Ok(())
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
