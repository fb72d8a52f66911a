//! By what a limiter decides that shares its rate: quotas in place of that of its settings.

use super::state::Quota;

/// By what a limiter of a fleet decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Terms {
    /// By the permits that it holds.
    Held,
    /// By its own rate, divided by so many instances.
    Share(u32),
    /// It admits every call.
    Unlimited,
}

/// Grants nothing, whatever the wait, and is never full.
const CLOSED: Quota = Quota {
    interval: 1 << 63,
    window: 0,
};

const UNLIMITED: Quota = Quota {
    interval: 1,
    window: 1 << 62,
};

impl Terms {
    pub(super) fn encode(self) -> u64 {
        match self {
            Self::Held => 0,
            Self::Share(instances) => u64::from(instances.max(1)),
            Self::Unlimited => u64::MAX,
        }
    }

    pub(super) fn decode(code: u64) -> Self {
        match code {
            0 => Self::Held,
            u64::MAX => Self::Unlimited,
            instances => Self::Share(u32::try_from(instances).unwrap_or(u32::MAX)),
        }
    }

    /// Returns what a limiter with this quota grants by itself.
    pub(super) fn apply(self, quota: Quota) -> Quota {
        match self {
            Self::Held => CLOSED,
            Self::Unlimited => UNLIMITED,
            Self::Share(1) => quota,
            Self::Share(instances) => {
                let instances = u64::from(instances);
                let burst = (quota.window / quota.interval / instances).max(1);
                let interval = quota
                    .interval
                    .saturating_mul(instances)
                    .min(u64::MAX / 2 / burst);
                Quota {
                    interval,
                    window: interval * burst,
                }
            }
        }
    }
}
