//! Circuit breakers by host.

use crate::{breaker::CircuitBreaker, keyed::Keyed};
use reqwest_0_13::Url;
use std::fmt;

/// The breakers of a middleware.
#[derive(Debug)]
pub(super) enum Breakers {
    None,
    One(CircuitBreaker),
    PerHost(Keyed<CircuitBreaker>),
}

/// The host of a request, with the port where it is not that of the scheme.
struct Host<'a>(&'a Url);

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.host_str().unwrap_or_default())?;
        match self.0.port() {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl Breakers {
    pub(super) fn of(&self, url: &Url) -> Option<CircuitBreaker> {
        match self {
            Self::None => None,
            Self::One(breaker) => Some(breaker.clone()),
            Self::PerHost(hosts) => Some(hosts.get(&Host(url))),
        }
    }
}
