//! The one task that writes. Commits that wait while others are written are written together. While the server is away
//! it waits; what it was asked for is answered when it is done, or when its patience is at an end.

use std::time::{Duration, Instant};

use mcdewey_core::IndexError;
use tokio::sync::{mpsc, oneshot};

use super::commit::Committer;
use super::server_error::ServerError;
use crate::commands::{Command, Reply, Waiting, answer, answer_all, collect, stopped};
use crate::prepare::Prepared;

/// After so long without anything to do the right to write is given back.
const IDLE: Duration = Duration::from_secs(2);
/// The shortest and the longest pause between two tries while the server is away.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// How often the log says that the server is still away.
const SAID_EVERY: Duration = Duration::from_secs(30);

/// The callers' side of the task. Dropping it lets the task finish what it was asked for.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    commands: mpsc::UnboundedSender<Command>,
}

impl Writer {
    pub(super) fn start(committer: Committer, patience: Duration) -> Self {
        let (commands, queue) = mpsc::unbounded_channel();
        tokio::spawn(run(committer, queue, patience));
        Self { commands }
    }

    /// Sends a command and waits for its answer.
    pub(super) async fn ask<T>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, IndexError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

async fn run(
    mut committer: Committer,
    mut queue: mpsc::UnboundedReceiver<Command>,
    patience: Duration,
) {
    let mut next = None;
    loop {
        let command = match next.take() {
            Some(command) => command,
            None => match tokio::time::timeout(IDLE, queue.recv()).await {
                Ok(Some(command)) => command,
                Ok(None) => return committer.rest().await,
                Err(_) => {
                    committer.rest().await;
                    match queue.recv().await {
                        Some(command) => command,
                        None => return,
                    }
                }
            },
        };

        let mut patience = Patience::new(patience);
        match command {
            Command::Commit(document, reply) => {
                let group;
                (group, next) = collect((document, reply), || queue.try_recv().ok());
                commit(&mut committer, group, patience).await;
            }
            Command::Remove(sources, reply) | Command::Erase(sources, reply) => loop {
                match committer.remove(&sources).await {
                    Err(refusal) if patience.allows(&refusal).await => {}
                    done => {
                        break answer(
                            reply,
                            done.map_err(|refusal| committer.to_index_error(refusal)),
                        );
                    }
                }
            },
            Command::Describe(root, description, reply) => loop {
                match committer.describe(&root, &description).await {
                    Err(refusal) if patience.allows(&refusal).await => {}
                    done => {
                        break answer(
                            reply,
                            done.map_err(|refusal| committer.to_index_error(refusal)),
                        );
                    }
                }
            },
            Command::Optimize(reply) => loop {
                match committer.optimize().await {
                    Err(refusal) if patience.allows(&refusal).await => {}
                    done => {
                        break answer(
                            reply,
                            done.map_err(|refusal| committer.to_index_error(refusal)),
                        );
                    }
                }
            },
        }
    }
}

/// Writes documents together and tells each who waits for it. They are told before old points are swept: nobody finds
/// those any more.
async fn commit(committer: &mut Committer, mut group: Vec<Waiting>, mut patience: Patience) {
    loop {
        let refused = match committer.refuse_twins(&mut group).await {
            Ok(()) => {
                let documents: Vec<&Prepared> =
                    group.iter().map(|(document, _)| &**document).collect();
                match committer.write(&documents).await {
                    Ok((revisions, freed)) => {
                        for ((_, reply), revision) in group.into_iter().zip(revisions) {
                            answer(reply, Ok::<_, IndexError>(revision));
                        }
                        return committer.sweep(&freed).await;
                    }
                    Err(refusal) => refusal,
                }
            }
            Err(refusal) => refusal,
        };

        if !patience.allows(&refused).await {
            return answer_all(group, &committer.to_index_error(refused));
        }
    }
}

/// How long to wait for a server that is away.
#[derive(Debug, Clone)]
pub(super) struct Patience {
    until: Instant,
    pause: Duration,
    said: Option<Instant>,
}

impl Patience {
    pub(super) fn new(lasts: Duration) -> Self {
        Self {
            until: Instant::now() + lasts,
            pause: PAUSES.0,
            said: None,
        }
    }

    /// Whether to try again after this refusal; waits before it says yes.
    pub(super) async fn allows(&mut self, refusal: &ServerError) -> bool {
        let replication = self.pause.mul_f64(0.75 + fastrand::f64() / 2.0);
        if !refusal.passes() || Instant::now() + replication > self.until {
            return false;
        }

        if self.said.is_none_or(|said| said.elapsed() >= SAID_EVERY) {
            tracing::warn!(reason = %refusal, "the library cannot be written to now; waiting, nothing is lost");
            self.said = Some(Instant::now());
        }

        tokio::time::sleep(replication).await;
        self.pause = (self.pause * 2).min(PAUSES.1);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn patience_ends_and_is_only_for_what_passes() {
        let away = ServerError::Away("refused".to_owned());
        assert!(!Patience::new(Duration::ZERO).allows(&away).await);
        assert!(
            !Patience::new(Duration::from_secs(60))
                .allows(&ServerError::Denied("no".to_owned()))
                .await
        );

        let mut patience = Patience::new(Duration::from_secs(60));
        patience.pause = Duration::from_millis(1);
        assert!(patience.allows(&away).await);
        assert!(patience.said.is_some() && patience.pause > Duration::from_millis(1));
    }
}
