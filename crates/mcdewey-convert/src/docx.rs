//! Word documents: checked before they are parsed, then written as HTML, which becomes Markdown like any other page.

mod blocks;
mod images;
mod numbering;
mod package;
mod pages;

#[cfg(test)]
mod tests;

use mcdewey_core::{ConvertError, Converted};

use crate::front_matter::FrontMatter;
use crate::guard::guarded;
use crate::html;
use images::Images;

pub(crate) const VERSION: &str = "docx-1";

pub(crate) fn convert(bytes: &[u8]) -> Result<Converted, ConvertError> {
    guarded(|| {
        let package = package::checked(bytes)?;
        let document = undoc::parse_bytes(&package.bytes).map_err(|error| {
            ConvertError(format!(
                "it is damaged ({error}); open it in Word and save it again"
            ))
        })?;

        let mut images = Images::of(&document.resources);
        let body = blocks::html(&document, &mut images);
        let mut warnings = images.warnings();

        let about = FrontMatter {
            title: document
                .metadata
                .title
                .clone()
                .filter(|title| !title.trim().is_empty())
                .or_else(|| blocks::title(&document)),
            updated: document.metadata.modified.clone(),
            ..FrontMatter::default()
        };

        let markdown = html::fragment(&body, &about, &mut warnings)?;
        let pages = document.metadata.page_count.filter(|_| package.has_pages);
        let markdown = pages::mark(&markdown, pages);

        Ok(Converted {
            markdown,
            images: images.taken(),
            warnings,
        })
    })
}
