//! Events of a breaker that wait until the lock is released.

use super::{opening::Opening, state::Transition};
use crate::event::{BreakerEvent, BreakerEventKind, RecordSlot};
use std::{collections::VecDeque, sync::Arc, time::Duration};

/// The events that wait to be delivered, in order.
#[derive(Debug, Default)]
pub(super) struct EventQueue {
    waiting: VecDeque<QueuedEvent>,
    /// Whether a thread delivers them; it goes on until none waits.
    is_delivering: bool,
}

impl EventQueue {
    /// Adds an event. Where a slow observer lets the queue grow too long, only changes of state are
    /// still added.
    pub(super) fn push(&mut self, event: QueuedEvent) {
        if self.waiting.len() < QUEUE_LIMIT || matches!(event, QueuedEvent::Transition { .. }) {
            self.waiting.push_back(event);
        }
    }

    /// Returns `true` if events wait that no thread delivers: the caller then does.
    pub(super) fn begin_delivery(&mut self) -> bool {
        let begins = !self.waiting.is_empty() && !self.is_delivering;
        self.is_delivering |= begins;
        begins
    }

    /// Takes the next event; the end of the queue ends the delivery.
    pub(super) fn next(&mut self) -> Option<QueuedEvent> {
        let event = self.waiting.pop_front();
        self.is_delivering = event.is_some();
        event
    }

    /// Leaves what waits to the next thread that finds it.
    pub(super) fn abandon_delivery(&mut self) {
        self.is_delivering = false;
    }
}

/// How many events may wait for a slow observer before all but changes of state are left out.
const QUEUE_LIMIT: usize = 1024;

/// An event, owned.
#[derive(Clone, Debug)]
pub(super) enum QueuedEvent {
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

impl QueuedEvent {
    pub(super) fn as_event<'a>(&'a self, name: &'a str, shadow: bool) -> BreakerEvent<'a> {
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
