//! Events of a breaker that wait until the lock is released.

use super::{
    opening::{Cause, Opening},
    state::Transition,
};
use crate::{
    event::{BreakerEvent, BreakerEventKind, RecordSlot},
    keyed::KeyedName,
};
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
        if self.waiting.len() < QUEUE_LIMIT || matches!(event.kind, QueuedKind::Transition { .. }) {
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
pub(super) struct QueuedEvent {
    pub(super) generation: u64,
    /// The opening that it belongs to.
    pub(super) opening: Option<Arc<Opening>>,
    pub(super) kind: QueuedKind,
}

#[derive(Clone, Debug)]
pub(super) enum QueuedKind {
    Transition {
        transition: Transition,
        cause: Option<Arc<Cause>>,
        /// The opening that ends where another one begins.
        previous: Option<Arc<Opening>>,
        /// How many calls the opening has rejected that ends, or goes on half-open.
        rejected: u64,
    },
    Rejected {
        retry_after: Option<Duration>,
    },
    Slow {
        elapsed: Duration,
        pending: bool,
    },
    Abandoned {
        elapsed: Duration,
    },
    ConfigClash {
        first: String,
        second: String,
    },
}

impl QueuedEvent {
    pub(super) fn as_event<'a>(&'a self, name: &'a KeyedName, shadow: bool) -> BreakerEvent<'a> {
        let id = |opening: &Option<Arc<Opening>>| opening.as_ref().map(|opening| opening.id());
        let kind = match &self.kind {
            QueuedKind::Transition {
                transition,
                cause,
                previous,
                rejected,
            } => BreakerEventKind::Transition {
                from: transition.from,
                to: transition.to,
                reason: transition.reason,
                consecutive_failures: transition.consecutive,
                lasts: transition.lasts,
                cause: cause.as_ref().map(|cause| cause.text()),
                previous: id(previous),
                rejected: *rejected,
            },
            &QueuedKind::Rejected { retry_after } => BreakerEventKind::Rejected { retry_after },
            &QueuedKind::Slow { elapsed, pending } => BreakerEventKind::Slow { elapsed, pending },
            &QueuedKind::Abandoned { elapsed } => BreakerEventKind::Abandoned { elapsed },
            QueuedKind::ConfigClash { first, second } => {
                BreakerEventKind::ConfigClash { first, second }
            }
        };
        BreakerEvent {
            name,
            key: name.key(),
            generation: self.generation,
            shadow,
            id: id(&self.opening),
            kind,
            record: RecordSlot::default(),
        }
    }
}
