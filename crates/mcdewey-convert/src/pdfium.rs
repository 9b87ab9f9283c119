//! PDFium, a library that is loaded at run time: `mcdewey-provision` pins the build that fits the
//! binding.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use mcdewey_core::ConvertError;
use pdfium_render::prelude::{Pdfium, PdfiumError};

/// The library is not thread-safe, so one conversion at a time uses it.
static IN_USE: Mutex<()> = Mutex::new(());

/// Runs `read` with PDFium, after all other calls of this process have ended. The first call loads
/// the library; a process cannot replace it, so later calls use the one that is loaded.
///
/// # Errors
///
/// If the library cannot be loaded.
pub(crate) fn with_pdfium<T>(
    library: &Path,
    read: impl FnOnce(&Pdfium) -> T,
) -> Result<T, ConvertError> {
    // A panic in `read` has closed its documents; the library itself can be used further.
    let _in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
    let pdfium = load(library).map_err(|problem| {
        ConvertError(format!(
            "cannot load the PDFium library {} ({problem}); set PDFIUM_LIBRARY_PATH to a build of \
             version 8125 or later for this machine, or unset it to download the library",
            library.display()
        ))
    })?;

    Ok(read(&pdfium))
}

fn load(library: &Path) -> Result<Pdfium, String> {
    // The loader would search for a relative path in the system's library folders.
    let library = library.canonicalize().map_err(|error| error.to_string())?;
    match Pdfium::bind_to_library(library) {
        Ok(bindings) => {
            let mut pdfium = Pdfium::new(bindings);
            // The fonts of this machine must not change what is read.
            pdfium.clear_custom_font_provider();
            Ok(pdfium)
        }
        // Uses the library that is loaded.
        Err(PdfiumError::PdfiumLibraryBindingsAlreadyInitialized) => Ok(Pdfium::default()),
        Err(PdfiumError::LoadLibraryError(error)) => Err(error.to_string()),
        Err(error) => Err(format!("{error:?}")),
    }
}

#[cfg(test)]
mod tests;
