//! Loads the ONNX Runtime library, once in the life of the process.
//!
//! A process can hold one runtime environment and cannot replace it, so the first library that loads stays.
//!
//! Official builds of 1.29 and later report to their maker from the moment an environment is created; the API that turns
//! this off needs an environment and comes too late. They do nothing of the kind where the process environment forbids
//! it before the library loads, so a library that contains the client is loaded only then. The build that is provisioned
//! contains none (`models/catalogue.toml`).

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use memchr::memmem;
use ort::environment::Environment;
use ort::logging::LogLevel;

/// The environment variable that keeps ONNX Runtime from reporting to its maker.
pub const TELEMETRY_OPT_OUT: &str = "ORT_DISABLE_TELEMETRY";
/// The value of [`TELEMETRY_OPT_OUT`] that does.
pub const OPTED_OUT: &str = "1";

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

    let environment = load(library).map_err(|problem| RuntimeError {
        path: library.to_owned(),
        problem,
    })?;
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
    refuse_telemetry(&library, std::env::var_os(TELEMETRY_OPT_OUT).as_deref())?;
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

/// Refuses a library that would report to its maker in a process with this opt-out.
fn refuse_telemetry(library: &Path, opt_out: Option<&OsStr>) -> Result<(), String> {
    if opt_out == Some(OsStr::new(OPTED_OUT)) {
        return Ok(());
    }

    let code = std::fs::read(library).map_err(|error| error.to_string())?;
    match memmem::find(&code, TELEMETRY_OPT_OUT.as_bytes()) {
        Some(_) => Err(format!(
            "it reports to its maker unless {TELEMETRY_OPT_OUT}={OPTED_OUT} is set; set it"
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
    fn a_library_that_would_report_to_its_maker_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("libonnxruntime.so");
        fs::write(
            &path,
            [b"\x7fELF...\0", TELEMETRY_OPT_OUT.as_bytes(), b"\0..."].concat(),
        )
        .unwrap();

        for opt_out in [None, Some("0"), Some("")] {
            let refusal = refuse_telemetry(&path, opt_out.map(OsStr::new)).unwrap_err();
            assert!(refusal.contains("ORT_DISABLE_TELEMETRY=1"), "{refusal}");
        }

        assert_eq!(refuse_telemetry(&path, Some(OsStr::new("1"))), Ok(()));
        fs::write(&path, b"\x7fELF...").unwrap();
        assert_eq!(refuse_telemetry(&path, None), Ok(()));
    }

    #[test]
    fn a_library_that_is_none_is_refused_with_advice() {
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
