//! TLS for those who come from other machines. Commands on this machine reach the server without it, on loopback.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use axum_server::tls_rustls::RustlsConfig;
use rustls::ServerConfig;
use serde::Deserialize;

/// How often the files are looked at: certificates are renewed while the server runs.
const LOOK: Duration = Duration::from_secs(2);

/// The files of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsSettings {
    /// The certificate with those that vouch for it, in PEM.
    pub(crate) cert: PathBuf,
    /// Its private key, in PEM.
    pub(crate) key: PathBuf,
}

impl TlsSettings {
    /// Flags go over the file; half a pair is a mistake.
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

    /// Reads certificate and key.
    pub(crate) async fn load(&self) -> Result<RustlsConfig> {
        // An error means that there is one already, which is as good.
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

    /// Takes new files over without a restart; broken ones leave the old certificate in use.
    pub(crate) async fn follow(self, config: RustlsConfig) {
        let mut seen = self.stamp();
        loop {
            tokio::time::sleep(LOOK).await;
            let now = self.stamp();
            if now == seen {
                continue;
            }

            seen = now;
            match config.reload_from_pem_file(&self.cert, &self.key).await {
                Ok(()) => {
                    offer_http_1_0(&config);
                    tracing::info!("the certificate was read again");
                }
                Err(error) => tracing::error!(%error, "the certificate stays as it was"),
            }
        }
    }

    fn stamp(&self) -> [Option<(SystemTime, u64)>; 2] {
        [&self.cert, &self.key].map(|path| {
            let meta = std::fs::metadata(path).ok()?;
            Some((meta.modified().ok()?, meta.len()))
        })
    }
}

/// Clients that speak nothing newer may say so in the handshake, and are then refused where it is not offered.
fn offer_http_1_0(config: &RustlsConfig) {
    let mut with = ServerConfig::clone(&config.get_inner());
    with.alpn_protocols.push(b"http/1.0".to_vec());
    config.reload_from_config(Arc::new(with));
}

/// Where this machine listens for its own commands when strangers are answered with TLS.
pub(crate) fn own_door() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}
