//! The `[limits]` of `mcdewey.toml`: how many connections may be open and how many searches may run
//! concurrently, timeouts, and which questions are recorded.

use std::time::Duration;

use anyhow::{Error, Result, ensure};
use mcdewey_query::{QuestionLogPolicy, TelemetrySettings};
use serde::Deserialize;

use crate::connections::{ConnectionSettings, Timeouts};

/// More connections than any process can serve.
const MAX_CONNECTIONS: usize = 1_000_000;
/// The longest timeout: a day.
const MAX_TIMEOUT_MS: u64 = 86_400_000;

/// The table as written in the file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LimitsTable {
    searches: Option<usize>,
    wait_ms: Option<u64>,
    deadline_ms: Option<u64>,
    slow_ms: Option<u64>,
    connections: Option<usize>,
    connections_per_address: Option<usize>,
    header_ms: Option<u64>,
    idle_ms: Option<u64>,
    body_ms: Option<u64>,
    write_ms: Option<u64>,
}

impl LimitsTable {
    /// Validates the limits and fills in defaults. `question_log` is the setting as written.
    pub(crate) fn resolve(
        self,
        question_log: Option<&str>,
    ) -> Result<(TelemetrySettings, ConnectionSettings)> {
        let connections = self.connections()?;
        let default = TelemetrySettings::default();
        let settings = TelemetrySettings {
            searches_at_once: self.searches.unwrap_or(default.searches_at_once),
            longest_wait: millis_or(self.wait_ms, default.longest_wait),
            deadline: millis_or(self.deadline_ms, default.deadline),
            body_timeout: millis_or(self.body_ms, default.body_timeout),
            slow: millis_or(self.slow_ms, default.slow),
            question_log: question_log
                .map_or(Ok(QuestionLogPolicy::default()), str::parse)
                .map_err(Error::msg)?,
        };

        ensure!(
            settings.searches_at_once > 0,
            "searches of [limits] is 0; at least 1 is needed"
        );
        ensure!(
            settings.longest_wait < settings.deadline,
            "wait_ms of [limits] must be less than deadline_ms: \
             a request that has waited must still have time to be answered"
        );

        Ok((settings, connections))
    }

    fn connections(&self) -> Result<ConnectionSettings> {
        let default = Timeouts::default();
        let timeouts = Timeouts {
            header: millis_or(self.header_ms, default.header),
            idle: millis_or(self.idle_ms, default.idle),
            write: millis_or(self.write_ms, default.write),
        };

        for (name, number) in [
            ("connections", self.connections),
            ("connections_per_address", self.connections_per_address),
        ] {
            ensure!(
                number.is_none_or(|number| (1..=MAX_CONNECTIONS).contains(&number)),
                "{name} of [limits] must be from 1 to {MAX_CONNECTIONS}"
            );
        }

        for (name, milliseconds) in [
            ("header_ms", self.header_ms),
            ("idle_ms", self.idle_ms),
            ("body_ms", self.body_ms),
            ("write_ms", self.write_ms),
        ] {
            ensure!(
                milliseconds
                    .is_none_or(|milliseconds| (1..=MAX_TIMEOUT_MS).contains(&milliseconds)),
                "{name} of [limits] must be from 1 to {MAX_TIMEOUT_MS}"
            );
        }

        let Self {
            connections,
            connections_per_address,
            ..
        } = *self;

        Ok(ConnectionSettings {
            connections,
            connections_per_address,
            timeouts,
        })
    }
}

fn millis_or(milliseconds: Option<u64>, default: Duration) -> Duration {
    milliseconds.map_or(default, Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(file: &str, question_log: Option<&str>) -> Result<TelemetrySettings> {
        Ok(toml::from_str::<LimitsTable>(file)?
            .resolve(question_log)?
            .0)
    }

    #[test]
    fn omitted_limits_have_their_defaults() {
        assert_eq!(resolve("", None).unwrap(), TelemetrySettings::default());
        let settings = resolve("searches = 4\nslow_ms = 250", Some("all")).unwrap();
        let slow = Duration::from_millis(250);
        let question_log = QuestionLogPolicy::All;

        assert_eq!(
            settings,
            TelemetrySettings {
                searches_at_once: 4,
                slow,
                question_log,
                ..TelemetrySettings::default()
            }
        );
    }

    #[test]
    fn connection_limits_are_read() {
        let resolve = |file: &str| {
            toml::from_str::<LimitsTable>(file)
                .unwrap()
                .resolve(None)
                .unwrap()
        };

        assert_eq!(resolve("").1, ConnectionSettings::default());
        let (telemetry, connections) = resolve("connections = 50\nidle_ms = 500\nbody_ms = 700");
        assert_eq!(
            (connections.connections, connections.connections_per_address),
            (Some(50), None)
        );
        let idle = Duration::from_millis(500);

        assert_eq!(
            connections.timeouts,
            Timeouts {
                idle,
                ..Timeouts::default()
            }
        );
        assert_eq!(telemetry.body_timeout, Duration::from_millis(700));
    }

    #[test]
    fn errors_name_the_setting() {
        for (file, question_log, word) in [
            ("searches = 0", None, "searches"),
            ("wait_ms = 30000", None, "wait_ms"),
            ("search = 1", None, "search"),
            ("connections = 0", None, "connections"),
            (
                "connections_per_address = 5000000",
                None,
                "connections_per_address",
            ),
            ("header_ms = 0", None, "header_ms"),
            ("body_ms = 0", None, "body_ms"),
            ("idle_ms = 86400001", None, "idle_ms"),
            ("", Some("some"), "unanswered"),
        ] {
            let error = format!("{:#}", resolve(file, question_log).unwrap_err());
            assert!(error.contains(word), "{error}");
        }
    }
}
