//! Generic cell rate algorithm (GCRA, ITU-T I.371): the decision about one request, without clock,
//! atomics and waiting.
//!
//! The whole state is one point in time, the *arrival*: when all permits that were granted so far
//! would have been replaced, one after another. It lies behind the present in a limiter that is full,
//! and at most one burst ahead in one without debts. All times are nanoseconds.

/// What a limiter grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quota {
    /// The time that replaces one permit; at least 1.
    pub(super) interval: u64,
    /// The time that replaces a whole burst: a multiple of `interval`.
    pub(super) window: u64,
}

/// A request that is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    /// The arrival after it.
    pub(super) arrival: u64,
    /// How far it moved the arrival.
    pub(super) cost: u64,
    /// How long it must wait; zero if it may proceed at once.
    pub(super) wait: u64,
}

/// A request that is refused. The arrival stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// After which time the same request is granted, if no other one is before it; `None` where it
    /// never is.
    pub(super) retry_after: Option<u64>,
}

impl Quota {
    /// Decides about a request for `weight` permits that may wait for at most `longest_wait`.
    #[inline]
    pub(super) fn decide_at(
        self,
        arrival: u64,
        now: u64,
        weight: u32,
        longest_wait: u64,
    ) -> Result<Grant, Refusal> {
        // Nothing is free at any time: it does not queue behind others.
        if weight == 0 {
            let (cost, wait) = (0, 0);
            return Ok(Grant {
                arrival,
                cost,
                wait,
            });
        }
        let never = Refusal { retry_after: None };
        let cost = self.interval.checked_mul(u64::from(weight)).ok_or(never)?;
        let next = arrival.max(now).checked_add(cost).ok_or(never)?;
        let wait = (next - now).saturating_sub(self.window);
        if wait <= longest_wait {
            return Ok(Grant {
                arrival: next,
                cost,
                wait,
            });
        }
        // A request that is heavier than a burst and the wait together is not granted by a full
        // limiter either.
        let can_be_granted = cost <= self.window.saturating_add(longest_wait);
        Err(Refusal {
            retry_after: can_be_granted.then(|| wait - longest_wait),
        })
    }

    /// Returns how many permits could be taken at once.
    pub(super) fn available_at(self, arrival: u64, now: u64) -> u32 {
        let debt = arrival.saturating_sub(now);
        let permits = self.window.saturating_sub(debt) / self.interval;
        u32::try_from(permits).unwrap_or(u32::MAX)
    }

    /// Returns the arrival when all permits that are available are taken.
    pub(super) fn drained_at(self, arrival: u64, now: u64) -> u64 {
        arrival.max(now.saturating_add(self.window))
    }

    /// Returns the arrival under this quota of a limiter that had another one: the permits that are
    /// not replaced yet stay as many.
    ///
    /// Without debts every point that is not ahead means the same; the result is then `mark`, which
    /// must lie in the past. Where the intervals differ the result differs from `arrival`, so that a
    /// check which began under the other quota finds the arrival changed.
    pub(super) fn converted_at(self, from: Self, arrival: u64, now: u64, mark: u64) -> u64 {
        if self.interval == from.interval {
            return arrival;
        }
        if arrival <= now {
            return mark;
        }
        // Rounded up: a change must not forgive a part of a permit.
        let debt = (u128::from(arrival - now) * u128::from(self.interval))
            .div_ceil(u128::from(from.interval));
        let debt = u64::try_from(debt).unwrap_or(u64::MAX);
        let converted = now.saturating_add(debt);
        if converted == arrival {
            converted.saturating_add(1)
        } else {
            converted
        }
    }
}
