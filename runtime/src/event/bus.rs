//! The process-wide list of observers.

use super::{Event, RecordCell};
use crate::panics;
use std::sync::{
    Arc, Once, PoisonError, RwLock,
    atomic::{AtomicUsize, Ordering},
};

/// Receives every event.
///
/// Observers run on the thread that caused the event, after every lock of the policy is gone: they may call back into
/// any policy. They should be quick. A panic of one is contained, and the next observer runs.
pub trait Observer: Send + Sync + 'static {
    /// Called for every event.
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
pub struct Subscription(usize);

struct Entry {
    id: usize,
    observer: Arc<dyn Observer>,
}

/// How many observers there are, readable without the lock.
static COUNT: AtomicUsize = AtomicUsize::new(0);
static NEXT_ID: AtomicUsize = AtomicUsize::new(0);
/// Copied on each change, so that an event is passed to the observers of one moment.
static OBSERVERS: RwLock<Option<Arc<[Entry]>>> = RwLock::new(None);

/// Subscribes an observer to every event of the process from now on.
///
/// # Examples
///
/// ```
/// use gardefou::event::{Event, subscribe};
///
/// let subscription = subscribe(|event: &Event<'_>| eprintln!("{event:?}"));
/// drop(subscription);
/// ```
pub fn subscribe(observer: impl Observer) -> Subscription {
    let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
    let entry = Entry { id, observer: Arc::new(observer) };
    change(|all| all.push(entry));
    Subscription(id)
}

impl Subscription {
    /// Keeps the observer subscribed until the process ends.
    pub fn forever(self) {
        std::mem::forget(self);
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        change(|all| all.retain(|entry| entry.id != self.0));
    }
}

fn change(edit: impl FnOnce(&mut Vec<Entry>)) {
    let mut list = OBSERVERS.write().unwrap_or_else(PoisonError::into_inner);
    let old = list.iter().flat_map(|all| all.iter());
    let mut all: Vec<Entry> = old.map(|entry| Entry { id: entry.id, observer: Arc::clone(&entry.observer) }).collect();
    edit(&mut all);
    // Relaxed is enough: a call that races with a subscription may or may not be heard.
    COUNT.store(all.len(), Ordering::Relaxed);
    let before = list.replace(all.into());
    drop(list);
    // Dropped after the lock: what an observer owns is the user's, and its `Drop` may subscribe or report.
    drop(before);
}

/// Returns `true` if there is an observer, for callers that must prepare an event before they can emit it.
#[inline]
pub(crate) fn is_heard() -> bool {
    COUNT.load(Ordering::Relaxed) != 0
}

/// An observer that belongs to every program: it is started before the first error is published, so that a program that
/// never asks for it misses nothing. Layers above submit theirs at link time; this one cannot name them.
pub(crate) struct Starter(pub(crate) fn());

inventory::collect!(Starter);

/// Starts the observers that belong to every program, once.
#[cold]
pub(crate) fn start_observers() {
    // Who comes second waits until they run. A starter must not report: it would wait for itself.
    static STARTED: Once = Once::new();
    STARTED.call_once(|| inventory::iter::<Starter>().for_each(|starter| (starter.0)()));
}

/// Passes an event, which is built only if there is an observer, to all of them. They share its record: that of the
/// cell that the event has already, or one made here.
#[inline]
pub(crate) fn emit<'a>(build: impl FnOnce() -> Event<'a>) {
    if is_heard() {
        let cell = RecordCell::default();
        let mut event = build();
        event.share_record(&cell);
        tell(&event);
    }
}

#[cold]
fn tell(event: &Event<'_>) {
    let observers = OBSERVERS.read().unwrap_or_else(PoisonError::into_inner).clone();
    for entry in observers.iter().flat_map(|all| all.iter()) {
        // What an observer breaks is its own; the call that is being told of goes on.
        let _ = panics::catch(|| entry.observer.on_event(event));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        AppError, ErrorCode,
        event::{AlertLevel, ErrorEvent},
    };
    use std::sync::Mutex;

    #[test]
    fn a_panicking_observer_does_not_keep_the_next_from_hearing() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (ours, sink) = ("bus-test-operation", Arc::clone(&heard));
        let first = subscribe(move |event: &Event<'_>| {
            assert!(!matches!(event, Event::Error(e) if e.operation == ours), "a faulty observer");
        });
        let second = subscribe(move |event: &Event<'_>| {
            if let Event::Error(error) = event {
                sink.lock().unwrap().push(error.operation.to_owned());
            }
        });
        let err = AppError::new(ErrorCode::UNKNOWN_ERROR, "boom");
        let tell_once =
            || emit(|| Event::Error(ErrorEvent::of_app_error(&err, AlertLevel::Error, ours, module_path!())));
        tell_once();
        drop((first, second));
        tell_once();
        assert_eq!(heard.lock().unwrap().iter().filter(|name| *name == ours).count(), 1);
    }
}
