//! Alerting: notifications about the circuit breaker, delivered by a webhook in the background.

use crate::{client::BREAKER, client::Client};
use gardefou::{
    Result,
    alerts::{Alerts, AlertsConfig, CallbackChannel, DeliveryError, Rule},
    event::Severity,
};
use std::time::Duration;

/// How long the end of the program waits for notifications that are under way.
const FLUSH: Duration = Duration::from_secs(2);

/// Starts alerting: the circuit breaker of the service, and whatever is critical.
pub(crate) fn start(client: Client) -> Result<Alerts> {
    let webhook = CallbackChannel::new("webhook", move |notification| {
        client
            .post_alert(notification)
            .map_err(|error| DeliveryError::transient(error.to_string()))
    });
    let config = AlertsConfig::builder()
        .source("classify")
        .channel(webhook)
        .rule(Rule::breakers("circuits").only(BREAKER))
        .rule(Rule::immediate("critical errors").min_level(Severity::Critical))
        .initial_delay(Duration::from_millis(50));
    Ok(Alerts::start(config.build()?)?)
}

/// Waits for deliveries in progress; returns `true` if all ended in time.
pub(crate) fn flush(alerts: &Alerts) -> bool {
    alerts.flush(FLUSH).in_time
}

/// Describes the deliveries of this run; `earlier` is the number of notifications that an earlier run
/// left behind.
pub(crate) fn line(alerts: &Alerts, flushed: bool, earlier: usize) -> String {
    let status = alerts.status();
    let late = if flushed {
        ""
    } else {
        ", some are still under way"
    };
    format!(
        "{} sent, {} held back as repetitions{late}",
        status.sent.saturating_sub(earlier as u64),
        status.suppressed
    )
}
