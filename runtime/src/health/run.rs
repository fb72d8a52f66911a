//! One run of one check, shared by all who wait for it.

use super::{registered::Entry, result::CheckResult};
use crate::time::Tick;
use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    task::Waker,
    time::Duration,
};

/// One run of one check: queued, then running, then settled. Settled once, by whoever claims it
/// first: the check that comes back, or the one who gives it up. The claimer records the result
/// before it publishes it, so that those who waited find it recorded, and before the check may run
/// again, so that nobody runs it for want of that result.
pub(crate) struct Flight {
    pub(crate) entry: Arc<Entry>,
    /// Whether the one who asked blocks its thread, which then cannot drive a runtime.
    #[cfg_attr(
        not(feature = "async"),
        expect(dead_code, reason = "only async checks care")
    )]
    pub(crate) caller_blocks: bool,
    claim: AtomicU8,
    is_cut_short: AtomicBool,
    state: Mutex<State>,
    settled: Condvar,
}

#[derive(Default)]
struct State {
    started: Option<Tick>,
    /// When it is given up; `None` while it waits for a slot.
    expires: Option<Tick>,
    outcome: Option<CheckResult>,
    wakers: Vec<Waker>,
}

impl Flight {
    pub(crate) fn new(entry: Arc<Entry>, caller_blocks: bool) -> Self {
        Self {
            entry,
            caller_blocks,
            claim: AtomicU8::new(UNCLAIMED),
            is_cut_short: AtomicBool::new(false),
            state: Mutex::default(),
            settled: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn start(&self, now: Tick, expires: Tick) {
        let mut state = self.lock();
        state.started = Some(now);
        state.expires = Some(expires);
    }

    pub(crate) fn started(&self) -> Option<Tick> {
        self.lock().started
    }

    pub(crate) fn expires(&self) -> Option<Tick> {
        self.lock().expires
    }

    pub(crate) fn outcome(&self) -> Option<CheckResult> {
        self.lock().outcome.clone()
    }

    /// Takes the right to settle the run, if nobody has it yet: for a check that came back, or to
    /// give one up.
    pub(crate) fn claim(&self, came_back: bool) -> bool {
        let claim = if came_back { CAME_BACK } else { GIVEN_UP };
        // Relaxed is enough: what the claimer knows reaches the others through the lock.
        self.claim
            .compare_exchange(UNCLAIMED, claim, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    /// Tells whether somebody has settled the run or is about to.
    #[cfg(feature = "async")]
    pub(crate) fn is_claimed(&self) -> bool {
        self.claim.load(Ordering::Relaxed) != UNCLAIMED
    }

    /// Tells whether the run was settled although the check has not come back.
    pub(crate) fn is_given_up(&self) -> bool {
        self.claim.load(Ordering::Relaxed) == GIVEN_UP
    }

    /// Says that the run ends because the program does, which tells nothing of what the check looks
    /// at.
    pub(crate) fn cut_short(&self) {
        self.is_cut_short.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_cut_short(&self) -> bool {
        self.is_cut_short.load(Ordering::Relaxed)
    }

    /// Shows the result and wakes all who wait for it.
    pub(crate) fn publish(&self, result: CheckResult) {
        let wakers = {
            let mut state = self.lock();
            state.outcome = Some(result);
            std::mem::take(&mut state.wakers)
        };
        self.settled.notify_all();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Blocks until the run is settled or `limit` has passed on the machine's clock.
    pub(crate) fn wait_for(&self, limit: Duration) {
        let waited = self
            .settled
            .wait_timeout_while(self.lock(), limit, |state| state.outcome.is_none());
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Resolves when the run is settled.
    #[cfg(feature = "async")]
    pub(crate) fn done(&self) -> impl Future<Output = ()> + '_ {
        std::future::poll_fn(|cx| {
            let mut state = self.lock();
            if state.outcome.is_some() {
                return std::task::Poll::Ready(());
            }
            // One slot per waiting task: a waiter that polls again replaces its own waker.
            if !state.wakers.iter().any(|known| known.will_wake(cx.waker())) {
                state.wakers.push(cx.waker().clone());
            }
            std::task::Poll::Pending
        })
    }
}

const UNCLAIMED: u8 = 0;
const CAME_BACK: u8 = 1;
const GIVEN_UP: u8 = 2;
