//! How many files the process may have open, and how many of them connections may take. A connection is an open file to
//! the system: without a bound below its limit, connections leave no file for the index, and none for the next client.

use mcdewey_query::ConnectionNumbers;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::settings::ConnectionSettings;

/// Files kept free for the program itself: index, model, converters, outgoing connections. Serving and ingesting the sample
/// library takes fewer than thirty; a large one has more segments, and a Qdrant server and issuers of tokens need sockets.
const OWN_FILES: usize = 256;
/// Connections at once where the settings name no number. So many requests cannot be answered at once anyway, and idle
/// clients make room for others.
const DEFAULT_CONNECTIONS: usize = 1024;
/// Sockets of the second listener, which only this machine's own commands use.
const LOCAL_SOCKETS: usize = 32;

/// How many connections one listener may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Capacity {
    /// Connections that are served.
    pub(crate) connections: usize,
    /// How many of them may come from one address.
    pub(crate) per_address: usize,
    /// Connections beyond those, on which only health checks are answered and everybody else is turned away.
    pub(crate) reserve: usize,
    /// Connections that were closed to make room and have not let go of their socket yet.
    pub(crate) closing: usize,
}

impl Capacity {
    /// All sockets that connections may hold at once.
    pub(crate) fn sockets(self) -> usize {
        self.connections + self.reserve + self.closing
    }

    fn of(sockets: usize) -> Self {
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

/// The capacity of the listener for everybody, and of the one for this machine's own commands.
pub(crate) struct Capacities {
    pub(crate) everybody: Capacity,
    pub(crate) local: Capacity,
}

impl Capacities {
    /// Shares out a limit of open files; `two_listeners` where this machine's own commands have one of their own.
    pub(crate) fn within(files: usize, two_listeners: bool, settings: &ConnectionSettings) -> Self {
        let sockets = files - OWN_FILES.min(files / 2);
        let local = if two_listeners {
            LOCAL_SOCKETS.min(sockets / 4)
        } else {
            0
        };

        let mut everybody = Capacity::of(sockets - local);
        if let Some(wanted) = settings
            .connections
            .filter(|wanted| *wanted > everybody.connections)
        {
            tracing::warn!(
                wanted,
                possible = everybody.connections,
                open_files = files,
                "the limit of open files leaves room for fewer connections than connections in [limits]; raise it \
                 (ulimit -n, LimitNOFILE=)"
            );
        }

        everybody.connections = everybody
            .connections
            .min(settings.connections.unwrap_or(DEFAULT_CONNECTIONS));
        let half = everybody.connections.div_ceil(2);
        everybody.per_address = settings
            .connections_per_address
            .unwrap_or(half)
            .min(everybody.connections);

        Self {
            everybody,
            local: Capacity::of(local),
        }
    }

    /// Says how many connections there may be, in the log and in the metrics.
    pub(crate) fn announce(&self, numbers: &ConnectionNumbers) {
        let Capacity {
            connections,
            per_address,
            ..
        } = self.everybody;

        numbers.set_limit(connections);
        tracing::info!(
            connections,
            per_address,
            "the number of connections is limited"
        );
    }
}

/// Raises the limit of open files as far as the system allows without privileges; gives the limit in force.
pub(crate) fn raise_limit() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let as_number = |limit: Option<u64>| {
        limit
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(usize::MAX)
    };

    if current == maximum {
        return as_number(current);
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
                from = as_number(current),
                to = as_number(maximum),
                "raised the limit of open files"
            );
            as_number(maximum)
        }
        Err(error) => {
            tracing::warn!(%error, limit = as_number(current), "the limit of open files cannot be raised");
            as_number(current)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(
        files: usize,
        two_listeners: bool,
        settings: ConnectionSettings,
    ) -> (Capacity, Capacity) {
        let Capacities { everybody, local } = Capacities::within(files, two_listeners, &settings);
        (everybody, local)
    }

    #[test]
    fn connections_and_the_program_fit_into_the_limit_together() {
        for two_listeners in [false, true] {
            for files in [64, 100, 256, 1024, 4096, 20_000, usize::MAX] {
                let (everybody, local) =
                    within(files, two_listeners, ConnectionSettings::default());
                let sockets = everybody.sockets() + if two_listeners { local.sockets() } else { 0 };
                assert!(
                    files - sockets >= OWN_FILES.min(files / 2),
                    "{files}: {everybody:?} {local:?}"
                );
                assert!(
                    everybody.connections >= files.min(2048) / 4,
                    "{files}: {everybody:?}"
                );
                assert!(
                    everybody.connections <= DEFAULT_CONNECTIONS && everybody.reserve > 0,
                    "{files}: {everybody:?}"
                );
            }
        }
    }

    #[test]
    fn one_address_gets_half_unless_told_otherwise() {
        let (everybody, _) = within(20_000, false, ConnectionSettings::default());
        assert_eq!((everybody.connections, everybody.per_address), (1024, 512));
        let set = |connections, connections_per_address| ConnectionSettings {
            connections: Some(connections),
            connections_per_address,
            ..ConnectionSettings::default()
        };

        assert_eq!(within(20_000, false, set(3000, None)).0.per_address, 1500);
        assert_eq!(
            within(20_000, false, set(3000, Some(3000))).0.per_address,
            3000
        );
        assert_eq!(within(20_000, false, set(10, Some(3000))).0.per_address, 10);
        assert_eq!(within(20_000, false, set(1, None)).0.per_address, 1);
    }

    #[test]
    fn a_setting_does_not_go_beyond_the_limit() {
        let settings = ConnectionSettings {
            connections: Some(100_000),
            ..ConnectionSettings::default()
        };
        let (everybody, _) = within(1024, false, settings);
        assert!(everybody.sockets() + OWN_FILES <= 1024, "{everybody:?}");
    }

    #[test]
    fn the_limit_is_raised_as_far_as_it_goes() {
        let raised = raise_limit();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
        assert_eq!(raise_limit(), raised);
    }
}
