//! Keeps ONNX Runtime from sending telemetry, whichever build of it the operator uses.
//!
//! The runtime honours its opt-out only if the variable is in the environment before the library is
//! loaded. A running process cannot change its own environment safely, so the program re-executes
//! itself with the variable set: with the same process id, arguments and open files, and a delay of
//! some milliseconds. If that fails it continues, and a library that would send telemetry is
//! rejected before it is loaded.

use mcdewey_embed::{TELEMETRY_OPT_OUT, TELEMETRY_OPT_OUT_VALUE};

/// Re-executes the program unless the environment disables the runtime's telemetry. Returns if it
/// does, or if that failed.
pub(crate) fn ensure() {
    if std::env::var_os(TELEMETRY_OPT_OUT).is_none_or(|value| value != TELEMETRY_OPT_OUT_VALUE) {
        restart(TELEMETRY_OPT_OUT, TELEMETRY_OPT_OUT_VALUE);
    }
}

/// Replaces this process with the same program and an additional variable.
#[cfg(unix)]
fn restart(variable: &str, value: &str) {
    use std::os::unix::process::CommandExt;

    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let mut arguments = std::env::args_os();
    let Some(name) = arguments.next() else { return };

    // When started through the dynamic loader, the executable is the loader, and its own arguments
    // are unknown.
    if program
        .file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"ld-"))
    {
        return;
    }

    // Returns only if it fails.
    let error = std::process::Command::new(program)
        .arg0(name)
        .args(arguments)
        .env(variable, value)
        .exec();

    eprintln!("could not re-execute the program with {variable}={value}: {error}");
}

/// On other systems the runtime has no telemetry client that needs the variable; the API call
/// suffices.
#[cfg(not(unix))]
fn restart(_variable: &str, _value: &str) {}
