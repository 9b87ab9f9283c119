//! The ZIP file that a Word document is: looked through within bounds, and written anew with what the parser needs.
//!
//! What a ZIP file declares about itself is not believed; entries are counted while they are inflated.

use std::io::{Cursor, Read, Write};

use mcdewey_core::ConvertError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{numbering, pages};

const MAX_ENTRIES: usize = 10_000;
const MAX_ENTRY: u64 = 256 * 1024 * 1024;
const MAX_TOTAL: u64 = 1024 * 1024 * 1024;

/// Text shrinks to a tenth; what shrinks this far and is then this large was made to harm.
const MAX_RATIO: u64 = 200;
const MAX_AT_RATIO: u64 = 64 * 1024 * 1024;

/// Elements of Word documents nest some 40 deep, with tables in tables.
const MAX_DEPTH: usize = 400;

/// Where old and encrypted documents begin.
const OLE: &[u8] = b"\xD0\xCF\x11\xE0";

const DOCUMENT: &str = "word/document.xml";

/// A document that is safe to parse.
pub(super) struct Package {
    pub(super) bytes: Vec<u8>,
    /// Word has noted where pages began when it last laid the document out.
    pub(super) has_pages: bool,
}

pub(super) fn checked(bytes: &[u8]) -> Result<Package, ConvertError> {
    if bytes.starts_with(OLE) {
        return fail("it is encrypted or an old .doc; save it as .docx without a password");
    }

    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| {
        ConvertError(format!(
            "it is no Word document ({error}); save it as .docx"
        ))
    })?;

    if archive.len() > MAX_ENTRIES {
        return fail(&format!(
            "it has more than {MAX_ENTRIES} entries, which no Word document has"
        ));
    }

    let mut parts: Vec<(String, Vec<u8>)> = Vec::new();
    let mut total = 0;
    for at in 0..archive.len() {
        let mut entry = archive
            .by_index(at)
            .map_err(|error| unreadable(&error.to_string()))?;

        let name = entry
            .name()
            .map_err(|error| unreadable(&error.to_string()))?
            .into_owned();

        if entry.size() > MAX_ENTRY {
            return too_large(&name);
        }

        let mut content = Vec::new();
        entry
            .by_ref()
            .take(MAX_ENTRY + 1)
            .read_to_end(&mut content)
            .map_err(|error| unreadable(&error.to_string()))?;

        if content.len() as u64 > MAX_ENTRY {
            return too_large(&name);
        }

        total += content.len() as u64;
        if total > MAX_TOTAL || (total > MAX_AT_RATIO && total / MAX_RATIO > bytes.len() as u64) {
            return fail(&format!(
                "it grows to more than {} MB when unpacked (at {name}) and was not read",
                total / 1024 / 1024
            ));
        }

        if !entry.is_dir() && is_needed(&name) {
            parts.push((name, content));
        }
    }

    for (_, content) in parts.iter().filter(|(name, _)| name.ends_with(".xml")) {
        check_depth(content)?;
    }

    let has_pages = prepare(&mut parts)?;
    Ok(Package {
        bytes: written(&parts)?,
        has_pages,
    })
}

/// Puts into the document what the parser does not look up by itself; says whether Word noted pages.
fn prepare(parts: &mut [(String, Vec<u8>)]) -> Result<bool, ConvertError> {
    let text = |wanted: &str| {
        let found = parts.iter().find(|(name, _)| name == wanted);
        found
            .map(|(_, content)| String::from_utf8_lossy(content).into_owned())
            .unwrap_or_default()
    };

    let numbering = numbering::of_styles(&text("word/styles.xml"), &text("word/numbering.xml"));
    let Some((_, document)) = parts.iter_mut().find(|(name, _)| name == DOCUMENT) else {
        return fail("it is a ZIP file but no Word document; if it is an archive, unpack it");
    };

    // The parser reads other encodings itself.
    let Ok(text) = std::str::from_utf8(document) else {
        return Ok(false);
    };
    let (text, has_pages) = pages::place(text);
    *document = numbering::place(&text, &numbering).into_bytes();
    Ok(has_pages)
}

/// The parts as a ZIP file again, uncompressed.
fn written(parts: &[(String, Vec<u8>)]) -> Result<Vec<u8>, ConvertError> {
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        writer
            .start_file(name, stored)
            .map_err(|error| unreadable(&error.to_string()))?;
        writer
            .write_all(content)
            .map_err(|error| unreadable(&error.to_string()))?;
    }

    Ok(writer
        .finish()
        .map_err(|error| unreadable(&error.to_string()))?
        .into_inner())
}

/// The parts that hold text, pictures and how they belong together.
fn is_needed(name: &str) -> bool {
    name == "[Content_Types].xml"
        || ["word/", "docProps/", "_rels/", "customXml/"]
            .iter()
            .any(|folder| name.starts_with(folder))
}

/// Nesting that no document has, found in one pass.
fn check_depth(xml: &[u8]) -> Result<(), ConvertError> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(open) = xml[at..].iter().position(|&byte| byte == b'<') {
        at += open + 1;
        let Some(length) = xml[at..].iter().position(|&byte| byte == b'>') else {
            break;
        };

        let tag = &xml[at..at + length];
        match (tag.first(), tag.last()) {
            (Some(b'/'), _) => depth = depth.saturating_sub(1),
            (Some(b'?' | b'!'), _) | (_, Some(b'/')) => {}
            _ => depth += 1,
        }

        if depth > MAX_DEPTH {
            return fail(&format!(
                "its elements are nested more than {MAX_DEPTH} deep; take apart the tables in its tables"
            ));
        }

        at += length;
    }

    Ok(())
}

fn too_large<T>(name: &str) -> Result<T, ConvertError> {
    fail(&format!(
        "{name} in it is larger than {} MB when unpacked",
        MAX_ENTRY / 1024 / 1024
    ))
}

fn unreadable(error: &str) -> ConvertError {
    if error.to_lowercase().contains("password") {
        return ConvertError("it is encrypted; save it as .docx without a password".to_owned());
    }

    ConvertError(format!(
        "it is damaged ({error}); open it in Word and save it again"
    ))
}

fn fail<T>(message: &str) -> Result<T, ConvertError> {
    Err(ConvertError(message.to_owned()))
}
