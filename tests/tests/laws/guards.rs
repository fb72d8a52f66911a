//! The guards as the laws see them.

use gardefou::{
    AppError, Rejection,
    breaker::CircuitBreaker,
    bulkhead::Bulkhead,
    call::{self, Context},
    fallback::Fallback,
    hedge::Hedge,
    pipeline::Pipeline,
    rate_limit::{Rate, RateLimiter},
    retry::Retry,
    time::ManualClock,
    timeout::Timeout,
};
use std::time::Duration;

/// A guard that has room for one call at most, where it has slots at all.
pub(crate) trait Guard: Clone + Send + Sync + 'static {
    /// Whether it has a blocking form.
    const BLOCKS: bool = true;
    /// Whether it can reject calls.
    const REJECTS: bool = true;

    fn make() -> Self;

    fn call<T, E: From<Rejection> + 'static>(
        &self,
        f: impl FnMut() -> Result<T, E>,
    ) -> Result<T, E>;

    fn call_async<T, E, F>(&self, f: impl Fn() -> F) -> impl Future<Output = Result<T, E>>
    where
        E: From<Rejection> + 'static,
        F: Future<Output = Result<T, E>>;

    /// Returns `true` if a call would be admitted once the guard had its time.
    fn admits(&self) -> bool;

    /// Runs a function while the guard rejects calls.
    fn while_rejecting<R>(&self, f: impl FnOnce() -> R) -> R {
        f()
    }
}

/// The calls of a guard that is the first field.
macro_rules! calls_of_first_field {
    () => {
        fn call<T, E: From<Rejection> + 'static>(
            &self,
            f: impl FnMut() -> Result<T, E>,
        ) -> Result<T, E> {
            self.0.call(f)
        }

        async fn call_async<T, E, F>(&self, f: impl Fn() -> F) -> Result<T, E>
        where
            E: From<Rejection> + 'static,
            F: Future<Output = Result<T, E>>,
        {
            self.0.call_async(f).await
        }
    };
}

const SECOND: Duration = Duration::from_secs(1);

/// Runs a function whose deadline has passed.
fn past_the_deadline<R>(f: impl FnOnce() -> R) -> R {
    Context::current().with_timeout(Duration::ZERO).run(f)
}

/// A breaker whose next call is the only probe.
#[derive(Clone)]
pub(crate) struct HalfOpen(CircuitBreaker, ManualClock);

impl Guard for HalfOpen {
    fn make() -> Self {
        let clock = ManualClock::new();
        let breaker = CircuitBreaker::builder("law")
            .failure_threshold(1)
            .half_open_max_calls(1)
            .recovery_timeout(SECOND)
            .recovery_jitter(0.0)
            .clock(clock.clone())
            .build()
            .unwrap();
        breaker.try_acquire().unwrap().failure();
        clock.advance(SECOND);
        Self(breaker, clock)
    }

    calls_of_first_field!();

    fn admits(&self) -> bool {
        if self.0.state() == gardefou::breaker::CircuitState::Open {
            self.1.advance(SECOND);
        }
        self.0
            .try_acquire()
            .map(gardefou::breaker::Permit::ignore)
            .is_ok()
    }

    fn while_rejecting<R>(&self, f: impl FnOnce() -> R) -> R {
        let _only_slot = self.0.try_acquire().unwrap();
        f()
    }
}

#[derive(Clone)]
pub(crate) struct Retrying(Retry);

impl Guard for Retrying {
    const REJECTS: bool = false;

    fn make() -> Self {
        let retry = Retry::builder().max_retries(2).clock(ManualClock::new());
        Self(retry.build().unwrap())
    }

    calls_of_first_field!();

    fn admits(&self) -> bool {
        call::attempt().is_none() && call::remaining().is_none()
    }
}

#[derive(Clone)]
pub(crate) struct Limited(Timeout);

impl Guard for Limited {
    fn make() -> Self {
        Self(Timeout::builder("law").limit(60 * SECOND).build().unwrap())
    }

    calls_of_first_field!();

    /// The deadline has ended with its call.
    fn admits(&self) -> bool {
        call::remaining().is_none() && self.0.call(|| Ok::<_, AppError>(())).is_ok()
    }

    fn while_rejecting<R>(&self, f: impl FnOnce() -> R) -> R {
        past_the_deadline(f)
    }
}

/// A fallback for errors that do not occur: the others pass it.
#[derive(Clone)]
pub(crate) struct FallingBack(Fallback);

