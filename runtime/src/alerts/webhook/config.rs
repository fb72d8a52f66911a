//! Where a webhook goes.

use super::{WebhookChannel, WebhookFormat};
use crate::ConfigError;
use std::time::Duration;

/// Collects the settings of a [`WebhookChannel`].
///
/// # Defaults
///
/// | setter | default | range |
/// | --- | --- | --- |
/// | `secret` | none: requests are not signed | at least 16 bytes |
/// | `timeout` | 5 s, for all of a request | 1 ms to 60 s |
/// | `format` | JSON | |
/// | `allow_http` | off | |
/// | `allow_private_addresses` | off | |
#[derive(Clone)]
#[must_use]
pub struct WebhookBuilder {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) secret: Option<Vec<u8>>,
    pub(super) timeout: Duration,
    pub(super) format: WebhookFormat,
    pub(super) allow_http: bool,
    pub(super) allow_private: bool,
}

impl WebhookBuilder {
    pub(super) fn new(name: String, url: String) -> Self {
        Self {
            name,
            url,
            secret: None,
            // What the Python original had.
            timeout: Duration::from_secs(5),
            format: WebhookFormat::Json,
            allow_http: false,
            allow_private: false,
        }
    }

    /// Signs each request with this secret: see [`verify_signature`](super::verify_signature).
    pub fn secret(mut self, secret: impl Into<Vec<u8>>) -> Self {
        self.secret = Some(secret.into());
        self
    }

    /// Sets how long a request may take as a whole: name, connection, body and answer.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the form of the requests.
    pub fn format(mut self, format: WebhookFormat) -> Self {
        self.format = format;
        self
    }

    /// Lets a URL begin with `http://`.
    pub fn allow_http(mut self, on: bool) -> Self {
        self.allow_http = on;
        self
    }

    /// Lets the host resolve to addresses that are not public: this machine's, a private network's, a cloud's
    /// metadata service.
    pub fn allow_private_addresses(mut self, on: bool) -> Self {
        self.allow_private = on;
        self
    }

    /// Checks the settings. Nothing is resolved or connected.
    ///
    /// # Errors
    ///
    /// Every setting that cannot work, in one error, which names the scheme and host of the URL and nothing else of it.
    pub fn build(self) -> Result<WebhookChannel, ConfigError> {
        let mut problems = Vec::new();
        let url = self.url.parse::<ureq::http::Uri>().ok();
        let scheme = url.as_ref().and_then(|url| url.scheme_str());
        let has_host = url.as_ref().and_then(|url| url.host()).is_some_and(|host| !host.is_empty());
        // The path of many hooks is the secret, and what is no URL may be one.
        let shown = || match &url {
            Some(url) if has_host => {
                let (scheme, host) = (scheme.unwrap_or_default(), url.host().unwrap_or_default());
                format!("{scheme}://{host}/(hidden)")
            }
            _ => "(hidden)".to_owned(),
        };
        match scheme {
            Some("https") if has_host => {}
            Some("http") if has_host && self.allow_http => {}
            Some("http") if has_host => problems.push(ConfigError::new("url", shown(), "must begin with https://")),
            _ => problems.push(ConfigError::new("url", shown(), "must be an absolute URL with a host")),
        }
        if url.as_ref().and_then(|url| url.authority()).is_some_and(|authority| authority.as_str().contains('@')) {
            problems.push(ConfigError::new("url", shown(), "must not hold a user or password"));
        }
        if self.secret.as_ref().is_some_and(|secret| secret.len() < 16) {
            problems.push(ConfigError::new("secret", "(hidden)", "must have at least 16 bytes"));
        }
        if self.timeout < Duration::from_millis(1) || self.timeout > Duration::from_secs(60) {
            let value = format!("{:?}", self.timeout);
            problems.push(ConfigError::new("timeout", value, "must be from 1 ms to 60 s"));
        }
        if self.name.is_empty() {
            problems.push(ConfigError::new("name", "", "must not be empty"));
        }
        match ConfigError::join(problems) {
            Some(err) => Err(err),
            None => Ok(WebhookChannel::new(self)),
        }
    }
}

/// Without the secret, and without what may be secret in the URL.
impl std::fmt::Debug for WebhookBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookBuilder").field("name", &self.name).field("format", &self.format).finish_non_exhaustive()
    }
}
