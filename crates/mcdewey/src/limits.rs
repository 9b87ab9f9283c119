//! The limits: how many connections are held and searches run at once, how long anything may take, and which questions
//! are kept.

use std::time::Duration;

use anyhow::{Error, Result, ensure};
use mcdewey_query::{KeptQuestions, TelemetrySettings};
use serde::Deserialize;

use crate::connections::{ConnectionSettings, Timeouts};

/// More connections than any one process serves.
const MOST_CONNECTIONS: usize = 1_000_000;
/// A day: nobody is waited for longer.
const LONGEST_MS: u64 = 86_400_000;

/// `[limits]` of `mcdewey.toml` as written.
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
    /// The limits with what is left open at its default; `question_log` as it was written.
    pub(crate) fn resolve(
        self,
        question_log: Option<&str>,
    ) -> Result<(TelemetrySettings, ConnectionSettings)> {
        let connections = self.connections()?;
        let default = TelemetrySettings::default();
        let settings = TelemetrySettings {
            searches_at_once: self.searches.unwrap_or(default.searches_at_once),
            longest_wait: given(self.wait_ms, default.longest_wait),
            deadline: given(self.deadline_ms, default.deadline),
            body_timeout: given(self.body_ms, default.body_timeout),
            slow: given(self.slow_ms, default.slow),
            question_log: question_log
                .map_or(Ok(KeptQuestions::default()), str::parse)
                .map_err(Error::msg)?,
        };

        ensure!(
            settings.searches_at_once > 0,
            "searches of [limits] is 0; at least 1 is needed"
        );
        ensure!(
            settings.longest_wait < settings.deadline,
            "wait_ms of [limits] must be less than deadline_ms: who has waited must still be answered"
        );

        Ok((settings, connections))
    }

    fn connections(&self) -> Result<ConnectionSettings> {
        let default = Timeouts::default();
        let timeouts = Timeouts {
            header: given(self.header_ms, default.header),
            idle: given(self.idle_ms, default.idle),
            write: given(self.write_ms, default.write),
        };

        for (name, number) in [
            ("connections", self.connections),
            ("connections_per_address", self.connections_per_address),
        ] {
            ensure!(
                number.is_none_or(|number| (1..=MOST_CONNECTIONS).contains(&number)),
                "{name} of [limits] must be from 1 to {MOST_CONNECTIONS}"
            );
        }

        for (name, milliseconds) in [
            ("header_ms", self.header_ms),
            ("idle_ms", self.idle_ms),
            ("body_ms", self.body_ms),
            ("write_ms", self.write_ms),
        ] {
            ensure!(
                milliseconds.is_none_or(|milliseconds| (1..=LONGEST_MS).contains(&milliseconds)),
                "{name} of [limits] must be from 1 to {LONGEST_MS}"
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

fn given(milliseconds: Option<u64>, or: Duration) -> Duration {
    milliseconds.map_or(or, Duration::from_millis)
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
    fn what_is_left_open_is_at_its_default() {
        assert_eq!(resolve("", None).unwrap(), TelemetrySettings::default());
        let settings = resolve("searches = 4\nslow_ms = 250", Some("all")).unwrap();
        let slow = Duration::from_millis(250);
        let question_log = KeptQuestions::All;

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
    fn connections_are_limited_as_the_file_says() {
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
    fn mistakes_are_named() {
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
