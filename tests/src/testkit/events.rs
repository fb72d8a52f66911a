//! What observers received.

use super::lock::lock;
use gardefou::event::{Event, Subscription, subscribe};
use std::{
    fmt, mem,
    sync::{Arc, Mutex},
};

/// Collects something of each event of the process, until it is dropped.
pub struct Collected<T> {
    items: Arc<Mutex<Vec<T>>>,
    _subscription: Subscription,
}

/// Collects what a function makes of the events from now on.
pub fn collect<T: Send + 'static>(
    pick: impl Fn(&Event<'_>) -> Option<T> + Send + Sync + 'static,
) -> Collected<T> {
    let items = Arc::default();
    let sink: Arc<Mutex<Vec<T>>> = Arc::clone(&items);
    let observer = move |event: &Event<'_>| {
        if let Some(item) = pick(event) {
            lock(&sink).push(item);
        }
    };
    Collected {
        items,
        _subscription: subscribe(observer),
    }
}

impl<T> Collected<T> {
    /// Returns all so far.
    pub fn all(&self) -> Vec<T>
    where
        T: Clone,
    {
        lock(&self.items).clone()
    }

    /// Takes all so far.
    pub fn take(&self) -> Vec<T> {
        mem::take(&mut *lock(&self.items))
    }
}

impl<T: fmt::Debug> fmt::Debug for Collected<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&*lock(&self.items)).finish()
    }
}
