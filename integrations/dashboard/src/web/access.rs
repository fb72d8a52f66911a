//! Who may see the page.

use axum::{
    extract::ConnectInfo,
    http::{HeaderMap, HeaderName, header::HOST, request::Parts, uri::Authority},
};
use futures_util::future::BoxFuture;
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// The rule by which requests are answered or refused.
#[derive(Clone)]
pub(super) enum Access {
    Guard(Arc<dyn Fn(&Parts) -> bool + Send + Sync>),
    AsyncGuard(Arc<dyn Fn(Parts) -> BoxFuture<'static, bool> + Send + Sync>),
    Loopback,
}

impl Access {
    /// Checks a request.
    ///
    /// # Errors
    ///
    /// Why it is refused, for the response.
    pub(super) async fn check(&self, parts: &Parts) -> Result<(), &'static str> {
        let is_allowed = match self {
            Self::Guard(may_see) => may_see(parts),
            Self::AsyncGuard(may_see) => may_see(parts.clone()).await,
            Self::Loopback => return check_loopback(parts),
        };
        if is_allowed { Ok(()) } else { Err(REFUSED) }
    }
}

const REFUSED: &str = "The guard of this page refused the request.";

/// Checks that a request was sent by a program of this machine, to this machine.
fn check_loopback(parts: &Parts) -> Result<(), &'static str> {
    let Some(ConnectInfo(peer)) = parts.extensions.get::<ConnectInfo<SocketAddr>>() else {
        return Err("The address of the peer is not known: serve the router with connect info.");
    };
    if !peer.ip().to_canonical().is_loopback() {
        return Err("This page is for programs of the same machine.");
    }
    // Behind a proxy, every peer is the proxy.
    if FORWARDED
        .iter()
        .any(|name| parts.headers.contains_key(name))
    {
        return Err("This page is for programs of the same machine, without a proxy.");
    }
    // A page of another site can give its own name the address of this machine.
    match host(parts) {
        Some(host) if is_loopback_name(&host) => Ok(()),
        _ => Err("The host of the request must be `localhost` or a loopback address."),
    }
}

/// Headers that proxies add.
const FORWARDED: [HeaderName; 5] = [
    HeaderName::from_static("forwarded"),
    HeaderName::from_static("via"),
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-real-ip"),
];

/// Returns the host that a request names, without its port: in the one header of HTTP/1, and in the
/// address of HTTP/2; `None` where it names none, or two.
fn host(parts: &Parts) -> Option<String> {
    let mut named = parts.headers.get_all(HOST).iter();
    let header = match (named.next(), named.next()) {
        (None, _) => None,
        (Some(host), None) => Some(host_of(host.to_str().ok()?)?),
        (Some(_), Some(_)) => return None,
    };
    let address = match parts.uri.authority() {
        None => None,
        Some(authority) => Some(host_of(authority.as_str())?),
    };
    match (header, address) {
        (Some(header), Some(address)) if header != address => None,
        (header, address) => header.or(address),
    }
}

fn host_of(authority: &str) -> Option<String> {
    if authority.contains('@') {
        return None;
    }
    let authority: Authority = authority.parse().ok()?;
    Some(authority.host().to_ascii_lowercase())
}

fn is_loopback_name(host: &str) -> bool {
    let literal = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    let address = literal.parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

/// Returns `true` for a request of a script or an element of another site, as browsers mark them. The
/// guard may rest on a cookie or on the address, which the browser of a viewer has as well.
pub(super) fn is_of_other_site(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site");
    site.is_some_and(|site| site != "same-origin" && site != "none")
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Guard(_) => "Guard",
            Self::AsyncGuard(_) => "AsyncGuard",
            Self::Loopback => "Loopback",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    /// Returns whether a request for the page would be answered.
    fn is_allowed(peer: Option<&str>, target: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::get(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        if let Some(peer) = peer {
            let peer: SocketAddr = peer.parse().unwrap();
            parts.extensions.insert(ConnectInfo(peer));
        }
        check_loopback(&parts).is_ok()
    }

    #[test]
    fn loopback_peers_that_name_a_loopback_host_are_allowed() {
        for peer in [
            "127.0.0.1:9",
            "127.8.8.8:9",
            "[::1]:9",
            "[::ffff:127.0.0.1]:9",
        ] {
            for host in [
                "localhost",
                "LocalHost:3000",
                "127.0.0.1",
                "127.0.0.1:80",
                "[::1]",
                "[::1]:3000",
            ] {
                assert!(
                    is_allowed(Some(peer), "/", &[("host", host)]),
                    "{peer} {host}"
                );
            }
        }
        let target = "http://localhost:3000/gardefou";
        assert!(
            is_allowed(Some("127.0.0.1:9"), target, &[]),
            "HTTP/2 has no Host"
        );
        assert!(is_allowed(
            Some("127.0.0.1:9"),
            target,
            &[("host", "localhost:3000")]
        ));
    }

    #[test]
    fn other_peers_and_unknown_ones_are_refused() {
        for peer in [
            "10.0.0.1:9",
            "192.168.1.2:9",
            "[fe80::1]:9",
            "[::ffff:10.0.0.1]:9",
            "0.0.0.0:9",
        ] {
            assert!(
                !is_allowed(Some(peer), "/", &[("host", "localhost")]),
                "{peer}"
            );
        }
        assert!(!is_allowed(None, "/", &[("host", "localhost")]));
    }

    #[test]
    fn other_hosts_are_refused_as_by_a_name_that_leads_here() {
        for host in [
            "evil.example",
            "localhost.evil.example",
            "localhost.",
            "127.0.0.1.evil.example",
            "localhost@evil.example",
            "evil.example@localhost",
            "0.0.0.0",
            "10.0.0.1",
            "[::2]",
            "",
            "[::1",
            "127.1",
            "2130706433",
            "localhost:80:80",
        ] {
            assert!(
                !is_allowed(Some("127.0.0.1:9"), "/", &[("host", host)]),
                "{host}"
            );
        }
        assert!(!is_allowed(Some("127.0.0.1:9"), "/", &[]), "no host");
        let two = [("host", "localhost"), ("host", "evil.example")];
        assert!(!is_allowed(Some("127.0.0.1:9"), "/", &two));
        let target = "http://evil.example/gardefou";
        assert!(!is_allowed(
            Some("127.0.0.1:9"),
            target,
            &[("host", "localhost")]
        ));
    }

    #[test]
    fn requests_through_a_proxy_are_refused() {
        for name in [
            "Forwarded",
            "Via",
            "X-Forwarded-For",
            "X-Forwarded-Host",
            "X-Real-IP",
        ] {
            let headers = [("host", "localhost"), (name, "127.0.0.1")];
            assert!(!is_allowed(Some("127.0.0.1:9"), "/", &headers), "{name}");
        }
    }
}
