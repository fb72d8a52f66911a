//! Stores, and the updates that they pass on.

use super::{
    handle::Inbox,
    operation::{Operation, Reply, SharedState},
};
use std::{
    error::Error,
    fmt,
    sync::{Arc, Weak},
};

/// Where the instances of a fleet share their state.
///
/// Its methods run on a thread of the fleet, never on that of a call. A call of [`run`](Self::run) must end: bound every
/// wait for a server, for example to 250 ms. While it runs, and after it fails, every breaker decides alone.
///
/// # Examples
///
/// A store that counts what it is asked for, around another one:
///
/// ```
/// use gardefou::fleet::{MemoryStore, Updates, Operation, Reply, Store, StoreError};
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// struct Counting(MemoryStore, AtomicUsize);
///
/// impl Store for Counting {
///     fn run(&self, operations: &[Operation]) -> Vec<Result<Reply, StoreError>> {
///         self.1.fetch_add(operations.len(), Ordering::Relaxed);
///         self.0.run(operations)
///     }
///
///     fn subscribe(&self, updates: Updates) {
///         self.0.subscribe(updates);
///     }
/// }
///
/// let store = Counting(MemoryStore::new(), AtomicUsize::new(0));
/// assert!(store.run(&[]).is_empty());
/// assert_eq!(store.1.into_inner(), 0);
/// ```
pub trait Store: Send + Sync + 'static {
    /// Applies operations, each as a whole, and returns a result for each in their order.
    ///
    /// A result that is missing counts as a failure.
    fn run(&self, operations: &[Operation]) -> Vec<Result<Reply, StoreError>>;

    /// Begins to pass on what other instances change; does nothing by default, so that the state is read five times a
    /// second instead.
    ///
    /// Called once, when the fleet starts, on a thread of the fleet. It must return: a store that waits for a server
    /// does so on a thread of its own, which ends when [`Updates::are_wanted`] returns `false`.
    fn subscribe(&self, updates: Updates) {
        let _ = updates;
    }
}

impl<S: Store + ?Sized> Store for Arc<S> {
    fn run(&self, operations: &[Operation]) -> Vec<Result<Reply, StoreError>> {
        (**self).run(operations)
    }

    fn subscribe(&self, updates: Updates) {
        (**self).subscribe(updates);
    }
}

/// A change of the state of a shared breaker, as a store publishes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// The name of the fleet; updates of other fleets are ignored.
    pub fleet: Arc<str>,
    /// The name of the breaker, with its key.
    pub breaker: Arc<str>,
    /// The state after the change.
    pub state: SharedState,
}

/// Where a store passes on updates. Cheap to clone; it keeps no fleet alive.
#[derive(Clone, Debug)]
pub struct Updates(pub(super) Weak<Inbox>);

impl Updates {
    /// Passes an update on.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::fleet::{Update, Updates, SharedState};
    ///
    /// fn on_message(updates: &Updates, fleet: &str, breaker: &str, state: SharedState) {
    ///     updates.deliver(Update { fleet: fleet.into(), breaker: breaker.into(), state });
    /// }
    /// ```
    pub fn deliver(&self, update: Update) {
        if let Some(inbox) = self.0.upgrade() {
            inbox.push_update(update);
        }
    }

    /// Sets whether updates arrive: while they do, the state is read every five seconds only.
    ///
    /// Call it with `true` once the subscription is established, and with `false` when it is lost. After each call the
    /// fleet reads the state of all breakers, since updates may have been missed.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::fleet::Updates;
    ///
    /// fn on_connection_lost(updates: &Updates) {
    ///     updates.set_arriving(false);
    /// }
    /// ```
    pub fn set_arriving(&self, arriving: bool) {
        if let Some(inbox) = self.0.upgrade() {
            inbox.set_arriving(arriving);
        }
    }

    /// Returns `true` until the fleet has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::fleet::Updates;
    ///
    /// fn read_messages(updates: &Updates) {
    ///     while updates.are_wanted() {
    ///         // Wait for the next message, with a limit.
    /// #       break;
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn are_wanted(&self) -> bool {
        self.0.upgrade().is_some_and(|inbox| !inbox.is_ended())
    }
}

/// The error of a store that did not answer, or refused an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError {
    text: Box<str>,
}

impl StoreError {
    /// Makes an error. The text is shown in the log and by health checks: it must not have credentials.
    ///
    /// # Examples
    ///
    /// ```
    /// let err = gardefou::fleet::StoreError::new("no answer within 250 ms");
    /// assert_eq!(err.to_string(), "no answer within 250 ms");
    /// ```
    #[must_use]
    pub fn new(text: impl fmt::Display) -> Self {
        Self {
            text: text.to_string().into(),
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl Error for StoreError {}
