//! The settings of a webhook.

use super::{address::is_public, format::WebhookFormat, template::Template};
use crate::{
    alerts::problems::Problems,
    error::ConfigError,
    event::Shown,
    time::{Clock, SharedClock},
};
use std::{
    fmt::{self, Display},
    net::IpAddr,
    time::Duration,
};
use ureq::{
    Proxy,
    http::{HeaderName, HeaderValue, Uri},
    tls::{Certificate, PemItem, parse_pem},
};

/// Collects the settings of a [`WebhookChannel`](super::WebhookChannel).
///
/// # Defaults
///
/// | setter | default | range |
/// | --- | --- | --- |
/// | `secret` | none: requests are not signed | at least 16 bytes |
/// | `timeout` | 5 s, for all of a request | 1 ms to 60 s |
/// | `format` | JSON | |
/// | `template` | none: the body is that of `format` | JSON with placeholders, at most 64 KiB |
/// | `header` | none | at most 32; not those that the channel sets |
/// | `ca_certificate` | the well-known authorities | PEM, one or more certificates |
/// | `proxy` | none | `http://` or `https://` |
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
    template: Option<String>,
    headers: Vec<(String, String)>,
    ca_certificate: Option<Vec<u8>>,
    proxy: Option<String>,
    pub(super) clock: SharedClock,
    pub(super) allow_http: bool,
    pub(super) allow_private: bool,
}

/// Settings in the form in which the channel uses them.
pub(super) struct Checked {
    pub(super) template: Option<Template>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) authorities: Option<Vec<Certificate<'static>>>,
    pub(super) proxy: Option<Proxy>,
}

/// Headers that the channel or the protocol sets.
const RESERVED: [&str; 12] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-gardefou-notification",
    "x-gardefou-signature",
];
const MAX_HEADERS: usize = 32;

impl WebhookBuilder {
    pub(super) fn new(name: String, url: String) -> Self {
        Self {
            name,
            url,
            secret: None,
            // As in the Python original.
            timeout: Duration::from_secs(5),
            format: WebhookFormat::Json,
            template: None,
            headers: Vec::new(),
            ca_certificate: None,
            proxy: None,
            clock: SharedClock::default(),
            allow_http: false,
            allow_private: false,
        }
    }

    /// Signs each request with this secret of at least 16 bytes: see
    /// [`verify_signature`](super::verify_signature).
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::alerts::WebhookChannel;
    /// # let hook = || WebhookChannel::builder("hook", "https://hooks.example.com/");
    /// assert!(hook().secret("at least sixteen bytes").build().is_ok());
    /// assert_eq!(hook().secret("too short").build().unwrap_err().rule(), "must have at least 16 bytes");
    /// ```
    pub fn secret(mut self, secret: impl Into<Vec<u8>>) -> Self {
        self.secret = Some(secret.into());
        self
    }

