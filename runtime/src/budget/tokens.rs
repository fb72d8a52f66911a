//! Tokens of past calls in a retry budget.
//!
//! The balance is written under a lock, by withdrawals and now and then by a deposit. A full budget
//! is one load for a successful call. While it is not full, each call adds its deposit to the
//! stripe of its thread, which shares a cache line with few others, and a withdrawal collects all
//! stripes before it decides: so no deposit that came before it is missed, none counts twice, and
//! what exceeds the burst is lost as if it had been added at once.

use crate::sync::{AtomicU64, Mutex, Ordering::Relaxed};
use once_cell::race::OnceBox;
use std::{cell::Cell, sync::atomic::AtomicUsize};

/// Tokens that calls put in and retries take out, counted in millionths.
#[derive(Debug)]
pub(super) struct Tokens {
    /// How much is missing until the budget is full. Written under the lock alone. Relaxed: a call
    /// that reads an older value comes before the write.
    missing: AtomicU64,
    /// The deposit of one call. Relaxed: a call that reads an older value comes before the change.
    deposit: AtomicU64,
    /// Written under the lock alone. Relaxed: a scrape that reads it beside a change shows a moment of it.
    capacity: AtomicU64,
    /// Made by the first withdrawal: until then nothing is missing.
    stripes: OnceBox<[Stripe; STRIPES]>,
    settling: Mutex<()>,
}

/// One token.
const TOKEN: u64 = 1_000_000;

/// Returns what one call adds.
fn deposit_of(ratio: f64) -> u64 {
    (ratio * TOKEN as f64).round() as u64
}

/// How many deposits a stripe collects before it passes them on by itself.
const BATCH: u64 = 64;

/// How many stripes there are: threads beyond that number share them.
const STRIPES: usize = 16;

/// The deposits of some threads that were not collected yet, alone on a cache line. Relaxed: the
/// word orders nothing but itself, and each deposit is taken out by one swap.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Stripe(AtomicU64);

impl Tokens {
    /// Starts full; `ratio` is a number from 0 to 1000.
    pub(super) fn new(ratio: f64, burst: u32) -> Self {
        Self {
            missing: AtomicU64::new(0),
            deposit: AtomicU64::new(deposit_of(ratio)),
            capacity: AtomicU64::new(u64::from(burst) * TOKEN),
            stripes: OnceBox::new(),
            settling: Mutex::new(()),
        }
    }

    /// Returns `true` if a deposit would change nothing.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.missing().is_none()
    }

    /// Returns how much is missing until the budget is full, if something is.
    #[inline]
    pub(super) fn missing(&self) -> Option<u64> {
        Some(self.missing.load(Relaxed)).filter(|missing| *missing != 0)
    }

    /// Adds the deposit of one call.
    #[inline]
    pub(super) fn deposit(&self) {
        if let Some(missing) = self.missing() {
            self.deposit_in(stripe_of_thread(), missing);
        }
    }

    /// Adds a deposit to a stripe of a budget that is not full.
    #[inline]
    pub(super) fn deposit_in(&self, stripe: usize, missing: u64) {
        let deposit = self.deposit.load(Relaxed);
        if deposit == 0 {
            return;
        }
        // Made by the withdrawal, though this thread may not see that yet.
        let stripes = self.stripes.get_or_init(Box::default);
        let Stripe(mine) = &stripes[stripe % STRIPES];
        let collected = mine.fetch_add(deposit, Relaxed) + deposit;
        // At once where it makes the budget full, after which nothing is added any more.
        if collected >= missing.min(deposit * BATCH) {
            self.pass_on(mine);
        }
    }

    /// Moves the deposits of a stripe to the balance; leaves that to the thread that holds the lock,
    /// or to the next deposit.
    #[cold]
    fn pass_on(&self, stripe: &AtomicU64) {
        if let Some(_settling) = self.settling.try_lock() {
            let missing = self.missing.load(Relaxed);
            let missing = missing.saturating_sub(stripe.swap(0, Relaxed));
            self.missing.store(missing, Relaxed);
        }
    }

    /// Takes a token, if there is one.
    pub(super) fn try_take(&self) -> bool {
        // Allocated before the lock is taken.
        let stripes = self.stripes.get_or_init(Box::default);
        let _settling = self.settling.lock();
        let missing = self.settle_locked(stripes);
        // Never less than what is missing: both change under the lock alone.
        let is_there = self.capacity.load(Relaxed) - missing >= TOKEN;
        let taken = if is_there { TOKEN } else { 0 };
        self.missing.store(missing + taken, Relaxed);
        is_there
    }

    /// Collects all deposits; returns how much is missing then.
    fn settle_locked(&self, stripes: &[Stripe; STRIPES]) -> u64 {
        let collected: u64 = stripes.iter().map(|Stripe(all)| all.swap(0, Relaxed)).sum();
        self.missing.load(Relaxed).saturating_sub(collected)
    }

    /// Returns the number of whole tokens.
    pub(super) fn available(&self) -> u64 {
        let Some(stripes) = self.stripes.get() else {
            return self.capacity.load(Relaxed) / TOKEN;
        };
        let _settling = self.settling.lock();
        let missing = self.settle_locked(stripes);
        self.missing.store(missing, Relaxed);
        (self.capacity.load(Relaxed) - missing) / TOKEN
    }

    /// Changes what the budget holds and what a call adds to it. What was withdrawn stays missing,
    /// as far as there is room for it.
    #[cfg(feature = "config")]
    pub(super) fn reconfigure(&self, ratio: f64, burst: u32) {
        let stripes = self.stripes.get_or_init(Box::default);
        let _settling = self.settling.lock();
        let missing = self.settle_locked(stripes);
        let capacity = u64::from(burst) * TOKEN;
        self.missing.store(missing.min(capacity), Relaxed);
        self.capacity.store(capacity, Relaxed);
        self.deposit.store(deposit_of(ratio), Relaxed);
    }

    /// As [`available`](Self::available), without the lock and without collecting: at most the
    /// deposits that are being collected at the moment are left out.
    pub(super) fn available_now(&self) -> u64 {
        let stripes = self.stripes.get().into_iter().flatten();
        let deposited: u64 = stripes.map(|Stripe(all)| all.load(Relaxed)).sum();
        let missing = self.missing.load(Relaxed).saturating_sub(deposited);
        self.capacity.load(Relaxed).saturating_sub(missing) / TOKEN
    }

    /// Collects all deposits; returns how much is missing then.
    pub(super) fn settle(&self) -> u64 {
        let Some(stripes) = self.stripes.get() else {
            return 0;
        };
        let _settling = self.settling.lock();
        let missing = self.settle_locked(stripes);
        self.missing.store(missing, Relaxed);
        missing
    }
}

/// Returns the number of this thread's stripe, which several threads may have.
#[inline]
fn stripe_of_thread() -> usize {
    const UNKNOWN: usize = usize::MAX;
    thread_local! {
        // Without a destructor, so that it is a plain load, also while the thread ends.
        static STRIPE: Cell<usize> = const { Cell::new(UNKNOWN) };
    }
    static NEXT: AtomicUsize = AtomicUsize::new(0);

    #[cold]
    fn assign() -> usize {
        // Relaxed: the numbers need not differ.
        let stripe = NEXT.fetch_add(1, Relaxed) % STRIPES;
        STRIPE.set(stripe);
        stripe
    }

    match STRIPE.get() {
        UNKNOWN => assign(),
        stripe => stripe,
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
