//! The runtime of attributes whose policy runs the function once: `#[timeout]`, `#[bulkhead]`,
//! `#[rate_limit]`.

use super::{Conversion, Guarded, Shape, breaker::report_config, site};
use crate::{
    bulkhead::{Bulkhead, BulkheadBuilder},
    error::{ConfigError, Rejection},
    rate_limit::{Rate, RateLimiter, RateLimiterBuilder},
    timeout::Timeout,
};
use std::sync::OnceLock;

/// A policy that runs a function once, or rejects the call.
pub trait Wrap: Send + Sync + Sized + 'static {
    /// Makes the policy of a call site; `None` if it has another one.
    fn of(guarded: &'static Guarded) -> Option<Result<Self, ConfigError>>;

    /// Makes what a site uses whose configuration cannot work.
    fn without_effect() -> Self;

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

/// The policy of one call site, built by its first call.
#[derive(Debug)]
pub struct WrapSite<P> {
    guarded: &'static Guarded,
    policy: OnceLock<P>,
}

impl<P: Wrap> WrapSite<P> {
    /// Makes a site that was not called yet.
    #[must_use]
    pub const fn new(guarded: &'static Guarded) -> Self {
        Self {
            guarded,
            policy: OnceLock::new(),
        }
    }

    /// Returns the policy of the site; inside of a test scope, its policy there.
    #[inline(always)]
    pub fn policy(&'static self) -> &'static P {
        if let Some(policy) = site::in_scope(self, || self.make()) {
            return policy;
        }
        match self.policy.get() {
            Some(policy) => policy,
            None => self.build(),
        }
    }

    #[cold]
    fn build(&self) -> &P {
        // Not inside: settings of attributes may be computed by code of the user's.
        let made = self.make();
        self.policy.get_or_init(|| made)
    }

    fn make(&self) -> P {
        match P::of(self.guarded) {
            Some(Ok(policy)) => policy,
            Some(Err(problem)) => {
                report_config(self.guarded, &problem);
                P::without_effect()
            }
            None => P::without_effect(),
        }
    }
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

impl Wrap for Timeout {
    fn of(guarded: &'static Guarded) -> Option<Result<Self, ConfigError>> {
        guarded.built_timeout()
    }

    fn without_effect() -> Self {
        Self::builder("misconfigured")
            .limit(std::time::Duration::MAX)
            .build()
            .expect("the name and the limit are valid")
    }

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

pub(super) fn bulkhead_without_effect() -> BulkheadBuilder {
    Bulkhead::builder("misconfigured").max_concurrent(1_000_000)
}

pub(super) fn limiter_without_effect() -> RateLimiterBuilder {
    // A permit each nanosecond is more than any program asks for.
    RateLimiter::builder("misconfigured")
        .rate(Rate::per_second(1_000_000_000))
        .burst(u32::MAX)
}

impl Wrap for Bulkhead {
    fn of(guarded: &'static Guarded) -> Option<Result<Self, ConfigError>> {
        guarded.built_bulkhead()
    }

    fn without_effect() -> Self {
        bulkhead_without_effect()
            .build()
            .expect("the name and the limit are valid")
    }

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

impl Wrap for RateLimiter {
    fn of(guarded: &'static Guarded) -> Option<Result<Self, ConfigError>> {
        guarded.built_rate_limiter()
    }

    fn without_effect() -> Self {
        limiter_without_effect()
            .build()
            .expect("the name, the rate and the burst are valid")
    }

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
