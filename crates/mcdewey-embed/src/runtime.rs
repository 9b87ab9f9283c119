//! Loads the ONNX Runtime library, once per process.
//!
//! A process can hold one runtime environment and cannot replace it, so the first library that
//! loads stays.
//!
//! Official builds of 1.29 and later send telemetry to their vendor from the moment an environment
//! is created. The API that turns this off needs an environment and therefore comes too late; only
//! the opt-out in the process environment, set before the library loads, prevents it. A library
//! that contains the telemetry client is therefore loaded only with the opt-out set. The build that
//! is provisioned contains no such client (`models/catalogue.toml`).

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use memchr::memmem;
use ort::environment::Environment;
use ort::logging::LogLevel;

/// The environment variable that turns off ONNX Runtime's telemetry.
pub const TELEMETRY_OPT_OUT: &str = "ORT_DISABLE_TELEMETRY";
/// The value of [`TELEMETRY_OPT_OUT`] that turns telemetry off.
pub const TELEMETRY_OPT_OUT_VALUE: &str = "1";

static LOADED: Mutex<Option<Environment>> = Mutex::new(None);

/// Why the ONNX Runtime library cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot load the ONNX Runtime library {path} ({problem}); set ORT_DYLIB_PATH to a library of \
     version 1.{minor} or later that is built for this machine",
    path = path.display(),
    minor = ort::MINOR_VERSION
)]
pub struct RuntimeError {
    pub path: PathBuf,
    pub problem: String,
}

/// Returns the process's runtime environment. The first call loads it from `library`; later calls
/// ignore their argument.
pub(crate) fn environment(library: &Path) -> Result<Environment, RuntimeError> {
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = loaded.as_ref() {
        return Ok(environment.clone());
    }

    let environment = load(library).map_err(|problem| RuntimeError {
        path: library.to_owned(),
        problem,
    })?;

    *loaded = Some(environment.clone());
    Ok(environment)
}

/// Resolves a configured number of compute threads; 0 means one per core.
pub(crate) fn thread_count(configured: usize) -> usize {
    match configured {
        0 => thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    }
}

fn load(library: &Path) -> Result<Environment, String> {
    // The loader would search for a relative path beside the program, then in the system's library
    // folders.
    let library = library.canonicalize().map_err(|error| error.to_string())?;
    require_telemetry_off(&library, std::env::var_os(TELEMETRY_OPT_OUT).as_deref())?;

    let environment = ort::init_from(&library)
        .map_err(|error| error.to_string())?
        .with_name("mcdewey")
        .with_telemetry(false)
        .with_logger(Arc::new(log))
        .build()
        .map_err(|error| error.to_string())?;

    environment.set_log_level(LogLevel::Warning);
    Ok(environment)
}

/// Rejects a library that would send telemetry, given the process's value of [`TELEMETRY_OPT_OUT`].
fn require_telemetry_off(library: &Path, opt_out: Option<&OsStr>) -> Result<(), String> {
    if opt_out == Some(OsStr::new(TELEMETRY_OPT_OUT_VALUE)) {
        return Ok(());
    }

    // A build with the telemetry client contains the name of the variable that turns it off.
    let code = std::fs::read(library).map_err(|error| error.to_string())?;
    match memmem::find(&code, TELEMETRY_OPT_OUT.as_bytes()) {
        Some(_) => Err(format!(
            "it sends telemetry unless {TELEMETRY_OPT_OUT}={TELEMETRY_OPT_OUT_VALUE} is set in the \
             environment; set it"
        )),
        None => Ok(()),
    }
}

fn log(level: LogLevel, category: &str, _id: &str, location: &str, message: &str) {
    match level {
        LogLevel::Fatal | LogLevel::Error => {
            tracing::error!(category, location, "onnx runtime: {message}")
        }
        LogLevel::Warning => tracing::warn!(category, location, "onnx runtime: {message}"),
        LogLevel::Info | LogLevel::Verbose => {
            tracing::debug!(category, location, "onnx runtime: {message}")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_library_with_telemetry_is_rejected_without_the_opt_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("libonnxruntime.so");
        fs::write(
            &path,
            [b"\x7fELF...\0", TELEMETRY_OPT_OUT.as_bytes(), b"\0..."].concat(),
        )
        .unwrap();

        for opt_out in [None, Some("0"), Some("")] {
            let problem = require_telemetry_off(&path, opt_out.map(OsStr::new)).unwrap_err();
            assert!(problem.contains("ORT_DISABLE_TELEMETRY=1"), "{problem}");
        }

        assert_eq!(require_telemetry_off(&path, Some(OsStr::new("1"))), Ok(()));

        fs::write(&path, b"\x7fELF...").unwrap();
        assert_eq!(require_telemetry_off(&path, None), Ok(()));
    }

    #[test]
    fn a_missing_or_broken_library_is_rejected_with_advice() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("libonnxruntime.so");
        let missing = environment(&path).unwrap_err().to_string();

        fs::write(&path, "not a library").unwrap();
        let broken = environment(&path).unwrap_err().to_string();

        for message in [missing, broken] {
            assert!(
                message.contains("libonnxruntime.so") && message.contains("ORT_DYLIB_PATH"),
                "{message}"
            );
        }
    }
}
