//! Where a server is reached: by everybody at one address, with TLS or without; and with TLS, by this machine's own
//! commands at a second one without it, on loopback.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result};
use axum_server::tls_rustls::RustlsConfig;
use tokio::net::TcpListener;
use tokio::sync::watch::Receiver;

use crate::connections::{Capacities, Serving};
use crate::tls::{TlsSettings, own_door};

/// How long answers under way may take when the server is told to stop.
pub(crate) const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Open, but nobody is answered yet.
pub(crate) struct Listeners {
    /// Without TLS.
    plain: TcpListener,
    secure: Option<Secure>,
}

struct Secure {
    listener: TcpListener,
    config: RustlsConfig,
    settings: TlsSettings,
}

impl Listeners {
    /// Answers at `listener`; with a certificate it does so with TLS.
    pub(crate) async fn open(listener: TcpListener, tls: Option<TlsSettings>) -> Result<Self> {
        let Some(settings) = tls else {
            return Ok(Self {
                plain: listener,
                secure: None,
            });
        };

        let config = settings.load().await?;
        let plain = TcpListener::bind(own_door())
            .await
            .context("loopback cannot be listened on")?;

        Ok(Self {
            plain,
            secure: Some(Secure {
                listener,
                config,
                settings,
            }),
        })
    }

    /// Where everybody comes in.
    pub(crate) fn address(&self) -> Result<String> {
        match &self.secure {
            Some(secure) => Ok(format!(
                "https://{}",
                reached_at(secure.listener.local_addr()?)
            )),
            None => self.own_address(),
        }
    }

    /// Where this machine's own commands come in.
    pub(crate) fn own_address(&self) -> Result<String> {
        Ok(format!("http://{}", reached_at(self.plain.local_addr()?)))
    }

    /// Answers until told to stop.
    pub(crate) async fn serve(self, serving: Serving, capacities: &Capacities) {
        let Some(Secure {
            listener,
            config,
            settings,
        }) = self.secure
        else {
            return serving.listen(self.plain, None, capacities.everybody).await;
        };

        let following = tokio::spawn(settings.follow(config.clone()));
        let local = serving.clone().listen(self.plain, None, capacities.local);
        tokio::join!(
            local,
            serving.listen(listener, Some(config), capacities.everybody)
        );
        following.abort();
    }
}

/// Returns when the server is told to stop.
pub(crate) async fn until_stop(mut stopped: Receiver<bool>) {
    // An error means that the sender is gone, which never outlives the signal.
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// Where this machine reaches a server: one that listens on every address answers on the loopback one too.
fn reached_at(listening: SocketAddr) -> SocketAddr {
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
    fn a_server_on_every_address_is_reached_on_loopback() {
        let reached = |text: &str| reached_at(text.parse().unwrap()).to_string();
        assert_eq!(reached("0.0.0.0:8080"), "127.0.0.1:8080");
        assert_eq!(reached("[::]:8080"), "[::1]:8080");
        assert_eq!(reached("10.0.0.5:8080"), "10.0.0.5:8080");
    }
}
