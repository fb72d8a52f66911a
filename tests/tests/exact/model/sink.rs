//! Sinks of events: one per tree, by the thread that runs it.

use gardefou::{
    event::{Event, subscribe},
    monitor::RecordState,
};
use std::{
    cell::RefCell,
    sync::{Arc, Mutex, Once, PoisonError},
};

/// An error event.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) id: String,
    pub(super) text: String,
    /// `None` for an [`Event::Error`].
    pub(super) provisional: Option<RecordState>,
}

/// The events of one tree at a time.
pub(super) type Sink = Arc<Mutex<Vec<Seen>>>;

thread_local! {
    static CURRENT: RefCell<Option<Sink>> = const { RefCell::new(None) };
}

pub(super) fn current() -> Option<Sink> {
    CURRENT.with_borrow(Clone::clone)
}

pub(super) fn set(sink: Option<Sink>) {
    CURRENT.set(sink);
}

/// Takes the events of a sink.
pub(super) fn take(sink: &Sink) -> Vec<Seen> {
    std::mem::take(&mut *sink.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Puts each error event from now on into the sink of the thread that it happens on.
pub(super) fn collect() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| subscribe(put).forever());
}

fn put(event: &Event<'_>) {
    let (error, provisional) = match event {
        Event::Error(error) => (error, None),
        Event::Provisional(error) => (error, Some(error.state)),
        _ => return,
    };
    if let Some(sink) = current() {
        let seen = Seen {
            id: error.id.to_string(),
            text: error.error.to_string(),
            provisional,
        };
        sink.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(seen);
    }
}
