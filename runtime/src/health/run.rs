//! One run of one check, shared by everyone who waits for it.

use super::result::CheckResult;
use crate::sync::global::{Condvar, Mutex, MutexGuard};
use crate::time::Tick;
use std::{
    sync::atomic::{AtomicU8, Ordering},
    task::Waker,
    time::Duration,
};

/// One run of one check: queued, then running, then settled.
///
/// A run is settled once, by the first to claim it: the check that returns, or the reaper that
/// abandons it. The claimer records the result before it publishes it, so that waiters find it
/// recorded, and before the check may run again, so that no second run starts for want of that
/// result.
pub(crate) struct CheckRun {
    /// Whether the caller blocks its thread, which then cannot drive a runtime.
    #[cfg_attr(
        not(feature = "async"),
        expect(dead_code, reason = "used by async checks alone")
    )]
    pub(crate) caller_blocks: bool,
    claim: AtomicU8,
    state: Mutex<RunState>,
    settled: Condvar,
}

#[derive(Default)]
struct RunState {
    started: Option<Tick>,
    /// When the run is abandoned; `None` while it waits for a slot.
    expires: Option<Tick>,
    outcome: Option<CheckResult>,
    /// Whether the end of the program ends the run.
    is_cut_short: bool,
    wakers: Vec<Waker>,
}

impl CheckRun {
    pub(crate) fn new(caller_blocks: bool) -> Self {
        Self {
            caller_blocks,
            claim: AtomicU8::new(UNCLAIMED),
            state: Mutex::default(),
            settled: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, RunState> {
        self.state.lock()
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

    /// Takes the right to settle the run, and returns `false` if it is taken: `returned` by a check
    /// that has returned, otherwise to abandon it.
    pub(crate) fn claim(&self, returned: bool) -> bool {
        let claim = if returned { RETURNED } else { ABANDONED };
        // Relaxed is enough: what the claimer knows reaches the others through the lock.
        self.claim
            .compare_exchange(UNCLAIMED, claim, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    /// Returns `true` if the run is settled or about to be.
    #[cfg(feature = "async")]
    pub(crate) fn is_claimed(&self) -> bool {
        self.claim.load(Ordering::Relaxed) != UNCLAIMED
    }

    /// Returns `true` if the run was settled although the check has not returned.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.claim.load(Ordering::Relaxed) == ABANDONED
    }

    /// Marks the run as ended by the end of the program, which is no result of the check, and
    /// cancels it if it is async.
    pub(crate) fn cut_short(&self) {
        let wakers = {
            let mut state = self.lock();
            state.is_cut_short = true;
            std::mem::take(&mut state.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn is_cut_short(&self) -> bool {
        self.lock().is_cut_short
    }

    /// Publishes the result and wakes all waiters.
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
        drop(waited);
    }

    /// Resolves when the run is settled.
    #[cfg(feature = "async")]
    pub(crate) fn settled(&self) -> impl Future<Output = ()> {
        self.until(|state| state.outcome.is_some())
    }

    /// Resolves when the run is cut short.
    #[cfg(feature = "async")]
    pub(crate) fn cancelled(&self) -> impl Future<Output = ()> {
        self.until(|state| state.is_cut_short)
    }

    #[cfg(feature = "async")]
    fn until(&self, is_reached: impl Fn(&RunState) -> bool) -> impl Future<Output = ()> {
        std::future::poll_fn(move |cx| {
            let mut state = self.lock();
            if is_reached(&state) {
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
const RETURNED: u8 = 1;
const ABANDONED: u8 = 2;
