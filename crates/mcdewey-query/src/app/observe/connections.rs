//! The numbers of the connections below the requests. Whoever accepts them counts here, and they stand in `/metrics` with
//! everything else.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use super::labels::Cut;
use super::metrics::{Counted, Maker, gauge};

/// Counts connections; clones count the same ones.
#[derive(Debug, Clone)]
pub struct ConnectionNumbers {
    accepted: Counter,
    open: Gauge,
    limit: Gauge,
    cut: Family<Cut, Counter>,
    over_capacity: Counter,
}

impl ConnectionNumbers {
    pub(super) fn new(make: &mut Maker) -> Self {
        Self {
            accepted: make.one("connections", "Connections accepted"),
            open: make.one("connections_open", "Connections that are open"),
            limit: make.one("connections_limit", "Connections that may be open at once"),
            cut: make.one(
                "connections_cut",
                "Connections that the server closed because their client kept it waiting",
            ),
            over_capacity: make.one(
                "connections_over_capacity",
                "Connections beyond the limit, on which only health checks are answered",
            ),
        }
    }

    /// Says how many may be open at once.
    pub fn set_limit(&self, connections: usize) {
        self.limit.set(gauge(connections as u64));
    }

    /// Counts a connection as open until the guard is dropped.
    pub fn accepted(&self) -> OpenConnection {
        self.accepted.inc();
        OpenConnection {
            _open: Counted::new(self.open.clone()),
        }
    }

    /// Counts a connection that the server closed while it waited for the client, by reason.
    pub fn cut(&self, reason: &'static str) {
        self.cut.get_or_create(&Cut { reason }).inc();
    }

    /// Counts a connection beyond the limit.
    pub fn over_capacity(&self) {
        self.over_capacity.inc();
    }
}

/// An open connection, as long as it lives.
pub struct OpenConnection {
    _open: Counted,
}

/// Marks, as an extension, a request for which there is no room any more: it came over a connection beyond the limit, of
/// which a few are accepted so that health checks are answered and everybody else is told to come back.
#[derive(Debug, Clone, Copy)]
pub struct OverCapacity;
