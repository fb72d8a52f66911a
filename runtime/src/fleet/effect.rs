//! Changes that a fleet makes to a breaker.

use crate::{
    breaker::{Link, Shell},
    event::text,
    time::Tick,
};
use std::{sync::Arc, time::Duration};

/// A change of the local breaker.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Effect {
    /// Rejects calls for at least so long.
    Hold {
        duration: Duration,
        reopened: u32,
        by: Option<Arc<str>>,
    },
    /// Closes the circuit; with `held` only if another instance opened it.
    Close { held: bool },
    /// Admits probes, one at a time, up to a moment.
    Probe { until: Tick },
    /// Admits no probe before a moment.
    Deny { until: Tick },
}

/// Makes a change, if the breaker is still in the fleet of the link.
pub(super) fn apply_at(now: Tick, link: &dyn Link, shell: &Shell, effect: Effect) {
    match effect {
        Effect::Hold {
            duration,
            reopened,
            by,
        } => {
            let by = text::for_sink(&by.as_deref().unwrap_or("unknown"), 128);
            shell.hold_open(
                link,
                duration,
                reopened,
                &format!("opened by instance {by} of the fleet"),
            );
        }
        Effect::Close { held } => shell.close_by_fleet(link, held),
        Effect::Probe { until: Tick::MAX } => shell.grant_lease(link, None),
        Effect::Probe { until } => shell.grant_lease(link, Some(until.since(now))),
        Effect::Deny { until } => shell.deny_lease(link, until.since(now)),
    }
}
