//! The channel that sends requests.

use super::{
    WebhookBuilder,
    address::{PublicOnly, REFUSED},
    sign,
};
use crate::{
    alerts::{Channel, DeliveryError, Notice},
    time::{SharedClock, Timestamp},
};
use std::{fmt, time::Duration};
use ureq::{
    Agent, Error,
    config::Config,
    unversioned::{resolver::DefaultResolver, transport::DefaultConnector},
};

/// A channel that sends each notice as an HTTP POST.
///
/// A status 2xx says that it arrived. 408, 425, 429 and 5xx, a connection that fails and a time limit that passes are
/// tried again, after the time of a `Retry-After`; everything else is refused for good. Redirects are not followed,
/// and no proxy of the environment is used: the address that was checked is the one that is reached.
///
/// Headers: `Content-Type: application/json`, `X-Gardefou-Notice` with the notice's identity (a notice that is sent again
/// keeps it), and with a secret `X-Gardefou-Signature`.
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
    clock: SharedClock,
}

/// How much of an answer is read.
const MAX_ANSWER: u64 = 4096;

impl WebhookChannel {
    /// Starts the configuration of a channel of that name.
    pub fn builder(name: impl Into<String>, url: impl Into<String>) -> WebhookBuilder {
        WebhookBuilder::new(name.into(), url.into())
    }

    pub(super) fn new(config: WebhookBuilder) -> Self {
        let settings = Config::builder()
            .timeout_global(Some(config.timeout))
            .https_only(!config.allow_http)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .proxy(None)
            .user_agent(concat!("gardefou/", env!("CARGO_PKG_VERSION")))
            .max_idle_connections_per_host(1)
            .build();
        let resolver = PublicOnly { allow_private: config.allow_private, system: DefaultResolver::default() };
        let agent = Agent::with_parts(settings, DefaultConnector::default(), resolver);
        Self { agent, config, clock: SharedClock::default() }
    }

    fn send(&self, notice: &Notice) -> Result<ureq::http::Response<ureq::Body>, Error> {
        let body = self.config.format.body(notice);
        let mut request = self
            .agent
            .post(&self.config.url)
            .header("Content-Type", "application/json")
            .header("X-Gardefou-Notice", notice.id.to_string());
        if let Some(secret) = &self.config.secret {
            let at = Timestamp::from(self.clock.wall());
            request = request.header("X-Gardefou-Signature", sign::signature(secret, at, body.as_bytes()));
        }
        request.send(body)
    }
}

impl Channel for WebhookChannel {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn deliver(&self, notice: &Notice) -> Result<(), DeliveryError> {
        let mut answer = self.send(notice).map_err(not_sent)?;
        let status = answer.status().as_u16();
        if (200..300).contains(&status) {
            return Ok(());
        }
        let header = answer.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let wait = header.and_then(|value| value.trim().parse().ok()).map(Duration::from_secs);
        let text = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_string().unwrap_or_default();
        let text = format!("status {status}: {}", text.chars().take(200).collect::<String>());
        // A server that asks for hours is asked again in one.
        let wait = wait.map(|wait| wait.min(Duration::from_secs(3600)));
        match status {
            408 | 425 | 429 | 500.. => Err(DeliveryError::temporary(text).retry_after(wait)),
            300..400 => Err(DeliveryError::permanent(format!("status {status}: redirects are not followed"))),
            _ => Err(DeliveryError::permanent(text)),
        }
    }
}

/// The URL is not in these texts: the paths of chat hooks are their secrets.
fn not_sent(error: Error) -> DeliveryError {
    match &error {
        Error::Other(reason) if reason.to_string() == REFUSED => DeliveryError::permanent(REFUSED),
        // The text of this error is the URL.
        Error::BadUri(_) => DeliveryError::permanent("the request cannot be made"),
        Error::Http(_) => DeliveryError::permanent("the request cannot be made").with_source(error),
        Error::RequireHttpsOnly(_) => DeliveryError::permanent("the URL does not begin with https://"),
        Error::Timeout(_) => DeliveryError::temporary("the time limit has passed").with_source(error),
        Error::HostNotFound => DeliveryError::temporary("the host has no address"),
        _ => DeliveryError::temporary("the request failed").with_source(error),
    }
}

impl fmt::Debug for WebhookChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookChannel").field("config", &self.config).finish_non_exhaustive()
    }
}
