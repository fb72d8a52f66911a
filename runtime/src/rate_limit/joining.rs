//! The shared limiters of the process, which join its fleet.

use super::{handle::RateLimiter, inner::Inner};
use crate::{scope, sync::global::Mutex};
use std::sync::{Arc, Weak};

/// The shared limiters of the process, and the fleet that they join.
static SHARED: Mutex<Shared> = Mutex::new(Shared {
    limiters: Vec::new(),
    fleet: None,
});

struct Shared {
    limiters: Vec<Weak<Inner>>,
    fleet: Option<Weak<dyn LimiterJoiner>>,
}

/// A fleet that every shared limiter of the process joins.
pub(crate) trait LimiterJoiner: Send + Sync {
    fn take_in_limiter(&self, limiter: Weak<Inner>);
}

/// Lets a new limiter join the fleet of the process, now or when there is one. Limiters of a test scope join none.
pub(super) fn announce(limiter: &RateLimiter) {
    if scope::is_entered() {
        return;
    }
    let limiter = Arc::downgrade(&limiter.0);
    let fleet = {
        let mut shared = SHARED.lock();
        if shared.limiters.len() == shared.limiters.capacity() {
            shared.limiters.retain(|known| known.strong_count() > 0);
        }
        shared.limiters.push(Weak::clone(&limiter));
        shared.fleet.as_ref().and_then(Weak::upgrade)
    };
    if let Some(fleet) = fleet {
        fleet.take_in_limiter(limiter);
    }
}

/// Makes a fleet that of the process: all shared limiters join it.
pub(crate) fn take_all_limiters_in(fleet: &Arc<dyn LimiterJoiner>) {
    let limiters = {
        let mut shared = SHARED.lock();
        shared.fleet = Some(Arc::downgrade(fleet));
        shared.limiters.clone()
    };
    for limiter in limiters {
        fleet.take_in_limiter(limiter);
    }
}
