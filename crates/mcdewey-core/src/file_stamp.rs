//! What an index remembers of a file to recognise it, when it has not changed, without reading it.

use crate::{ContentHash, SourcePath};

/// What was known of a file when it was last read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStamp {
    /// The document's path in the library.
    pub source: SourcePath,
    /// [`DocumentRevision::input`](crate::DocumentRevision::input) of what was read. The stamp says
    /// nothing about any other revision of the document.
    pub input: ContentHash,
    /// Hash of what the file system tells of everything that was read, and of all else that decides
    /// which document the file becomes. Equal stamps mean an equal input.
    pub stamp: ContentHash,
    /// The images that the file links to, as written in it. They are part of the stamp and are not
    /// known without reading the file.
    pub images: Vec<String>,
}
