//! The lease on writing to a library: one process holds it at a time, for a limited time. It is
//! recorded in a point of the library itself.
//!
//! The point is written only on condition that it has not changed since it was read, so when two
//! processes try to acquire the lease, one wins. The lease of a writer that died expires, or is
//! taken over at once by a process of the same machine that finds the writer gone. The clocks of
//! machines that write to one library may differ by [`MAX_CLOCK_SKEW`] at most.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use qdrant_client::qdrant::{Condition, Filter};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::collection::Collection;
use super::point::{self, KIND, kind};
use super::server_error::ServerError;

/// How long the lease is valid without being renewed.
const DURATION: Duration = Duration::from_secs(30);

/// The lease is renewed when less time than this is left.
const RENEW_BELOW: Duration = Duration::from_secs(20);

/// Nothing is published when less time than this is left: a slow request must not arrive after the
/// lease has expired.
const NEEDED_TO_PUBLISH: Duration = Duration::from_secs(12);

/// How far the clocks of two machines may differ.
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(5);

/// Fields of the lease's point that appear in conditions.
pub(super) const OWNER: &str = "owner";
pub(super) const TERM: &str = "term";

/// The payload of the lease's point.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct LeaseRecord {
    /// The process that holds the lease, or held it last.
    owner: String,
    host: String,
    /// The machine and its process-id namespace; a process id is meaningful only within it.
    machine: String,
    pid: u32,
    /// When the lease expires (Unix milliseconds); 0 when it was released.
    until: i64,
    /// How often the point was written.
    term: u64,
    /// Whether its owner may have left an incomplete write behind.
    unclean: bool,
}

/// This process's lease on a library.
#[derive(Debug)]
pub(super) struct Lease {
    owner: String,
    record: Option<LeaseRecord>,
}

/// How the lease was acquired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Acquired {
    /// This process has held it without interruption.
    Kept,
    /// It was free, or another process held it before.
    New {
        /// The previous owner may have left an incomplete write behind.
        unclean: bool,
    },
}

impl Lease {
    pub(super) fn new() -> Self {
        Self {
            owner: random_name(),
            record: None,
        }
    }

    /// The name under which this process holds the lease.
    pub(super) fn owner(&self) -> &str {
        &self.owner
    }

    /// Forces the next [`Lease::acquire`] to check on the server that the lease is still held.
    pub(super) fn invalidate(&mut self) {
        if let Some(record) = &mut self.record {
            record.until = 0;
        }
    }

    /// Reports whether this process believes that it holds the lease.
    pub(super) fn is_held(&self) -> bool {
        self.record.is_some()
    }

    /// Reports whether the lease is valid for long enough to publish a change.
    pub(super) fn can_publish(&self) -> bool {
        self.has_left(NEEDED_TO_PUBLISH)
    }

    fn has_left(&self, needed: Duration) -> bool {
        self.record
            .as_ref()
            .is_some_and(|record| record.remaining() >= needed)
    }

    fn owns(&self, record: &LeaseRecord) -> bool {
        record.owner == self.owner
    }

    /// Acquires or renews the lease. Fails with [`ServerError::Conflict`] while another process
    /// holds it.
    pub(super) async fn acquire(&mut self, points: &Collection) -> Result<Acquired, ServerError> {
        if self.has_left(RENEW_BELOW) {
            return Ok(Acquired::Kept);
        }

        let found = read(points).await?;
        let kept = self.is_held() && found.as_ref().is_some_and(|found| self.owns(found));

        if let Some(found) = &found
            && !self.owns(found)
            && found.is_active()
        {
            self.record = None;
            return Err(ServerError::Conflict(format!(
                "process {} on {} is writing to this library; wait until it is done",
                found.pid, found.host
            )));
        }

        let unclean = found.as_ref().is_some_and(|found| found.unclean);
        let until = now() + DURATION.as_millis() as i64;
        let record = self.write(points, found.as_ref(), until, true).await?;
        self.record = Some(record);

        Ok(if kept {
            Acquired::Kept
        } else {
            Acquired::New { unclean }
        })
    }

