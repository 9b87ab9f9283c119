//! The trait for the converters, which turn files of other formats into Markdown.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::PageWords;

/// A file format that is converted to Markdown before parsing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// PDF with a text layer.
    Pdf,
    /// HTML or XHTML, as web exports contain it.
    Html,
    /// Microsoft Word's DOCX.
    Docx,
    /// reStructuredText.
    Rst,
    /// AsciiDoc.
    AsciiDoc,
    /// An OpenAPI description, in JSON or YAML.
    OpenApi,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 6] = [
        Self::Pdf,
        Self::Html,
        Self::Docx,
        Self::Rst,
        Self::AsciiDoc,
        Self::OpenApi,
    ];

    /// Returns the display name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Pdf => "PDF",
            Self::Html => "HTML",
            Self::Docx => "DOCX",
            Self::Rst => "reStructuredText",
            Self::AsciiDoc => "AsciiDoc",
            Self::OpenApi => "OpenAPI",
        }
    }

    /// Returns the format of a file extension, given in lower case. JSON and YAML files may contain
    /// anything, so they have no format here; their content decides.
    pub fn from_extension(extension: &str) -> Option<Self> {
        match extension {
            "pdf" => Some(Self::Pdf),
            "html" | "htm" | "xhtml" => Some(Self::Html),
            "docx" => Some(Self::Docx),
            "rst" | "rest" => Some(Self::Rst),
            "adoc" | "asciidoc" | "asc" => Some(Self::AsciiDoc),
            _ => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

/// The result of a conversion.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConvertedDocument {
    /// Markdown with front matter (`title` and other metadata of the file) and, for paged formats,
    /// page markers.
    pub markdown: String,
    /// The images that the Markdown links to.
    pub images: Vec<ImageFile>,
    /// Parts of the file that could not be read or placed.
    pub warnings: Vec<String>,
    /// The words of the pages and where they are, if the format has pages with a fixed layout.
    pub page_words: Vec<PageWords>,
}

/// An image that was found in or next to a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFile {
    /// The link target in the Markdown (`page-58-image-1.png`).
    pub name: String,
    /// The media type ("image/png").
    pub media_type: String,
    /// The content of the image file.
    pub bytes: Vec<u8>,
}

/// Why a file could not be converted, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{0}")]
pub struct ConvertError(pub String);

/// Converts files to Markdown. Calls block and may take seconds; implementations stop conversions
/// that exceed their limits.
pub trait Convert: Send + Sync + 'static {
    /// Returns a fingerprint of the converter that changes whenever it would produce different
    /// Markdown for the same file. Unchanged files are converted again when it changes.
    fn fingerprint(&self, format: Format) -> &str;

    /// Reports whether a file that starts with `head` may have this format, so that other files
    /// need not be read completely.
    fn may_be(&self, format: Format, head: &[u8]) -> bool;

    /// Converts a file to Markdown.
    fn convert(&self, format: Format, bytes: &[u8]) -> Result<ConvertedDocument, ConvertError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_found_by_extension() {
        assert_eq!(Format::from_extension("htm"), Some(Format::Html));
        assert_eq!(Format::from_extension("yaml"), None);
        assert_eq!(Format::AsciiDoc.to_string(), "AsciiDoc");
    }
}
