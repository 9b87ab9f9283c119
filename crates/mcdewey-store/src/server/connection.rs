//! The connection to a Qdrant server: every request has a deadline, and reads are retried.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use mcdewey_core::{IndexError, InvalidValue};
use qdrant_client::{Qdrant, QdrantError};
use tonic::codegen::http::Uri;

use super::server_error::ServerError;

/// The oldest supported version of the server. Commits depend on conditional updates, which this
/// version introduced; older servers silently ignore the condition.
const MIN_VERSION: (u64, u64) = (1, 16);

/// The port of Qdrant's gRPC interface, used if the URL has none.
const DEFAULT_PORT: u16 = 6334;

/// How long connecting may take.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);

/// How long a read may take, including its retries.
const READ_DEADLINE: Duration = Duration::from_secs(10);

/// How long a write may take. The server answers when what was written can be found.
const WRITE_DEADLINE: Duration = Duration::from_secs(60);

/// How often a read is retried while the server is unavailable. A broken connection is made again.
const MAX_RETRIES: u32 = 2;

/// The pause before a retry, in milliseconds. Random, so that many callers do not retry in step.
const RETRY_PAUSE_MS: std::ops::Range<u64> = 40..160;

/// The address of a Qdrant server, and the key for it.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerAddress {
    /// The URL of its gRPC interface: `http://host:6334`, or `https://` if it has a certificate.
    pub url: String,
    /// The API key, if the server requires one.
    pub api_key: Option<String>,
}

/// A Qdrant server that was reached and can be used.
#[derive(Clone)]
pub struct Server {
    read_client: Arc<Qdrant>,
    write_client: Arc<Qdrant>,
    url: Arc<str>,
    version: Arc<str>,
}

impl Server {
    /// Connects to the server and checks its version and the API key. Errors contain the URL and
    /// what to do.
    pub async fn connect(address: &ServerAddress) -> Result<Self, IndexError> {
        let url = full_url(&address.url)?;
        let server = Self {
            read_client: client(&url, address.api_key.as_deref(), READ_DEADLINE)?,
            write_client: client(&url, address.api_key.as_deref(), WRITE_DEADLINE)?,
            url: url.as_str().into(),
            version: "".into(),
        };

        let version = server
            .check()
            .await
            .map_err(|error| error.into_index_error(&url))?;

        Ok(Self {
            version: version.into(),
            ..server
        })
    }

    /// Checks the server's version and the API key. Returns the version.
    async fn check(&self) -> Result<String, ServerError> {
        let version = self
            .read(|client| async move { client.health_check().await })
            .await?
            .version;
        check_version(&version)?;

        // The first request that requires the key.
        self.read(|client| async move { client.list_collections().await })
            .await?;

        Ok(version)
    }

    /// The URL of its gRPC interface.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The server's version, such as "1.19.0".
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Sends a read request, and sends it again if the server was unavailable.
    pub(super) async fn read<T, F>(
        &self,
        request: impl Fn(Arc<Qdrant>) -> F,
    ) -> Result<T, ServerError>
    where
        F: Future<Output = Result<T, QdrantError>>,
    {
        let result = async {
            let mut retries = 0;
            loop {
                match request(Arc::clone(&self.read_client))
                    .await
                    .map_err(ServerError::from)
                {
                    Err(ServerError::Unavailable(reason)) if retries < MAX_RETRIES => {
                        retries += 1;
                        tracing::debug!(
                            reason,
                            repetitions = retries,
                            "retrying a request to the Qdrant server"
                        );
                        tokio::time::sleep(Duration::from_millis(fastrand::u64(RETRY_PAUSE_MS)))
                            .await;
                    }
                    result => return result,
                }
            }
        };

        tokio::time::timeout(READ_DEADLINE, result)
            .await
            .unwrap_or_else(|_| Err(ServerError::timed_out()))
    }

    /// Sends a write request. The client repeats it if the connection breaks, so every write must
    /// be idempotent.
    pub(super) async fn write<T, F>(
        &self,
        request: impl FnOnce(Arc<Qdrant>) -> F,
    ) -> Result<T, ServerError>
    where
        F: Future<Output = Result<T, QdrantError>>,
    {
        Ok(request(Arc::clone(&self.write_client)).await?)
    }
}

