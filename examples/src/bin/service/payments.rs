//! The client of the payment provider, guarded by attributes.

use gardefou::{
    AppError, ErrorCode, Result, ResultExt, enhanced_error_handling, retry_with_circuit_breaker,
};
use std::time::Duration;

/// A client of the payment provider.
#[derive(Clone, Debug)]
pub(crate) struct Payments {
    agent: ureq::Agent,
    url: String,
}

/// The circuit breaker that stands before the provider.
pub(crate) const BREAKER: &str = "payments";

/// The header that names a charge, for a provider that must not make it twice.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Slightly longer than the limit of an attempt: ends a blocking request whose attempt has timed
/// out.
const REQUEST_TIMEOUT: Duration = Duration::from_millis(400);

impl Payments {
    pub(crate) fn new(url: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(REQUEST_TIMEOUT))
            .http_status_as_error(false)
            .proxy(None);
        Self {
            agent: config.build().into(),
            url: url.to_owned(),
        }
    }

    /// Charges an order: tries three times, and not at all while the provider is known to be down.
    ///
    /// An attempt that timed out may have been charged all the same. The key identifies the charge,
    /// so that the provider makes it once, however many requests arrive.
    #[enhanced_error_handling(error_code = ErrorCode::EXTERNAL_SERVICE_ERROR, log_level = "warn")]
    #[retry_with_circuit_breaker(
        name = BREAKER,
        max_retries = 2,
        initial_delay = "20ms",
        max_delay = "40ms",
        attempt_timeout = "250ms",
        failure_threshold = 5,
        recovery_timeout = "1s",
        timed = true
    )]
    pub(crate) async fn charge(&self, order: i64, cents: i64) -> Result<()> {
        let body = format!(r#"{{"order":{order},"cents":{cents}}}"#);
        let key = format!("order-{order}");
        let agent = self.agent.clone();
        let url = format!("{}/charge", self.url);
        self.send(move || agent.post(url).header(IDEMPOTENCY_KEY, key).send(body))
            .await
    }

    /// Returns `Ok` if the provider answers. Without guards, since a health check calls it.
    pub(crate) async fn ping(&self) -> Result<()> {
        let (agent, url) = (self.agent.clone(), format!("{}/ping", self.url));
        self.send(move || agent.get(url).call()).await
    }

    /// Runs a blocking request beside the async workers; its own time limit ends it after its
    /// attempt has timed out.
    async fn send<B: Send + 'static>(
        &self,
        request: impl FnOnce() -> Result<ureq::http::Response<B>, ureq::Error> + Send + 'static,
    ) -> Result<()> {
        let answer = tokio::task::spawn_blocking(request)
            .await
            .code(ErrorCode::EXTERNAL_SERVICE_ERROR)?;
        let status = answer.map_err(unreachable)?.status().as_u16();
        match status {
            200..=299 => Ok(()),
            400..=499 => Err(AppError::new(
                ErrorCode::API_REQUEST_ERROR,
                format!("the provider refuses it: {status}"),
            )),
            _ => Err(AppError::new(
                ErrorCode::EXTERNAL_SERVICE_ERROR,
                format!("the provider fails: {status}"),
            )),
        }
    }
}

fn unreachable(error: ureq::Error) -> AppError {
    let (code, message) = match error {
        ureq::Error::Timeout(_) => (ErrorCode::TIMEOUT_ERROR, "the provider does not answer"),
        _ => (
            ErrorCode::EXTERNAL_SERVICE_ERROR,
            "the provider cannot be reached",
        ),
    };
    AppError::new(code, message).with_source(error)
}
