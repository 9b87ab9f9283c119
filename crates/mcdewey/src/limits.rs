//! The settings of the desk that every request passes: how many search at once, how long anything takes, and which
//! questions are kept.

use std::time::Duration;

use anyhow::{Error, Result, ensure};
use mcdewey_query::{DeskSettings, KeptQuestions};
use serde::Deserialize;

/// `[limits]` of `mcdewey.toml` as written.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LimitsTable {
    searches: Option<usize>,
    wait_ms: Option<u64>,
    deadline_ms: Option<u64>,
    slow_ms: Option<u64>,
}

impl LimitsTable {
    /// The limits with what is left open at its default; `question_log` as it was written.
    pub(crate) fn resolve(self, question_log: Option<&str>) -> Result<DeskSettings> {
        let default = DeskSettings::default();
        let given = |milliseconds: Option<u64>, or: Duration| milliseconds.map_or(or, Duration::from_millis);
        let settings = DeskSettings {
            searches_at_once: self.searches.unwrap_or(default.searches_at_once),
            longest_wait: given(self.wait_ms, default.longest_wait),
            deadline: given(self.deadline_ms, default.deadline),
            slow: given(self.slow_ms, default.slow),
            question_log: question_log.map_or(Ok(KeptQuestions::default()), str::parse).map_err(Error::msg)?,
        };
        ensure!(settings.searches_at_once > 0, "searches of [limits] is 0; at least 1 is needed");
        ensure!(
            settings.longest_wait < settings.deadline,
            "wait_ms of [limits] must be less than deadline_ms: who has waited must still be answered"
        );
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(file: &str, question_log: Option<&str>) -> Result<DeskSettings> {
        toml::from_str::<LimitsTable>(file)?.resolve(question_log)
    }

    #[test]
    fn what_is_left_open_is_at_its_default() {
        assert_eq!(resolve("", None).unwrap(), DeskSettings::default());
        let settings = resolve("searches = 4\nslow_ms = 250", Some("all")).unwrap();
        let slow = Duration::from_millis(250);
        let question_log = KeptQuestions::All;
        assert_eq!(settings, DeskSettings { searches_at_once: 4, slow, question_log, ..DeskSettings::default() });
    }

    #[test]
    fn mistakes_are_named() {
        for (file, question_log, word) in [
            ("searches = 0", None, "searches"),
            ("wait_ms = 30000", None, "wait_ms"),
            ("search = 1", None, "search"),
            ("", Some("some"), "unanswered"),
        ] {
            let error = format!("{:#}", resolve(file, question_log).unwrap_err());
            assert!(error.contains(word), "{error}");
        }
    }
}
