//! Layer of a bulkhead.

use super::{
    call::BoxError,
    guard::{Guard, GuardLayer},
};
use crate::bulkhead::{Bulkhead, OwnedCall};
use std::future::Future;

/// Layer that limits how many calls run at once.
///
/// What [`Bulkhead::call_async`] says holds for each call: it takes a slot when its future is polled
/// first, waits for one in the queue up to `max_wait`, and gives it back when it ends or is dropped.
/// A call that has to wait allocates its wait.
///
/// # Examples
///
/// ```
/// use gardefou::{Rejection, bulkhead::Bulkhead, integrations::tower::{BoxError, BulkheadLayer}};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let bulkhead = Bulkhead::builder("search").max_concurrent(1).build()?;
/// let service = ServiceBuilder::new()
///     .layer(BulkheadLayer::new(bulkhead.clone()))
///     .service(service_fn(async |text: &'static str| Ok::<_, BoxError>(text)));
/// let permit = bulkhead.try_acquire()?;
/// let err = service.clone().oneshot("hello").await.unwrap_err();
/// assert_eq!(err.downcast_ref::<Rejection>().unwrap().name(), "search");
/// drop(permit);
/// assert_eq!(service.oneshot("hello").await?, "hello");
/// # Ok::<(), BoxError>(())
/// # }).unwrap();
/// ```
pub type BulkheadLayer = GuardLayer<Bulkhead>;

impl BulkheadLayer {
    /// Makes the layer of a bulkhead.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{bulkhead::Bulkhead, integrations::tower::{BoxError, BulkheadLayer}};
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// let bulkhead = Bulkhead::builder("search").max_concurrent(4).build()?;
    /// let service = ServiceBuilder::new()
    ///     .layer(BulkheadLayer::new(bulkhead))
    ///     .service(service_fn(async |number: u32| Ok::<_, BoxError>(number + 1)));
    /// assert_eq!(service.oneshot(1).await?, 2);
    /// # Ok::<(), BoxError>(())
    /// # }).unwrap();
    /// ```
    pub fn new(bulkhead: Bulkhead) -> Self {
        Self::from_guard(bulkhead)
    }
}

impl<T> Guard<T> for Bulkhead {
    type Future<F: Future<Output = Result<T, BoxError>>> = OwnedCall<F>;

    fn guard<F: Future<Output = Result<T, BoxError>>>(&self, call: F) -> Self::Future<F> {
        self.guard_owned(call)
    }
}
