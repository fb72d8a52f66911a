//! Errors that were reported inside of an attempt, until it is known what became of the attempt.

use crate::{
    panics,
    scope::Captured,
    sync::Mutex,
    time::{Clock, SystemClock, Tick},
};
use std::{
    collections::HashMap,
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
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

fn waiting() -> &'static Mutex<HashMap<Held, Waiting>> {
    static WAITING: OnceLock<Mutex<HashMap<Held, Waiting>>> = OnceLock::new();
    WAITING.get_or_init(Mutex::default)
}

/// Keeps an error until it is [settled](settle), for a minute at most.
pub(crate) fn hold(settle: impl FnOnce(Settlement) + Send + 'static) -> Held {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // Relaxed: the values only have to differ.
    let held = Held(NEXT.fetch_add(1, Ordering::Relaxed));
    let now = SystemClock.now();
    settle_overdue_at(now);
    let mut all = waiting().lock();
    if all.len() < MOST {
        all.insert(held, Waiting { since: now, settle: Box::new(settle), scope: Captured::current() });
        drop(all);
        start_watch();
    } else {
        drop(all);
        settle(Settlement::Error);
    }
    held
}

/// Whether the thread runs that settles what is overdue.
static IS_WATCHED: AtomicBool = AtomicBool::new(false);

/// Starts that thread, unless it runs; it ends when nothing waits. A process that gets no thread settles what is overdue
/// when the next error is held.
fn start_watch() {
    // AcqRel, with the watch: of a thread that ends and a holder that comes, one sees the other.
    if !IS_WATCHED.swap(true, Ordering::AcqRel)
        && thread::Builder::new().name("gardefou-attempts".into()).spawn(watch).is_err()
    {
        IS_WATCHED.store(false, Ordering::Release);
    }
}

fn watch() {
    loop {
        SystemClock.sleep(LONGEST / 10);
        settle_overdue_at(SystemClock.now());
        if waiting().lock().is_empty() {
            IS_WATCHED.store(false, Ordering::Release);
            // One that came in between found the thread still there.
            if waiting().lock().is_empty() || IS_WATCHED.swap(true, Ordering::AcqRel) {
                return;
            }
        }
    }
}

/// Settles an error; the first one to do so decides.
#[cold]
pub(crate) fn settle(held: Held, settlement: Settlement) {
    let waiting = waiting().lock().remove(&held);
    if let Some(waiting) = waiting {
        waiting.settle(settlement);
    }
}

/// Settles what has waited for too long.
pub(crate) fn settle_overdue_at(now: Tick) {
    let mut all = waiting().lock();
    let overdue: Vec<Held> =
        all.iter().filter(|(_, it)| now.since(it.since) >= LONGEST).map(|(held, _)| *held).collect();
    let overdue: Vec<Waiting> = overdue.iter().filter_map(|held| all.remove(held)).collect();
    drop(all);
    for waiting in overdue {
        waiting.settle(Settlement::Error);
    }
}

/// Settles everything, because the program ends; where test scopes are in use, what was reported where the caller is.
pub(crate) fn settle_all() {
    let all: Vec<_> = waiting().lock().extract_if(|_, waiting| waiting.scope.is_current()).collect();
    for (_, waiting) in all {
        waiting.settle(Settlement::Error);
    }
}
