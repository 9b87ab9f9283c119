//! The right to write to a library: one process at a time, for a while, recorded in a point of the library itself.
//!
//! The point is changed only where it still is as it was read, so of two processes that reach for it one wins. A writer
//! that dies leaves its right behind; it runs out, or is taken at once by a process of the same machine that sees it
//! gone. Clocks of machines that write to one library may differ by [`SKEW`] at most.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use qdrant_client::qdrant::{Condition, Filter};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::collection::Collection;
use super::point::{self, KIND, kind};
use super::server_error::ServerError;

/// How long the right to write holds without being renewed.
const LASTS: Duration = Duration::from_secs(30);
/// It is renewed when less than this is left of it.
const RENEWED_AT: Duration = Duration::from_secs(20);
/// Nothing is made visible when less than this is left of it: a request that takes long must not arrive after its end.
const NEEDED: Duration = Duration::from_secs(12);
/// How far the clocks of two machines may differ.
const SKEW: Duration = Duration::from_secs(5);

/// The fields of the point that conditions ask for.
pub(super) const OWNER: &str = "owner";
pub(super) const TERM: &str = "term";

/// What the point says.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Held {
    /// Who has the right, or had it last.
    owner: String,
    host: String,
    /// The machine and the space of its process ids: only there a process id says anything.
    machine: String,
    pid: u32,
    /// When it ends (Unix milliseconds); 0 when it was given back.
    until: i64,
    /// How often the point was changed.
    term: u64,
    /// Whether its owner may have left something half.
    unclean: bool,
}

/// This process's claim on a library.
#[derive(Debug)]
pub(super) struct Lease {
    owner: String,
    held: Option<Held>,
}

/// How the right to write came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// This process had it all the time.
    Kept,
    /// It was free, or somebody else's before.
    Anew {
        /// The one before may have left something half.
        unclean: bool,
    },
}

impl Lease {
    pub(super) fn new() -> Self {
        Self {
            owner: random(),
            held: None,
        }
    }

    /// The name of this process's claim.
    pub(super) fn owner(&self) -> &str {
        &self.owner
    }

    /// Looks again whether the right still holds before anything else is written.
    pub(super) fn doubt(&mut self) {
        if let Some(held) = &mut self.held {
            held.until = 0;
        }
    }

    /// Whether this process has the right, as far as it knows.
    pub(super) fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Whether the right holds for long enough to make something visible.
    pub(super) fn is_good(&self) -> bool {
        self.held
            .as_ref()
            .is_some_and(|held| remaining(held) >= NEEDED)
    }

    /// Takes or renews the right to write. [`ServerError::Taken`] while another process has it.
    pub(super) async fn take(&mut self, points: &Collection) -> Result<Taken, ServerError> {
        if self
            .held
            .as_ref()
            .is_some_and(|held| remaining(held) >= RENEWED_AT)
        {
            return Ok(Taken::Kept);
        }

        let found = read(points).await?;
        let mine = |held: &Held| held.owner == self.owner;
        let kept = self.is_held() && found.as_ref().is_some_and(mine);

        if let Some(found) = &found
            && !mine(found)
            && is_alive(found)
        {
            self.held = None;
            return Err(ServerError::Taken(format!(
                "process {} on {} writes to this library; wait until it is done",
                found.pid, found.host
            )));
        }

        let unclean = found.as_ref().is_some_and(|found| found.unclean);
        let until = now() + LASTS.as_millis() as i64;
        let wanted = self.write(points, found.as_ref(), until, true).await?;
        self.held = Some(wanted);

        Ok(if kept {
            Taken::Kept
        } else {
            Taken::Anew { unclean }
        })
    }

    /// Gives the right back; `unclean` tells the next writer that something may be half.
    pub(super) async fn give_back(
        &mut self,
        points: &Collection,
        unclean: bool,
    ) -> Result<(), ServerError> {
        let Some(held) = self.held.take() else {
            return Ok(());
        };
        self.write(points, Some(&held), 0, unclean).await.map(drop)
    }

    /// Leaves the right as a writer leaves it that was killed long ago.
    #[cfg(test)]
    pub(super) async fn run_out(&mut self, points: &Collection) {
        let held = read(points).await.expect("the lease can be read");
        self.write(points, held.as_ref(), 1, true)
            .await
            .expect("the lease can be written");
    }

    /// Puts the point in place of what was found there, and makes sure that it stands.
    async fn write(
        &self,
        points: &Collection,
        found: Option<&Held>,
        until: i64,
        unclean: bool,
    ) -> Result<Held, ServerError> {
        let wanted = Held {
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
            // Nobody's: only a point that is not there may be written.
            None => Filter::must([Condition::matches(OWNER, self.owner.clone())]),
        };

        let mut payload = json!(wanted);
        payload[KIND] = kind::WRITER.into();
        let payload = payload.as_object().cloned().unwrap_or_default();

        points
            .put_over(vec![point::bare(id(), payload)], &unchanged)
            .await?;

        match read(points).await? {
            Some(stands) if stands.owner == wanted.owner && stands.term == wanted.term => {
                Ok(wanted)
            }
            _ => Err(ServerError::Taken(
                "another process began to write to this library; wait until it is done".to_owned(),
            )),
        }
    }
}

/// Whether a writer ended without giving its right back, or gave it back with something half.
pub(super) async fn was_left_unclean(points: &Collection) -> Result<bool, ServerError> {
    Ok(read(points)
        .await?
        .is_some_and(|held| held.unclean && !is_alive(&held)))
}

async fn read(points: &Collection) -> Result<Option<Held>, ServerError> {
    let found = points.get(&[id()], &[], false).await?;
    Ok(found
        .into_iter()
        .next()
        .map(|found| point::read(found.payload))
        .transpose()?)
}

fn id() -> Uuid {
    point::named(kind::WRITER, "")
}

/// Whether the owner may still be at work.
fn is_alive(held: &Held) -> bool {
    let over = held.until.saturating_add(SKEW.as_millis() as i64) <= now();
    let gone = !held.machine.is_empty() && held.machine == machine() && is_gone(held.pid);
    !(over || gone)
}

/// Whether a process of this machine is no more. This process is not the one that is meant: its claims are told apart
/// by their owner before.
fn is_gone(pid: u32) -> bool {
    if pid == std::process::id() {
        return false;
    }

    let pid = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH))
}

fn remaining(held: &Held) -> Duration {
    Duration::from_millis(u64::try_from(held.until - now()).unwrap_or_default())
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

/// The boot of this machine and the process-id namespace, containers' among them; empty where they cannot be told.
fn machine() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let space = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    if boot.is_empty() || space.as_os_str().is_empty() {
        return String::new();
    }

    format!("{} {}", boot.trim(), space.display())
}

/// A name no other claim has.
fn random() -> String {
    Uuid::from_u128(fastrand::u128(..)).to_string()
}
