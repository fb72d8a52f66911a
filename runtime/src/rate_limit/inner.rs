//! Contents of a limiter, which all its clones share.

#[cfg(feature = "fleet")]
use super::sharing::Allotment;
#[cfg(any(feature = "config", not(feature = "fleet")))]
use super::state::Quota;
use super::{
    clock::LimiterClock,
    config::RateLimiterConfig,
    rate::Rate,
    reading::RateLimiterReading,
    reservation::Reservation,
    state::Refusal,
    word::{Taken, Word},
};
#[cfg(feature = "quanta")]
use crate::time::{Clock, QuantaClock};
use crate::{
    call,
    error::{ConfigError, ErrorCode, Lasting, Policy, Rejection, Rejector, RetryAfter, redact},
    event::names::TARGET_RATE_LIMIT,
    keyed::KeyedName,
    per_thread::{Counters, LazyDurations, SharedDurations},
    revised::Revised,
    store_loss::StoreLoss,
    sync::{AtomicU64, Ordering},
    time::{SharedClock, Tick, saturating_nanos},
};
#[cfg(feature = "fleet")]
use std::sync::OnceLock;
use std::{fmt, sync::Arc, time::Duration};

/// The contents of a [`RateLimiter`](super::RateLimiter).
pub(crate) struct Inner {
    pub(super) word: Word<Settings>,
    counters: Counters<4>,
    /// Reservations that wait now. Written by those that wait, and only by them.
    waiting: AtomicU64,
    /// The waits after which permits were used.
    waits: SharedDurations,
    /// How long calls took after they were admitted, of those that were timed.
    calls: LazyDurations,
    pub(super) name: KeyedName,
    pub(super) lasting: Lasting<Inner>,
    pub(super) max_wait: Revised<Duration>,
    pub(super) clock: LimiterClock,
    /// What it has from its fleet, once it has joined one.
    #[cfg(feature = "fleet")]
    pub(super) allotment: OnceLock<Box<Allotment>>,
}

/// What the rate and the burst were set to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Settings {
    pub(super) rate: Rate,
    /// `None` follows the count of the rate.
    pub(super) burst: Option<u32>,
    pub(super) shared: bool,
    pub(super) on_store_loss: StoreLoss,
}

/// What happened to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counter {
    /// It got its permits.
    Admitted,
    Rejected,
    /// It got its permits after a wait.
    Waited,
    /// It did not wait until its permits were due.
    Cancelled,
}

/// A request that cannot proceed at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct NotNow {
    now: Tick,
    refusal: Refusal,
}

impl Settings {
    pub(super) fn config(self, max_wait: Duration, timed: bool) -> RateLimiterConfig {
        RateLimiterConfig {
            rate: self.rate,
            burst: self.burst.unwrap_or(self.rate.count()),
            max_wait,
            shared: self.shared,
            on_store_loss: self.on_store_loss,
            timed,
        }
    }
}

impl Inner {
    pub(super) fn new(
        name: KeyedName,
        word: Word<Settings>,
        max_wait: Duration,
        clock: SharedClock,
    ) -> Self {
        Self {
            word,
            counters: Counters::default(),
            waiting: AtomicU64::new(0),
            waits: SharedDurations::default(),
            calls: LazyDurations::default(),
            name,
            lasting: Lasting::default(),
            max_wait: Revised::new(max_wait),
            clock: LimiterClock::new(clock),
            #[cfg(feature = "fleet")]
            allotment: OnceLock::new(),
        }
    }

    pub(super) fn config(&self) -> RateLimiterConfig {
        let (max_wait, timed) = (*self.max_wait.get(), self.word.is_timed());
        self.word
            .settings(|settings| settings.config(max_wait, timed))
    }

    #[inline]
    pub(super) fn count(&self, what: Counter) {
        self.counters.add(what as usize);
    }

    pub(super) fn counted(&self, what: Counter) -> u64 {
        self.counters.sum(what as usize)
    }

    /// Returns how many reservations wait.
    pub(super) fn waiting(&self) -> u64 {
        // Relaxed: nothing is decided by it.
        self.waiting.load(Ordering::Relaxed)
    }

    /// Notes how long a request has waited for its permits.
    pub(super) fn note_wait(&self, nanos: u64) {
        self.waits.record(nanos);
    }

    /// Returns `true` if calls that are admitted now are timed.
    #[inline]
    pub(super) fn is_timed(&self) -> bool {
        // Where nothing reads the times, none are taken.
        cfg!(feature = "telemetry") && self.word.is_timed()
    }

    /// Returns when a call begins that was admitted, if it is timed.
    #[inline]
    pub(super) fn start(&self) -> Option<Tick> {
        self.is_timed().then(|| self.clock.now())
    }

    /// Counts how long a call took that began then.
    #[inline]
    pub(super) fn note_call(&self, start: Option<Tick>) {
        if let Some(start) = start {
            self.record_call(start);
        }
    }

    #[inline(never)]
    fn record_call(&self, start: Tick) {
        let took = self.clock.now().since(start);
        self.calls.record(saturating_nanos(took));
    }