    /// Releases the lease; `unclean` tells the next writer that a write may be incomplete.
    pub(super) async fn release(
        &mut self,
        points: &Collection,
        unclean: bool,
    ) -> Result<(), ServerError> {
        let Some(record) = self.record.take() else {
            return Ok(());
        };
        self.write(points, Some(&record), 0, unclean)
            .await
            .map(drop)
    }

    /// Leaves the lease as a writer does that was killed long ago.
    #[cfg(test)]
    pub(super) async fn expire(&mut self, points: &Collection) {
        let record = read(points).await.expect("the lease can be read");
        self.write(points, record.as_ref(), 1, true)
            .await
            .expect("the lease can be written");
    }

    /// Replaces the record that was found, and reads it back to make sure that this process won.
    async fn write(
        &self,
        points: &Collection,
        found: Option<&LeaseRecord>,
        until: i64,
        unclean: bool,
    ) -> Result<LeaseRecord, ServerError> {
        let record = LeaseRecord {
            owner: self.owner.clone(),
            host: host(),
            machine: machine(),
            pid: std::process::id(),
            until,
            term: found.map_or(0, |found| found.term) + 1,
            unclean,
        };

        let unchanged = match found {
            Some(found) => {
                let term = i64::try_from(found.term).unwrap_or(i64::MAX);
                Filter::must([
                    Condition::matches(OWNER, found.owner.clone()),
                    Condition::matches(TERM, term),
                ])
            }
            // The lease has never been held: the point may be written only if it does not exist.
            None => Filter::must([Condition::matches(OWNER, self.owner.clone())]),
        };

        let mut payload = json!(record);
        payload[KIND] = kind::WRITER.into();
        let payload = payload.as_object().cloned().unwrap_or_default();

        points
            .upsert_if(
                vec![point::point_without_vectors(id(), payload)],
                &unchanged,
            )
            .await?;

        match read(points).await? {
            Some(stored) if stored.owner == record.owner && stored.term == record.term => {
                Ok(record)
            }
            _ => Err(ServerError::Conflict(
                "another process has started writing to this library; wait until it is done"
                    .to_owned(),
            )),
        }
    }
}

impl LeaseRecord {
    fn remaining(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.until - now()).unwrap_or_default())
    }

    /// Reports whether the owner may still be writing.
    fn is_active(&self) -> bool {
        let expired = self.until.saturating_add(MAX_CLOCK_SKEW.as_millis() as i64) <= now();
        let is_gone = !self.machine.is_empty() && self.machine == machine() && has_exited(self.pid);
        !(expired || is_gone)
    }
}

/// Reports whether a writer ended without releasing its lease, or released it after an incomplete
/// write.
pub(super) async fn was_left_unclean(points: &Collection) -> Result<bool, ServerError> {
    Ok(read(points)
        .await?
        .is_some_and(|record| record.unclean && !record.is_active()))
}

async fn read(points: &Collection) -> Result<Option<LeaseRecord>, ServerError> {
    let found = points.get(&[id()], &[], false).await?;
    Ok(found
        .into_iter()
        .next()
        .map(|found| point::from_payload(found.payload))
        .transpose()?)
}

fn id() -> Uuid {
    point::named_id(kind::WRITER, "")
}

/// Reports whether a process of this machine has exited. Never true for this process, whose leases
/// differ by their owner and not by their process id.
fn has_exited(pid: u32) -> bool {
    if pid == std::process::id() {
        return false;
    }

    let pid = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH))
}

fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_millis() as i64)
}

fn host() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

/// Identifies the boot of this machine and the process-id namespace, which containers have their
/// own of. Empty where either is unknown.
fn machine() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let namespace = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    if boot.is_empty() || namespace.as_os_str().is_empty() {
        return String::new();
    }

    format!("{} {}", boot.trim(), namespace.display())
}

/// A name that no other lease has.
fn random_name() -> String {
    Uuid::from_u128(fastrand::u128(..)).to_string()
}
