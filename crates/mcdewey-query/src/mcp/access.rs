//! Which names the endpoint answers to and which web pages may call it: what keeps a stranger's page in the user's
//! browser from reading a library on the user's machine.

use crate::app::{LOOPBACK_HOSTS, PublicName, origins};

/// Hosts and origins the endpoint accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Values of the `Host` header: `docs.example.com` with any port, `docs.example.com:8080` with that one. An empty
    /// list accepts every host.
    pub hosts: Vec<String>,
    /// Values of the `Origin` header, which browsers send: `https://docs.example.com:443`, `http://localhost:*`.
    pub origins: Vec<String>,
}

impl Default for Access {
    /// This machine only.
    fn default() -> Self {
        Self::to(LOOPBACK_HOSTS.map(str::to_owned).to_vec())
    }
}

impl Access {
    /// Under these names, for their own pages.
    #[must_use]
    pub fn to(hosts: Vec<String>) -> Self {
        Self { origins: hosts.iter().flat_map(|host| origins(host)).collect(), hosts }
    }

    /// For pages at the address that the library's links lead to, too.
    #[must_use]
    pub fn with_public_url(mut self, public_url: &str) -> Self {
        if let Some(name) = PublicName::of(public_url) {
            self.hosts.push(name.host);
            self.origins.push(name.origin);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_may_always_ask() {
        let access = Access::default();
        assert_eq!(access.hosts, LOOPBACK_HOSTS);
        assert!(access.origins.contains(&"http://localhost:*".to_owned()), "{access:?}");
        assert!(access.origins.contains(&"https://[::1]:*".to_owned()), "{access:?}");
    }

    #[test]
    fn the_public_address_is_one_more_name() {
        let access = Access::to(Vec::new()).with_public_url("https://docs.example.com/base");
        assert_eq!(
            (access.hosts, access.origins),
            (vec!["docs.example.com".to_owned()], vec!["https://docs.example.com:443".to_owned()],)
        );
        assert_eq!(Access::default().with_public_url("nonsense"), Access::default());
    }
}
