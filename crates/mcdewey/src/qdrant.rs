//! Settings of a library on a Qdrant server: address, API key, collection name and replication.

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use mcdewey_runtime::ServerLocation;
use mcdewey_store::{ReplicationConfig, ServerAddress};
use serde::Deserialize;

use crate::cli::SettingFlags;
use crate::secret;

const DEFAULT_COLLECTION: &str = "mcdewey";

/// The table `[qdrant]` of `mcdewey.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct QdrantTable {
    url: Option<String>,
    api_key_file: Option<PathBuf>,
    collection: Option<String>,
    shards: Option<u32>,
    replicas: Option<u32>,
    write_consistency: Option<u32>,
}

impl QdrantTable {
    /// Merges flags, environment and settings file. Returns `None` without a URL: the library is in
    /// the data directory then.
    pub(crate) fn resolve(self, flags: &SettingFlags) -> Result<Option<ServerLocation>> {
        let Some(url) = flags.qdrant_url.clone().or(self.url) else {
            return Ok(None);
        };
        let key_file = flags.qdrant_api_key_file.clone().or(self.api_key_file);
        let api_key = match (&flags.qdrant_api_key, key_file) {
            (Some(key), _) => Some(secret::check(key, "MCDEWEY_QDRANT_API_KEY")?),
            (None, Some(path)) => Some(secret::read(&path)?),
            (None, None) => None,
        };

        for (name, value) in [
            ("shards", self.shards),
            ("replicas", self.replicas),
            ("write_consistency", self.write_consistency),
        ] {
            ensure!(
                value != Some(0),
                "{name} of [qdrant] is 0; it must be at least 1"
            );
        }

        if let (Some(copies), replicas) = (self.write_consistency, self.replicas.unwrap_or(1))
            && copies > replicas
        {
            bail!(
                "write_consistency of [qdrant] is {copies}, but there are {replicas} replicas; it must \
                 be at most {replicas}"
            );
        }

        Ok(Some(ServerLocation {
            address: ServerAddress { url, api_key },
            collection: flags
                .qdrant_collection
                .clone()
                .or(self.collection)
                .unwrap_or_else(|| DEFAULT_COLLECTION.to_owned()),
            replication: ReplicationConfig {
                shards: self.shards,
                replicas: self.replicas,
                write_consistency: self.write_consistency,
            },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(file: &str, flags: &SettingFlags) -> Result<Option<ServerLocation>> {
        toml::from_str::<QdrantTable>(file)?.resolve(flags)
    }

    #[test]
    fn no_url_means_no_server() {
        assert_eq!(
            resolve("collection = 'docs'", &SettingFlags::default()).unwrap(),
            None
        );
    }

    #[test]
    fn flags_override_the_file() {
        let flags = SettingFlags {
            qdrant_url: Some("http://b:6334".to_owned()),
            qdrant_api_key: Some("secret".to_owned()),
            ..SettingFlags::default()
        };

        let file = "url = 'http://a:6334'\napi_key_file = 'no-such-file'\n\
             collection = 'docs'\nshards = 2\nreplicas = 3";
        let settings = resolve(file, &flags).unwrap().unwrap();
        assert_eq!(
            settings.address,
            ServerAddress {
                url: "http://b:6334".into(),
                api_key: Some("secret".into())
            }
        );
        assert_eq!(settings.collection, "docs");
        assert_eq!(
            settings.replication,
            ReplicationConfig {
                shards: Some(2),
                replicas: Some(3),
                write_consistency: None
            }
        );
    }

    #[test]
    fn an_invalid_key_is_rejected_without_being_printed() {
        let flags = |key: &str| SettingFlags {
            qdrant_url: Some("http://a".to_owned()),
            qdrant_api_key: Some(key.to_owned()),
            ..SettingFlags::default()
        };

        let settings = resolve("", &flags("secret\n")).unwrap().unwrap();
        assert_eq!(settings.address.api_key.as_deref(), Some("secret"));

        let error = resolve("", &flags("sec\nret")).unwrap_err().to_string();
        assert!(
            error.contains("MCDEWEY_QDRANT_API_KEY") && !error.contains("ret"),
            "{error}"
        );
    }

    #[test]
    fn errors_name_the_wrong_setting() {
        let cases = [
            ("url = 'http://a'\nshards = 0", "shards"),
            (
                "url = 'http://a'\nreplicas = 2\nwrite_consistency = 3",
                "write_consistency",
            ),
            (
                "url = 'http://a'\napi_key_file = 'no-such-file'",
                "no-such-file",
            ),
        ];

        for (file, word) in cases {
            let error = format!("{:#}", resolve(file, &SettingFlags::default()).unwrap_err());
            assert!(error.contains(word), "{error}");
        }
    }
}
