//! Converts Word documents: checks the package before it is parsed, then writes the document as
//! HTML, which becomes Markdown like any other page.

mod blocks;
mod images;
mod numbering;
mod package;
mod pages;

#[cfg(test)]
mod tests;

use mcdewey_core::{ConvertError, ConvertedDocument};

use crate::front_matter::FrontMatter;
use crate::guard::guarded;
use crate::html;
use images::Images;

pub(crate) const VERSION: &str = "docx-1";

pub(crate) fn convert(bytes: &[u8]) -> Result<ConvertedDocument, ConvertError> {
    guarded(|| read(bytes))
}

fn read(bytes: &[u8]) -> Result<ConvertedDocument, ConvertError> {
    let package = package::check(bytes)?;
    let document = undoc::parse_bytes(&package.bytes).map_err(|error| {
        ConvertError(format!(
            "the file is damaged ({error}); open it in Word and save it again"
        ))
    })?;

    let mut images = Images::new(&document.resources);
    let body = blocks::to_html(&document, &mut images);
    let mut warnings = images.warnings();

    let front_matter = FrontMatter {
        title: document
            .metadata
            .title
            .clone()
            .filter(|title| !title.trim().is_empty())
            .or_else(|| blocks::title(&document)),
        updated: document.metadata.modified.clone(),
        ..FrontMatter::default()
    };

    let markdown = html::fragment(&body, &front_matter, &mut warnings)?;
    let page_count = document
        .metadata
        .page_count
        .filter(|_| package.has_page_breaks);

    Ok(ConvertedDocument {
        markdown: pages::write_markers(&markdown, page_count),
        images: images.into_files(),
        warnings,
    })
}
