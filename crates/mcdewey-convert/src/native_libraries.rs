//! What converters load at run time.

use std::path::PathBuf;

/// The native libraries that converters load at run time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NativeLibraries {
    /// PDFium. Without it, PDF files are read by a parser that knows less of them, and their
    /// conversion warns of it.
    pub pdfium: Option<PathBuf>,
}
