//! The address to load: one of this machine's own.

use std::{
    ffi::OsString,
    net::{SocketAddr, ToSocketAddrs},
};

/// Parses the arguments after the program's name; `Ok(None)` is a request for help.
///
/// # Errors
///
/// What is wrong with them.
pub(crate) fn read(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Option<SocketAddr>, String> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    match arguments.as_slice() {
        [] => loopback("http://127.0.0.1:8080").map(Some),
        [help] if help == "-h" || help == "--help" => Ok(None),
        [url] => loopback(&url.to_string_lossy()).map(Some),
        _ => Err("one address is enough".to_owned()),
    }
}

/// Returns the address behind a URL, if it is one of loopback. Requests go to what is returned, so
/// that a name which means something else a moment later, or a URL that is read in two ways, leads
/// nowhere.
fn loopback(url: &str) -> Result<SocketAddr, String> {
    let rest = url
        .strip_prefix("http://")
        .ok_or_else(|| format!("{url:?} does not begin with http://"))?;
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains(['@', '/', '?', '#', '\\']) {
        return Err(format!("{url:?} is more than a host and a port"));
    }
    let with_port = match authority.rsplit_once(':') {
        Some((_, port)) if port.parse::<u16>().is_ok() => authority.to_owned(),
        _ => format!("{authority}:80"),
    };
    let found: Vec<SocketAddr> = with_port
        .to_socket_addrs()
        .map_err(|error| format!("{url:?} has no address: {error}"))?
        .collect();
    match found.iter().find(|address| !address.ip().is_loopback()) {
        Some(foreign) => Err(format!(
            "{url:?} is {}, which is not of this machine",
            foreign.ip()
        )),
        // The service listens on IPv4.
        None => found
            .iter()
            .find(|address| address.is_ipv4())
            .or(found.first())
            .copied()
            .ok_or_else(|| format!("{url:?} has no address")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_are_accepted() {
        for (url, address) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://127.0.0.1:8080/", "127.0.0.1:8080"),
            ("http://127.1.2.3", "127.1.2.3:80"),
            ("http://[::1]:81", "[::1]:81"),
        ] {
            assert_eq!(loopback(url).unwrap().to_string(), address);
        }
        for url in [
            "http://127.0.0.1:80@192.0.2.1/",
            "http://localhost@192.0.2.1",
            "http://192.0.2.1:8080",
            "http://0.0.0.0:8080",
            "http://127.0.0.1\\@192.0.2.1",
            "http://127.0.0.1#@192.0.2.1",
            "http://[2001:db8::1]",
            "https://127.0.0.1",
            "127.0.0.1:8080",
            "http://",
        ] {
            assert!(loopback(url).is_err(), "{url}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn argument_that_is_not_utf8_is_refused() {
        use std::os::unix::ffi::OsStringExt as _;
        assert!(read([OsString::from_vec(b"http://127.0.0.1\xE9".to_vec())]).is_err());
        assert_eq!(read(["--help".into()]), Ok(None));
    }
}
