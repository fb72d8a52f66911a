//! The settings of a store.

use crate::{connection::Target, store::RedisStore};
use gardefou::ConfigError;
use redis::Client;
use std::{fmt, time::Duration};

/// The settings of a [`RedisStore`].
///
/// # Defaults
///
/// | setting | default | legal range |
/// | --- | --- | --- |
/// | URL | none; the argument of [`RedisStore::builder`] | `redis://..`, or `rediss://..` with the feature `tls` |
/// | `timeout` | 250 ms | 10 ms to 10 s |
/// | `node` | none: one server | URLs of more nodes of a cluster, with the feature `cluster` |
///
/// A value outside its range is a [`ConfigError`] of [`build`](Self::build).
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct RedisStoreBuilder {
    url: String,
    timeout: Duration,
    #[cfg(feature = "cluster")]
    nodes: Option<Vec<String>>,
}

const TIMEOUT: Duration = Duration::from_millis(250);
const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(10);

impl RedisStoreBuilder {
    pub(crate) fn new(url: String) -> Self {
        Self {
            url,
            timeout: TIMEOUT,
            #[cfg(feature = "cluster")]
            nodes: None,
        }
    }

    /// Sets how long each step may take: to connect, to write, and to read a reply. No call of a guarded function waits
    /// for the server.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_redis::RedisStore;
    /// use std::time::Duration;
    ///
    /// let builder = RedisStore::builder("redis://127.0.0.1/");
    /// assert!(builder.clone().timeout(Duration::from_millis(100)).build().is_ok());
    /// let err = builder.timeout(Duration::ZERO).build().unwrap_err();
    /// assert!(err.to_string().contains("must be from 10 ms to 10 s"));
    /// ```
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Connects to a cluster, and adds a node to that at the URL of the builder. The client discovers the other nodes.
    /// More than one node lets it connect while one of them is down.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_redis::RedisStore;
    ///
    /// let cluster = RedisStore::builder("redis://10.0.0.1/").node("redis://10.0.0.2/");
    /// assert!(cluster.build().is_ok(), "it connects later");
    /// ```
    #[cfg(feature = "cluster")]
    pub fn node(mut self, url: impl Into<String>) -> Self {
        self.nodes.get_or_insert_default().push(url.into());
        self
    }

    /// Makes the store. It connects later, on background threads.
    ///
    /// # Errors
    ///
    /// A setting is outside its range.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_redis::RedisStore;
    ///
    /// let err = RedisStore::builder("http://127.0.0.1/").build().unwrap_err();
    /// assert!(err.to_string().contains("must be a URL of the form redis://"), "{err}");
    /// ```
    pub fn build(self) -> Result<RedisStore, ConfigError> {
        if !(SHORTEST..=LONGEST).contains(&self.timeout) {
            let value = format_args!("{:?}", self.timeout);
            return Err(ConfigError::new(
                "timeout",
                value,
                "must be from 10 ms to 10 s",
            ));
        }
        #[cfg(feature = "tls")]
        if self.url.starts_with("rediss:") {
            // Another provider of cryptography that the program has chosen stays.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let client = client(&self.url)?;
        #[cfg(feature = "cluster")]
        if let Some(others) = &self.nodes {
            let mut nodes = vec![client];
            for other in others {
                nodes.push(self::client(other)?);
            }
            let all = nodes.iter().map(|node| node.get_connection_info().clone());
            let cluster = redis::cluster::ClusterClient::builder(all)
                .connection_timeout(self.timeout)
                .response_timeout(self.timeout)
                .retries(1)
                .build()
                .map_err(|err| ConfigError::new("node", err, "must be nodes of one cluster"))?;
            let target = Target::Cluster {
                client: cluster,
                nodes,
            };
            return Ok(RedisStore::new(target, self.timeout));
        }
        Ok(RedisStore::new(Target::Server(client), self.timeout))
    }
}

fn client(url: &str) -> Result<Client, ConfigError> {
    // Without the URL, which may have a password.
    let rule = if cfg!(feature = "tls") {
        "must be a URL of the form redis://[user:password@]host[:port][/database] or rediss://.."
    } else {
        "must be a URL of the form redis://[user:password@]host[:port][/database]; rediss:// needs the feature `tls`"
    };
    Client::open(url).map_err(|err| ConfigError::new("url", format_args!("{:?}", err.kind()), rule))
}

impl fmt::Debug for RedisStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may have a password.
        f.debug_struct("RedisStoreBuilder")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