impl Guard for FallingBack {
    const REJECTS: bool = false;

    fn make() -> Self {
        Self(Fallback::new("law").unwrap())
    }

    fn call<T, E: From<Rejection> + 'static>(
        &self,
        f: impl FnMut() -> Result<T, E>,
    ) -> Result<T, E> {
        let failed = |_: &E| -> Result<T, E> { unreachable!("no error is selected") };
        self.0.call_on(|_| false, f, failed)
    }

    async fn call_async<T, E, F>(&self, f: impl Fn() -> F) -> Result<T, E>
    where
        E: From<Rejection> + 'static,
        F: Future<Output = Result<T, E>>,
    {
        let failed = async |_: &E| -> Result<T, E> { unreachable!("no error is selected") };
        self.0.call_on_async(|_| false, f, failed).await
    }

    fn admits(&self) -> bool {
        true
    }
}

/// A bulkhead with one slot.
#[derive(Clone)]
pub(crate) struct Bounded(Bulkhead);

impl Guard for Bounded {
    fn make() -> Self {
        Self(Bulkhead::builder("law").max_concurrent(1).build().unwrap())
    }

    calls_of_first_field!();

    fn admits(&self) -> bool {
        self.0.try_acquire().is_ok()
    }

    fn while_rejecting<R>(&self, f: impl FnOnce() -> R) -> R {
        let _only_slot = self.0.try_acquire().unwrap();
        f()
    }
}

/// A rate limiter that lets one call through each second.
#[derive(Clone)]
pub(crate) struct Paced(RateLimiter, ManualClock);

impl Guard for Paced {
    fn make() -> Self {
        let clock = ManualClock::new();
        let limiter = RateLimiter::builder("law").rate(Rate::per_second(1));
        Self(limiter.clock(clock.clone()).build().unwrap(), clock)
    }

    calls_of_first_field!();

    /// The permit comes back with time.
    fn admits(&self) -> bool {
        self.1.advance(SECOND);
        let admits = self.0.try_acquire().is_ok();
        self.1.advance(SECOND);
        admits
    }

    fn while_rejecting<R>(&self, f: impl FnOnce() -> R) -> R {
        self.0.try_acquire().unwrap();
        f()
    }
}

/// A hedge whose second attempt never comes in time.
#[derive(Clone)]
pub(crate) struct Hedging(Hedge);

impl Guard for Hedging {
    const BLOCKS: bool = false;
    const REJECTS: bool = false;

    fn make() -> Self {
        Self(Hedge::builder("law").after(60 * SECOND).build().unwrap())
    }

    fn call<T, E: From<Rejection> + 'static>(
        &self,
        _: impl FnMut() -> Result<T, E>,
    ) -> Result<T, E> {
        unreachable!("it has no blocking form")
    }

    async fn call_async<T, E, F>(&self, f: impl Fn() -> F) -> Result<T, E>
    where
        E: From<Rejection> + 'static,
        F: Future<Output = Result<T, E>>,
    {
        self.0.call_async(f).await
    }

    fn admits(&self) -> bool {
        call::attempt().is_none() && call::remaining().is_none()
    }
}

/// A pipeline around the breaker whose next call is the only probe.
#[derive(Clone)]
pub(crate) struct Composed(Pipeline, HalfOpen);

impl Guard for Composed {
    fn make() -> Self {
        let probed = HalfOpen::make();
        let pipeline = Pipeline::builder("law")
            .timeout(60 * SECOND)
            .retry(Retry::builder().max_retries(0).clock(ManualClock::new()))
            .circuit_breaker(&probed.0)
            .rate_limit(RateLimiter::builder("law").rate(Rate::per_second(1_000_000)))
            .bulkhead(Bulkhead::builder("law").max_concurrent(1))
            .attempt_timeout(30 * SECOND)
            .build()
            .unwrap();
        Self(pipeline, probed)
    }

    calls_of_first_field!();

    fn admits(&self) -> bool {
        call::attempt().is_none() && call::remaining().is_none() && self.1.admits()
    }

    fn while_rejecting<R>(&self, f: impl FnOnce() -> R) -> R {
        self.1.while_rejecting(f)
    }
}

/// A pipeline without policies.
#[derive(Clone)]
pub(crate) struct Empty(Pipeline);

impl Guard for Empty {
    const REJECTS: bool = false;

    fn make() -> Self {
        Self(Pipeline::builder("law").build().unwrap())
    }

    calls_of_first_field!();

    fn admits(&self) -> bool {
        true
    }
}
