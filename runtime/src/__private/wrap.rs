//! The runtime of attributes whose policy runs the function once: `#[timeout]`, `#[bulkhead]`,
//! `#[rate_limit]`.

use super::{Conversion, Guarded, OfSite, Shape, span::switched};
use crate::{
    bulkhead::{Bulkhead, BulkheadBuilder},
    error::{ConfigError, Rejection},
    keyed::Keyed,
    rate_limit::{Rate, RateLimiter, RateLimiterBuilder},
    timeout::Timeout,
};

/// A policy that runs a function once, or rejects the call.
pub trait Wrap {
    /// Runs a function.
    ///
    /// # Errors
    ///
    /// The rejection of the policy.
    fn run<T, E, S: Shape<E>>(
        &self,
        shape: S,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<Result<T, E>, Rejection>;

    /// Awaits a future.
    #[cfg(feature = "async")]
    fn run_async<T, E, S: Shape<E>, F: Future<Output = Result<T, E>>>(
        &self,
        shape: S,
        future: F,
    ) -> impl Future<Output = Result<Result<T, E>, Rejection>>;
}

/// Runs a function with arguments that it owns.
///
/// # Errors
///
/// The rejection of the policy.
#[inline(always)]
pub fn run_wrapped<A, R, P: Wrap, C: Conversion<R>, S: Shape<C::Error>>(
    conversion: C,
    policy: &P,
    shape: S,
    arguments: A,
    f: impl FnOnce(A) -> R,
) -> Result<Result<C::Value, C::Error>, Rejection> {
    policy.run(shape, || conversion.result(f(arguments)))
}

/// As [`run_wrapped`], in a span if a configuration requests one.
#[inline(always)]
pub fn run_switched<A, R, P: Wrap, C: Conversion<R>, S: Shape<C::Error>>(
    conversion: C,
    (guarded, policy): (&'static Guarded, &P),
    shape: S,
    arguments: A,
    f: impl FnOnce(A) -> R,
    reject: impl FnOnce(Rejection) -> Result<C::Value, C::Error>,
) -> Result<C::Value, C::Error> {
    let call = || match policy.run(shape, || conversion.result(f(arguments))) {
        Ok(outcome) => outcome,
        Err(rejection) => reject(rejection),
    };
    switched(guarded, shape, call)
}

impl OfSite for Timeout {
    fn declared(guarded: &'static Guarded) -> Option<Result<Self, ConfigError>> {
        guarded.built_timeout()
    }

    fn otherwise(_: &'static Guarded) -> Self {
        Self::builder("misconfigured")
            .limit(std::time::Duration::MAX)
            .build()
            .expect("the name and the limit are valid")
    }
}

impl Wrap for Timeout {
    #[inline(always)]
    fn run<T, E, S: Shape<E>>(
        &self,
        shape: S,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<Result<T, E>, Rejection> {
        self.run(|error| shape.app_mut(error), f)
    }

    #[cfg(feature = "async")]
    #[inline(always)]
    fn run_async<T, E, S: Shape<E>, F: Future<Output = Result<T, E>>>(
        &self,
        _: S,
        future: F,
    ) -> impl Future<Output = Result<Result<T, E>, Rejection>> {
        self.run_async(future)
    }
}

fn bulkhead_without_effect() -> BulkheadBuilder {
    Bulkhead::builder("misconfigured").max_concurrent(1_000_000)
}

fn limiter_without_effect() -> RateLimiterBuilder {
    // A permit each nanosecond is more than any program asks for.
    RateLimiter::builder("misconfigured")
        .rate(Rate::per_second(1_000_000_000))
        .burst(u32::MAX)
}

impl OfSite for Bulkhead {
    fn declared(guarded: &'static Guarded) -> Option<Result<Self, ConfigError>> {
        guarded.built_bulkhead()
    }

    fn otherwise(_: &'static Guarded) -> Self {
        bulkhead_without_effect()
            .build()
            .expect("the name and the limit are valid")
    }

    fn keep(&self) {
        Self::keep(self);
    }
}

impl Wrap for Bulkhead {
    #[inline(always)]
    fn run<T, E, S: Shape<E>>(
        &self,
        shape: S,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<Result<T, E>, Rejection> {
        self.run_with(|error| shape.view(error).classified(), f)
    }

    #[cfg(feature = "async")]
    #[inline(always)]
    fn run_async<T, E, S: Shape<E>, F: Future<Output = Result<T, E>>>(
        &self,
        shape: S,
        future: F,
    ) -> impl Future<Output = Result<Result<T, E>, Rejection>> {
        self.run_async_with(move |error: &E| shape.view(error).classified(), future)
    }
}

impl OfSite for RateLimiter {
    fn declared(guarded: &'static Guarded) -> Option<Result<Self, ConfigError>> {
        guarded.built_rate_limiter()
    }

    fn otherwise(_: &'static Guarded) -> Self {
        limiter_without_effect()
            .build()
            .expect("the name, the rate and the burst are valid")
    }

    fn keep(&self) {
        Self::keep(self);
    }
}

impl Wrap for RateLimiter {
    #[inline(always)]
    fn run<T, E, S: Shape<E>>(
        &self,
        _: S,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<Result<T, E>, Rejection> {
        self.run(f)
    }

    #[cfg(feature = "async")]
    #[inline(always)]
    fn run_async<T, E, S: Shape<E>, F: Future<Output = Result<T, E>>>(
        &self,
        _: S,
        future: F,
    ) -> impl Future<Output = Result<Result<T, E>, Rejection>> {
        self.run_async(future)
    }
}

impl OfSite for Keyed<Bulkhead> {
    #[inline]
    fn declared(guarded: &'static Guarded) -> Option<Result<Self, ConfigError>> {
        guarded.built_bulkheads()
    }

    #[inline]
    fn otherwise(_: &'static Guarded) -> Self {
        bulkhead_without_effect()
            .build_keyed()
            .expect("the name and the limit are valid")
    }
}

impl OfSite for Keyed<RateLimiter> {
    #[inline]
    fn declared(guarded: &'static Guarded) -> Option<Result<Self, ConfigError>> {
        guarded.built_rate_limiters()
    }

    #[inline]
    fn otherwise(_: &'static Guarded) -> Self {
        limiter_without_effect()
            .build_keyed()
            .expect("the name, the rate and the burst are valid")
    }
}
