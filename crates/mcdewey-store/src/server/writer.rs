//! The single task that writes. Commits that wait while others are being written are written
//! together. While the server is unavailable the task retries; a command is answered when it is
//! done, or when its retry timeout has passed.

use std::time::{Duration, Instant};

use mcdewey_core::{IndexError, VectorEpoch};
use tokio::sync::{mpsc, oneshot};

use super::commit::Committer;
use super::server_error::ServerError;
use crate::commands::{Command, PendingCommit, Reply, answer, answer_all, collect_group, stopped};
use crate::prepare::Prepared;

/// The lease is released after this long without a command.
const IDLE: Duration = Duration::from_secs(2);

/// The shortest and the longest pause between two attempts while the server is unavailable.
const MIN_PAUSE: Duration = Duration::from_millis(250);
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// How often a warning is logged while the server is unavailable.
const WARNING_INTERVAL: Duration = Duration::from_secs(30);

/// A handle to the task. Dropping it lets the task finish the commands in its queue.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    commands: mpsc::UnboundedSender<Command>,
}

impl Writer {
    pub(super) fn start(committer: Committer, retry_timeout: Duration) -> Self {
        let (commands, queue) = mpsc::unbounded_channel();
        tokio::spawn(run(committer, queue, retry_timeout));
        Self { commands }
    }

    /// Sends a command and waits for its result.
    pub(super) async fn execute<T>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, IndexError> {
        let (reply, result) = oneshot::channel();
        self.commands.send(command(reply)).map_err(|_| stopped())?;
        result.await.map_err(|_| stopped())?
    }
}

async fn run(
    mut committer: Committer,
    mut queue: mpsc::UnboundedReceiver<Command>,
    retry_timeout: Duration,
) {
    let mut next = None;
    loop {
        let command = match next.take() {
            Some(command) => command,
            None => match tokio::time::timeout(IDLE, queue.recv()).await {
                Ok(Some(command)) => command,
                Ok(None) => return committer.release_lease().await,
                Err(_) => {
                    committer.release_lease().await;
                    match queue.recv().await {
                        Some(command) => command,
                        None => return,
                    }
                }
            },
        };

        let mut backoff = Backoff::new(retry_timeout);
        match command {
            Command::Commit(document, reply) => {
                let group;
                (group, next) = collect_group((document, reply), || queue.try_recv().ok());
                commit(&mut committer, group, backoff).await;
            }
            Command::Remove(sources, reply) | Command::Erase(sources, reply) => loop {
                match committer.remove(&sources).await {
                    Err(error) if backoff.should_retry(&error).await => {}
                    result => break answer(reply, committer.explain(result)),
                }
            },
            // No document of this index lacks its vectors.
            Command::CacheVectors(_, reply) => answer(reply, Ok::<_, IndexError>(())),
            Command::Complete(_, reply) => {
                answer(reply, Ok::<_, IndexError>(VectorEpoch::default()));
            }
            Command::Describe(root, description, reply) => loop {
                match committer.describe(&root, &description).await {
                    Err(error) if backoff.should_retry(&error).await => {}
                    result => break answer(reply, committer.explain(result)),
                }
            },
            Command::KeepFileStamps(_, reply) => answer(reply, Ok::<_, IndexError>(())),
            Command::Optimize(reply) => loop {
                match committer.optimize().await {
                    Err(error) if backoff.should_retry(&error).await => {}
                    result => break answer(reply, committer.explain(result)),
                }
            },
        }
    }
}

/// Writes documents together and answers each caller. Callers get their answers before old points
/// are deleted, because no search returns those any more.
async fn commit(committer: &mut Committer, mut group: Vec<PendingCommit>, mut backoff: Backoff) {
    loop {
        let error = match committer.reject_duplicates(&mut group).await {
            Ok(()) => {
                let documents: Vec<&Prepared> =
                    group.iter().map(|(document, _)| &**document).collect();
                match committer.write(&documents).await {
                    Ok((revisions, replaced)) => {
                        for ((_, reply), revision) in group.into_iter().zip(revisions) {
                            answer(reply, Ok::<_, IndexError>(revision));
                        }
                        return committer.discard(replaced).await;
                    }
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };

        if !backoff.should_retry(&error).await {
            return answer_all(group, &committer.to_index_error(error));
        }
    }
}

/// Decides how long to keep retrying while the server is unavailable.
#[derive(Debug, Clone)]
pub(super) struct Backoff {
    deadline: Instant,
    pause: Duration,
    last_warning: Option<Instant>,
}

impl Backoff {
    pub(super) fn new(timeout: Duration) -> Self {
        Self {
            deadline: Instant::now() + timeout,
            pause: MIN_PAUSE,
            last_warning: None,
        }
    }

    /// Reports whether to try again after this error. Pauses before it returns true.
    pub(super) async fn should_retry(&mut self, error: &ServerError) -> bool {
        // Random, so that several processes do not retry in step.
        let pause = self.pause.mul_f64(0.75 + fastrand::f64() / 2.0);
        if !error.is_transient() || Instant::now() + pause > self.deadline {
            return false;
        }

        if self
            .last_warning
            .is_none_or(|last| last.elapsed() >= WARNING_INTERVAL)
        {
            tracing::warn!(
                reason = %error,
                "cannot write to the library now; retrying, nothing is lost"
            );
            self.last_warning = Some(Instant::now());
        }

        tokio::time::sleep(pause).await;
        self.pause = (self.pause * 2).min(MAX_PAUSE);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_transient_errors_are_retried_and_not_after_the_deadline() {
        let unavailable = ServerError::Unavailable("refused".to_owned());
        assert!(
            !Backoff::new(Duration::ZERO)
                .should_retry(&unavailable)
                .await
        );
        assert!(
            !Backoff::new(Duration::from_secs(60))
                .should_retry(&ServerError::Denied("no".to_owned()))
                .await
        );

        let mut backoff = Backoff::new(Duration::from_secs(60));
        backoff.pause = Duration::from_millis(1);
        assert!(backoff.should_retry(&unavailable).await);
        assert!(backoff.last_warning.is_some() && backoff.pause > Duration::from_millis(1));
    }
}
