//! From where videos may come.

use std::str::FromStr;

use url::{Host, Url};

/// The hosts of `KIE_MEDIA_HOSTS`.
///
/// An entry `host` names a host, its subdomains included, that videos may come from over https; as soon as there is one
/// such entry, they may come from no other. An entry `host:port` is trusted even if it is http, or an address in our
/// own network: for tests and mirrors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MediaHosts {
    named: Vec<String>,
    trusted: Vec<(Host, u16)>,
}

/// An entry that names no host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{entry:?} is no host: write host or host:port, without a scheme")]
pub struct MediaHostsError {
    entry: String,
}

/// By which way a video is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Over https, from a public address.
    Public,
    /// From where the operator said.
    Trusted,
}

/// Why nothing is fetched from an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("it is no address")]
    Form,
    #[error("it is not https")]
    Scheme,
    #[error("it holds a user or a password")]
    User,
    #[error("it names a number instead of a host")]
    Number,
    #[error("it names a port")]
    Port,
    #[error("the host {0} is not among KIE_MEDIA_HOSTS")]
    Unlisted(String),
}

impl MediaHosts {
    /// Checks an address. Whether its name leads to the public internet is seen when it is resolved.
    pub(super) fn way(&self, url: &Url) -> Result<Way, Refusal> {
        let host = url.host().ok_or(Refusal::Form)?.to_owned();
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::User);
        }
        let port = url.port_or_known_default();
        let named = |(host_there, port_there): &(Host, u16)| *host_there == host && Some(*port_there) == port;
        if matches!(url.scheme(), "http" | "https") && self.trusted.iter().any(named) {
            return Ok(Way::Trusted);
        }
        if url.scheme() != "https" {
            return Err(Refusal::Scheme);
        }
        let Host::Domain(name) = host else { return Err(Refusal::Number) };
        if url.port().is_some() {
            return Err(Refusal::Port);
        }
        let name = name.trim_end_matches('.');
        let within = |host: &String| {
            name.strip_suffix(host.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        if self.named.is_empty() || self.named.iter().any(within) {
            Ok(Way::Public)
        } else {
            Err(Refusal::Unlisted(name.to_owned()))
        }
    }
}

impl FromStr for MediaHosts {
    type Err = MediaHostsError;

    /// A list with commas.
    fn from_str(list: &str) -> Result<Self, MediaHostsError> {
        let mut hosts = Self::default();
        for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let error = || MediaHostsError { entry: entry.chars().take(64).collect() };
            // The colons of an IPv6 address stand in brackets.
            let port = entry.rsplit_once(':').filter(|(_, port)| !port.contains(']'));
            match port {
                Some((host, port)) => {
                    let host = Host::parse(host).map_err(|_| error())?;
                    hosts.trusted.push((host, port.parse().map_err(|_| error())?));
                }
                None => match Host::parse(entry).map_err(|_| error())? {
                    Host::Domain(name) => hosts.named.push(name),
                    Host::Ipv4(_) | Host::Ipv6(_) => return Err(error()),
                },
            }
        }
        Ok(hosts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(hosts: &str, address: &str) -> Result<Way, Refusal> {
        hosts.parse::<MediaHosts>().unwrap().way(&Url::parse(address).unwrap())
    }

    #[test]
    fn videos_come_over_https_from_names() {
        let check = |address: &str, expect| assert_eq!(way("", address), expect, "{address}");
        check("https://tempfile.aiquickdraw.com/v/a.mp4", Ok(Way::Public));
        check("https://tempfile.aiquickdraw.com:443/v/a.mp4", Ok(Way::Public));
        check("http://tempfile.aiquickdraw.com/v/a.mp4", Err(Refusal::Scheme));
        check("ftp://tempfile.aiquickdraw.com/v/a.mp4", Err(Refusal::Scheme));
        check("file:///etc/passwd", Err(Refusal::Form));
        check("data:video/mp4;base64,AAAA", Err(Refusal::Form));
        check("https://user@files.example/a.mp4", Err(Refusal::User));
        check("https://:word@files.example/a.mp4", Err(Refusal::User));
        check("https://files.example:8443/a.mp4", Err(Refusal::Port));
        for number in [
            "127.0.0.1",
            "[::1]",
            "169.254.169.254",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "127.1",
            "1.1.1.1",
            "[::ffff:127.0.0.1]",
        ] {
            check(&format!("https://{number}/a.mp4"), Err(Refusal::Number));
        }
    }

    #[test]
    fn listed_hosts_are_the_only_ones_and_ports_make_them_trusted() {
        let listed = "aiquickdraw.com, mirror.example:9000 ,127.0.0.1:8080,[::1]:8081,plain.example:80";
        let check = |address: &str, expect| assert_eq!(way(listed, address), expect, "{address}");
        check("https://aiquickdraw.com/a", Ok(Way::Public));
        check("https://tempfile.aiquickdraw.com/a", Ok(Way::Public));
        check("https://TEMPFILE.aiquickdraw.com./a", Ok(Way::Public));
        let unlisted = |host: &str| Err(Refusal::Unlisted(host.to_owned()));
        check("https://notaiquickdraw.com/a", unlisted("notaiquickdraw.com"));
        check("https://aiquickdraw.com.evil.example/a", unlisted("aiquickdraw.com.evil.example"));
        check("http://mirror.example:9000/a", Ok(Way::Trusted));
        check("https://mirror.example:9000/a", Ok(Way::Trusted));
        check("https://mirror.example/a", unlisted("mirror.example"));
        check("http://127.0.0.1:8080/a", Ok(Way::Trusted));
        check("http://127.0.0.1:8082/a", Err(Refusal::Scheme));
        check("http://[::1]:8081/a", Ok(Way::Trusted));
        check("http://plain.example/a", Ok(Way::Trusted));
        check("https://plain.example/a", unlisted("plain.example"));
        check("http://user@127.0.0.1:8080/a", Err(Refusal::User));
        // Trusted places alone leave the rest of the internet as it is.
        assert_eq!(way("127.0.0.1:8080", "https://tempfile.aiquickdraw.com/a"), Ok(Way::Public));
    }

    #[test]
    fn entries_are_hosts() {
        for entry in
            ["https://files.example", "files.example/path", "10.0.0.1", "[::1]", "a:b", "a:99999", "a b"]
        {
            let error = entry.parse::<MediaHosts>().unwrap_err();
            assert_eq!(error.entry, entry);
        }
    }
}
