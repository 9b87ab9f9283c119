//! Keeps ONNX Runtime from reporting to its maker, whichever build of it the operator points at.
//!
//! The runtime honours its opt-out only where the environment has it before the library loads. A process cannot change
//! its own environment safely once it runs, so the program starts itself anew with the variable set: the same process
//! id, arguments and open files, some milliseconds later.

#[cfg(unix)]
use std::convert::Infallible;

use anyhow::Result;

/// Returns when the environment forbids the runtime's telemetry; starts the program anew when it does not.
pub(crate) fn ensure() -> Result<()> {
    use mcdewey_embed::{OPTED_OUT, TELEMETRY_OPT_OUT};
    if std::env::var_os(TELEMETRY_OPT_OUT).is_some_and(|value| value == OPTED_OUT) {
        return Ok(());
    }
    restart(TELEMETRY_OPT_OUT, OPTED_OUT)?;
    Ok(())
}

/// Replaces this process by the same program with one more variable.
#[cfg(unix)]
fn restart(variable: &str, value: &str) -> Result<Infallible> {
    use std::os::unix::process::CommandExt;

    use anyhow::anyhow;

    let mut arguments = std::env::args_os();
    let mut command = std::process::Command::new(std::env::current_exe()?);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    // Returns only when it failed.
    let error = command.args(arguments).env(variable, value).exec();
    Err(anyhow!("the program cannot be started with {variable}={value} ({error}); set the variable and start it again"))
}

/// Builds for other systems have no client of their own to turn off; the API does what there is to do.
#[cfg(not(unix))]
fn restart(_variable: &str, _value: &str) -> Result<()> {
    Ok(())
}
