//! Who hears of a breaker's events, and in which form.

use super::{locked::Opening, state::Transition};
use crate::{
    event::{self, BreakerEvent, BreakerEventKind, Event, Observer, RecordSlot},
    panics,
    sync::RwLock,
};
use std::{
    fmt,
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tracing::level_filters::LevelFilter;

/// How many events may wait for a slow observer before those that are no change of state are left
/// out.
pub(super) const TOLD_LIMIT: usize = 1024;

/// An event in the form in which it waits for its turn.
#[derive(Clone, Debug)]
pub(super) enum Told {
    Transition {
        transition: Transition,
        cause: Option<Box<str>>,
        /// The opening that begins with it.
        began: Option<Arc<Opening>>,
        /// The opening that ends with it, or goes on half-open.
        ended: Option<Arc<Opening>>,
        /// How many calls the latter has rejected.
        rejected: u64,
    },
    Rejected {
        generation: u64,
        retry_after: Option<Duration>,
        opening: Option<Arc<Opening>>,
    },
    Slow {
        generation: u64,
        elapsed: Duration,
        pending: bool,
    },
    Abandoned {
        generation: u64,
        elapsed: Duration,
    },
    ConfigClash {
        generation: u64,
        first: String,
        second: String,
    },
}

impl Told {
    fn as_event<'a>(&'a self, name: &'a str, shadow: bool) -> BreakerEvent<'a> {
        let id = |opening: &Option<Arc<Opening>>| opening.as_ref().map(|opening| opening.id());
        let (generation, id, kind) = match *self {
            Self::Transition {
                transition: t,
                ref cause,
                ref began,
                ref ended,
                rejected,
            } => (
                t.generation,
                id(began).or_else(|| id(ended)),
                BreakerEventKind::Transition {
                    from: t.from,
                    to: t.to,
                    reason: t.reason,
                    consecutive_failures: t.consecutive,
                    lasts: t.lasts,
                    cause: cause.as_deref(),
                    previous: id(ended).filter(|_| began.is_some()),
                    rejected,
                },
            ),
            Self::Rejected {
                generation,
                retry_after,
                ref opening,
            } => (
                generation,
                id(opening),
                BreakerEventKind::Rejected { retry_after },
            ),
            Self::Slow {
                generation,
                elapsed,
                pending,
            } => (
                generation,
                None,
                BreakerEventKind::Slow { elapsed, pending },
            ),
            Self::Abandoned {
                generation,
                elapsed,
            } => (generation, None, BreakerEventKind::Abandoned { elapsed }),
            Self::ConfigClash {
                generation,
                ref first,
                ref second,
            } => (
                generation,
                None,
                BreakerEventKind::ConfigClash { first, second },
            ),
        };
        BreakerEvent {
            name,
            generation,
            shadow,
            id,
            kind,
            record: RecordSlot::default(),
        }
    }
}

/// The observers of one breaker.
pub(super) struct Observers {
    /// How many there are, readable without the lock.
    count: AtomicUsize,
    list: RwLock<Vec<Entry>>,
}

#[derive(Clone)]
struct Entry {
    id: usize,
    observer: Arc<dyn Observer>,
}

impl Observers {
    pub(super) fn new() -> Self {
        Self {
            count: AtomicUsize::new(0),
            list: RwLock::new(Vec::new()),
        }
    }

    /// Tells whether anybody would hear of an event that is logged at this level.
    #[inline]
    pub(super) fn are_listening(&self, logged: LevelFilter) -> bool {
        // Relaxed: a call that races with a subscription may or may not be heard.
        self.count.load(Ordering::Relaxed) != 0
            || event::has_observers()
            || LevelFilter::current() >= logged
    }

    /// Tells the log, this breaker's observers, and those of the whole process. No lock is held
    /// while they run.
    pub(super) fn tell(&self, name: &str, shadow: bool, told: &Told) {
        let event = told.as_event(name, shadow);
        event::log_breaker(&event);
        if self.count.load(Ordering::Relaxed) != 0 {
            let list = self.list.read().clone();
            for entry in list {
                // What an observer breaks is its own; the call that is being told of goes on.
                let _ = panics::catch(|| entry.observer.on_event(&Event::Breaker(event)));
            }
        }
        event::emit(|| Event::Breaker(event));
    }

    fn change<T>(&self, edit: impl FnOnce(&mut Vec<Entry>) -> T) -> T {
        let mut list = self.list.write();
        let removed = edit(&mut list);
        self.count.store(list.len(), Ordering::Relaxed);
        removed
    }

    pub(super) fn add(&self, observer: Arc<dyn Observer>) -> usize {
        static NEXT_ID: AtomicUsize = AtomicUsize::new(0);
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        self.change(|list| list.push(Entry { id, observer }));
        id
    }

    fn remove(&self, id: usize) {
        let removed = self.change(|list| {
            list.extract_if(.., |entry| entry.id == id)
                .collect::<Vec<_>>()
        });
        // Dropped after the lock: what an observer owns is the user's, and its `Drop` may come back
        // to the breaker.
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

/// Keeps an observer of one breaker subscribed; dropping it ends that.
#[derive(Debug)]
#[must_use = "dropping a subscription ends it"]
pub struct BreakerSubscription {
    pub(super) breaker: Weak<super::shared::Shared>,
    pub(super) id: usize,
}

impl BreakerSubscription {
    /// Keeps the observer subscribed as long as the breaker lives.
    pub fn forever(self) {
        std::mem::forget(self);
    }
}

impl Drop for BreakerSubscription {
    fn drop(&mut self) {
        if let Some(breaker) = self.breaker.upgrade() {
            breaker.observers.remove(self.id);
        }
    }
}
