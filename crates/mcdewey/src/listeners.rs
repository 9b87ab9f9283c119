//! The sockets a server listens on: one public address, with TLS or without. With TLS there is also
//! a second one on loopback without TLS, for commands on this machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result};
use axum_server::tls_rustls::RustlsConfig;
use tokio::net::TcpListener;
use tokio::sync::watch::Receiver;

use crate::connections::{Capacities, ConnectionServer};
use crate::tls::TlsSettings;

/// How long requests in progress may take after the server was told to stop.
pub(crate) const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// Open sockets whose connections are not served yet.
pub(crate) struct Listeners {
    /// Without TLS.
    plain: TcpListener,
    tls: Option<TlsListener>,
}

struct TlsListener {
    listener: TcpListener,
    config: RustlsConfig,
    settings: TlsSettings,
}

impl Listeners {
    /// Uses `listener` as the public one. If there is a certificate, it gets TLS, and a second
    /// listener is opened.
    pub(crate) async fn open(listener: TcpListener, tls: Option<TlsSettings>) -> Result<Self> {
        let Some(settings) = tls else {
            return Ok(Self {
                plain: listener,
                tls: None,
            });
        };

        let config = settings.load().await?;
        let plain = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("cannot listen on loopback")?;

        Ok(Self {
            plain,
            tls: Some(TlsListener {
                listener,
                config,
                settings,
            }),
        })
    }

    /// The base URL of the public listener.
    pub(crate) fn public_url(&self) -> Result<String> {
        match &self.tls {
            Some(tls) => Ok(format!(
                "https://{}",
                reachable_address(tls.listener.local_addr()?)
            )),
            None => self.local_url(),
        }
    }

    /// The base URL for commands on this machine.
    pub(crate) fn local_url(&self) -> Result<String> {
        Ok(format!(
            "http://{}",
            reachable_address(self.plain.local_addr()?)
        ))
    }

    /// Serves connections until the server is told to stop.
    pub(crate) async fn serve(self, server: ConnectionServer, capacities: &Capacities) {
        let Some(TlsListener {
            listener,
            config,
            settings,
        }) = self.tls
        else {
            return server.listen(self.plain, None, capacities.public).await;
        };

        let reloading = tokio::spawn(settings.reload_on_change(config.clone()));
        let local = server.clone().listen(self.plain, None, capacities.local);
        tokio::join!(
            local,
            server.listen(listener, Some(config), capacities.public)
        );
        reloading.abort();
    }
}

/// Returns when the server is told to stop.
pub(crate) async fn until_stopped(mut stop: Receiver<bool>) {
    // An error means that the sender was dropped, which happens only after it has sent the signal.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The address under which this machine reaches a listener: loopback for one that listens on all
/// addresses.
fn reachable_address(listening: SocketAddr) -> SocketAddr {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listening.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_all_addresses_is_reachable_on_loopback() {
        let reachable = |text: &str| reachable_address(text.parse().unwrap()).to_string();
        assert_eq!(reachable("0.0.0.0:8080"), "127.0.0.1:8080");
        assert_eq!(reachable("[::]:8080"), "[::1]:8080");
        assert_eq!(reachable("10.0.0.5:8080"), "10.0.0.5:8080");
    }
}
