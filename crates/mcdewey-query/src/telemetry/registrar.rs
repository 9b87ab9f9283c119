//! Creation of metrics under one prefix.

use prometheus_client::registry::{Metric, Registry};

/// Creates metrics and registers them.
pub(super) struct Registrar(Registry);

impl Registrar {
    /// A registrar for metrics whose names begin with this prefix.
    pub(super) fn new(prefix: &str) -> Self {
        Self(Registry::with_prefix(prefix))
    }

    /// Registers a metric that starts empty.
    pub(super) fn register<M: Metric + Clone + Default>(&mut self, name: &str, help: &str) -> M {
        self.register_metric(name, help, M::default())
    }

    /// Registers this metric.
    pub(super) fn register_metric<M: Metric + Clone>(
        &mut self,
        name: &str,
        help: &str,
        metric: M,
    ) -> M {
        self.0.register(name, help, metric.clone());
        metric
    }

    /// All metrics that were registered.
    pub(super) fn into_registry(self) -> Registry {
        self.0
    }
}
