//! The process-wide list of observers.

use super::{
    depth,
    kinds::Event,
    log_level::LogLevel,
    record::cell::RecordCell,
    retry::{self, RetryEvent},
};
use crate::sync::global::RwLock;
use crate::{panics, scope};
use std::{
    fmt,
    sync::{
        Arc, Once, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Receives every event.
///
/// Observers run on the thread that caused the event, after every lock of the policy is released:
/// they may call back into any policy. They should be quick. A panic of one is contained, and the
/// next observer runs. An observer that causes events itself is called for those too, up to 4
/// levels deep: see [`dropped`](super::dropped).
pub trait Observer: Send + Sync + 'static {
    /// Called for every event.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, event::{Event, Observer, subscribe}};
    /// use std::sync::{Arc, atomic::{AtomicU32, Ordering}};
    ///
    /// struct ErrorCounter(Arc<AtomicU32>);
    ///
    /// impl Observer for ErrorCounter {
    ///     fn on_event(&self, event: &Event<'_>) {
    ///         if let Event::Error(_) = event {
    ///             self.0.fetch_add(1, Ordering::Relaxed);
    ///         }
    ///     }
    /// }
    ///
    /// let errors = Arc::new(AtomicU32::new(0));
    /// let _subscription = subscribe(ErrorCounter(Arc::clone(&errors)));
    /// gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, "out of step"));
    /// assert_eq!(errors.load(Ordering::Relaxed), 1);
    /// ```
    fn on_event(&self, event: &Event<'_>);
}

impl<F: Fn(&Event<'_>) + Send + Sync + 'static> Observer for F {
    fn on_event(&self, event: &Event<'_>) {
        self(event);
    }
}

/// Keeps an observer subscribed; dropping it ends that.
#[derive(Debug)]
#[must_use = "dropping a subscription ends it"]
pub struct Subscription {
    /// `None` where it does not end.
    id: Option<usize>,
    /// The list of the test scope that it belongs to; `None` for that of the process.
    of_scope: Option<Weak<Observers>>,
}

#[derive(Clone)]
struct Subscriber {
    id: usize,
    observer: Arc<dyn Observer>,
}

/// The observers of the process or of a test scope. Copied on each change, so that an event is
/// passed on from a list that does not change meanwhile.
#[derive(Default)]
struct Observers(RwLock<Option<Arc<[Subscriber]>>>);

/// How many observers the process has, readable without the lock.
static COUNT: AtomicUsize = AtomicUsize::new(0);
static NEXT_ID: AtomicUsize = AtomicUsize::new(0);
static OBSERVERS: Observers = Observers(RwLock::new(None));

/// Subscribes an observer to every event of the process from now on; inside a test scope, to every
/// event of that scope.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, event::{Event, subscribe}};
/// use std::sync::{Arc, Mutex};
///
/// let codes = Arc::new(Mutex::new(Vec::new()));
/// let sink = Arc::clone(&codes);
/// let subscription = subscribe(move |event: &Event<'_>| {
///     if let Event::Error(error) = event {
///         sink.lock().unwrap().push(error.code);
///     }
/// });
/// gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, "out of step"));
/// drop(subscription);
/// gardefou::report(&AppError::new(ErrorCode::TIMEOUT_ERROR, "no answer"));
/// assert_eq!(*codes.lock().unwrap(), [ErrorCode::SYNC_ERROR]);
/// ```
pub fn subscribe(observer: impl Observer) -> Subscription {
    let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
    let subscriber = Subscriber {
        id,
        observer: Arc::new(observer),
    };
    let of_scope = scope::part(|_| Observers::default());
    match &of_scope {
        Some(list) => drop(list.change(|all| all.push(subscriber))),
        None => change(|all| all.push(subscriber)),
    }
    Subscription {
        id: Some(id),
        of_scope: of_scope.as_ref().map(Arc::downgrade),
    }
}

impl Subscription {
    /// Keeps the observer subscribed until the process ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, event::{Event, subscribe}};
    /// use std::sync::{Arc, Mutex};
    ///
    /// let seen = Arc::new(Mutex::new(Vec::new()));
    /// let sink = Arc::clone(&seen);
    /// subscribe(move |event: &Event<'_>| {
    ///     if let Event::Error(error) = event {
    ///         sink.lock().unwrap().push(error.id);
    ///     }
    /// })
    /// .forever();
    /// let err = AppError::new(ErrorCode::SYNC_ERROR, "out of step");
    /// gardefou::report(&err);
    /// assert_eq!(*seen.lock().unwrap(), [err.id()]);
    /// ```
    pub fn forever(mut self) {
        self.id = None;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let Some(id) = self.id else { return };
        let end = |all: &mut Vec<Subscriber>| all.retain(|entry| entry.id != id);
        match &self.of_scope {
            None => change(end),
            Some(list) => drop(list.upgrade().map(|list| list.change(end))),
        }
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observers")
    }
}

impl Observers {
    /// Changes the list. What was in it is dropped by the caller, after the lock: what an observer
    /// owns is the user's, and its `Drop` may subscribe or report.
    fn change(&self, edit: impl FnOnce(&mut Vec<Subscriber>)) -> Option<Arc<[Subscriber]>> {
        self.change_then(edit, |_| ())
    }

    /// Changes the list, and publishes its length before the lock is released.
    fn change_then(
        &self,
        edit: impl FnOnce(&mut Vec<Subscriber>),
        publish: impl FnOnce(usize),
    ) -> Option<Arc<[Subscriber]>> {
        let mut list = self.0.write();
        let mut all = list.as_deref().unwrap_or_default().to_vec();
        edit(&mut all);
        publish(all.len());
        list.replace(all.into())
    }

    fn dispatch(&self, event: &Event<'_>) {
        let observers = self.0.read().clone();
        for entry in observers.iter().flat_map(|all| all.iter()) {
            // A panic must not reach the call that the event is about.
            let _ = panics::catch(|| entry.observer.on_event(event));
        }
    }
}

fn change(edit: impl FnOnce(&mut Vec<Subscriber>)) {
    // Relaxed is enough: an event that races with a subscription may or may not reach the observer.
    drop(OBSERVERS.change_then(edit, |len| COUNT.store(len, Ordering::Relaxed)));
}

/// Returns `true` if there is an observer, for callers that must prepare an event before they can
/// emit it.
#[inline]
pub(crate) fn has_observers() -> bool {
    COUNT.load(Ordering::Relaxed) != 0 || scope::is_entered()
}

/// Starts an observer that every program has, before the first error is published. Layers above
/// submit theirs at link time, since this layer cannot name them.
pub(crate) struct Starter(pub(crate) fn());

inventory::collect!(Starter);

/// Starts the observers that every program has, once.
#[cold]
pub(crate) fn start_observers() {
    // Other threads wait until the observers run. A starter must not report: it would wait for
    // itself.
    static STARTED: Once = Once::new();
    // A test scope has its own observers from the start.
    if scope::is_entered() {
        return;
    }
    STARTED.call_once(|| inventory::iter::<Starter>().for_each(|starter| (starter.0)()));
}

/// Passes an event to all observers; it is built only if there is one. They share its record, in
/// the cell that the event has already or in one made here.
#[inline]
pub(crate) fn emit<'a>(build: impl FnOnce() -> Event<'a>) {
    if has_observers() {
        let cell = RecordCell::default();
        let mut event = build();
        event.share_record(&cell);
        dispatch(&event);
    }
}

/// Logs an event of a retry, and passes it to observers; `between` is the level of the lines
/// between attempts.
#[cold]
pub(crate) fn publish_retry(event: &RetryEvent<'_>, between: LogLevel) {
    retry::log(event, between);
    start_observers();
    emit(|| Event::Retry(*event));
}

#[cold]
fn dispatch(event: &Event<'_>) {
    let Some(_nested) = depth::enter_event() else {
        return;
    };
    match scope::part(|_| Observers::default()) {
        Some(list) => list.dispatch(event),
        None => OBSERVERS.dispatch(event),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        error::{AppError, ErrorCode},
        event::{error::ErrorEvent, severity::Severity},
    };
    use std::sync::Mutex;

    #[test]
    fn panicking_observer_does_not_stop_the_next() {
        let received = Arc::new(Mutex::new(Vec::new()));
        let (ours, sink) = ("bus-test-operation", Arc::clone(&received));
        let first = subscribe(move |event: &Event<'_>| {
            assert!(
                !matches!(event, Event::Error(e) if e.operation == ours),
                "a faulty observer"
            );
        });
        let second = subscribe(move |event: &Event<'_>| {
            if let Event::Error(error) = event {
                sink.lock().unwrap().push(error.operation.to_owned());
            }
        });
        let err = AppError::new(ErrorCode::UNKNOWN_ERROR, "boom");
        let emit_once = || {
            emit(|| {
                Event::Error(ErrorEvent::from_app_error(
                    &err,
                    Severity::Error,
                    ours,
                    module_path!(),
                ))
            });
        };
        emit_once();
        drop((first, second));
        emit_once();
        assert_eq!(
            received
                .lock()
                .unwrap()
                .iter()
                .filter(|name| *name == ours)
                .count(),
            1
        );
    }
}
