//! Readings that run code of the program, which may hang.

use crate::sync::Mutex;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

/// The last result of a reading that runs on a thread of its own.
///
/// A journal, a clock or a code of the program may be asked for its state, and never answer. Whoever
/// reads waits for a bounded time, and has the last known result then; while a reading hangs nobody
/// waits for it any more, and there is no second one.
#[derive(Debug)]
pub(crate) struct Foreign<T>(Arc<Mutex<State<T>>>);

#[derive(Debug)]
struct State<T> {
    /// The last result, and when its reading was begun.
    last: Option<(i64, T)>,
    is_reading: bool,
}

/// What is known.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Known<T> {
    /// `None` where no reading has ended yet.
    pub(crate) value: Option<T>,
    /// When the reading of the value was begun, where it is not the one that was asked for, because a
    /// reading hangs or has failed; in milliseconds since the Unix epoch.
    pub(crate) stale_since: Option<i64>,
}

impl<T> Default for Foreign<T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State {
            last: None,
            is_reading: false,
        })))
    }
}

impl<T: Clone + Send + 'static> Foreign<T> {
    /// Begins a reading at `now`, unless one is under way, and waits for it at most `limit`.
    pub(crate) fn read(
        &self,
        now: i64,
        limit: Duration,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Known<T> {
        if let Some(ended) = self.begin(now, read) {
            // Either it has ended, or its thread is gone, or it takes longer.
            let _ = ended.recv_timeout(limit);
        }
        let state = self.0.lock();
        let is_new = matches!(&state.last, Some((at, _)) if *at == now) && !state.is_reading;
        Known {
            value: state.last.as_ref().map(|(_, value)| value.clone()),
            stale_since: (!is_new).then(|| state.last.as_ref().map_or(now, |(at, _)| *at)),
        }
    }

    /// Returns what is closed when the reading has ended; `None` where there is none to wait for.
    fn begin(
        &self,
        now: i64,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Option<mpsc::Receiver<()>> {
        if std::mem::replace(&mut self.0.lock().is_reading, true) {
            return None;
        }
        let (on_end, ended) = mpsc::channel::<()>();
        let shared = Arc::clone(&self.0);
        let run = move || {
            let read = catch_unwind(AssertUnwindSafe(read)).ok();
            let mut state = shared.lock();
            state.is_reading = false;
            if let Some(value) = read {
                state.last = Some((now, value));
            }
            drop(state);
            drop(on_end);
        };
        let name = "gardefou-dashboard".to_owned();
        match thread::Builder::new().name(name).spawn(run) {
            Ok(_) => Some(ended),
            Err(_) => {
                self.0.lock().is_reading = false;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    fn known<T>(value: T) -> Known<T> {
        Known {
            value: Some(value),
            stale_since: None,
        }
    }

    #[test]
    fn reading_that_ends_is_waited_for() {
        let foreign = Foreign::default();
        assert_eq!(foreign.read(1, LONG, || 7), known(7));
        assert_eq!(foreign.read(2, LONG, || 8), known(8));
    }

    /// It would never end if it waited for the reading that hangs.
    #[test]
    fn last_known_result_is_returned_while_a_reading_hangs() {
        let foreign = Foreign::default();
        assert_eq!(foreign.read(1, LONG, || 7), known(7));
        let (release, held) = mpsc::channel::<()>();
        let (on_end, ended) = mpsc::channel::<()>();
        let hangs = move || {
            let _on_end = on_end;
            let _ = held.recv();
            8
        };
        let stale = Known {
            value: Some(7),
            stale_since: Some(1),
        };
        assert_eq!(foreign.read(2, Duration::ZERO, hangs), stale);
        // Nobody waits for it any more, and no other one is begun.
        let never = || panic!("a second reading");
        assert_eq!(foreign.read(3, LONG, never), stale);
        drop(release);
        assert!(ended.recv().is_err(), "it has ended");
        // Its thread may still be about to say so.
        let after = loop {
            let after = foreign.read(4, LONG, || 9);
            if after.value != Some(7) {
                break after;
            }
            thread::yield_now();
        };
        assert!(
            [
                known(9),
                Known {
                    value: Some(8),
                    stale_since: Some(2)
                }
            ]
            .contains(&after)
        );
        assert_eq!(foreign.read(5, LONG, || 10), known(10));
    }

    #[test]
    fn first_reading_that_hangs_or_panics_leaves_nothing_known() {
        let foreign = Foreign::<u8>::default();
        assert_eq!(
            foreign.read(1, LONG, || panic!("a status that fails")),
            Known {
                value: None,
                stale_since: Some(1)
            }
        );
        let (release, held) = mpsc::channel::<()>();
        let hangs = move || {
            let _ = held.recv();
            1
        };
        let unknown = foreign.read(2, Duration::ZERO, hangs);
        assert_eq!((unknown.value, unknown.stale_since), (None, Some(2)));
        drop(release);
    }
}
