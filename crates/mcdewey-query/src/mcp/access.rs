//! Which names the endpoint answers to and which web pages may call it: what keeps a stranger's page in the user's
//! browser from reading a library on the user's machine.

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
        let names = ["localhost", "127.0.0.1", "[::1]"];
        let origins = names.iter().flat_map(|name| [format!("http://{name}:*"), format!("https://{name}:*")]);
        Self { hosts: names.map(str::to_owned).to_vec(), origins: origins.collect() }
    }
}

impl Access {
    /// This machine, and the host that the library's links lead to.
    #[must_use]
    pub fn with_public_url(mut self, public_url: &str) -> Self {
        let Some((scheme, rest)) = public_url.split_once("://") else { return self };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.is_empty() {
            return self;
        }
        let port = if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 };
        let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let origin = if has_port { authority.to_owned() } else { format!("{authority}:{port}") };
        self.hosts.push(authority.to_owned());
        self.origins.push(format!("{scheme}://{origin}"));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(public_url: &str) -> (Option<String>, Option<String>) {
        let known = Access::default();
        let access = Access::default().with_public_url(public_url);
        (access.hosts.get(known.hosts.len()).cloned(), access.origins.get(known.origins.len()).cloned())
    }

    #[test]
    fn the_public_url_names_a_host_and_an_origin() {
        let pair = |host: &str, origin: &str| (Some(host.to_owned()), Some(origin.to_owned()));
        assert_eq!(of("https://docs.example.com/base"), pair("docs.example.com", "https://docs.example.com:443"));
        assert_eq!(of("http://[2001:db8::1]"), pair("[2001:db8::1]", "http://[2001:db8::1]:80"));
        assert_eq!(of("http://10.0.0.5:8080"), pair("10.0.0.5:8080", "http://10.0.0.5:8080"));
        assert_eq!(of("nonsense"), (None, None));
    }
}
