//! The seam to the converters: files of other formats become Markdown, which everything else reads.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A format that is converted to Markdown before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// With a text layer.
    Pdf,
    /// A page of a web export.
    Html,
    /// Word's.
    Docx,
    /// reStructuredText.
    Rst,
    /// AsciiDoc.
    AsciiDoc,
    /// An OpenAPI description, in JSON or YAML.
    OpenApi,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Pdf,
        Self::Html,
        Self::Docx,
        Self::Rst,
        Self::AsciiDoc,
        Self::OpenApi,
    ];

    /// Its name as people write it.
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

    /// The format that a file's extension names, in lower case; JSON and YAML may be anything and are looked into.
    pub fn of_extension(extension: &str) -> Option<Self> {
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

/// A file as Markdown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Converted {
    /// With front matter (`title`, and what else the file says about itself) and, where there are pages, page markers.
    pub markdown: String,
    /// The images that the Markdown shows, by the names it uses.
    pub images: Vec<ImageFile>,
    /// Things worth a look: what could not be placed or read.
    pub warnings: Vec<String>,
}

/// An image as it was found in or beside a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFile {
    /// The target of the links that show it (`page-58-image-1.png`).
    pub name: String,
    /// What it is ("image/png").
    pub media_type: String,
    /// The image itself.
    pub bytes: Vec<u8>,
}

/// Why a file did not become Markdown, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{0}")]
pub struct ConvertError(pub String);

/// Turns files into Markdown. Blocks, and may take seconds; what runs away in it is stopped.
pub trait Convert: Send + Sync + 'static {
    /// Changes whenever the same file would give other Markdown; part of what an unchanged file is recognised by.
    fn fingerprint(&self, format: Format) -> &str;

    /// Whether a file may be of this format, by its first bytes: what surely is not need not be read whole.
    fn may_be(&self, format: Format, head: &[u8]) -> bool;

    /// The Markdown of a file.
    fn convert(&self, format: Format, bytes: &[u8]) -> Result<Converted, ConvertError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_name_formats() {
        assert_eq!(Format::of_extension("htm"), Some(Format::Html));
        assert_eq!(Format::of_extension("yaml"), None);
        assert_eq!(Format::AsciiDoc.to_string(), "AsciiDoc");
    }
}
