//! The catalogue of models and runtimes that can be fetched, compiled in from `models/catalogue.toml`.
//!
//! It only says what there is; fetching is the business of [`crate::provision`].

use serde::{Deserialize, Serialize};

use crate::ProvisionError;

const BUILT_IN: &str = include_str!("../../../models/catalogue.toml");

/// Every model and runtime there is a pinned package for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Catalogue {
    #[serde(rename = "model", default)]
    models: Vec<ModelEntry>,
    #[serde(rename = "runtime", default)]
    runtimes: Vec<RuntimeEntry>,
}

/// A model under the name people ask for it by.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelEntry {
    pub(crate) name: String,
    pub(crate) bundle: Bundle,
}

/// The ONNX Runtime library of one platform; `os` and `arch` as in [`std::env::consts`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuntimeEntry {
    pub(crate) os: String,
    pub(crate) arch: String,
    pub(crate) bundle: Bundle,
}

/// One wheel and the files that are taken out of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bundle {
    pub(crate) package: String,
    pub(crate) version: String,
    /// Python version to ask for, where wheels differ by it.
    pub(crate) python: Option<String>,
    /// Platform tag to ask for, where wheels differ by it.
    pub(crate) platform: Option<String>,
    pub(crate) sha256: String,
    /// SPDX name of the licence its files are under.
    pub(crate) licence: String,
    /// Size of the wheel.
    pub(crate) bytes: u64,
    #[serde(rename = "file")]
    pub(crate) files: Vec<BundleFile>,
}

/// A file of a wheel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BundleFile {
    /// Its name inside the wheel.
    pub(crate) member: String,
    /// Where it goes, below the bundle's folder in the cache.
    pub(crate) path: String,
    pub(crate) sha256: String,
}

/// A model that can be fetched by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KnownModel {
    /// The name people ask for it by.
    pub name: String,
    /// The package that carries it, with its version.
    pub package: String,
    /// SPDX name of its licence.
    pub licence: String,
    /// Size of the package.
    pub bytes: u64,
}

/// The models that can be fetched.
pub fn known_models() -> Result<Vec<KnownModel>, ProvisionError> {
    let known = |model: ModelEntry| KnownModel {
        package: model.bundle.label(),
        licence: model.bundle.licence,
        bytes: model.bundle.bytes,
        name: model.name,
    };

    Ok(Catalogue::built_in()?
        .models
        .into_iter()
        .map(known)
        .collect())
}

impl Catalogue {
    /// The catalogue this program was built with.
    pub(crate) fn built_in() -> Result<Self, toml::de::Error> {
        Self::parse(BUILT_IN)
    }

    /// Reads a catalogue.
    pub(crate) fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The model called `name`, whatever the case of its letters.
    pub(crate) fn model(&self, name: &str) -> Option<&ModelEntry> {
        self.models
            .iter()
            .find(|model| model.name.eq_ignore_ascii_case(name))
    }

    /// The names of all models.
    pub(crate) fn model_names(&self) -> Vec<String> {
        self.models.iter().map(|model| model.name.clone()).collect()
    }

    /// The runtime of a platform.
    pub(crate) fn runtime(&self, os: &str, arch: &str) -> Option<&RuntimeEntry> {
        self.runtimes
            .iter()
            .find(|runtime| runtime.os == os && runtime.arch == arch)
    }
}

impl Bundle {
    /// Package and version, for messages.
    pub(crate) fn label(&self) -> String {
        format!("{} {}", self.package, self.version)
    }
}

impl RuntimeEntry {
    /// The folder of this runtime in the cache; another version or platform has another one.
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
        for (os, arch) in [
            ("linux", "x86_64"),
            ("linux", "aarch64"),
            ("macos", "aarch64"),
            ("windows", "x86_64"),
            ("windows", "aarch64"),
        ] {
            let runtime = catalogue.runtime(os, arch).unwrap();
            assert_eq!(
                runtime.bundle.files.len(),
                1,
                "the library and nothing else"
            );
            assert!(
                runtime.bundle.python.is_some() && runtime.bundle.platform.is_some(),
                "pinned to one wheel"
            );
        }
    }

    #[test]
    fn every_checksum_is_a_sha256() {
        let catalogue = Catalogue::built_in().unwrap();
        let models = catalogue.models.iter().map(|model| &model.bundle);
        for bundle in models.chain(catalogue.runtimes.iter().map(|runtime| &runtime.bundle)) {
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
    fn names_are_found_in_any_case_and_platforms_exactly() {
        let catalogue = Catalogue::built_in().unwrap();
        assert_eq!(
            catalogue.model("ALL-minilm-l6-V2").unwrap().name,
            "all-MiniLM-L6-v2"
        );
        assert!(catalogue.model("all-MiniLM").is_none());
        assert!(catalogue.runtime("linux", "riscv64").is_none());
    }
}
