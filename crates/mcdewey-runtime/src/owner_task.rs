//! The task that answers what anybody asks the owner of a library for.

use std::sync::Arc;

use mcdewey_core::{
    Call, OwnerError, OwnerRequest, OwnerRequests, Perform, RemovalRequest, RollbackRequest,
    SyncReport, SyncRequest,
};
use tokio::sync::mpsc;

/// Answers `requests` until every handle is dropped.
///
/// Synchronisations run one after the other; `observe` is called with the outcome of each. Other
/// operations start at once. They run in tasks of their own, so that they are not left half done
/// when this future is dropped.
pub async fn answer_requests<Owner>(
    owner: Arc<Owner>,
    mut requests: OwnerRequests,
    observe: impl Fn(&Result<SyncReport, OwnerError>),
) where
    Owner: Perform<SyncRequest> + Perform<RollbackRequest> + Perform<RemovalRequest>,
{
    let (queue, queued) = mpsc::unbounded_channel();
    let dispatch = async {
        // Dropped with the last request, which ends the queue.
        let queue = queue;
        while let Some(request) = requests.recv().await {
            match request {
                OwnerRequest::Sync(call) => drop(queue.send(call)),
                OwnerRequest::RollBack(call) => {
                    tokio::spawn(call.perform(Arc::clone(&owner)));
                }
                OwnerRequest::Remove(call) => {
                    tokio::spawn(call.perform(Arc::clone(&owner)));
                }
            }
        }
    };

    tokio::join!(dispatch, run_queue(owner.as_ref(), queued, observe));
}

/// Runs one synchronisation after the other. A caller that no longer waits does not cancel its own.
async fn run_queue(
    owner: &impl Perform<SyncRequest>,
    mut queued: mpsc::UnboundedReceiver<Call<SyncRequest>>,
    observe: impl Fn(&Result<SyncReport, OwnerError>),
) {
    while let Some(call) = queued.recv().await {
        let (request, reply) = call.begin();
        let root = request.root.clone();
        let outcome = owner
            .perform(request, &|progress| reply.progress(progress))
            .await;

        if let Err(error) = &outcome {
            tracing::error!(error = error.to_string(), ?root, "synchronisation failed");
        }

        observe(&outcome);
        reply.finish(outcome);
    }
}

#[cfg(test)]
mod tests;