    /// Sets the timeout of a request as a whole: name, connection, body and answer.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::alerts::WebhookChannel;
    /// # let hook = || WebhookChannel::builder("hook", "https://hooks.example.com/");
    /// # use std::time::Duration;
    /// assert!(hook().timeout(Duration::from_secs(10)).build().is_ok());
    /// assert_eq!(hook().timeout(Duration::ZERO).build().unwrap_err().field(), "timeout");
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the form of the requests.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::alerts::{WebhookChannel, WebhookFormat};
    /// # let hook = || WebhookChannel::builder("hook", "https://hooks.example.com/");
    /// let chat = hook().format(WebhookFormat::Slack).build()?;
    /// assert!(format!("{chat:?}").contains("format: Slack"));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn format(mut self, format: WebhookFormat) -> Self {
        self.format = format;
        self
    }

    /// Sends a custom body instead of a format: JSON in whose strings placeholders stand for the
    /// notification.
    ///
    /// `{{title}}` is replaced with the title, `{{title:100}}` with at most 100 characters of it,
    /// the last of them `…` where some are missing. Every value is escaped, so it cannot leave its
    /// string. A string that is one placeholder and nothing else has the type of its value, a number
    /// for example, and without a value its member is left out; within a longer string a missing value
    /// is empty.
    ///
    /// | placeholder | |
    /// | --- | --- |
    /// | `title`, `text` | the summary; all lines |
    /// | `level`, `kind`, `rule`, `source` | as in [`Notification`](crate::alerts::Notification); a source that is empty is `-` |
    /// | `id`, `fingerprint` | the notification's identity; the fingerprint that it shares with others |
    /// | `status`, `action` | `resolved` and `resolve` for a recovery, else `firing` and `trigger` |
    /// | `timestamp`, `ended_at` | when it was made, in RFC 3339; the same for a recovery alone |
    /// | `suppressed`, `escalated` | a number; true or false |
    /// | `duration`, `occurrences` | seconds and a number, of a recovery |
    /// | `code`, `message`, `operation`, `location`, `error_id` | of the error, where it is about one |
    /// | `notification` | all of it, as the JSON format has it |
    ///
    /// [`build`](Self::build) refuses a template that is no JSON, an unknown placeholder, a length
    /// outside of 1 to 100,000, and a placeholder in a key. The page on monitoring has templates
    /// for Discord, Microsoft Teams, PagerDuty and Alertmanager.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::WebhookChannel;
    ///
    /// let chat = |template: &str| {
    ///     WebhookChannel::builder("chat", "https://chat.example.com/hook").template(template).build()
    /// };
    /// assert!(chat(r#"{"content": "{{text:2000}}", "allowed_mentions": {"parse": []}}"#).is_ok());
    /// let err = chat(r#"{"content": "{{titel}}"}"#).unwrap_err();
    /// assert_eq!((err.field(), err.value()), ("template", "{{titel}}"));
    /// ```
    pub fn template(mut self, json: impl Into<String>) -> Self {
        self.template = Some(json.into());
        self
    }

    /// Adds a header to each request, for example `Authorization`; may be called for several.
    /// Values are in no error and in no `Debug` output.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::WebhookChannel;
    ///
    /// let hook = || WebhookChannel::builder("hook", "https://hooks.example.com/");
    /// assert!(hook().header("Authorization", "Bearer a-token").build().is_ok());
    /// assert_eq!(hook().header("Content-Length", "7").build().unwrap_err().field(), "header");
    /// ```
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Trusts these authorities instead of the well-known ones, given as PEM.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::alerts::WebhookChannel;
    /// # let hook = || WebhookChannel::builder("hook", "https://hooks.example.com/");
    /// let err = hook().ca_certificate("no certificate").build().unwrap_err();
    /// assert_eq!((err.field(), err.rule()), ("ca_certificate", "must hold a certificate as PEM"));
    /// ```
    pub fn ca_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca_certificate = Some(pem.into());
        self
    }

    /// Sends requests through an HTTP proxy, by `CONNECT`:
    /// `http://user:password@proxy.example.com:3128`.
    ///
    /// The proxy may have a private address. It resolves the host of the URL, so that which
    /// addresses can be reached is up to the proxy; a private address in the URL itself is refused
    /// by [`build`](Self::build).
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::alerts::WebhookChannel;
    /// # let hook = || WebhookChannel::builder("hook", "https://hooks.example.com/");
    /// assert!(hook().proxy("http://user:password@proxy.example.com:3128").build().is_ok());
    /// let err = hook().proxy("socks5://user:password@proxy.example.com").build().unwrap_err();
    /// assert_eq!((err.field(), err.value()), ("proxy", "(hidden)"));
    /// ```
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// Sets the clock that signatures and dates are read from; that of the system by default.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = SharedClock::new(clock);
        self
    }

    /// Allows a URL that begins with `http://`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::WebhookChannel;
    ///
    /// let plain = || WebhookChannel::builder("hook", "http://hooks.example.com/");
    /// assert_eq!(plain().build().unwrap_err().rule(), "must begin with https://");
    /// assert!(plain().allow_http(true).build().is_ok());
    /// ```
    pub fn allow_http(mut self, on: bool) -> Self {
        self.allow_http = on;
        self
    }

    /// Allows a host that resolves to addresses that are not public: this machine's, a private
    /// network's, a cloud's metadata service.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::alerts::WebhookChannel;
    ///
    /// let inside = || WebhookChannel::builder("hook", "https://10.0.0.7/").proxy("http://10.0.0.1:3128");
    /// assert_eq!(inside().build().unwrap_err().rule(), "must not hold a private address");
    /// assert!(inside().allow_private_addresses(true).build().is_ok());
    /// ```
    pub fn allow_private_addresses(mut self, on: bool) -> Self {
        self.allow_private = on;
        self
    }

    pub(super) fn check(&self) -> Result<Checked, ConfigError> {
        let mut problems = Problems::default();
        let url = self.url.parse::<Uri>().unwrap_or_default();
        let scheme = url.scheme_str().unwrap_or_default();
        let host = url.host().unwrap_or_default();
        // The path of many hooks is the secret, and a text that is no URL may be one.
        let shown = match host {
            "" => "(hidden)".to_owned(),
            host => format!("{scheme}://{host}/(hidden)"),
        };
        let has_host = !host.is_empty();
        match scheme {
            "https" if has_host => {}
            "http" if has_host && self.allow_http => {}
            "http" if has_host => problems.add("url", &shown, "must begin with https://"),
            _ => problems.add("url", &shown, "must be an absolute URL with a host"),
        }
        if (url.authority()).is_some_and(|authority| authority.as_str().contains('@')) {
            problems.add("url", &shown, "must not hold a user or password");
        }
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        let is_private = address.is_ok_and(|address| !is_public(address));
        if is_private && self.proxy.is_some() && !self.allow_private {
            problems.add("url", &shown, "must not hold a private address");
        }
        if self.secret.as_ref().is_some_and(|secret| secret.len() < 16) {
            problems.add("secret", "(hidden)", "must have at least 16 bytes");
        }
        problems.check_name_and_timeout(&self.name, self.timeout);
        if self.headers.len() > MAX_HEADERS {
            problems.add("header", self.headers.len(), "must be at most 32 headers");
        }
        let template = self.template.as_deref().map(Template::parse);
        let headers = self.headers.iter().map(checked_header);
        let checked = Checked {
            template: template.and_then(|parsed| problems.take(parsed)),
            headers: headers.filter_map(|it| problems.take(it)).collect(),
            authorities: problems.take(self.authorities()).flatten(),
            proxy: problems.take(self.checked_proxy()).flatten(),
        };
        problems.join().map(|()| checked)
    }

    fn authorities(&self) -> Result<Option<Vec<Certificate<'static>>>, ConfigError> {
        let Some(pem) = &self.ca_certificate else {
            return Ok(None);
        };
        let problem = |rule| ConfigError::new("ca_certificate", "(bytes)", rule);
        let mut all = Vec::new();
        for item in parse_pem(pem) {
            match item {
                Ok(PemItem::Certificate(certificate)) => all.push(certificate),
                Ok(_) => {}
                Err(_) => return Err(problem("must be certificates as PEM")),
            }
        }
        if all.is_empty() {
            return Err(problem("must hold a certificate as PEM"));
        }
        Ok(Some(all))
    }

    fn checked_proxy(&self) -> Result<Option<Proxy>, ConfigError> {
        let Some(text) = &self.proxy else {
            return Ok(None);
        };
        // A password may be in it.
        let problem = |rule: &str| ConfigError::new("proxy", "(hidden)", rule);
        let rule = "must be the URL of a proxy, http:// or https:// and a host";
        let url = text.parse::<Uri>().map_err(|_| problem(rule))?;
        if !matches!(url.scheme_str(), Some("http" | "https"))
            || url.host().is_none_or(str::is_empty)
        {
            return Err(problem(rule));
        }
        Proxy::new(text).map(Some).map_err(|_| problem(rule))
    }
}

fn checked_header(
    (name, value): &(String, String),
) -> Result<(HeaderName, HeaderValue), ConfigError> {
    let problem = |shown: &dyn Display, rule| ConfigError::new("header", shown, rule);
    let legal = HeaderName::from_bytes(name.as_bytes());
    let name =
        legal.map_err(|_| problem(&name.escape_debug(), "must have a name that HTTP allows"))?;
    if RESERVED.contains(&name.as_str()) {
        return Err(problem(&name, "must not be one that the channel sets"));
    }
    let rule = "must have a value of visible ASCII characters";
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| problem(&format_args!("{name}: (hidden)"), rule))?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// Without secret, headers, template and URLs.
impl fmt::Debug for WebhookBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookBuilder")
            .field("name", &Shown(&self.name))
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}
