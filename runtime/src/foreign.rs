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
    last: Option<Arc<T>>,
    /// How many readings were begun, and which of them returned the value.
    begun: u64,
    returned: u64,
    under_way: Option<UnderWay>,
}

/// A reading under way.
struct UnderWay {
    ended: Arc<Wakeup>,
    /// Whether a wait for it has ended without it.
    is_overdue: bool,
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
            under_way: None,
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

impl<T: Clone + Send + Sync + 'static> ForeignReader<T> {
    /// Begins a reading, unless one is under way, and waits at most `limit` for it, or for the one under way if nobody has
    /// waited for that without a result. Returns the last known value.
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
        let asked_for = self.wait(limit, read);
        let (last, returned) = {
            let state = self.0.lock();
            (state.last.clone(), state.returned)
        };
        LastKnown {
            // Without the lock: it may be code of the program.
            value: last.map(|value| T::clone(&value)),
            is_fresh: returned >= asked_for,
        }
    }

    /// Begins a reading unless one is under way, waits for it, and returns its number.
    fn wait(&self, limit: Duration, read: impl FnOnce() -> T + Send + 'static) -> u64 {
        let (number, ended, is_first) = {
            let mut state = self.0.lock();
            let known = state
                .under_way
                .as_ref()
                .map(|it| (Arc::clone(&it.ended), it.is_overdue));
            match known {
                Some((_, true)) => return state.begun,
                Some((ended, false)) => (state.begun, ended, false),
                None => {
                    // One for each reading: that of the one before may still be about to wake its readers.
                    let ended = Arc::new(Wakeup::default());
                    state.under_way = Some(UnderWay {
                        ended: Arc::clone(&ended),
                        is_overdue: false,
                    });
                    state.begun += 1;
                    (state.begun, ended, true)
                }
            }
        };
        if !is_first || self.start(number, &ended, read) {
            // It has changed once when the reading has ended.
            ended.wait_beyond(0, limit);
        }
        let mut state = self.0.lock();
        let is_current = state.begun == number;
        if let Some(under_way) = state.under_way.as_mut().filter(|_| is_current) {
            under_way.is_overdue = true;
        }
        number
    }

    /// Starts the thread of a reading; `false` if the system gives none.
    fn start(
        &self,
        number: u64,
        ended: &Arc<Wakeup>,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> bool {
        let on_end = Arc::clone(ended);
        let shared = Arc::clone(&self.0);
        let scope = Captured::current();
        let run = move || {
            let _entered = scope.enter();
            let value = panics::catch(read).ok();
            let mut state = shared.lock();
            state.under_way = None;
            let replaced = value.and_then(|value| {
                state.returned = number;
                state.last.replace(Arc::new(value))
            });
            drop(state);
            on_end.notify();
            // Dropped last and without the lock: it may be code of the program.
            let _ = panics::catch(|| drop(replaced));
        };
        let is_started = worker::start("gardefou-reading", Box::new(run)).is_ok();
        if !is_started {
            self.0.lock().under_way = None;
            ended.notify();
        }
        is_started
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
    fn reading_under_way_is_that_of_all_who_ask() {
        let reader = ForeignReader::default();
        let (release, held) = mpsc::channel::<()>();
        let (begins, begun) = mpsc::channel();
        thread::scope(|scope| {
            let first = scope.spawn(|| {
                reader.read(LONG, move || {
                    begins.send(()).unwrap();
                    let _ = held.recv();
                    7
                })
            });
            begun.recv().unwrap();
            let second = scope.spawn(|| reader.read(LONG, || panic!("a second reading")));
            // Either waits already or finds it ended; then it begins one, which panics.
            while Arc::strong_count(&reader.0.lock().under_way.as_ref().unwrap().ended) < 4 {
                thread::yield_now();
            }
            drop(release);
            assert_eq!(first.join().unwrap(), fresh(7));
            assert_eq!(second.join().unwrap(), fresh(7));
        });
    }

    #[test]
    fn value_whose_drop_panics_holds_nobody_up() {
        #[derive(Clone)]
        struct Panics(bool);
        impl Drop for Panics {
            fn drop(&mut self) {
                assert!(
                    !self.0 || thread::panicking(),
                    "a value that cannot be dropped"
                );
            }
        }
        let reader = ForeignReader::default();
        std::mem::forget(reader.read(LONG, || Panics(true)));
        assert!(reader.read(LONG, || Panics(false)).is_fresh);
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
