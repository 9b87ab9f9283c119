//! Settings of the reranker: whether there is one, where it comes from, and how much it reads.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use mcdewey_provision::RerankerSettings;
use mcdewey_runtime::RerankConfig;
use mcdewey_search::{MAX_LIMIT, RerankLimits};
use serde::Deserialize;

use crate::cli::SettingFlags;

const DEFAULT_DEADLINE_MS: u64 = 300;
const DEFAULT_DEPTH: usize = 20;

/// The table `[rerank]` of `mcdewey.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RerankTable {
    #[serde(rename = "use")]
    choice: Option<String>,
    dir: Option<PathBuf>,
    deadline_ms: Option<u64>,
    depth: Option<usize>,
}

impl RerankTable {
    /// Merges flags, environment and settings file. Returns `None` if the reranker is off. One that
    /// nobody asked for, by a flag or with a folder, is used if it can be had. `cached` tells where
    /// downloaded files are kept.
    pub(crate) fn resolve(
        self,
        flags: &SettingFlags,
        cached: RerankerSettings,
    ) -> Result<Option<RerankConfig>> {
        let deadline_ms = self.deadline_ms.unwrap_or(DEFAULT_DEADLINE_MS);
        let depth = self.depth.unwrap_or(DEFAULT_DEPTH);
        ensure!(
            deadline_ms > 0,
            "deadline_ms of [rerank] is 0; it must be at least 1, or set --rerank off"
        );
        ensure!(
            (2..=MAX_LIMIT).contains(&depth),
            "depth of [rerank] is {depth}; it must be between 2 and {MAX_LIMIT}"
        );

        let dir = flags
            .rerank_dir
            .clone()
            .or(self.dir)
            .filter(|dir| !dir.as_os_str().is_empty());

        let is_required = match flags.rerank.as_deref().or(self.choice.as_deref()) {
            None | Some("auto") => dir.is_some(),
            Some("on") => true,
            Some("off") => return Ok(None),
            Some(other) => bail!("--rerank is {other:?}; it must be on, off or auto"),
        };

        Ok(Some(RerankConfig {
            model: RerankerSettings {
                dir,
                retries: (!is_required).then_some(0),
                ..cached
            },
            limits: RerankLimits {
                depth,
                time: Some(Duration::from_millis(deadline_ms)),
            },
            is_required,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(file: &str, flags: &SettingFlags) -> Result<Option<RerankConfig>> {
        toml::from_str::<RerankTable>(file)?.resolve(flags, RerankerSettings::default())
    }

    fn flags(rerank: Option<&str>, dir: Option<&str>) -> SettingFlags {
        SettingFlags {
            rerank: rerank.map(str::to_owned),
            rerank_dir: dir.map(PathBuf::from),
            ..SettingFlags::default()
        }
    }

    #[test]
    fn it_is_used_unless_switched_off_and_required_if_asked_for() {
        let required = |file, flags| {
            let settings = resolve(file, &flags).unwrap();
            settings.map(|settings| settings.is_required)
        };
        assert_eq!(
            required("deadline_ms = 100", flags(None, None)),
            Some(false)
        );
        assert_eq!(required("use = 'auto'", flags(None, None)), Some(false));
        assert_eq!(
            required("use = 'on'", flags(Some("auto"), None)),
            Some(false)
        );
        assert_eq!(required("use = 'on'", flags(None, None)), Some(true));
        assert_eq!(required("dir = 'a'", flags(None, None)), Some(true));
        assert_eq!(required("use = 'off'", flags(Some("on"), None)), Some(true));
        assert_eq!(required("dir = 'a'", flags(Some("off"), None)), None);
        assert_eq!(required("use = 'off'", flags(None, Some("a"))), None);
    }

    #[test]
    fn flags_override_the_file_and_the_file_overrides_the_defaults() {
        let settings = resolve("dir = 'a'\ndepth = 5", &flags(None, Some("b"))).unwrap();
        let expected = RerankConfig {
            model: RerankerSettings {
                dir: Some("b".into()),
                ..RerankerSettings::default()
            },
            limits: RerankLimits {
                depth: 5,
                time: Some(Duration::from_millis(300)),
            },
            is_required: true,
        };
        assert_eq!(settings, Some(expected));
    }

    #[test]
    fn errors_name_the_wrong_setting() {
        for (file, word) in [
            ("deadline_ms = 0", "deadline_ms"),
            ("depth = 1", "depth"),
            ("dept = 5", "dept"),
            ("use = 'maybe'", "--rerank"),
        ] {
            let error = format!("{:#}", resolve(file, &flags(None, None)).unwrap_err());
            assert!(error.contains(word), "{error}");
        }
    }
}