    /// Reads the counts without a lock, one after another.
    pub(super) fn reading(&self) -> RateLimiterReading {
        RateLimiterReading {
            instance: self.name.instance(),
            name: self.name.unkeyed().into(),
            available: self.available_at(self.clock.now()).0,
            waiting: self.waiting(),
            admitted: self.counted(Counter::Admitted),
            rejected: self.counted(Counter::Rejected),
            cancelled: self.counted(Counter::Cancelled),
            waits: self.waits.read(),
            calls: self.calls.read_where(self.is_timed()),
            may_wait: !self.max_wait.get().is_zero(),
        }
    }

    pub(super) fn begin_wait(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn end_wait(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    /// Takes permits that are there now, by one attempt; returns the time at which it failed.
    ///
    /// What it takes and returns fits registers: all that follows a failure is elsewhere.
    #[inline(always)]
    pub(super) fn take_at_once(&self, weight: u32) -> Result<(), Tick> {
        // With a constant weight the compiler keeps one of these calls.
        if weight == 1 {
            self.take_one()
        } else {
            self.take_many(weight)
        }
    }

    /// A function for each kind of clock, without the arithmetic of weights: in so few registers and
    /// instructions the processor does the rest while it reads its counter.
    #[inline(always)]
    fn take_one(&self) -> Result<(), Tick> {
        #[cfg(feature = "quanta")]
        if let Some(counter) = self.clock.counter() {
            return self.take_one_by_counter(counter);
        }
        self.take_one_by_clock()
    }

    #[cfg(feature = "quanta")]
    #[inline(never)]
    fn take_one_by_counter(&self, counter: &QuantaClock) -> Result<(), Tick> {
        self.take_at(counter.now(), 1)
    }

    #[inline(never)]
    fn take_one_by_clock(&self) -> Result<(), Tick> {
        self.take_at(self.clock.shared().now(), 1)
    }

    #[inline(never)]
    fn take_many(&self, weight: u32) -> Result<(), Tick> {
        self.take_at(self.clock.now(), weight)
    }

    #[inline]
    fn take_at(&self, now: Tick, weight: u32) -> Result<(), Tick> {
        if self.word.take_at_once(now, weight) {
            self.count(Counter::Admitted);
            Ok(())
        } else {
            Err(now)
        }
    }

    /// Takes permits that the attempt at `now` did not get.
    fn take_now(&self, now: Tick, weight: u32) -> Result<(), NotNow> {
        match self.word.take(now, || self.clock.now(), weight, 0) {
            Ok(_) => {
                self.count(Counter::Admitted);
                Ok(())
            }
            Err(refusal) => {
                #[cfg(feature = "fleet")]
                if let Some(taken) = self.take_held(now, weight) {
                    return match taken {
                        Ok(()) => {
                            self.count(Counter::Admitted);
                            Ok(())
                        }
                        Err(refusal) => Err(NotNow { now, refusal }),
                    };
                }
                Err(NotNow { now, refusal })
            }
        }
    }

    /// Returns how many permits could be taken at once, and after which time one could.
    pub(super) fn available_at(&self, now: Tick) -> (u32, u64) {
        #[cfg(feature = "fleet")]
        if let Some(held) = self.held_at(now) {
            return held;
        }
        self.word.available_at(now)
    }

    /// Takes all permits that are available, and returns how many.
    pub(super) fn drain(&self) -> u32 {
        let now = self.clock.now();
        #[cfg(feature = "fleet")]
        if let Some(drained) = self.drain_held(now) {
            return drained;
        }
        self.word.drain_at(now)
    }

    /// Returns `true` if the limiter is full: it is as one that was just made.
    pub(super) fn is_full_at(&self, now: Tick) -> bool {
        #[cfg(feature = "fleet")]
        if let Some(is_quiet) = self.is_quiet() {
            return is_quiet;
        }
        self.word.is_full_at(now)
    }

    /// Returns what the word grants where the settings grant this.
    #[cfg(not(feature = "fleet"))]
    fn in_effect(&self, quota: Quota) -> Quota {
        quota
    }

    /// Takes permits that the attempt at `now` did not get; returns why not where they are not there.
    #[cold]
    #[inline(never)]
    pub(super) fn take_after(&self, now: Tick, weight: u32) -> Result<(), Refusal> {
        self.take_now(now, weight)
            .map_err(|not_now| not_now.refusal)
    }

    /// Takes permits that the attempt at `now` did not get, and waits for them where the configuration
    /// and the deadline of the call under way let it.
    #[cold]
    #[inline(never)]
    pub(super) fn acquire_at(self: &Arc<Self>, now: Tick, weight: u32) -> Result<(), Refusal> {
        if self.max_wait.get().is_zero() {
            return self.take_after(now, weight);
        }
        if let Some(reservation) = self.take_or_reserve(now, weight)? {
            reservation.wait();
        }
        Ok(())
    }

    /// Takes permits that the attempt at `now` did not get, or reserves them within `max_wait`.
    #[cold]
    #[inline(never)]
    pub(super) fn take_or_reserve(
        self: &Arc<Self>,
        now: Tick,
        weight: u32,
    ) -> Result<Option<Reservation>, Refusal> {
        match self.take_now(now, weight) {
            Ok(()) => Ok(None),
            Err(not_now) => self
                .reserve_later(weight, *self.max_wait.get(), not_now)
                .map(Some),
        }
    }

    /// Takes permits, to be used after a wait of at most `max_wait`.
    pub(super) fn reserve(
        self: &Arc<Self>,
        weight: u32,
        max_wait: Duration,
    ) -> Result<Reservation, Refusal> {
        let now = self.clock.now();
        match self.word.take(now, || self.clock.now(), weight, 0) {
            Ok(taken) => Ok(Reservation::new(Arc::clone(self), taken)),
            Err(refusal) => {
                #[cfg(feature = "fleet")]
                if let Some(taken) = self.take_held(now, weight) {
                    return taken.map(|()| Reservation::new(Arc::clone(self), Taken::at(now)));
                }
                self.reserve_later(weight, max_wait, NotNow { now, refusal })
            }
        }
    }

    /// Changes the rate, and the burst where it was not set.
    pub(super) fn set_rate(&self, rate: Rate) -> Result<(), ConfigError> {
        // Before the lock: the clock may be user code.
        let now = self.clock.now();
        let changed = self.word.change_at(now, |settings| {
            let new = Settings { rate, ..*settings };
            let quota = new.config(*self.max_wait.get(), false).quota()?;
            *settings = new;
            Ok::<_, Vec<ConfigError>>(self.in_effect(quota))
        });
        changed.map_err(|problems| {
            let joined = ConfigError::join(problems);
            joined.unwrap_or_else(|| ConfigError::new("rate", rate, "must be in its range"))
        })
    }

    /// Reserves permits that are not there now. Nothing is reserved where the wait would be longer
    /// than `max_wait` or reach beyond the deadline.
    /// Changes rate and burst to settings whose quota this is; the debt of the limiter stays.
    #[cfg(feature = "config")]
    pub(super) fn change_terms(&self, now: Tick, new: Settings, quota: Quota) {
        let changed = self.word.change_at(now, |settings| {
            *settings = new;
            Ok::<_, std::convert::Infallible>(self.in_effect(quota))
        });
        let Ok(()) = changed;
    }

    #[cold]
    #[inline(never)]
    pub(super) fn reserve_later(
        self: &Arc<Self>,
        weight: u32,
        max_wait: Duration,
        NotNow { now, refusal }: NotNow,
    ) -> Result<Reservation, Refusal> {
        // No permit of a fleet can be reserved before the store has given it.
        #[cfg(feature = "fleet")]
        if self.following().is_some() {
            return Err(refusal);
        }
        let longest = call::remaining().map_or(max_wait, |left| left.min(max_wait));
        if longest.is_zero() {
            return Err(refusal);
        }
        let longest = saturating_nanos(longest);
        self.word
            .take(now, || self.clock.now(), weight, longest)
            .map(|taken| Reservation::new(Arc::clone(self), taken))
    }

    /// Counts a request that was refused, and makes its rejection. Allocates nothing.
    pub(super) fn rejection(self: &Arc<Self>, refusal: Refusal) -> Rejection {
        self.reject_then(refusal, |rejection| rejection)
    }

    /// Counts a request that was refused, and makes its error.
    #[cold]
    #[inline(never)]
    pub(super) fn reject<T, E: From<Rejection>>(
        self: &Arc<Self>,
        refusal: Refusal,
    ) -> Result<T, E> {
        self.reject_then(refusal, Rejection::into_result)
    }

    #[inline(always)]
    fn reject_then<R>(self: &Arc<Self>, refusal: Refusal, go: impl FnOnce(Rejection) -> R) -> R {
        self.count(Counter::Rejected);
        self.log_rejection(refusal);
        let retry_after = refusal
            .retry_after
            .map_or(RetryAfter::NONE, RetryAfter::from_nanos);
        let kind = (Policy::RateLimit, ErrorCode::RATE_LIMIT_ERROR);
        self.lasting.reject(self, kind, 0, retry_after, go)
    }

    #[inline(never)]
    fn log_rejection(&self, refusal: Refusal) {
        tracing::debug!(
            target: TARGET_RATE_LIMIT,
            limiter = %redact::name(&self.name),
            retry_after = refusal.retry_after.map(Duration::from_nanos).map(tracing::field::debug),
            "the rate limiter rejected a call"
        );
    }

    /// Takes a reservation back; returns `true` if its permits are there again.
    pub(super) fn give_back(&self, taken: &Taken) -> bool {
        self.word.give_back(taken)
    }
}

impl Rejector for Inner {
    fn name(&self) -> &str {
        &self.name
    }

    fn cause(&self, _generation: u64) -> Option<String> {
        let RateLimiterConfig { rate, burst, .. } = self.config();
        Some(format!(
            "no permit is left of a rate of {rate} and a burst of {burst}"
        ))
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("name", &redact::name(&self.name))
            .finish_non_exhaustive()
    }
}
