//! Waits that block the thread.

use super::{
    held::{self, Answer, Held},
    inner::{Inner, Reason},
    ticket::Ticket,
};
use crate::{
    error::Rejection,
    sync::global::{Condvar, Mutex},
};
use std::{
    sync::Arc,
    task::{Poll, Wake, Waker},
    time::Duration,
};

/// Takes a slot, and blocks the thread while there is none.
#[inline]
pub(super) fn acquire(inner: &Arc<Inner>) -> Result<Held<'_>, Rejection> {
    match held::enter(inner, || Waker::from(parker())) {
        Answer::Admitted(held) => Ok(held),
        Answer::Rejected(reason) => Err(inner.reject(reason)),
        Answer::Queued(ticket, limit) => {
            wait(inner, ticket, limit).ok_or_else(|| inner.reject(Reason::TimedOut))
        }
    }
}

#[cold]
fn wait<'a>(inner: &Inner, mut ticket: Ticket<'a>, limit: Duration) -> Option<Held<'a>> {
    let clock = inner.clock();
    let deadline = clock.now().after(limit);
    if clock.try_sleep_at_once(limit) {
        return ticket.finish();
    }
    let parker = parker();
    let waker = Waker::from(Arc::clone(&parker));
    let mut left = limit;
    loop {
        if let Poll::Ready(held) = ticket.poll(&waker) {
            return held;
        }
        let is_over = parker.park(left);
        left = deadline.since(clock.now());
        if is_over || left.is_zero() {
            return ticket.finish();
        }
    }
}

thread_local! {
    /// Made once for each thread that waits. A thread waits for one slot at a time.
    static PARKER: Arc<Parker> = Arc::default();
}

fn parker() -> Arc<Parker> {
    // A thread that is ending has none any more.
    PARKER.try_with(Arc::clone).unwrap_or_default()
}

/// Blocks a thread until its waker is called.
#[derive(Debug, Default)]
struct Parker {
    is_woken: Mutex<bool>,
    condvar: Condvar,
}

impl Parker {
    /// Blocks until woken, once for each wake, or for `limit`; returns `true` if that has passed.
    fn park(&self, limit: Duration) -> bool {
        let waiting = self.is_woken.lock();
        let mut woken = self
            .condvar
            .wait_timeout_while(waiting, limit, |is_woken| !*is_woken);
        !std::mem::replace(&mut *woken, false)
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        *self.is_woken.lock() = true;
        self.condvar.notify_one();
    }
}
