//! Turns files of other formats into Markdown with front matter and page markers, the form that everything else reads
//! and that people can correct.
//!
//! [`convert`] is a pure function of a file's bytes. The parsers it calls are not ours and may run away on a broken
//! file: [`IsolatedConverter`] runs it in processes of its own, with limits on memory and time.

#![forbid(unsafe_code)]

mod asciidoc;
mod docx;
mod front_matter;
mod guard;
mod html;
mod isolated;
#[cfg(test)]
mod mutate;
mod openapi;
mod pdf;
mod rst;
mod text;

pub use isolated::{IsolatedConverter, Limits, serve};

use mcdewey_core::{ConvertError, Converted, Format};

/// The Markdown of a file. Blocks.
pub fn convert(format: Format, bytes: &[u8]) -> Result<Converted, ConvertError> {
    match format {
        Format::Pdf => pdf::convert(bytes),
        Format::Html => html::convert(bytes),
        Format::Docx => docx::convert(bytes),
        Format::Rst => rst::convert(bytes),
        Format::AsciiDoc => asciidoc::convert(bytes),
        Format::OpenApi => openapi::convert(bytes),
    }
}

/// Changes whenever the same file would give other Markdown.
pub fn fingerprint(format: Format) -> &'static str {
    match format {
        Format::Pdf => pdf::VERSION,
        Format::Html => html::VERSION,
        Format::Docx => docx::VERSION,
        Format::Rst => rst::VERSION,
        Format::AsciiDoc => asciidoc::VERSION,
        Format::OpenApi => openapi::VERSION,
    }
}
