//! The native libraries of the catalogue.

use std::env::consts;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::catalogue::Catalogue;
use crate::error::ProvisionError;
use crate::fetch::RequiredBundle;

/// A native library that is loaded at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NativeLibrary {
    OnnxRuntime,
    Pdfium,
}

/// Where a library is, or will be once its bundle is in the cache.
pub(crate) struct LocatedLibrary<'a> {
    pub(crate) path: PathBuf,
    /// `None` if the operator supplies the library.
    pub(crate) required: Option<RequiredBundle<'a>>,
}

impl NativeLibrary {
    /// Returns the environment variable with which an operator supplies the library.
    pub(crate) fn variable(self) -> &'static str {
        match self {
            Self::OnnxRuntime => "ORT_DYLIB_PATH",
            Self::Pdfium => "PDFIUM_LIBRARY_PATH",
        }
    }

    /// Finds the library: `supplied` by the operator, or that of the catalogue for this machine.
    pub(crate) fn locate<'a>(
        self,
        catalogue: &'a Catalogue,
        supplied: Option<&Path>,
        cache_dir: &Path,
    ) -> Result<LocatedLibrary<'a>, ProvisionError> {
        if let Some(path) = supplied {
            if !path.is_file() {
                return Err(ProvisionError::NoLibrary {
                    library: self,
                    path: path.to_owned(),
                });
            }

            return Ok(LocatedLibrary {
                path: path.to_owned(),
                required: None,
            });
        }

        let entry = catalogue.library(self, consts::OS, consts::ARCH).ok_or(
            ProvisionError::UnknownPlatform {
                library: self,
                os: consts::OS,
                arch: consts::ARCH,
            },
        )?;

        let folder = cache_dir.join(entry.folder());
        let path = entry
            .bundle
            .files
            .first()
            .map(|file| folder.join(&file.path))
            .unwrap_or_else(|| folder.clone());

        Ok(LocatedLibrary {
            path,
            required: Some(RequiredBundle {
                folder,
                bundle: &entry.bundle,
            }),
        })
    }
}

impl fmt::Display for NativeLibrary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OnnxRuntime => "ONNX Runtime",
            Self::Pdfium => "PDFium",
        })
    }
}
