//! Converts Word documents: walks over the XML of the package, within limits, and writes it as
//! HTML, which becomes Markdown like any other page.

mod blocks;
mod body;
mod drawings;
mod equations;
mod fields;
mod images;
mod inline;
mod losses;
mod metadata;
mod notes;
mod numbering;
mod package;
mod pages;
mod paragraph;
mod pieces;
mod relationships;
mod styles;
mod symbols;
mod tables;
mod xml;

#[cfg(test)]
mod tests;

use mcdewey_core::{ConvertError, ConvertedDocument};

use crate::front_matter::FrontMatter;
use crate::guard::guarded;
use crate::html;
use metadata::Metadata;
use package::Package;

pub(crate) const VERSION: &str = "docx-2";

pub(crate) fn convert(bytes: &[u8]) -> Result<ConvertedDocument, ConvertError> {
    guarded(|| read(bytes))
}

fn read(bytes: &[u8]) -> Result<ConvertedDocument, ConvertError> {
    let package = Package::open(bytes)?;
    let main_part = package.main_part()?;
    let metadata = Metadata::read(&package);
    let body = body::read(&package, &main_part)?;

    let front_matter = FrontMatter {
        title: metadata.title.or(body.title),
        updated: metadata.modified,
        ..FrontMatter::default()
    };

    let mut warnings = body.warnings;
    let markdown = html::fragment(&body.html, &front_matter, &mut warnings)?;
    Ok(ConvertedDocument {
        markdown: pages::write_markers(&markdown, metadata.page_count),
        images: body.images.into_files(),
        warnings,
        ..ConvertedDocument::default()
    })
}
