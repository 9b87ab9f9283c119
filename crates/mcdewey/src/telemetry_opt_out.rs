//! Keeps ONNX Runtime from reporting to its maker, whichever build of it the operator points at.
//!
//! The runtime honours its opt-out only where the environment has it before the library loads. A process cannot change
//! its own environment safely once it runs, so the program starts itself anew with the variable set: the same process
//! id, arguments and open files, some milliseconds later. Where it cannot, it goes on: a library that would report is
//! refused when it is to be loaded.

use mcdewey_embed::{OPTED_OUT, TELEMETRY_OPT_OUT};

/// Returns when the environment forbids the runtime's telemetry, or cannot be made to.
pub(crate) fn ensure() {
    if std::env::var_os(TELEMETRY_OPT_OUT).is_none_or(|value| value != OPTED_OUT) {
        restart(TELEMETRY_OPT_OUT, OPTED_OUT);
    }
}

/// Replaces this process by the same program with one more variable.
#[cfg(unix)]
fn restart(variable: &str, value: &str) {
    use std::os::unix::process::CommandExt;

    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let mut arguments = std::env::args_os();
    let Some(name) = arguments.next() else { return };

    // Started through the dynamic loader, the program is the loader, and its arguments are not known.
    if program
        .file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"ld-"))
    {
        return;
    }

    // Returns only when it failed.
    let error = std::process::Command::new(program)
        .arg0(name)
        .args(arguments)
        .env(variable, value)
        .exec();

    eprintln!("the program could not be started anew with {variable}={value}: {error}");
}

/// Builds for other systems have no client of their own to turn off; the API does what there is to do.
#[cfg(not(unix))]
fn restart(_variable: &str, _value: &str) {}
