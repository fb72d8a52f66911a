//! The channel that sends HTTP requests.

use super::{
    address::{PublicOnly, REFUSED},
    config::{Checked, WebhookBuilder},
    sign,
};
use crate::{
    alerts::{
        channel::{Channel, DeliveryError},
        notification::{Notification, cut},
    },
    error::{ConfigError, parse_retry_after},
    time::Timestamp,
};
use std::{fmt, io::Read, time::Duration};
use ureq::{
    Agent, Body, Error,
    config::Config,
    http::Response,
    tls::{RootCerts, TlsConfig},
    unversioned::{resolver::DefaultResolver, transport::DefaultConnector},
};

/// A channel that sends each notification as an HTTP POST.
///
/// A status 2xx counts as delivered. 408, 425, 429 and 5xx, a failed connection and a timeout are tried
/// again, after the time of a `Retry-After` (seconds or a date, at most an hour); every other failure is
/// permanent. Redirects are not followed, and no proxy of the environment is used, only a configured
/// one.
///
/// Headers: `Content-Type: application/json`, `X-Gardefou-Notification` with the notification's identity
/// (the same when it is sent again), with a secret `X-Gardefou-Signature`, and the configured ones.
///
/// # Examples
///
/// ```
/// use gardefou::alerts::{WebhookChannel, WebhookFormat};
///
/// let chat = WebhookChannel::builder("chat", "https://hooks.example.com/T0/B0").format(WebhookFormat::Slack).build();
/// assert!(chat.is_ok());
/// let plain = WebhookChannel::builder("plain", "http://hooks.example.com/").build();
/// assert_eq!(plain.unwrap_err().rule(), "must begin with https://");
/// ```
pub struct WebhookChannel {
    agent: Agent,
    config: WebhookBuilder,
    checked: Checked,
}

/// How much of an answer is read.
const MAX_ANSWER: u64 = 4096;

impl WebhookChannel {
    /// Starts the configuration of a channel of that name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::{Channel, WebhookChannel};
    ///
    /// let hook = WebhookChannel::builder("hook", "https://hooks.example.com/T0/B0");
    /// assert_eq!(hook.build()?.name(), "hook");
    /// let err = WebhookChannel::builder("hook", "/T0/B0").build().unwrap_err();
    /// assert_eq!((err.field(), err.value()), ("url", "(hidden)")); // a path may be a secret
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn builder(name: impl Into<String>, url: impl Into<String>) -> WebhookBuilder {
        WebhookBuilder::new(name.into(), url.into())
    }

    fn new(config: WebhookBuilder, checked: Checked) -> Self {
        let roots = match &checked.authorities {
            Some(authorities) => RootCerts::new_with_certs(authorities),
            None => RootCerts::WebPki,
        };
        let settings = Config::builder()
            .timeout_global(Some(config.timeout))
            .https_only(!config.allow_http)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .proxy(checked.proxy.clone())
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .user_agent(concat!("gardefou/", env!("CARGO_PKG_VERSION")))
            .max_idle_connections_per_host(1)
            .build();
        let proxy = checked.proxy.as_ref().map(|proxy| proxy.uri().clone());
        let resolver = PublicOnly {
            allow_private: config.allow_private,
            proxy,
            system: DefaultResolver::default(),
        };
        let agent = Agent::with_parts(settings, DefaultConnector::default(), resolver);
        Self {
            agent,
            config,
            checked,
        }
    }

    /// Returns the wait that an answer requests. A date is compared with that of the answer, where it
    /// has one, since the clocks of two machines differ.
    fn wait_of(&self, answer: &Response<Body>) -> Option<Duration> {
        let header = |name| {
            answer
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let date = header("date").and_then(|date| httpdate::parse_http_date(date).ok());
        let wait = parse_retry_after(
            header("retry-after")?,
            date.unwrap_or_else(|| self.config.clock.wall()),
        );
        // A server that requests hours gets another attempt after one.
        wait.map(|wait| wait.min(Duration::from_secs(3600)))
    }

    fn send(&self, notification: &Notification) -> Result<Response<Body>, Error> {
        let body = match &self.checked.template {
            Some(template) => template.body(notification),
            None => self.config.format.body(notification),
        };
        let mut request = self
            .agent
            .post(&self.config.url)
            .header("Content-Type", "application/json")
            .header("X-Gardefou-Notification", notification.id.to_string());
        for (name, value) in &self.checked.headers {
            request = request.header(name, value);
        }
        if let Some(secret) = &self.config.secret {
            let at = Timestamp::from(self.config.clock.wall());
            request = request.header(
                "X-Gardefou-Signature",
                sign::signature(secret, at, body.as_bytes()),
            );
        }
        request.send(body)
    }
}

impl WebhookBuilder {
    /// Checks the settings, without resolving a name or connecting.
    ///
    /// # Errors
    ///
    /// Every setting that cannot work, in one error, which names the scheme and host of the URL and
    /// nothing else of it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::WebhookChannel;
    ///
    /// let err = WebhookChannel::builder("", "https://hooks.example.com/T0").secret("short").build().unwrap_err();
    /// assert_eq!(err.problems().map(|problem| problem.field).collect::<Vec<_>>(), ["secret", "name"]);
    /// assert!(!err.to_string().contains("T0"));
    /// ```
    pub fn build(self) -> Result<WebhookChannel, ConfigError> {
        let checked = self.check()?;
        Ok(WebhookChannel::new(self, checked))
    }
}

impl Channel for WebhookChannel {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn deliver(&self, notification: &Notification) -> Result<(), DeliveryError> {
        let mut answer = self.send(notification).map_err(not_sent)?;
        let status = answer.status().as_u16();
        if (200..300).contains(&status) {
            return Ok(());
        }
        let wait = self.wait_of(&answer);
        let text = format!("status {status}: {}", head_of(&mut answer));
        match status {
            408 | 425 | 429 | 500.. => Err(match wait {
                Some(wait) => DeliveryError::transient(text).with_retry_after(wait),
                None => DeliveryError::transient(text),
            }),
            300..400 => Err(DeliveryError::permanent(format!(
                "status {status}: redirects are not followed"
            ))),
            _ => Err(DeliveryError::permanent(text)),
        }
    }
}

/// Returns the first characters of an answer.
fn head_of(answer: &mut Response<Body>) -> String {
    let mut head = Vec::new();
    // The part before a failure is as good a reason.
    let _ = answer
        .body_mut()
        .as_reader()
        .take(MAX_ANSWER)
        .read_to_end(&mut head);
    cut(String::from_utf8_lossy(&head).trim(), 200)
}

/// The URL is not in these texts: the paths of chat hooks are their secrets.
fn not_sent(error: Error) -> DeliveryError {
    match &error {
        Error::Other(reason) if reason.to_string() == REFUSED => DeliveryError::permanent(REFUSED),
        // The text of this error is the URL.
        Error::BadUri(_) => DeliveryError::permanent("the request cannot be made"),
        Error::Http(_) => DeliveryError::permanent("the request cannot be made").with_source(error),
        Error::RequireHttpsOnly(_) => {
            DeliveryError::permanent("the URL does not begin with https://")
        }
        Error::Timeout(_) => {
            DeliveryError::transient("the time limit has passed").with_source(error)
        }
        Error::HostNotFound => DeliveryError::transient("the host has no address"),
        Error::ConnectProxyFailed(_) => {
            DeliveryError::transient("the proxy refuses the connection").with_source(error)
        }
        _ => DeliveryError::transient("the request failed").with_source(error),
    }
}

impl fmt::Debug for WebhookChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookChannel")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
