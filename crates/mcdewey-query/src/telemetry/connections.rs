//! Metrics of the connections that requests come over. The code that accepts connections counts
//! them here, and they are part of `/metrics`.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use super::gauges::{GaugeGuard, gauge_value};
use super::labels::CutLabels;
use super::registrar::Registrar;

/// Counts connections; clones share the counters.
#[derive(Debug, Clone)]
pub struct ConnectionMetrics {
    accepted: Counter,
    open: Gauge,
    limit: Gauge,
    cut: Family<CutLabels, Counter>,
    over_capacity: Counter,
}

impl ConnectionMetrics {
    pub(super) fn new(registrar: &mut Registrar) -> Self {
        Self {
            accepted: registrar.register("connections", "Connections accepted"),
            open: registrar.register("connections_open", "Connections that are open"),
            limit: registrar.register("connections_limit", "Connections that may be open at once"),
            cut: registrar.register(
                "connections_cut",
                "Connections closed by the server because the client was too slow",
            ),
            over_capacity: registrar.register(
                "connections_over_capacity",
                "Connections beyond the limit, on which only health checks are answered",
            ),
        }
    }

    /// Reports how many connections may be open at once.
    pub fn set_limit(&self, connections: usize) {
        self.limit.set(gauge_value(connections as u64));
    }

    /// Counts a connection as open until the guard is dropped.
    pub fn accepted(&self) -> OpenConnection {
        self.accepted.inc();
        OpenConnection {
            _open: GaugeGuard::new(self.open.clone()),
        }
    }

    /// Counts a connection that the server closed because it waited too long for the client.
    pub fn cut(&self, reason: &'static str) {
        self.cut.get_or_create(&CutLabels { reason }).inc();
    }

    /// Counts a connection beyond the limit.
    pub fn over_capacity(&self) {
        self.over_capacity.inc();
    }
}

/// Counts a connection as open while it exists.
pub struct OpenConnection {
    _open: GaugeGuard,
}

/// A request extension that marks requests over a connection beyond the limit.
///
/// A few such connections are accepted, so that health checks are answered and all other requests
/// get an error that asks to try again.
#[derive(Debug, Clone, Copy)]
pub struct OverCapacity;
