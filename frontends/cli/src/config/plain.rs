//! Keys in clear text: sent over http only to this machine and its own network, or where somebody says so.

use std::net::IpAddr;

use url::{Host, Url};

use super::{Settings, refused};
use crate::failure::Failure;

/// The setting that names hosts which keys may be sent to in clear text.
const ALLOWED: &str = "NEUROCARDS_PLAIN_HTTP";
/// How names end that belong to nobody outside (RFC 6761, 6762, 8375, and the one kept for private use).
const PRIVATE_ENDINGS: [&str; 5] = [".localhost", ".local", ".internal", ".lan", ".home.arpa"];

/// Refuses an address over which a key would leave in clear text. What is no address is refused elsewhere.
pub(super) fn check(settings: &Settings, name: &'static str, address: &str) -> Result<(), Failure> {
    let Ok(url) = Url::parse(address.trim()) else { return Ok(()) };
    let Some(host) = url.host().filter(|_| url.scheme() == "http") else { return Ok(()) };
    let shown = host.to_string();
    let mut allowed = settings.text(ALLOWED)?.unwrap_or_default().split(',').map(str::trim);
    if is_private(&host) || allowed.any(|host| host.eq_ignore_ascii_case(&shown)) {
        return Ok(());
    }
    let why = format!("would send a key to {shown} in clear text, for everybody on the way to read");
    let hint = format!("Use https://, or set {ALLOWED}={shown} if that network is yours.");
    Err(refused(name, &why, &hint))
}

/// Nobody outside can be asked under this name. One without a dot is a machine's or a container's.
fn is_private(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            !name.contains('.') || PRIVATE_ENDINGS.iter().any(|ending| name.ends_with(ending))
        }
        Host::Ipv4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Host::Ipv6(ip) => match ip.to_canonical() {
            IpAddr::V4(ip) => is_private(&Host::Ipv4(ip)),
            IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_leaves_in_clear_text_only_where_nobody_else_reads() {
        let check_with = |allowed: &str, address: &str, expect: bool| {
            let mut settings = Settings::default();
            settings.values.insert(ALLOWED.to_owned(), allowed.into());
            let answer = check(&settings, "KIE_BASE_URL", address);
            assert_eq!(answer.is_ok(), expect, "{address} {answer:?}");
        };
        for good in [
            "https://api.kie.ai",
            "http://127.0.0.1:8080",
            "http://localhost:1",
            "http://ollama:11434/v1",
            "http://10.1.2.3/v1",
            "http://192.168.0.7/v1",
            "http://[::1]:1/",
            "http://[fd00::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://gpu.home.arpa/v1",
            "nowhere",
        ] {
            check_with("", good, true);
        }
        for bad in
            ["http://api.kie.ai", "HTTP://API.KIE.AI/", "http://8.8.8.8/v1", "http://2130706433.example/"]
        {
            check_with("", bad, false);
        }
        check_with("api.kie.ai", "http://API.kie.ai/x", true);
        check_with("other.example, api.kie.ai", "http://api.kie.ai:8080", true);
        check_with("other.example", "http://api.kie.ai", false);
    }
}
