//! Why a model or a library could not be made available.

use std::io;
use std::path::PathBuf;

use crate::library::NativeLibrary;
use crate::model_folder::MissingFile;

/// Why provisioning failed. Every message tells the operator what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProvisionError {
    /// The catalogue compiled into the program cannot be parsed.
    #[error("the built-in catalogue is invalid: {0}")]
    Catalogue(#[from] toml::de::Error),
    #[error(
        "the catalogue has no model {name:?} (available: {available}); to use another model, point \
         --model-dir to its sentence-transformers folder"
    )]
    UnknownModel {
        name: String,
        /// The names in the catalogue, separated by commas.
        available: String,
    },
    /// The catalogue compiled into the program has no reranker.
    #[error(
        "the catalogue has no reranker; point --rerank-dir to the folder of a cross-encoder, or set \
         --rerank off"
    )]
    NoReranker,
    #[error(
        "the catalogue has no {library} package for {os} on {arch}; set {variable} to a {library} \
         library that is built for this machine",
        variable = library.variable()
    )]
    UnknownPlatform {
        library: NativeLibrary,
        os: &'static str,
        arch: &'static str,
    },
    /// The Python interpreter could not be started.
    #[error(
        "cannot run {python:?} to download {package} ({source}); install Python 3 with pip, or \
         point {instead} to local files"
    )]
    NoPython {
        python: String,
        /// Name and version.
        package: String,
        /// The settings with which an operator supplies the files instead.
        instead: &'static str,
        source: io::Error,
    },
    /// The Python interpreter has no pip.
    #[error(
        "{python:?} has no pip, which is needed to download {package}; install it (its package is \
         often called python3-pip), or point {instead} to local files"
    )]
    NoPip {
        python: String,
        /// Name and version.
        package: String,
        /// The settings with which an operator supplies the files instead.
        instead: &'static str,
    },
    #[error(
        "pip could not download {package} ({status}): {output}; check the network, the proxy and \
         pip's index settings, or point {instead} to local files"
    )]
    PipFailed {
        /// Name and version.
        package: String,
        /// pip's exit status.
        status: String,
        /// The last lines that pip printed.
        output: String,
        /// The settings with which an operator supplies the files instead.
        instead: &'static str,
    },
    /// pip succeeded but saved no wheel.
    #[error("pip saved no wheel of {package}; check pip's settings (`python3 -m pip config list`)")]
    NoWheel {
        /// Name and version.
        package: String,
    },
    /// The checksum of the downloaded wheel differs from the catalogue's.
    #[error(
        "the downloaded {package} has sha256 {found} instead of {expected} and was discarded; the \
         download was cut short or the package index serves another file: try again, or check \
         which index pip uses"
    )]
    WheelMismatch {
        /// Name and version.
        package: String,
        expected: String,
        found: String,
    },
    /// A file in the wheel is missing, unreadable, or has another checksum than the catalogue's.
    #[error(
        "{member} in {package} {problem}; the catalogue and the package disagree: please report \
         it, and use files of your own meanwhile"
    )]
    Member {
        /// Name and version.
        package: String,
        /// The file's path in the wheel.
        member: String,
        problem: String,
    },
    #[error(
        "cannot write to the cache {path} ({source}); make it writable or set another cache \
         folder",
        path = path.display()
    )]
    CacheNotWritable { path: PathBuf, source: io::Error },
    /// A cached file is damaged and downloading it again failed.
    #[error("{path} is damaged and could not be downloaded again: {source}", path = path.display())]
    Damaged {
        path: PathBuf,
        source: Box<ProvisionError>,
    },
    /// The operator's model folder cannot be used.
    #[error(transparent)]
    ModelFolder(#[from] MissingFile),
    /// The operator's library does not exist.
    #[error(
        "there is no {library} library at {path}; correct {variable}, or unset it to download the \
         library",
        path = path.display(),
        variable = library.variable()
    )]
    NoLibrary {
        library: NativeLibrary,
        path: PathBuf,
    },
    #[error("cannot read {path} ({source}); check its permissions", path = path.display())]
    Unreadable { path: PathBuf, source: io::Error },
}
