//! Report entry of alerting.

use crate::health::{
    report::{CheckReport, fields},
    status::{Criticality, Status},
};
use crate::{
    alerts::{self, AlertsStatus, ChannelStatus},
    error::{details, redact},
    event::text,
    panics,
    time::Timestamp,
};
use serde_json::{Value, json};

/// The name of the entry. No check has such a name: names of checks have no colon.
pub(crate) const NAME: &str = "monitor:alerts";

/// Returns the entry of alerting if it was started: a warning while a channel fails or hangs.
pub(crate) fn report(now: Timestamp) -> Option<CheckReport> {
    // The names of channels come from the program's own code.
    let all = panics::catch(alerts::statuses).ok()?;
    (!all.is_empty()).then(|| of_statuses(&all, now))
}

fn of_statuses(all: &[AlertsStatus], now: Timestamp) -> CheckReport {
    let channels: Vec<&ChannelStatus> = all.iter().flat_map(|alerts| &alerts.channels).collect();
    let failing: Vec<&ChannelStatus> = channels
        .iter()
        .copied()
        .filter(|channel| !channel.is_healthy())
        .collect();
    let status = if failing.is_empty() {
        Status::Pass
    } else {
        Status::Warn
    };
    let output = failing
        .iter()
        .map(|channel| line(channel))
        .collect::<Vec<_>>()
        .join("; ");
    let sum = |count: fn(&AlertsStatus) -> u64| all.iter().map(count).sum::<u64>();
    let details = json!({
        "sent": sum(|alerts| alerts.sent),
        "kept": sum(|alerts| alerts.kept),
        "lost": sum(|alerts| alerts.lost),
        "waiting": channels.iter().map(|channel| channel.waiting).sum::<usize>(),
        "channels": channels.iter().map(|channel| details_of(channel)).collect::<Vec<_>>(),
    });
    CheckReport {
        group: Some("errors".into()),
        output: (!output.is_empty()).then(|| text::for_sink(&output, MAX_OUTPUT)),
        details: fields(details),
        last_failure: failing
            .iter()
            .filter_map(|channel| channel.failing_since)
            .min(),
        ..CheckReport::from_memory(NAME.to_owned(), status, Criticality::Important, now)
    }
}

/// Returns why a channel is not healthy.
fn line(channel: &ChannelStatus) -> String {
    let name = redact::name(&channel.name);
    let since = channel
        .failing_since
        .map(|since| format!(" since {since}"))
        .unwrap_or_default();
    let why = match (channel.is_hanging, channel.delivering_for) {
        (true, Some(time)) => format!("a delivery has been running for {} s", time.as_secs()),
        _ => channel
            .last_error
            .clone()
            .unwrap_or_else(|| "the cause is not known".to_owned()),
    };
    format!("channel `{name}` delivers nothing{since}: {why}")
}

fn details_of(channel: &ChannelStatus) -> Value {
    let lost = channel.lost.entries();
    let lost = details::object(&mut lost.map(|(reason, count)| (reason, Some(count.into()))));
    json!({
        "channel": redact::name(&channel.name),
        "healthy": channel.is_healthy(),
        "sent": channel.sent,
        "attempts": channel.attempts,
        "failed": channel.failed,
        "waiting": channel.waiting,
        "kept": channel.kept,
        "lost": lost,
        "circuit": channel.circuit.name(),
        "hanging": channel.is_hanging,
        "abandoned": channel.abandoned,
        "failing_since": channel.failing_since.map(|since| since.to_string()),
        "last_error": channel.last_error,
    })
}

const MAX_OUTPUT: usize = 512;
