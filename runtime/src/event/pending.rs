//! Errors reported inside an attempt, held until they are settled.

use crate::{
    panics,
    scope::Captured,
    sync::Mutex,
    time::{self, Clock, SystemClock, Tick},
    worker,
};
use std::{
    collections::HashMap,
    process,
    sync::{
        LazyLock,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

/// How an error inside an attempt was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settlement {
    /// No other attempt follows, or the attempt succeeded all the same: an error like any other.
    Error,
    /// Another attempt follows.
    Retried,
}

type Settle = Box<dyn FnOnce(Settlement) + Send>;

struct Waiting {
    since: Tick,
    settle: Settle,
    /// The test scope in which the error was reported: it is settled there, by whatever thread.
    scope: Captured,
}

impl Waiting {
    /// Settles the error, which calls observers; a panic of one is contained.
    fn settle(self, settlement: Settlement) {
        let _entered = self.scope.enter();
        let settle = self.settle;
        let _ = panics::catch(|| settle(settlement));
    }
}

/// How long an error waits for its attempt to end.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// How many errors wait at most; beyond that each counts at once.
const MAX_HELD: usize = 10_000;

/// The number of an error that waits. The identity would not do: rejections share that of their
/// opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Held(u64);

/// The errors that wait. The thread that removes one settles it, outside the lock.
#[derive(Default)]
struct HeldErrors(Mutex<HashMap<Held, Waiting>>);

impl HeldErrors {
    /// Holds an error; returns `false` if too many wait, and it was settled at once.
    fn hold_at(&self, now: Tick, held: Held, settle: Settle) -> bool {
        self.settle_overdue_at(now);
        let mut all = self.0.lock();
        if all.len() < MAX_HELD {
            all.insert(
                held,
                Waiting {
                    since: now,
                    settle,
                    scope: Captured::current(),
                },
            );
            return true;
        }
        drop(all);
        settle(Settlement::Error);
        false
    }

    fn settle(&self, held: Held, settlement: Settlement) {
        let waiting = self.0.lock().remove(&held);
        if let Some(waiting) = waiting {
            waiting.settle(settlement);
        }
    }

    /// Settles every error that has waited for [`MAX_WAIT`].
    fn settle_overdue_at(&self, now: Tick) {
        let mut all = self.0.lock();
        let overdue: Vec<_> = all
            .extract_if(|_, it| now.since(it.since) >= MAX_WAIT)
            .collect();
        drop(all);
        for (_, waiting) in overdue {
            waiting.settle(Settlement::Error);
        }
    }

    fn settle_all(&self) {
        let all: Vec<_> = self
            .0
            .lock()
            .extract_if(|_, waiting| waiting.scope.is_current())
            .collect();
        for (_, waiting) in all {
            waiting.settle(Settlement::Error);
        }
    }

    fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }
}

/// The errors of the process. How long they have waited is measured on a clock that no test pauses: the
/// time of one test, which runs ahead, must not make the errors of others overdue.
static WAITING: LazyLock<HeldErrors> = LazyLock::new(HeldErrors::default);

/// Holds an error until it is [settled](settle), for a minute at most.
pub(crate) fn hold(settle: impl FnOnce(Settlement) + Send + 'static) -> Held {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // Relaxed: the values only have to differ.
    let held = Held(NEXT.fetch_add(1, Ordering::Relaxed));
    if WAITING.hold_at(time::unpaused(), held, Box::new(settle)) {
        start_watch();
    }
    held
}

/// The process whose thread settles overdue errors, or 0: in a forked process, the thread of the
/// parent does not run.
static WATCHED_BY: AtomicU32 = AtomicU32::new(0);

/// Starts the thread that settles overdue errors, unless it runs; it ends when nothing waits. If it
/// cannot be spawned, overdue errors are settled when the next one is held.
fn start_watch() {
    // AcqRel, with the watch: of a thread that ends and a holder that comes, one sees the other.
    let process = process::id();
    if WATCHED_BY.swap(process, Ordering::AcqRel) != process
        && worker::start("gardefou-attempts", Box::new(watch)).is_err()
    {
        WATCHED_BY.store(0, Ordering::Release);
    }
}

fn watch() {
    loop {
        SystemClock.sleep(MAX_WAIT / 10);
        WAITING.settle_overdue_at(time::unpaused());
        if WAITING.is_empty() {
            WATCHED_BY.store(0, Ordering::Release);
            // A holder that came in between found the thread still running.
            if WAITING.is_empty() || WATCHED_BY.swap(process::id(), Ordering::AcqRel) != 0 {
                return;
            }
        }
    }
}

/// Settles an error; the first one to do so decides.
#[cold]
pub(crate) fn settle(held: Held, settlement: Settlement) {
    WAITING.settle(held, settlement);
}

/// Settles every error, because the program ends; inside a test scope, those of the scope.
pub(crate) fn settle_all() {
    WAITING.settle_all();
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex as StdMutex, PoisonError};

    type Settled = Arc<StdMutex<Vec<(usize, Settlement)>>>;

    fn keeps(settled: &Settled, number: usize) -> Settle {
        let settled = Arc::clone(settled);
        Box::new(move |settlement| {
            settled
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((number, settlement));
        })
    }

    #[test]
    fn first_settlement_of_an_error_decides() {
        let (errors, settled) = (HeldErrors::default(), Settled::default());
        let id = Held(1);
        assert!(errors.hold_at(Tick::default(), id, keeps(&settled, 1)));
        errors.settle(id, Settlement::Retried);
        errors.settle(id, Settlement::Error);
        errors.settle_all();
        assert_eq!(*settled.lock().unwrap(), [(1, Settlement::Retried)]);
    }

    #[test]
    fn overdue_errors_are_settled_as_errors_and_others_still_wait() {
        let (errors, settled) = (HeldErrors::default(), Settled::default());
        let start = SystemClock.now();
        assert!(errors.hold_at(start, Held(2), keeps(&settled, 1)));
        assert!(errors.hold_at(
            start.after(Duration::from_secs(1)),
            Held(3),
            keeps(&settled, 2)
        ));
        errors.settle_overdue_at(start.after(MAX_WAIT));
        assert_eq!(*settled.lock().unwrap(), [(1, Settlement::Error)]);
        assert!(!errors.is_empty());
    }

    #[test]
    fn error_beyond_the_bound_is_settled_at_once() {
        let (errors, settled) = (HeldErrors::default(), Settled::default());
        let now = SystemClock.now();
        for number in 0..MAX_HELD {
            assert!(errors.hold_at(now, Held(number as u64), Box::new(|_| {})));
        }
        assert!(!errors.hold_at(now, Held(u64::MAX), keeps(&settled, 7)));
        assert_eq!(*settled.lock().unwrap(), [(7, Settlement::Error)]);
    }

    #[test]
    fn panic_while_settling_does_not_stop_other_errors() {
        let (errors, settled) = (HeldErrors::default(), Settled::default());
        let now = SystemClock.now();
        assert!(errors.hold_at(now, Held(6), Box::new(|_| panic!("broken observer"))));
        assert!(errors.hold_at(now, Held(7), keeps(&settled, 1)));
        errors.settle_all();
        assert_eq!(*settled.lock().unwrap(), [(1, Settlement::Error)]);
        assert!(errors.is_empty());
    }
}

#[cfg(all(test, loom))]
#[path = "tests/pending_loom.rs"]
mod loom_tests;
