//! Observers of one breaker, and the delivery of its events.

use super::event_queue::QueuedEvent;
use crate::{
    event::{self, Event, Observer},
    keyed::KeyedName,
    panics,
    sync::RwLock,
};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tracing::level_filters::LevelFilter;

/// The observers of one breaker.
#[derive(Default)]
pub(super) struct Observers {
    /// How many there are, readable without the lock.
    count: AtomicUsize,
    list: RwLock<Vec<Registered>>,
}

#[derive(Clone)]
struct Registered {
    id: usize,
    observer: Arc<dyn Observer>,
}

impl Observers {
    /// Returns `true` if an event of this log level reaches an observer or the log.
    #[inline]
    pub(super) fn are_listening(&self, logged: LevelFilter) -> bool {
        // Relaxed: the event of a call that races with a subscription may or may not be delivered.
        self.count.load(Ordering::Relaxed) != 0
            || event::has_observers()
            || LevelFilter::current() >= logged
    }

    /// Delivers an event to the log, this breaker's observers, and those of the whole process. No
    /// lock is held while they run.
    pub(super) fn deliver(&self, name: &KeyedName, shadow: bool, event: &QueuedEvent) {
        let event = event.as_event(name, shadow);
        event::log_breaker(&event);
        if self.count.load(Ordering::Relaxed) != 0 {
            let list = self.list.read().clone();
            for entry in list {
                // A panic of an observer must not reach the call that the event is about.
                let _ = panics::catch(|| entry.observer.on_event(&Event::Breaker(event)));
            }
        }
        event::emit(|| Event::Breaker(event));
    }

    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    fn change<T>(&self, edit: impl FnOnce(&mut Vec<Registered>) -> T) -> T {
        let mut list = self.list.write();
        let removed = edit(&mut list);
        self.count.store(list.len(), Ordering::Relaxed);
        removed
    }

    pub(super) fn add(&self, observer: Arc<dyn Observer>) -> usize {
        static NEXT_ID: AtomicUsize = AtomicUsize::new(0);
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        self.change(|list| list.push(Registered { id, observer }));
        id
    }

    pub(super) fn remove(&self, id: usize) {
        let removed = self.change(|list| {
            list.extract_if(.., |entry| entry.id == id)
                .collect::<Vec<_>>()
        });
        // Dropped after the lock is released: an observer is user code, and its `Drop` may call the
        // breaker.
        drop(removed);
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observers")
            .field("count", &self.count)
            .finish()
    }
}
