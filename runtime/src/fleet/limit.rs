//! State of one rate limiter in a store, pure: what an instance reports and the server's time in, permits out.
//!
//! A permit is *free*, *held* by an instance, or *used*. Used ones become free again at the rate (GCRA, as a bucket that
//! leaks); held ones do not, because nobody knows when they are used. Used and held ones together are never more than the
//! burst when permits are granted. So whatever instances do with theirs, the fleet uses in any time `t` at most the burst and
//! the rate times `t`: of those that are used in that time, all but the ones that are still held at its end have become free
//! within it, or were free at its beginning.
//!
//! A store on a server does the same in its own language.

use super::operation::{Permits, Take};
use std::{collections::HashMap, sync::Arc, time::Duration};

/// What a store keeps about one rate limiter. All times are microseconds of the server's clock.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedLimit {
    /// Permits that were used and are not free again, at `at`.
    used: f64,
    at: u64,
    /// The sum of what instances hold.
    held: u64,
    holders: HashMap<Arc<str>, Holder>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Holder {
    held: u64,
    /// The number of its latest operation.
    number: u64,
    /// When its latest operation came.
    seen: u64,
}

impl SharedLimit {
    /// Applies an operation of an instance; `None` where a later one came before it.
    pub(super) fn take_at(
        &mut self,
        now: u64,
        instance: &Arc<str>,
        take: &Take,
    ) -> Option<Permits> {
        let known = self.holders.get(instance);
        if known.is_some_and(|holder| holder.number >= take.number) {
            return None;
        }
        let interval = (take.interval.as_nanos() as f64 / 1000.0).max(0.001);
        // A clock that was set back frees nothing for that time.
        let passed = now.saturating_sub(self.at) as f64;
        self.used = (self.used - passed / interval).max(0.0);
        self.at = now;
        self.expire_at(now, micros(take.hold_time));
        let holder = self.holders.entry(Arc::clone(instance)).or_default();
        self.held = (self.held - holder.held).saturating_add(take.held);
        *holder = Holder {
            held: take.held,
            number: take.number,
            seen: now,
        };
        self.used += take.used as f64;
        let free = f64::from(take.burst) - self.held as f64 - self.used;
        // Half of it where others may ask next: no instance takes everything.
        let whole = free.floor().max(0.0);
        let share = match self.holders.len() {
            1 => whole,
            _ => (free / 2.0).floor().max(whole.min(1.0)),
        };
        let granted = take.want.saturating_sub(take.held).min(share as u64);
        let holder = self.holders.entry(Arc::clone(instance)).or_default();
        holder.held += granted;
        self.held += granted;
        let left = free - granted as f64;
        let next = ((1.0 - left).max(0.0) * interval).ceil().min(LONGEST);
        Some(Permits {
            granted,
            instances: u32::try_from(self.holders.len()).unwrap_or(u32::MAX),
            next: Duration::from_micros(next as u64),
        })
    }

    /// Counts as used what instances hold that have not come for so long.
    fn expire_at(&mut self, now: u64, hold_time: u64) {
        let mut expired = 0;
        self.holders.retain(|_, holder| {
            // A clock that was set back: it could not have been later than now.
            holder.seen = holder.seen.min(now);
            let is_kept = holder.seen + hold_time > now;
            if !is_kept {
                expired += holder.held;
            }
            is_kept
        });
        self.held -= expired;
        self.used += expired as f64;
    }
}

/// The longest time that a reply names: an hour.
const LONGEST: f64 = 3.6e9;

/// Returns whole microseconds, at most a day.
fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros())
        .unwrap_or(u64::MAX)
        .min(86_400_000_000)
}
