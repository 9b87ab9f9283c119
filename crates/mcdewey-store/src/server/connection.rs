//! The connection to a Qdrant server: deadlines for every request, and repetition where repeating is safe.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use mcdewey_core::{IndexError, InvalidValue};
use qdrant_client::{Qdrant, QdrantError};
use tonic::codegen::http::Uri;

use super::server_error::ServerError;

/// Commits rest on conditional updates, which came with this release; older servers pass the condition over in silence.
const OLDEST: (u64, u64) = (1, 16);
/// The port of a URL that names none: that of Qdrant's gRPC interface.
const DEFAULT_PORT: u16 = 6334;
/// How long a connection may take to come about.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// How long a lookup may take.
const READ_DEADLINE: Duration = Duration::from_secs(10);
/// How long a write may take: it is waited for until it can be found.
const WRITE_DEADLINE: Duration = Duration::from_secs(60);
/// How often a lookup is repeated when the server was not there: a connection that broke is made anew.
const REPETITIONS: u32 = 2;
/// Pause before a repetition, in milliseconds; replication, so that many callers do not come back together.
const PAUSE_MS: std::ops::Range<u64> = 40..160;

/// Where a Qdrant server is, and what opens it.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerAddress {
    /// Its gRPC interface: `http://host:6334`, or `https://` where it has a certificate.
    pub url: String,
    /// The key it wants, if any.
    pub api_key: Option<String>,
}

/// A Qdrant server that answered and may be used.
#[derive(Clone)]
pub struct Server {
    reads: Arc<Qdrant>,
    writes: Arc<Qdrant>,
    url: Arc<str>,
    version: Arc<str>,
}

impl Server {
    /// Finds the server and checks its release and the key. The error names the URL and what to do.
    pub async fn connect(address: &ServerAddress) -> Result<Self, IndexError> {
        let url = full_url(&address.url)?;
        let client = |deadline| {
            let mut config = Qdrant::from_url(&url)
                .timeout(deadline)
                .connect_timeout(CONNECT_DEADLINE);
            config.api_key.clone_from(&address.api_key);

            // It would print to standard output, which belongs to the answers; the release is checked below.
            let client = config
                .skip_compatibility_check()
                .build()
                .map_err(|error| ServerError::from(error).to_index_error(&url))?;

            Ok::<_, IndexError>(Arc::new(client))
        };

        let (reads, writes) = (client(READ_DEADLINE)?, client(WRITE_DEADLINE)?);
        let mut server = Self {
            reads,
            writes,
            url: url.as_str().into(),
            version: "".into(),
        };

        let health = server
            .read(|client| async move { client.health_check().await })
            .await;

        let version = health
            .map_err(|refusal| refusal.to_index_error(&url))?
            .version;
        check_version(&version).map_err(|refusal| refusal.to_index_error(&url))?;

        // The first request that needs the key.
        let listed = server
            .read(|client| async move { client.list_collections().await })
            .await;
        listed.map_err(|refusal| refusal.to_index_error(&url))?;
        server.version = version.into();
        Ok(server)
    }

    /// Its gRPC interface.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its release ("1.19.0").
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Asks; asks again when the server was not there.
    pub(super) async fn read<T, F>(&self, ask: impl Fn(Arc<Qdrant>) -> F) -> Result<T, ServerError>
    where
        F: Future<Output = Result<T, QdrantError>>,
    {
        let asked = async {
            let mut repetitions = 0;
            loop {
                match ask(Arc::clone(&self.reads))
                    .await
                    .map_err(ServerError::from)
                {
                    Err(ServerError::Away(reason)) if repetitions < REPETITIONS => {
                        repetitions += 1;
                        tracing::debug!(reason, repetitions, "asking the Qdrant server again");
                        tokio::time::sleep(Duration::from_millis(fastrand::u64(PAUSE_MS))).await;
                    }
                    answer => return answer,
                }
            }
        };

        let late = |_| Err(ServerError::Away("it did not answer in time".to_owned()));
        tokio::time::timeout(READ_DEADLINE, asked)
            .await
            .unwrap_or_else(late)
    }

    /// Asks for a change. The client repeats it when its connection has broken, so every change must bear that.
    pub(super) async fn write<T, F>(
        &self,
        ask: impl FnOnce(Arc<Qdrant>) -> F,
    ) -> Result<T, ServerError>
    where
        F: Future<Output = Result<T, QdrantError>>,
    {
        Ok(ask(Arc::clone(&self.writes)).await?)
    }
}

impl fmt::Debug for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key is nobody's to read in a log.
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

/// The URL with its port.
fn full_url(text: &str) -> Result<String, IndexError> {
    let refuse =
        |reason: &str| Err(InvalidValue::new("URL of a Qdrant server", text, reason).into());
    let Ok(uri) = text.trim_end_matches('/').parse::<Uri>() else {
        return refuse("write it as http://host:6334");
    };

    let (Some(scheme @ ("http" | "https")), Some(host)) = (uri.scheme_str(), uri.host()) else {
        return refuse(
            "write it as http://host:6334, or https:// where the server has a certificate",
        );
    };

    if !uri.path().trim_matches('/').is_empty() {
        return refuse("it has no path; gRPC needs a host and a port of its own");
    }

    Ok(format!(
        "{scheme}://{host}:{}",
        uri.port_u16().unwrap_or(DEFAULT_PORT)
    ))
}

fn check_version(version: &str) -> Result<(), ServerError> {
    let mut numbers = version
        .split(['.', '-'])
        .map(|part| part.parse::<u64>().ok());

    let (Some(Some(major)), Some(Some(minor))) = (numbers.next(), numbers.next()) else {
        return Err(ServerError::Away(format!(
            "it says to be of version {version:?}; is it a Qdrant server?"
        )));
    };

    if (major, minor) < OLDEST {
        let (oldest_major, oldest_minor) = OLDEST;
        let reason =
            format!("it is of version {version}; {oldest_major}.{oldest_minor} or newer is needed");
        return Err(ServerError::Away(reason));
    }

    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_gets_its_port() {
        for (given, full) in [
            ("http://localhost", "http://localhost:6334"),
            (
                "https://qdrant.example.com/",
                "https://qdrant.example.com:6334",
            ),
            ("http://127.0.0.1:7000", "http://127.0.0.1:7000"),
            ("http://[::1]:6334", "http://[::1]:6334"),
        ] {
            assert_eq!(full_url(given).unwrap(), full);
        }

        for wrong in [
            "",
            "localhost:6334",
            "ftp://a",
            "http://",
            "http://a/b",
            "http://a b",
        ] {
            let error = full_url(wrong).unwrap_err().to_string();
            assert!(
                error.contains("Qdrant") && error.contains("http"),
                "{wrong}: {error}"
            );
        }
    }

    #[test]
    fn servers_that_pass_conditions_over_are_refused() {
        for fine in ["1.16.0", "1.19.0", "2.0.0-dev", "1.20.1-rc.1"] {
            check_version(fine).unwrap();
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
    fn a_key_is_not_written_to_a_log() {
        let address = ServerAddress {
            url: "http://a".to_owned(),
            api_key: Some("secret".to_owned()),
        };
        assert!(!format!("{address:?}").contains("secret"));
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named_with_what_to_do() {
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
