//! Loads the ONNX Runtime library, once in the life of the process.
//!
//! A process can hold one runtime environment and cannot replace it, so the first library that loads stays.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use ort::environment::Environment;
use ort::logging::LogLevel;

static LOADED: Mutex<Option<Environment>> = Mutex::new(None);

/// Why the ONNX Runtime library cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot load the ONNX Runtime library {path} ({problem}); point ORT_DYLIB_PATH at a library of version 1.{minor} or \
     later that is built for this machine", path = path.display(), minor = ort::MINOR_VERSION
)]
pub struct RuntimeError {
    /// The library.
    pub path: PathBuf,
    /// What went wrong.
    pub problem: String,
}

/// The process's runtime environment, loaded from `library` when this is the first call.
pub(crate) fn environment(library: &Path) -> Result<Environment, RuntimeError> {
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = loaded.as_ref() {
        return Ok(environment.clone());
    }
    let environment = load(library).map_err(|problem| RuntimeError { path: library.to_owned(), problem })?;
    *loaded = Some(environment.clone());
    Ok(environment)
}

/// How many threads compute; 0 means one per core.
pub(crate) fn threads(asked: usize) -> usize {
    match asked {
        0 => thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    }
}

fn load(library: &Path) -> Result<Environment, String> {
    // A relative path would be looked for beside the program and then in the system's library folders.
    let library = library.canonicalize().map_err(|error| error.to_string())?;
    let builder = ort::init_from(&library).map_err(|error| error.to_string())?;
    let environment = builder
        .with_name("mcdewey")
        .with_telemetry(false)
        .with_logger(Arc::new(log))
        .build()
        .map_err(|error| error.to_string())?;
    environment.set_log_level(LogLevel::Warning);
    Ok(environment)
}

fn log(level: LogLevel, category: &str, _id: &str, location: &str, message: &str) {
    match level {
        LogLevel::Fatal | LogLevel::Error => tracing::error!(category, location, "onnx runtime: {message}"),
        LogLevel::Warning => tracing::warn!(category, location, "onnx runtime: {message}"),
        LogLevel::Info | LogLevel::Verbose => tracing::debug!(category, location, "onnx runtime: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_library_that_is_none_is_refused_with_advice() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("libonnxruntime.so");
        let missing = environment(&path).unwrap_err().to_string();
        fs::write(&path, "not a library").unwrap();
        let broken = environment(&path).unwrap_err().to_string();
        for message in [missing, broken] {
            assert!(message.contains("libonnxruntime.so") && message.contains("ORT_DYLIB_PATH"), "{message}");
        }
    }
}
