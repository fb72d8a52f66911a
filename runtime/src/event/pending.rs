//! Errors that were reported inside of an attempt, until it is known what became of the attempt.

use crate::{
    panics,
    scope::Captured,
    sync::Mutex,
    time::{Clock, SystemClock, Tick},
};
use std::{
    collections::HashMap,
    process,
    sync::{
        OnceLock,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

/// What became of the attempt in which an error was reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settlement {
    /// No other attempt follows, or the attempt went on without it: an error like any other.
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
    /// Settles the error. This calls observers, and what an observer breaks is its own.
    fn settle(self, settlement: Settlement) {
        let _entered = self.scope.enter();
        let settle = self.settle;
        let _ = panics::catch(|| settle(settlement));
    }
}

/// How long an error waits for its attempt.
const LONGEST: Duration = Duration::from_secs(60);
/// How many errors wait at most; beyond that each counts at once.
const MOST: usize = 10_000;

/// An error that waits. Not its identity: rejections share that of what opened their circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Held(u64);

/// The errors that wait. Whoever takes one out settles it, outside of the lock.
#[derive(Default)]
struct Errors(Mutex<HashMap<Held, Waiting>>);

impl Errors {
    /// Keeps an error; returns `false` where too many wait, and it was settled at once.
    fn hold_at(&self, now: Tick, held: Held, settle: Settle) -> bool {
        self.settle_overdue_at(now);
        let mut all = self.0.lock();
        if all.len() < MOST {
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

    fn settle_overdue_at(&self, now: Tick) {
        let mut all = self.0.lock();
        let overdue: Vec<_> = all
            .extract_if(|_, it| now.since(it.since) >= LONGEST)
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

/// Those of the process.
fn waiting() -> &'static Errors {
    static WAITING: OnceLock<Errors> = OnceLock::new();
    WAITING.get_or_init(Errors::default)
}

/// Keeps an error until it is [settled](settle), for a minute at most.
pub(crate) fn hold(settle: impl FnOnce(Settlement) + Send + 'static) -> Held {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // Relaxed: the values only have to differ.
    let held = Held(NEXT.fetch_add(1, Ordering::Relaxed));
    if waiting().hold_at(SystemClock.now(), held, Box::new(settle)) {
        start_watch();
    }
    held
}

/// The process whose thread settles what is overdue, or 0: in one that was forked, the parent's
/// thread does not run.
static WATCHED_BY: AtomicU32 = AtomicU32::new(0);

/// Starts that thread, unless it runs; it ends when nothing waits. A process that gets no thread
/// settles what is overdue when the next error is held.
fn start_watch() {
    // AcqRel, with the watch: of a thread that ends and a holder that comes, one sees the other.
    let process = process::id();
    if WATCHED_BY.swap(process, Ordering::AcqRel) != process
        && thread::Builder::new()
            .name("gardefou-attempts".into())
            .spawn(watch)
            .is_err()
    {
        WATCHED_BY.store(0, Ordering::Release);
    }
}

fn watch() {
    loop {
        SystemClock.sleep(LONGEST / 10);
        settle_overdue_at(SystemClock.now());
        if waiting().is_empty() {
            WATCHED_BY.store(0, Ordering::Release);
            // One that came in between found the thread still there.
            if waiting().is_empty() || WATCHED_BY.swap(process::id(), Ordering::AcqRel) != 0 {
                return;
            }
        }
    }
}

/// Settles an error; the first one to do so decides.
#[cold]
pub(crate) fn settle(held: Held, settlement: Settlement) {
    waiting().settle(held, settlement);
}

/// Settles what has waited for too long.
pub(crate) fn settle_overdue_at(now: Tick) {
    waiting().settle_overdue_at(now);
}

/// Settles everything, because the program ends; where test scopes are in use, what was reported
/// where the caller is.
pub(crate) fn settle_all() {
    waiting().settle_all();
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
        let (errors, settled) = (Errors::default(), Settled::default());
        let id = Held(1);
        assert!(errors.hold_at(Tick::default(), id, keeps(&settled, 1)));
        errors.settle(id, Settlement::Retried);
        errors.settle(id, Settlement::Error);
        errors.settle_all();
        assert_eq!(*settled.lock().unwrap(), [(1, Settlement::Retried)]);
    }

    #[test]
    fn overdue_errors_are_settled_as_errors_and_others_wait_on() {
        let (errors, settled) = (Errors::default(), Settled::default());
        let start = SystemClock.now();
        assert!(errors.hold_at(start, Held(2), keeps(&settled, 1)));
        assert!(errors.hold_at(
            start.after(Duration::from_secs(1)),
            Held(3),
            keeps(&settled, 2)
        ));
        errors.settle_overdue_at(start.after(LONGEST));
        assert_eq!(*settled.lock().unwrap(), [(1, Settlement::Error)]);
        assert!(!errors.is_empty());
    }

    #[test]
    fn beyond_the_bound_an_error_is_settled_at_once() {
        let (errors, settled) = (Errors::default(), Settled::default());
        let now = SystemClock.now();
        for number in 0..MOST {
            assert!(errors.hold_at(now, Held(number as u64), Box::new(|_| {})));
        }
        assert!(!errors.hold_at(now, Held(u64::MAX), keeps(&settled, 7)));
        assert_eq!(*settled.lock().unwrap(), [(7, Settlement::Error)]);
    }

    #[test]
    fn observer_that_panics_while_errors_are_settled_stops_no_other() {
        let (errors, settled) = (Errors::default(), Settled::default());
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
