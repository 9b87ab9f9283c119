//! The settings of the reranker: whether there is one, how long it may take, how far it looks.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use mcdewey_query::MAX_LIMIT;
use serde::Deserialize;

use crate::cli::SettingFlags;

const DEFAULT_DEADLINE_MS: u64 = 300;
const DEFAULT_DEPTH: usize = 20;

/// A cross-encoder that orders the first hits among themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RerankSettings {
    pub(crate) dir: PathBuf,
    /// What it has not done by then is given up.
    pub(crate) deadline: Duration,
    /// How many hits it orders at most.
    pub(crate) depth: usize,
}

/// `[rerank]` of `mcdewey.toml` as written.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RerankTable {
    dir: Option<PathBuf>,
    deadline_ms: Option<u64>,
    depth: Option<usize>,
}

impl RerankSettings {
    /// Puts flags, environment and file together; without a folder there is no reranker.
    pub(crate) fn resolve(flags: &SettingFlags, file: RerankTable) -> Result<Option<Self>> {
        let deadline_ms = file.deadline_ms.unwrap_or(DEFAULT_DEADLINE_MS);
        let depth = file.depth.unwrap_or(DEFAULT_DEPTH);
        ensure!(
            deadline_ms > 0,
            "deadline_ms of [rerank] is 0; at least 1 is needed, or no [rerank]"
        );
        ensure!(
            (2..=MAX_LIMIT).contains(&depth),
            "depth of [rerank] is {depth}; 2 to {MAX_LIMIT} are allowed"
        );

        let dir = flags
            .rerank_dir
            .clone()
            .or(file.dir)
            .filter(|dir| !dir.as_os_str().is_empty());

        Ok(dir.map(|dir| Self {
            dir,
            deadline: Duration::from_millis(deadline_ms),
            depth,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(file: &str, flags: &SettingFlags) -> Result<Option<RerankSettings>> {
        RerankSettings::resolve(flags, toml::from_str(file)?)
    }

    #[test]
    fn without_a_folder_there_is_no_reranker() {
        assert_eq!(
            resolve("deadline_ms = 100", &SettingFlags::default()).unwrap(),
            None
        );
    }

    #[test]
    fn flags_go_over_the_file_and_the_file_over_the_defaults() {
        let flags = SettingFlags {
            rerank_dir: Some(PathBuf::from("b")),
            ..SettingFlags::default()
        };
        let settings = resolve("dir = 'a'\ndepth = 5", &flags).unwrap().unwrap();
        assert_eq!(
            settings,
            RerankSettings {
                dir: "b".into(),
                deadline: Duration::from_millis(300),
                depth: 5
            }
        );
    }

    #[test]
    fn mistakes_are_named() {
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
