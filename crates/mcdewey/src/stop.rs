//! The signals that stop the process: SIGINT and, on Unix, SIGTERM.

/// The exit status of a command that was stopped; shells use the same one after SIGINT.
const STOPPED_STATUS: u8 = 130;

/// Runs `work` until it ends or the process is told to stop. In that case `work` is dropped, and
/// with it its temporary folders.
pub(crate) async fn unless_stopped(
    work: impl Future<Output = anyhow::Result<std::process::ExitCode>>,
) -> anyhow::Result<std::process::ExitCode> {
    tokio::select! {
        // Polled first, so that the signal handlers are installed before the work begins.
        biased;
        () = stop_signal() => Ok(STOPPED_STATUS.into()),
        outcome = work => outcome,
    }
}

/// Returns when the process is told to stop.
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
