//! Circuit breakers by host.

use crate::{
    breaker::{BreakerBuilder, CircuitBreaker},
    error::ConfigError,
    sync::global::Mutex,
};
use reqwest_0_13::Url;
use std::{collections::HashMap, fmt::Write};

/// How many hosts have breakers of their own; further ones share one.
const MAX_HOSTS: usize = 10_000;
/// The key of hosts beyond that.
const OTHER: &str = "_OTHER";

/// The breakers of a middleware.
#[derive(Debug)]
pub(super) enum Breakers {
    None,
    One(CircuitBreaker),
    PerHost(Box<PerHost>),
}

/// A breaker for each host, made when it is needed first.
#[derive(Debug)]
pub(super) struct PerHost {
    builder: BreakerBuilder,
    known: Mutex<HashMap<String, CircuitBreaker>>,
}

impl PerHost {
    /// Checks the settings.
    pub(super) fn new(builder: BreakerBuilder) -> Result<Box<Self>, ConfigError> {
        builder.clone().build()?;
        Ok(Box::new(Self {
            builder,
            known: Mutex::default(),
        }))
    }

    fn get(&self, host: &str) -> Option<CircuitBreaker> {
        if let Some(known) = self.known.lock().get(host) {
            return Some(known.clone());
        }
        let host = if self.known.lock().len() < MAX_HOSTS {
            host
        } else {
            OTHER
        };
        // Not under the lock: the hooks of a builder are code of the user's.
        let made = self.builder.clone().keyed_by(host).build().ok()?;
        Some(
            self.known
                .lock()
                .entry(host.to_owned())
                .or_insert(made)
                .clone(),
        )
    }
}

impl Breakers {
    pub(super) fn of(&self, url: &Url) -> Option<CircuitBreaker> {
        match self {
            Self::None => None,
            Self::One(breaker) => Some(breaker.clone()),
            Self::PerHost(hosts) => {
                let host = url.host_str().unwrap_or_default();
                match url.port() {
                    None => hosts.get(host),
                    Some(port) => {
                        let mut host = host.to_owned();
                        let _ = write!(host, ":{port}");
                        hosts.get(&host)
                    }
                }
            }
        }
    }
}
