//! The signals by which a process is asked to stop.

/// The exit status of a command that was stopped, as shells have it after SIGINT.
const STOPPED: u8 = 130;

/// Does `work` unless the process is asked to stop before; then what `work` holds is dropped, temporary folders among it.
pub(crate) async fn unless_stopped(
    work: impl Future<Output = anyhow::Result<std::process::ExitCode>>,
) -> anyhow::Result<std::process::ExitCode> {
    tokio::select! {
        // First, so that signals are heard before the work begins.
        biased;
        () = stop_signal() => Ok(STOPPED.into()),
        outcome = work => outcome,
    }
}

/// Returns when the process is asked to stop.
pub(crate) async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};

        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = interrupt => {}
                    _ = terminate.recv() => {}
                }
                return;
            }
            Err(error) => tracing::warn!(%error, "SIGTERM cannot be handled; stop with Ctrl-C"),
        }
    }

    let _ = tokio::signal::ctrl_c().await;
}
