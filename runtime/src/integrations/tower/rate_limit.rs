//! Layer of a rate limiter.

use super::{
    call::BoxError,
    guard::{Flattened, Guard, GuardLayer},
};
use crate::rate_limit::{Limited, RateLimiter};
use std::future::Future;

/// Layer that limits how many calls begin in a time.
///
/// What [`RateLimiter::call_async`] says holds for each call: it takes a permit when its future is
/// polled first, for which it waits up to `max_wait`.
///
/// # Examples
///
/// ```
/// use gardefou::{Rejection, rate_limit::RateLimiter, integrations::tower::{BoxError, RateLimitLayer}};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let limiter = RateLimiter::builder("search").rate("10/s").burst(1).build()?;
/// let service = ServiceBuilder::new()
///     .layer(RateLimitLayer::new(limiter))
///     .service(service_fn(async |text: &'static str| Ok::<_, BoxError>(text)));
/// assert_eq!(service.clone().oneshot("hello").await?, "hello");
/// let err = service.oneshot("hello").await.unwrap_err();
/// assert!(err.downcast_ref::<Rejection>().unwrap().retry_after().is_some());
/// # Ok::<(), BoxError>(())
/// # }).unwrap();
/// ```
pub type RateLimitLayer = GuardLayer<RateLimiter>;

impl RateLimitLayer {
    /// Makes the layer of a rate limiter.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{rate_limit::RateLimiter, integrations::tower::{BoxError, RateLimitLayer}};
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// let limiter = RateLimiter::builder("search").rate("100/s").build()?;
    /// let service = ServiceBuilder::new()
    ///     .layer(RateLimitLayer::new(limiter))
    ///     .service(service_fn(async |number: u32| Ok::<_, BoxError>(number + 1)));
    /// assert_eq!(service.oneshot(1).await?, 2);
    /// # Ok::<(), BoxError>(())
    /// # }).unwrap();
    /// ```
    pub fn new(limiter: RateLimiter) -> Self {
        Self::from_guard(limiter)
    }
}

impl<T> Guard<T> for RateLimiter {
    type Future<F: Future<Output = Result<T, BoxError>>> = Flattened<Limited<Self, F>>;

    fn guard<F: Future<Output = Result<T, BoxError>>>(&self, call: F) -> Self::Future<F> {
        Flattened::new(self.limit_owned(call))
    }
}
