//! Alerting: what was sent, held back and lost, and the state of every channel.

use gardefou::{
    alerts::{AlertsStatus, ChannelStatus, statuses},
    time::Timestamp,
};
use serde_json::{Value, json};

/// Returns the status of each alerting that runs.
pub(super) fn all() -> Value {
    statuses().iter().map(of_alerts).collect()
}

fn of_alerts(status: &AlertsStatus) -> Value {
    json!({
        "healthy": status.is_healthy(),
        "sent": status.sent,
        "suppressed": status.suppressed,
        "inhibited": status.inhibited,
        "kept": status.kept,
        "lost": status.lost,
        "replayed": status.replayed,
        "muted": status.muted_for.is_some(),
        "channels": status.channels.iter().map(of_channel).collect::<Vec<_>>(),
    })
}

fn of_channel(channel: &ChannelStatus) -> Value {
    let lost = &channel.lost;
    json!({
        "name": channel.name,
        "healthy": channel.is_healthy(),
        "sent": channel.sent,
        "attempts": channel.attempts,
        "failed": channel.failed,
        "waiting": channel.waiting,
        "circuit": channel.circuit.name(),
        "hanging": channel.is_hanging,
        "failing_since": channel.failing_since.map(Timestamp::as_unix_millis),
        "last_error": channel.last_error,
        "kept": channel.kept,
        "lost": {
            "queue_full": lost.queue_full,
            "refused": lost.refused,
            "exhausted": lost.exhausted,
            "expired": lost.expired,
            "shutdown": lost.shutdown,
        },
    })
}
