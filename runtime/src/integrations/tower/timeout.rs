//! Layer of a timeout.

use super::{
    call::BoxError,
    guard::{Flattened, Guard, GuardLayer},
};
use crate::timeout::{Timed, Timeout};
use std::future::Future;

/// Layer that drops a call when its limit is over; the limit is the deadline of everything inside.
///
/// What [`Timeout::call_async`] says holds for each call. Time in `poll_ready` does not count, since
/// the call begins after it.
///
/// # Examples
///
/// ```
/// use gardefou::{Rejection, timeout::Timeout, integrations::tower::{BoxError, TimeoutLayer}};
/// use std::{future::pending, time::Duration};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let timeout = Timeout::builder("search").limit(Duration::from_secs(2)).build()?;
/// let service = ServiceBuilder::new()
///     .layer(TimeoutLayer::new(timeout))
///     .service(service_fn(|_: &str| pending::<Result<(), BoxError>>()));
/// let err = service.oneshot("query").await.unwrap_err();
/// assert!(err.downcast_ref::<Rejection>().unwrap().ran());
/// # Ok::<(), gardefou::ConfigError>(())
/// # }).unwrap();
/// ```
pub type TimeoutLayer = GuardLayer<Timeout>;

impl TimeoutLayer {
    /// Makes the layer of a timeout.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{call, timeout::Timeout, integrations::tower::{BoxError, TimeoutLayer}};
    /// use std::time::Duration;
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// let timeout = Timeout::builder("search").limit(Duration::from_secs(60)).build()?;
    /// let service = ServiceBuilder::new()
    ///     .layer(TimeoutLayer::new(timeout))
    ///     .service(service_fn(async |_: &str| Ok::<_, BoxError>(call::remaining())));
    /// assert!(service.oneshot("query").await? <= Some(Duration::from_secs(60)));
    /// # Ok::<(), BoxError>(())
    /// # }).unwrap();
    /// ```
    pub fn new(timeout: Timeout) -> Self {
        Self::from_guard(timeout)
    }
}

impl<T> Guard<T> for Timeout {
    type Future<F: Future<Output = Result<T, BoxError>>> = Flattened<Timed<Self, F>>;

    fn guard<F: Future<Output = Result<T, BoxError>>>(&self, call: F) -> Self::Future<F> {
        Flattened::new(self.limit_owned(call))
    }
}
