//! Settings of the reranker: its folder, its deadline and how many hits it reorders.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use mcdewey_runtime::RerankConfig;
use mcdewey_search::MAX_LIMIT;
use serde::Deserialize;

use crate::cli::SettingFlags;

const DEFAULT_DEADLINE_MS: u64 = 300;
const DEFAULT_DEPTH: usize = 20;

/// The table `[rerank]` of `mcdewey.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RerankTable {
    dir: Option<PathBuf>,
    deadline_ms: Option<u64>,
    depth: Option<usize>,
}

impl RerankTable {
    /// Merges flags, environment and settings file. Returns `None` without a folder: there is no
    /// reranker then.
    pub(crate) fn resolve(self, flags: &SettingFlags) -> Result<Option<RerankConfig>> {
        let deadline_ms = self.deadline_ms.unwrap_or(DEFAULT_DEADLINE_MS);
        let depth = self.depth.unwrap_or(DEFAULT_DEPTH);
        ensure!(
            deadline_ms > 0,
            "deadline_ms of [rerank] is 0; it must be at least 1, or remove [rerank]"
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

        Ok(dir.map(|dir| RerankConfig {
            dir,
            deadline: Duration::from_millis(deadline_ms),
            depth,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(file: &str, flags: &SettingFlags) -> Result<Option<RerankConfig>> {
        toml::from_str::<RerankTable>(file)?.resolve(flags)
    }

    #[test]
    fn no_folder_means_no_reranker() {
        assert_eq!(
            resolve("deadline_ms = 100", &SettingFlags::default()).unwrap(),
            None
        );
    }

    #[test]
    fn flags_override_the_file_and_the_file_overrides_the_defaults() {
        let flags = SettingFlags {
            rerank_dir: Some(PathBuf::from("b")),
            ..SettingFlags::default()
        };
        let settings = resolve("dir = 'a'\ndepth = 5", &flags).unwrap().unwrap();
        assert_eq!(
            settings,
            RerankConfig {
                dir: "b".into(),
                deadline: Duration::from_millis(300),
                depth: 5
            }
        );
    }

    #[test]
    fn errors_name_the_wrong_setting() {
        for (file, word) in [
            ("deadline_ms = 0", "deadline_ms"),
            ("depth = 1", "depth"),
            ("dept = 5", "dept"),
        ] {
            let error = format!("{:#}", resolve(file, &SettingFlags::default()).unwrap_err());
            assert!(error.contains(word), "{error}");
        }
    }
}
