//! Converts files of other formats to Markdown with front matter and page markers, the one form
//! that the rest of the program reads and that people can correct.
//!
//! [`convert`] is a pure function of a file's bytes and never reads another file. It calls
//! third-party parsers, which may crash or never end on a damaged file; [`IsolatedConverter`]
//! therefore runs it in child processes with limits on memory and time.

#![forbid(unsafe_code)]

mod asciidoc;
mod coverage;
mod docx;
mod front_matter;
mod guard;
mod html;
mod isolated;
mod native_libraries;
mod numerals;
mod openapi;
mod pdf;
mod pdfium;
mod rst;
#[cfg(test)]
mod testing;
mod text;

pub use coverage::{Coverage, MIN_COVERAGE, measure as measure_coverage};
pub use isolated::{ConvertLimits, IsolatedConverter, run_worker};
pub use native_libraries::NativeLibraries;

use mcdewey_core::{ConvertError, ConvertedDocument, Format};

/// Converts a file to Markdown, with a warning if text of it was lost. Blocks, for seconds on large
/// files.
pub fn convert(
    format: Format,
    bytes: &[u8],
    libraries: &NativeLibraries,
) -> Result<ConvertedDocument, ConvertError> {
    let mut converted = convert_unchecked(format, bytes, libraries)?;
    let coverage = measure_coverage(format, bytes, &converted.markdown, libraries);
    converted
        .warnings
        .extend(coverage.and_then(|coverage| coverage.warning()));

    Ok(converted)
}

fn convert_unchecked(
    format: Format,
    bytes: &[u8],
    libraries: &NativeLibraries,
) -> Result<ConvertedDocument, ConvertError> {
    match format {
        Format::Pdf => pdf::convert(bytes, libraries),
        Format::Html => html::convert(bytes),
        Format::Docx => docx::convert(bytes),
        Format::Rst => rst::convert(bytes),
        Format::AsciiDoc => asciidoc::convert(bytes),
        Format::OpenApi => openapi::convert(bytes),
    }
}

/// Returns the version of a format's converter with these libraries. It changes whenever the same
/// file would be converted to different Markdown.
pub fn fingerprint(format: Format, libraries: &NativeLibraries) -> &'static str {
    match format {
        Format::Pdf if libraries.pdfium.is_none() => pdf::VERSION_WITHOUT_PDFIUM,
        Format::Pdf => pdf::VERSION,
        Format::Html => html::VERSION,
        Format::Docx => docx::VERSION,
        Format::Rst => rst::VERSION,
        Format::AsciiDoc => asciidoc::VERSION,
        Format::OpenApi => openapi::VERSION,
    }
}