impl fmt::Debug for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key must not appear in a log.
        f.debug_struct("ServerAddress")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("url", &self.url)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

fn client(url: &str, api_key: Option<&str>, deadline: Duration) -> Result<Arc<Qdrant>, IndexError> {
    let mut config = Qdrant::from_url(url)
        .timeout(deadline)
        .connect_timeout(CONNECT_DEADLINE);
    config.api_key = api_key.map(str::to_owned);

    // The client's own check would print to standard output, which is reserved for answers;
    // `check_version` replaces it.
    let client = config
        .skip_compatibility_check()
        .build()
        .map_err(|error| ServerError::from(error).into_index_error(url))?;

    Ok(Arc::new(client))
}

/// Checks a URL and adds the default port if it has none.
fn full_url(text: &str) -> Result<String, IndexError> {
    let Ok(uri) = text.trim_end_matches('/').parse::<Uri>() else {
        return Err(invalid_url(text, "write it as http://host:6334"));
    };

    let (Some(scheme @ ("http" | "https")), Some(host)) = (uri.scheme_str(), uri.host()) else {
        return Err(invalid_url(
            text,
            "write it as http://host:6334, or https:// if the server has a certificate",
        ));
    };

    if !uri.path().trim_matches('/').is_empty() {
        return Err(invalid_url(
            text,
            "remove the path; gRPC needs a host and port of its own",
        ));
    }

    Ok(format!(
        "{scheme}://{host}:{}",
        uri.port_u16().unwrap_or(DEFAULT_PORT)
    ))
}

fn invalid_url(url: &str, reason: &str) -> IndexError {
    InvalidValue::new("URL of a Qdrant server", url, reason).into()
}

fn check_version(version: &str) -> Result<(), ServerError> {
    let mut numbers = version
        .split(['.', '-'])
        .map(|part| part.parse::<u64>().ok());

    let (Some(Some(major)), Some(Some(minor))) = (numbers.next(), numbers.next()) else {
        return Err(ServerError::Unavailable(format!(
            "it reports the version {version:?}; check that it is a Qdrant server"
        )));
    };

    if (major, minor) < MIN_VERSION {
        let (min_major, min_minor) = MIN_VERSION;
        return Err(ServerError::Unavailable(format!(
            "its version is {version}; {min_major}.{min_minor} or newer is needed"
        )));
    }

    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_port_is_added_to_the_url() {
        for (url, full) in [
            ("http://localhost", "http://localhost:6334"),
            (
                "https://qdrant.example.com/",
                "https://qdrant.example.com:6334",
            ),
            ("http://127.0.0.1:7000", "http://127.0.0.1:7000"),
            ("http://[::1]:6334", "http://[::1]:6334"),
        ] {
            assert_eq!(full_url(url).unwrap(), full);
        }

        for invalid in [
            "",
            "localhost:6334",
            "ftp://a",
            "http://",
            "http://a/b",
            "http://a b",
        ] {
            let error = full_url(invalid).unwrap_err().to_string();
            assert!(
                error.contains("Qdrant") && error.contains("http"),
                "{invalid}: {error}"
            );
        }
    }

    #[test]
    fn servers_without_conditional_updates_are_rejected() {
        for supported in ["1.16.0", "1.19.0", "2.0.0-dev", "1.20.1-rc.1"] {
            check_version(supported).unwrap();
        }

        for old in ["1.15.5", "0.11.0"] {
            let message = check_version(old).unwrap_err().to_string();
            assert!(
                message.contains(old) && message.contains("1.16"),
                "{message}"
            );
        }

        assert!(check_version("nginx").is_err());
    }

    #[test]
    fn the_api_key_does_not_appear_in_debug_output() {
        let address = ServerAddress {
            url: "http://a".to_owned(),
            api_key: Some("secret".to_owned()),
        };
        assert!(!format!("{address:?}").contains("secret"));
    }

    #[tokio::test]
    async fn the_error_for_an_unreachable_server_contains_its_url_and_advice() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);

        let error = Server::connect(&ServerAddress {
            url: url.clone(),
            api_key: None,
        })
        .await
        .unwrap_err();

        assert!(matches!(error, IndexError::Unavailable(_)), "{error}");
        let error = error.to_string();
        assert!(
            error.contains(&url) && error.contains("refused") && error.contains("6334"),
            "{error}"
        );
    }
}
