//! Typed values on the context.

use super::current::CURRENT;
use std::{
    any::{Any, TypeId},
    cell::RefCell,
    fmt,
    sync::Arc,
};

/// The values on a context: a list that contexts share, the newest first.
#[derive(Clone)]
pub(crate) struct Values(Arc<Node>);

struct Node {
    value: Arc<dyn Any + Send + Sync>,
    next: Option<Values>,
}

thread_local! {
    static VALUES: RefCell<Option<Values>> = const { RefCell::new(None) };
}

/// Returns the value of type `T` that was attached last to the context of the call under way.
///
/// Values are attached by [`Context::with`](super::Context::with). Hooks, observers and
/// compensations read them too, since they run as part of the call.
///
/// # Examples
///
/// ```
/// use gardefou::call::{self, Context};
///
/// #[derive(Debug, PartialEq)]
/// struct RequestId(u64);
///
/// let context = Context::current().with(RequestId(7));
/// context.run(|| assert_eq!(*call::value::<RequestId>().unwrap(), RequestId(7)));
/// assert_eq!(call::value::<RequestId>(), None);
/// ```
#[must_use]
pub fn value<T: Send + Sync + 'static>() -> Option<Arc<T>> {
    Values::current()?.get()
}

impl Values {
    /// Returns the values on the context of the call under way.
    #[inline]
    pub(crate) fn current() -> Option<Self> {
        if CURRENT.with(|current| current.has_values.get()) {
            read()
        } else {
            None
        }
    }

    /// Adds a value to a list.
    pub(crate) fn with<T: Send + Sync + 'static>(next: Option<Self>, value: T) -> Self {
        Self(Arc::new(Node {
            value: Arc::new(value),
            next,
        }))
    }

    pub(crate) fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let mut next = Some(self);
        while let Some(Self(node)) = next {
            if (*node.value).type_id() == TypeId::of::<T>() {
                return Arc::clone(&node.value).downcast().ok();
            }
            next = node.next.as_ref();
        }
        None
    }
}

#[cold]
fn read() -> Option<Values> {
    VALUES
        .try_with(|values| values.borrow().clone())
        .ok()
        .flatten()
}

/// The values of this thread, until this is dropped.
#[must_use]
pub(crate) struct EnteredValues(Option<Values>);

impl EnteredValues {
    /// Replaces the values of this thread.
    pub(crate) fn enter(values: Option<Values>) -> Self {
        let outer = Values::current();
        replace(values);
        Self(outer)
    }
}

impl Drop for EnteredValues {
    fn drop(&mut self) {
        replace(self.0.take());
    }
}

/// Binds a function that runs later to the present values.
pub(crate) fn bind<R>(f: impl FnOnce() -> R) -> impl FnOnce() -> R {
    let values = Values::current();
    move || {
        let _entered = values.map(|values| EnteredValues::enter(Some(values)));
        f()
    }
}

/// Binds a future that runs later to the given values.
pub(crate) async fn bound<F: Future>(values: Option<Values>, future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|cx| {
        let _entered = values
            .clone()
            .map(|values| EnteredValues::enter(Some(values)));
        future.as_mut().poll(cx)
    })
    .await
}

fn replace(values: Option<Values>) {
    CURRENT.with(|current| current.has_values.set(values.is_some()));
    // A value is a user's, and so is its `Drop`: it runs after the borrow.
    let before = VALUES.try_with(|cell| cell.replace(values));
    drop(before);
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Values")
    }
}
