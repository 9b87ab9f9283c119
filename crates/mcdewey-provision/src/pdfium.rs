//! PDFium, which reads PDF files.

use std::path::PathBuf;

use crate::catalogue::Catalogue;
use crate::error::ProvisionError;
use crate::fetch::{Downloads, fetch_missing};
use crate::library::{LocatedLibrary, NativeLibrary};
use crate::step::ProvisionStep;

/// Where PDFium may come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PdfiumSettings {
    /// A PDFium library to use as it is (`PDFIUM_LIBRARY_PATH`).
    pub library: Option<PathBuf>,
    /// Where downloaded files are kept.
    pub cache_dir: PathBuf,
    /// The Python interpreter whose pip downloads packages.
    pub python: String,
}

impl Default for PdfiumSettings {
    fn default() -> Self {
        Self {
            library: None,
            cache_dir: PathBuf::from("models"),
            python: "python3".to_owned(),
        }
    }
}

/// Returns the path of the PDFium library, downloading it if it is missing.
///
/// Blocks until done and passes each step to `report`. With the library in the cache it writes
/// nothing and takes about a millisecond.
pub fn provision_pdfium(
    settings: &PdfiumSettings,
    report: &dyn Fn(ProvisionStep),
) -> Result<PathBuf, ProvisionError> {
    provision_pdfium_from(&Catalogue::built_in()?, settings, report)
}

/// Finds the library like [`provision_pdfium`], but downloads nothing: `None` if it would have to.
pub fn find_pdfium(settings: &PdfiumSettings) -> Result<Option<PathBuf>, ProvisionError> {
    find_pdfium_in(&Catalogue::built_in()?, settings)
}

pub(crate) fn find_pdfium_in(
    catalogue: &Catalogue,
    settings: &PdfiumSettings,
) -> Result<Option<PathBuf>, ProvisionError> {
    let located = locate(catalogue, settings)?;
    Ok(match located.required {
        Some(required) if !required.is_complete()? => None,
        _ => Some(located.path),
    })
}

pub(crate) fn provision_pdfium_from(
    catalogue: &Catalogue,
    settings: &PdfiumSettings,
    report: &dyn Fn(ProvisionStep),
) -> Result<PathBuf, ProvisionError> {
    let located = locate(catalogue, settings)?;
    let downloads = Downloads {
        cache_dir: &settings.cache_dir,
        python: &settings.python,
        retries: None,
        instead: NativeLibrary::Pdfium.variable(),
    };

    fetch_missing(downloads, located.required.as_slice(), report)?;
    Ok(located.path)
}

fn locate<'a>(
    catalogue: &'a Catalogue,
    settings: &PdfiumSettings,
) -> Result<LocatedLibrary<'a>, ProvisionError> {
    let supplied = settings.library.as_deref();
    NativeLibrary::Pdfium.locate(catalogue, supplied, &settings.cache_dir)
}
