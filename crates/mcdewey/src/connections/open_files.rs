//! Divides the limit of open files between connections and the rest of the program. Each connection
//! is an open file: without a bound, connections would leave no files for the index or for the next
//! client.

use mcdewey_query::ConnectionMetrics;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::settings::ConnectionSettings;

/// Files reserved for the program itself: index, model, converters, outgoing connections. Serving
/// and ingesting the sample library takes fewer than thirty; a large one has more segments, and a
/// Qdrant server and token issuers need sockets.
const RESERVED_FILES: usize = 256;
/// Open connections if the settings specify no number. More requests cannot be answered
/// concurrently anyway, and idle clients give way to others.
const DEFAULT_CONNECTIONS: usize = 1024;
/// Sockets of the second listener, which only commands on this machine use.
const LOCAL_SOCKETS: usize = 32;

/// How many connections one listener may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Capacity {
    /// Connections that are served.
    pub(crate) connections: usize,
    /// How many of them may come from one address.
    pub(crate) per_address: usize,
    /// Additional connections on which only health checks are answered and all other requests are
    /// rejected.
    pub(crate) reserve: usize,
    /// Evicted connections that have not closed their socket yet.
    pub(crate) closing: usize,
}

impl Capacity {
    /// All sockets that connections may use at the same time.
    pub(crate) fn sockets(self) -> usize {
        self.connections + self.reserve + self.closing
    }

    /// Divides a number of sockets.
    fn for_sockets(sockets: usize) -> Self {
        let reserve = (sockets / 8).clamp(1, 32);
        let connections = sockets.saturating_sub(2 * reserve).max(1);
        Self {
            connections,
            per_address: connections,
            reserve,
            closing: reserve,
        }
    }
}

/// The capacities of the public listener and of the one for commands on this machine.
pub(crate) struct Capacities {
    pub(crate) public: Capacity,
    pub(crate) local: Capacity,
}

impl Capacities {
    /// Divides a limit of open files. `two_listeners` means that commands on this machine have a
    /// listener of their own.
    pub(crate) fn from_open_file_limit(
        open_files: usize,
        two_listeners: bool,
        settings: &ConnectionSettings,
    ) -> Self {
        let sockets = open_files - RESERVED_FILES.min(open_files / 2);
        let local = if two_listeners {
            LOCAL_SOCKETS.min(sockets / 4)
        } else {
            0
        };

        let mut public = Capacity::for_sockets(sockets - local);
        if let Some(wanted) = settings
            .connections
            .filter(|wanted| *wanted > public.connections)
        {
            tracing::warn!(
                wanted,
                possible = public.connections,
                open_files,
                "the limit of open files leaves room for fewer connections than connections in \
                 [limits]; raise it (ulimit -n, LimitNOFILE=)"
            );
        }

        public.connections = public
            .connections
            .min(settings.connections.unwrap_or(DEFAULT_CONNECTIONS));
        let half = public.connections.div_ceil(2);
        public.per_address = settings
            .connections_per_address
            .unwrap_or(half)
            .min(public.connections);

        Self {
            public,
            local: Capacity::for_sockets(local),
        }
    }

    /// Reports the connection limit in the log and in the metrics.
    pub(crate) fn announce(&self, numbers: &ConnectionMetrics) {
        let Capacity {
            connections,
            per_address,
            ..
        } = self.public;

        numbers.set_limit(connections);
        tracing::info!(
            connections,
            per_address,
            "the number of connections is limited"
        );
    }
}

/// Raises the limit of open files as far as the system allows without privileges. Returns the limit
/// in force.
pub(crate) fn raise_open_file_limit() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return limit_or_max(current);
    }

    match setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    ) {
        Ok(()) => {
            tracing::info!(
                from = limit_or_max(current),
                to = limit_or_max(maximum),
                "raised the limit of open files"
            );
            limit_or_max(maximum)
        }
        Err(error) => {
            tracing::warn!(
                %error,
                limit = limit_or_max(current),
                "the limit of open files cannot be raised"
            );
            limit_or_max(current)
        }
    }
}

/// The limit as a number; `None` means that there is none.
fn limit_or_max(limit: Option<u64>) -> usize {
    limit
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capacities(
        files: usize,
        two_listeners: bool,
        settings: ConnectionSettings,
    ) -> (Capacity, Capacity) {
        let Capacities { public, local } =
            Capacities::from_open_file_limit(files, two_listeners, &settings);
        (public, local)
    }

    #[test]
    fn connections_leave_the_reserved_files_to_the_program() {
        for two_listeners in [false, true] {
            for files in [64, 100, 256, 1024, 4096, 20_000, usize::MAX] {
                let (public, local) =
                    capacities(files, two_listeners, ConnectionSettings::default());
                let sockets = public.sockets() + if two_listeners { local.sockets() } else { 0 };
                assert!(
                    files - sockets >= RESERVED_FILES.min(files / 2),
                    "{files}: {public:?} {local:?}"
                );
                assert!(
                    public.connections >= files.min(2048) / 4,
                    "{files}: {public:?}"
                );
                assert!(
                    public.connections <= DEFAULT_CONNECTIONS && public.reserve > 0,
                    "{files}: {public:?}"
                );
            }
        }
    }

    #[test]
    fn one_address_gets_half_by_default() {
        let (public, _) = capacities(20_000, false, ConnectionSettings::default());
        assert_eq!((public.connections, public.per_address), (1024, 512));
        let set = |connections, connections_per_address| ConnectionSettings {
            connections: Some(connections),
            connections_per_address,
            ..ConnectionSettings::default()
        };

        assert_eq!(
            capacities(20_000, false, set(3000, None)).0.per_address,
            1500
        );
        assert_eq!(
            capacities(20_000, false, set(3000, Some(3000)))
                .0
                .per_address,
            3000
        );
        assert_eq!(
            capacities(20_000, false, set(10, Some(3000))).0.per_address,
            10
        );
        assert_eq!(capacities(20_000, false, set(1, None)).0.per_address, 1);
    }

    #[test]
    fn settings_do_not_exceed_the_limit() {
        let settings = ConnectionSettings {
            connections: Some(100_000),
            ..ConnectionSettings::default()
        };
        let (public, _) = capacities(1024, false, settings);
        assert!(public.sockets() + RESERVED_FILES <= 1024, "{public:?}");
    }

    #[test]
    fn the_limit_is_raised_to_its_maximum() {
        let raised = raise_open_file_limit();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
        assert_eq!(raise_open_file_limit(), raised);
    }
}
