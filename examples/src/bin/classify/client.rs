//! The client of the result service, guarded by attributes.

use gardefou::{
    AppError, ErrorCode, Result, ResultExt, alerts::Notification, enhanced_error_handling, ensure,
    retry_with_circuit_breaker,
};
use serde_json::Value;
use std::time::Duration;

/// A client of the result service.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    agent: ureq::Agent,
    url: String,
}

/// The circuit breaker that stands before the service.
pub(crate) const BREAKER: &str = "results";
/// A request that takes longer counts as failed.
const REQUEST_TIMEOUT: Duration = Duration::from_millis(600);

impl Client {
    pub(crate) fn new(url: String) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(REQUEST_TIMEOUT))
            .http_status_as_error(false)
            .proxy(None);
        Self {
            agent: config.build().into(),
            url,
        }
    }

    /// Delivers one result: tries three times, and not at all while the service is known to be
    /// down.
    #[enhanced_error_handling(log_level = "warn")]
    #[retry_with_circuit_breaker(
        name = BREAKER,
        max_retries = 2,
        initial_delay = "40ms",
        failure_threshold = 3,
        recovery_timeout = "600ms"
    )]
    pub(crate) fn deliver(&self, result: &Value) -> Result<()> {
        let answer = self
            .agent
            .post(format!("{}/results", self.url))
            .send(result.to_string());
        let status = answer.map_err(unreachable)?.status().as_u16();
        match status {
            200..=299 => Ok(()),
            400..=499 => Err(AppError::new(
                ErrorCode::API_REQUEST_ERROR,
                format!("the service refuses it: {status}"),
            )),
            _ => Err(AppError::new(
                ErrorCode::EXTERNAL_SERVICE_ERROR,
                format!("the service fails: {status}"),
            )),
        }
    }

    /// Posts a notification to the webhook; whoever calls this tries again by itself.
    pub(crate) fn post_alert(&self, notification: &Notification) -> Result<()> {
        let body =
            serde_json::to_string(notification).code(ErrorCode::ANALYSIS_PROCESSING_ERROR)?;
        let answer = self
            .agent
            .post(format!("{}/alerts", self.url))
            .send(body)
            .map_err(unreachable)?;
        ensure!(
            answer.status().is_success(),
            ErrorCode::EXTERNAL_SERVICE_ERROR,
            "the webhook answers {}",
            answer.status()
        );
        Ok(())
    }

    /// Returns `Ok` if the service answers.
    pub(crate) fn is_ready(&self) -> Result<()> {
        self.agent
            .get(format!("{}/health", self.url))
            .call()
            .map_err(unreachable)?;
        Ok(())
    }
}

fn unreachable(error: ureq::Error) -> AppError {
    let (code, message) = match error {
        ureq::Error::Timeout(_) => (ErrorCode::TIMEOUT_ERROR, "the service does not answer"),
        _ => (
            ErrorCode::EXTERNAL_SERVICE_ERROR,
            "the service cannot be reached",
        ),
    };
    AppError::new(code, message).with_source(error)
}
