//! TLS for clients on other machines. Commands on this machine connect without it, on loopback.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use axum_server::tls_rustls::RustlsConfig;
use rustls::ServerConfig;
use serde::Deserialize;

/// How often the files are checked, because certificates are renewed while the server runs.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// The files of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsSettings {
    /// The certificate chain, in PEM.
    pub(crate) cert: PathBuf,
    /// Its private key, in PEM.
    pub(crate) key: PathBuf,
}

impl TlsSettings {
    /// Merges flags and file; flags take precedence. A certificate without a key, or the reverse,
    /// is an error.
    pub(crate) fn resolve(
        cert: Option<PathBuf>,
        key: Option<PathBuf>,
        file: Option<Self>,
    ) -> Result<Option<Self>> {
        match (cert, key) {
            (Some(cert), Some(key)) => Ok(Some(Self { cert, key })),
            (None, None) => Ok(file),
            _ => bail!("TLS needs both --tls-cert and --tls-key"),
        }
    }

    /// Loads certificate and key.
    pub(crate) async fn load(&self) -> Result<RustlsConfig> {
        // An error means that a provider is already installed, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = RustlsConfig::from_pem_file(&self.cert, &self.key)
            .await
            .with_context(|| {
                format!(
                    "the certificate {} with the key {} cannot be used",
                    self.cert.display(),
                    self.key.display()
                )
            })?;

        offer_http_1_0(&config);
        Ok(config)
    }

    /// Reloads the certificate whenever its files change. If they are invalid, the previous one
    /// stays in use.
    pub(crate) async fn reload_on_change(self, config: RustlsConfig) {
        let mut loaded = self.file_stamps();
        loop {
            tokio::time::sleep(POLL_INTERVAL).await;
            let current = self.file_stamps();
            if current == loaded {
                continue;
            }

            loaded = current;
            match config.reload_from_pem_file(&self.cert, &self.key).await {
                Ok(()) => {
                    offer_http_1_0(&config);
                    tracing::info!("reloaded the certificate");
                }
                Err(error) => tracing::error!(
                    %error,
                    "the certificate could not be reloaded; the previous one stays in use"
                ),
            }
        }
    }

    /// Modification time and length of both files.
    fn file_stamps(&self) -> [Option<(SystemTime, u64)>; 2] {
        [&self.cert, &self.key].map(|path| {
            let metadata = std::fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        })
    }
}

/// Adds HTTP/1.0 to the offered protocols. Clients that support nothing newer may request it in the
/// handshake, which would otherwise fail.
fn offer_http_1_0(config: &RustlsConfig) {
    let mut extended = ServerConfig::clone(&config.get_inner());
    extended.alpn_protocols.push(b"http/1.0".to_vec());
    config.reload_from_config(Arc::new(extended));
}
