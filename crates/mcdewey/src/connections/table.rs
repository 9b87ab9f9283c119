//! The open connections of a listener, and which of them is evicted when there are too many: the
//! one that has kept the server waiting longest, first among those of the client with most
//! connections.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::connection::{Connection, Event};

/// How long after it was accepted a connection's first request may still be in transit.
const FIRST_REQUEST_GRACE: Duration = Duration::from_millis(500);

/// A limited number of connections.
#[derive(Debug)]
pub(super) struct ConnectionTable {
    max_connections: usize,
    max_per_client: usize,
    /// Whether connections that the server works for are evicted too, so that there is always a
    /// slot for the newest.
    favours_newest: bool,
    open: Mutex<OpenConnections>,
}

#[derive(Debug, Default)]
struct OpenConnections {
    next_number: u64,
    connections: HashMap<u64, Arc<Connection>>,
}

/// The slot of a connection in the table, which is freed when this is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    table: Arc<ConnectionTable>,
    number: u64,
    pub(super) connection: Arc<Connection>,
}

/// The admission of a new connection.
#[derive(Debug)]
pub(super) struct Admission {
    pub(super) slot: Slot,
    /// Whether another connection was evicted for it.
    pub(super) has_evicted: bool,
}

impl ConnectionTable {
    /// Creates a table for connections whose requests are served.
    pub(super) fn new(max_connections: usize, max_per_client: usize) -> Arc<Self> {
        Arc::new(Self {
            max_connections,
            max_per_client,
            favours_newest: false,
            open: Mutex::default(),
        })
    }

    /// Creates a table in which there is always a slot for the newest connection.
    pub(super) fn favouring_newest(max_connections: usize) -> Arc<Self> {
        Arc::new(Self {
            max_connections,
            max_per_client: max_connections,
            favours_newest: true,
            open: Mutex::default(),
        })
    }

    /// Assigns a slot to a new connection, evicting another one if necessary. Returns `None` if the
    /// server works for all of them.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr, now: Instant) -> Option<Admission> {
        let client = client_of(address);
        let mut open = self.open();
        let of_client = open
            .connections
            .values()
            .filter(|connection| connection.client == client)
            .count();

        let evicted = if of_client >= self.max_per_client {
            Some(self.eviction_candidate(&open, Some(client), now)?)
        } else if open.connections.len() >= self.max_connections {
            Some(self.eviction_candidate(&open, None, now)?)
        } else {
            None
        };

        if let Some(number) = evicted {
            open.evict(number);
        }

        let number = open.next_number;
        open.next_number += 1;
        let connection = Arc::new(Connection::new(client));
        open.connections.insert(number, Arc::clone(&connection));

        let slot = Slot {
            table: Arc::clone(self),
            number,
            connection,
        };

        Some(Admission {
            slot,
            has_evicted: evicted.is_some(),
        })
    }

    /// Evicts the connection that has waited longest for its client. Reports whether there was one.
    pub(super) fn evict_longest_waiting(&self) -> bool {
        let mut open = self.open();
        match open.longest_waiting(None, Instant::now()) {
            Some(number) => {
                open.evict(number);
                true
            }
            None => false,
        }
    }

    fn eviction_candidate(
        &self,
        open: &OpenConnections,
        client: Option<IpAddr>,
        now: Instant,
    ) -> Option<u64> {
        if self.favours_newest {
            open.oldest(now)
        } else {
            open.longest_waiting(client, now)
        }
    }

    fn open(&self) -> MutexGuard<'_, OpenConnections> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenConnections {
    /// Finds the connection that has kept the server waiting longest, among those of the client
    /// with most connections.
    fn longest_waiting(&self, only: Option<IpAddr>, now: Instant) -> Option<u64> {
        let mut per_client: HashMap<IpAddr, usize> = HashMap::new();
        for connection in self.connections.values() {
            *per_client.entry(connection.client).or_default() += 1;
        }

        let (mut all, mut waiting) = (0, 0);
        let mut longest = None;
        for (number, connection) in self
            .connections
            .iter()
            .filter(|(_, connection)| only.is_none_or(|client| client == connection.client))
        {
            all += 1;
            let Some(wait) = connection.client_wait(now) else {
                continue;
            };
            waiting += 1;
            longest = longest.max(Some((
                per_client[&connection.client],
                wait,
                Reverse(*number),
            )));
        }

        let (_, wait, Reverse(number)) = longest?;

        // If the server works for nearly all connections, the few that wait are new ones whose
        // request is in transit.
        (wait >= FIRST_REQUEST_GRACE || 2 * waiting >= all).then_some(number)
    }

    /// Finds the connection that was accepted first, preferring those that wait for their client.
    fn oldest(&self, now: Instant) -> Option<u64> {
        self.connections
            .iter()
            .min_by_key(|(number, connection)| (connection.client_wait(now).is_none(), **number))
            .map(|(number, _)| *number)
    }

    /// Removes a connection from the table. The task of the connection closes the socket.
    fn evict(&mut self, number: u64) {
        if let Some(connection) = self.connections.remove(&number) {
            connection.record(Event::Evicted);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.table.open().connections.remove(&self.number);
    }
}

/// The client an address belongs to. For IPv6 this is its network of 64 bits, because a client can
/// use any address in it.
fn client_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(
            address.to_bits() & !u128::from(u64::MAX),
        )),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests;
