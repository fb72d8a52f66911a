//! Layer of a circuit breaker.

use super::{
    call::BoxError,
    guard::{Guard, GuardLayer},
};
use crate::breaker::{CircuitBreaker, Classifier, ErrorClassifier, OwnedCall};
#[cfg(feature = "http-1")]
use crate::integrations::http::StatusClassifier;
use std::future::Future;

/// Layer that rejects calls while a circuit is open, and counts the outcomes of the others.
///
/// What [`CircuitBreaker::call_async`] says holds for each call: an error is a failure unless it is
/// permanent or a rejection, a panic is a failure, and a call that is dropped counts by
/// `abandoned_after`. The call ends with its response: errors of a body that streams come later, and
/// are not seen.
///
/// # Examples
///
/// ```
/// use gardefou::{Rejection, breaker::CircuitBreaker};
/// use gardefou::integrations::tower::{BoxError, CircuitBreakerLayer};
/// use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let breaker = CircuitBreaker::builder("search").failure_threshold(1).build()?;
/// let mut service = ServiceBuilder::new()
///     .layer(CircuitBreakerLayer::new(breaker))
///     .service(service_fn(async |_: u32| Err::<(), BoxError>("no route to host".into())));
/// let failed = service.ready().await?.call(1).await.unwrap_err();
/// assert_eq!(failed.to_string(), "no route to host");
/// let rejected = service.ready().await?.call(2).await.unwrap_err();
/// assert_eq!(rejected.downcast_ref::<Rejection>().unwrap().name(), "search");
/// # Ok::<(), BoxError>(())
/// # }).unwrap();
/// ```
pub type CircuitBreakerLayer<C = ErrorClassifier> = GuardLayer<BreakerGuard<C>>;

/// A circuit breaker with a classifier of outcomes.
#[derive(Clone, Debug)]
pub struct BreakerGuard<C> {
    breaker: CircuitBreaker,
    classifier: C,
}

impl CircuitBreakerLayer {
    /// Makes the layer of a breaker, which classifies by the class of errors.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::CircuitBreaker, integrations::tower::{BoxError, CircuitBreakerLayer}};
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let breaker = CircuitBreaker::builder("echo").build()?;
    /// let service = ServiceBuilder::new()
    ///     .layer(CircuitBreakerLayer::new(breaker.clone()))
    ///     .service(service_fn(async |text: &'static str| Ok::<_, BoxError>(text)));
    /// assert_eq!(service.oneshot("hello").await?, "hello");
    /// assert_eq!(breaker.snapshot().counts.success, 1);
    /// # Ok::<(), BoxError>(())
    /// # }).unwrap();
    /// ```
    pub fn new(breaker: CircuitBreaker) -> Self {
        Self {
            guard: BreakerGuard {
                breaker,
                classifier: ErrorClassifier,
            },
        }
    }
}

impl<C> CircuitBreakerLayer<C> {
    /// Sets the classifier of outcomes: a closure on `&Result<Response, BoxError>`, or another
    /// [`Classifier`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::{CircuitBreaker, CircuitState, FailurePredicate}};
    /// use gardefou::integrations::tower::{BoxError, CircuitBreakerLayer};
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let breaker = CircuitBreaker::builder("search").failure_threshold(1).build()?;
    /// let is_empty = |page: &Result<String, BoxError>| page.as_ref().is_ok_and(String::is_empty);
    /// let service = ServiceBuilder::new()
    ///     .layer(CircuitBreakerLayer::new(breaker.clone()).classifier(FailurePredicate(is_empty)))
    ///     .service(service_fn(async |_: u32| Ok::<_, BoxError>(String::new())));
    /// service.oneshot(1).await?;
    /// assert_eq!(breaker.state(), CircuitState::Open);
    /// # Ok::<(), BoxError>(())
    /// # }).unwrap();
    /// ```
    pub fn classifier<D>(self, classifier: D) -> CircuitBreakerLayer<D> {
        GuardLayer {
            guard: BreakerGuard {
                breaker: self.guard.breaker,
                classifier,
            },
        }
    }

    /// Classifies responses by their status: see
    /// [`verdict_of_status`](crate::integrations::http::verdict_of_status).
    ///
    /// # Examples
    ///
    /// ```
    /// # use http_1 as http;
    /// use gardefou::{breaker::{CircuitBreaker, CircuitState}};
    /// use gardefou::integrations::tower::{BoxError, CircuitBreakerLayer};
    /// use http::{Response, StatusCode};
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let breaker = CircuitBreaker::builder("search").failure_threshold(1).build()?;
    /// let service = ServiceBuilder::new()
    ///     .layer(CircuitBreakerLayer::new(breaker.clone()).by_status())
    ///     .service(service_fn(async |status: StatusCode| {
    ///         let mut response = Response::new("");
    ///         *response.status_mut() = status;
    ///         Ok::<_, BoxError>(response)
    ///     }));
    /// service.clone().oneshot(StatusCode::NOT_FOUND).await?;
    /// assert_eq!(breaker.state(), CircuitState::Closed, "the caller's fault");
    /// service.oneshot(StatusCode::BAD_GATEWAY).await?;
    /// assert_eq!(breaker.state(), CircuitState::Open);
    /// # Ok::<(), BoxError>(())
    /// # }).unwrap();
    /// ```
    #[cfg(feature = "http-1")]
    pub fn by_status(self) -> CircuitBreakerLayer<StatusClassifier> {
        self.classifier(StatusClassifier)
    }
}

impl<T, C> Guard<T> for BreakerGuard<C>
where
    C: Classifier<Result<T, BoxError>> + Clone,
{
    type Future<F: Future<Output = Result<T, BoxError>>> = OwnedCall<F, C>;

    fn guard<F: Future<Output = Result<T, BoxError>>>(&self, call: F) -> Self::Future<F> {
        self.breaker.guard_owned(self.classifier.clone(), call)
    }
}
