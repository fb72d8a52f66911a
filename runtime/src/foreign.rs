//! Readings that run code of the program, which may hang, and what is known of them meanwhile.

use crate::{
    panics,
    scope::Captured,
    sync::global::Mutex,
    worker::{self, Wakeup},
};
use std::{fmt, sync::Arc, time::Duration};

/// Reads a value by code of the program, which may hang, and remembers the last one.
///
/// A journal of the program may be asked for its status, and never answer. Each reading runs on a thread
/// of its own. Whoever reads waits for a bounded time, and gets the last known value then; while a reading
/// hangs nobody waits for it any more, and none is begun beside it. The next reading after it has ended
/// is a new one.
///
/// Cheap to clone; clones share what is known.
///
/// # Examples
///
/// ```
/// use gardefou::telemetry::ForeignReader;
/// use std::{sync::mpsc, time::Duration};
///
/// let reader = ForeignReader::default();
/// let first = reader.read(Duration::MAX, || 7);
/// assert_eq!((first.value, first.is_fresh), (Some(7), true));
///
/// let (release, held) = mpsc::channel::<()>();
/// let hangs = move || held.recv().map_or(8, |()| 9);
/// let second = reader.read(Duration::ZERO, hangs);
/// assert_eq!((second.value, second.is_fresh), (Some(7), false));
/// drop(release);
/// ```
pub struct ForeignReader<T>(Arc<Mutex<State<T>>>);

struct State<T> {
    /// The value of the last reading that returned one.
    last: Option<T>,
    /// How many readings were begun, and which of them returned the value.
    begun: u64,
    returned: u64,
    is_reading: bool,
}

/// What is known of a value that code of the program returns.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastKnown<T> {
    /// `None` where no reading has returned a value yet.
    pub value: Option<T>,
    /// Whether it is the value of the reading that was asked for, and not an earlier one because a
    /// reading hangs or has panicked.
    pub is_fresh: bool,
}

impl<T> Default for ForeignReader<T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State {
            last: None,
            begun: 0,
            returned: 0,
            is_reading: false,
        })))
    }
}

impl<T> Clone for ForeignReader<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for ForeignReader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForeignReader").finish_non_exhaustive()
    }
}

impl<T: Clone + Send + 'static> ForeignReader<T> {
    /// Begins a reading, unless one is under way, and waits for it at most `limit`. Returns the last known
    /// value.
    ///
    /// `read` runs in the test scope of the caller. Where it panics, or the system gives no thread, the
    /// last known value stays.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::telemetry::ForeignReader;
    /// use std::time::Duration;
    ///
    /// let reader = ForeignReader::<u32>::default();
    /// let failed = reader.read(Duration::MAX, || panic!("no status"));
    /// assert_eq!((failed.value, failed.is_fresh), (None, false));
    /// ```
    pub fn read(&self, limit: Duration, read: impl FnOnce() -> T + Send + 'static) -> LastKnown<T> {
        let asked_for = self.begin(limit, read);
        let state = self.0.lock();
        LastKnown {
            value: state.last.clone(),
            is_fresh: asked_for == Some(state.returned),
        }
    }

    /// Begins a reading, waits for it, and returns its number; `None` where another one is under way.
    fn begin(&self, limit: Duration, read: impl FnOnce() -> T + Send + 'static) -> Option<u64> {
        let number = {
            let mut state = self.0.lock();
            if std::mem::replace(&mut state.is_reading, true) {
                return None;
            }
            state.begun += 1;
            state.begun
        };
        // One for each reading: that of the one before may still be about to wake its reader.
        let ended = Arc::new(Wakeup::default());
        let (seen, on_end) = (ended.changes(), Arc::clone(&ended));
        let shared = Arc::clone(&self.0);
        let scope = Captured::current();
        let run = move || {
            let _entered = scope.enter();
            let value = panics::catch(read).ok();
            let mut state = shared.lock();
            state.is_reading = false;
            let replaced = value.and_then(|value| {
                state.returned = number;
                state.last.replace(value)
            });
            drop(state);
            // Dropped without the lock: it may be code of the program.
            drop(replaced);
            on_end.notify();
        };
        match worker::start("gardefou-reading", Box::new(run)) {
            Ok(()) => {
                ended.wait_beyond(seen, limit);
            }
            Err(_) => self.0.lock().is_reading = false,
        }
        Some(number)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::{sync::mpsc, thread};

    const LONG: Duration = Duration::from_secs(3600);

    fn fresh<T>(value: T) -> LastKnown<T> {
        LastKnown {
            value: Some(value),
            is_fresh: true,
        }
    }

    fn stale<T>(value: Option<T>) -> LastKnown<T> {
        LastKnown {
            value,
            is_fresh: false,
        }
    }

    #[test]
    fn reading_that_ends_is_waited_for() {
        let reader = ForeignReader::default();
        assert_eq!(reader.read(LONG, || 7), fresh(7));
        assert_eq!(reader.clone().read(LONG, || 8), fresh(8));
    }

    /// It would never end if it waited for the reading that hangs.
    #[test]
    fn last_known_value_is_returned_while_a_reading_hangs() {
        let reader = ForeignReader::default();
        assert_eq!(reader.read(LONG, || 7), fresh(7));
        let (release, held) = mpsc::channel::<()>();
        let hangs = move || {
            let _ = held.recv();
            8
        };
        assert_eq!(reader.read(Duration::ZERO, hangs), stale(Some(7)));
        // Nobody waits for it any more, and no other one is begun.
        let never = || panic!("a second reading");
        assert_eq!(reader.read(LONG, never), stale(Some(7)));
        drop(release);
        let after = loop {
            let after = reader.read(LONG, || 9);
            if after.value != Some(7) {
                break after;
            }
            thread::yield_now();
        };
        assert!([fresh(9), stale(Some(8))].contains(&after), "{after:?}");
        assert_eq!(reader.read(LONG, || 10), fresh(10));
    }

    #[test]
    fn first_reading_that_hangs_or_panics_leaves_nothing_known() {
        let reader = ForeignReader::<u8>::default();
        let panics = || panic!("a status that fails");
        assert_eq!(reader.read(LONG, panics), stale(None));
        let (release, held) = mpsc::channel::<()>();
        let hangs = move || {
            let _ = held.recv();
            1
        };
        assert_eq!(reader.read(Duration::ZERO, hangs), stale(None));
        drop(release);
    }
}
