//! Layers of the guards that run a call once.

use super::call::{BoxError, Call, take_ready};
use crate::error::Rejection;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tower_layer::Layer;
use tower_service::Service;

/// A guard that runs a call at most once, for a [`GuardLayer`].
///
/// Implement it to put a guard of your own into a layer.
///
/// # Examples
///
/// ```
/// use gardefou::integrations::tower::{BoxError, Guard, GuardLayer};
/// use std::{pin::Pin, sync::{Arc, atomic::{AtomicUsize, Ordering}}};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// #[derive(Clone, Default)]
/// struct Count(Arc<AtomicUsize>);
///
/// impl<T> Guard<T> for Count {
///     type Future<F: Future<Output = Result<T, BoxError>>> = F;
///
///     fn guard<F: Future<Output = Result<T, BoxError>>>(&self, call: F) -> F {
///         self.0.fetch_add(1, Ordering::Relaxed);
///         call
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let count = Count::default();
/// let service = ServiceBuilder::new()
///     .layer(GuardLayer::from_guard(count.clone()))
///     .service(service_fn(async |number: u32| Ok::<_, BoxError>(number + 1)));
/// assert_eq!(service.oneshot(1).await?, 2);
/// assert_eq!(count.0.load(Ordering::Relaxed), 1);
/// # Ok::<(), BoxError>(())
/// # }).unwrap();
/// ```
pub trait Guard<T>: Clone {
    /// The call under the guard.
    type Future<F: Future<Output = Result<T, BoxError>>>: Future<Output = Result<T, BoxError>>;

    /// Puts a call that has not begun under the guard. What the guard takes for it, it takes when the
    /// result is polled first.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::integrations::tower::{BoxError, Guard};
    ///
    /// #[derive(Clone)]
    /// struct Open;
    ///
    /// impl<T> Guard<T> for Open {
    ///     type Future<F: Future<Output = Result<T, BoxError>>> = F;
    ///
    ///     fn guard<F: Future<Output = Result<T, BoxError>>>(&self, call: F) -> F {
    ///         call
    ///     }
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let call = Open.guard(async { Ok::<_, BoxError>(7) });
    /// assert_eq!(call.await?, 7);
    /// # Ok::<(), BoxError>(())
    /// # }).unwrap();
    /// ```
    fn guard<F: Future<Output = Result<T, BoxError>>>(&self, call: F) -> Self::Future<F>;
}

/// Layer of a guard that runs a call at most once; each guard has an alias, for example
/// [`CircuitBreakerLayer`](super::CircuitBreakerLayer).
#[derive(Clone, Copy, Debug)]
pub struct GuardLayer<G> {
    pub(super) guard: G,
}

impl<G> GuardLayer<G> {
    /// Makes the layer of a guard of your own.
    ///
    /// # Examples
    ///
    /// See [`Guard`].
    pub fn from_guard(guard: G) -> Self
    where
        G: Clone,
    {
        Self { guard }
    }
}

impl<S, G: Clone> Layer<S> for GuardLayer<G> {
    type Service = GuardService<S, G>;

    fn layer(&self, inner: S) -> Self::Service {
        GuardService {
            inner,
            guard: self.guard.clone(),
        }
    }
}

/// A service under a guard; what a [`GuardLayer`] makes.
#[derive(Clone, Copy, Debug)]
pub struct GuardService<S, G> {
    inner: S,
    guard: G,
}

impl<S, G, R> Service<R> for GuardService<S, G>
where
    S: Service<R> + Clone,
    S::Error: Into<BoxError>,
    G: Guard<S::Response>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = G::Future<Call<S, R>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let ready = take_ready(&mut self.inner);
        self.guard.guard(Call::new(ready, request))
    }
}

pin_project_lite::pin_project! {
    /// A guarded call whose rejection is its error.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Flattened<F> {
        #[pin]
        inner: F,
    }
}

impl<F> Flattened<F> {
    pub(super) fn new(inner: F) -> Self {
        Self { inner }
    }
}

impl<T, F> Future for Flattened<F>
where
    F: Future<Output = Result<Result<T, BoxError>, Rejection>>,
{
    type Output = Result<T, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = ready!(self.project().inner.poll(cx));
        Poll::Ready(outcome.unwrap_or_else(Rejection::into_result))
    }
}
