//! Where ticks come from.

use super::{
    Reading, Tick,
    system::{self, SystemClock},
};
use crate::scope;
use std::{
    any::Any,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// A source of monotonic time on which one can also wait.
///
/// Implement it to drive policies from a simulation; for tests there is `ManualClock` (feature
/// `test-util`).
///
/// # Examples
///
/// ```
/// use gardefou::time::{Clock, SystemClock};
///
/// let clock = SystemClock;
/// let first = clock.now();
/// assert!(clock.now() >= first);
/// ```
pub trait Clock: Any + fmt::Debug + Send + Sync {
    /// Returns the present tick; never less than one that it returned before.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::time::{Clock, Tick};
    /// use std::{sync::atomic::{AtomicU64, Ordering}, time::Duration};
    ///
    /// /// Each reading lies a second after the one before.
    /// #[derive(Debug, Default)]
    /// struct Steps(AtomicU64);
    ///
    /// impl Clock for Steps {
    ///     fn now(&self) -> Tick {
    ///         Tick::from_nanos(self.0.fetch_add(1_000_000_000, Ordering::Relaxed))
    ///     }
    ///
    ///     fn sleep(&self, _duration: Duration) {}
    /// }
    ///
    /// let clock = Steps::default();
    /// let start = clock.now();
    /// assert_eq!(clock.now().since(start), Duration::from_secs(1));
    /// ```
    fn now(&self) -> Tick;

    /// Blocks the calling thread for `duration`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::time::{Clock, ManualClock, Tick};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// clock.sleep(Duration::from_secs(60)); // simulated: returns at once
    /// assert_eq!(clock.now(), Tick::ZERO.after(Duration::from_secs(60)));
    /// ```
    fn sleep(&self, duration: Duration);

    /// Returns the wall-clock time, for stamps that people read; no policy decides by it.
    ///
    /// The default reads the clock of the machine.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::time::{Clock, ManualClock, Timestamp};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// clock.advance(Duration::from_secs(40));
    /// assert_eq!(Timestamp::from(clock.wall()).to_string(), "2023-11-14T22:14:00.000Z");
    /// ```
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    /// Waits in place of an asynchronous timer; returns `true` if it did.
    ///
    /// A simulated clock moves itself on and returns `true`; the default returns `false`, upon
    /// which the caller waits on tokio's timer.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::time::{Clock, ManualClock, SystemClock, Tick};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// assert!(clock.try_sleep_at_once(Duration::from_secs(5)));
    /// assert_eq!(clock.now(), Tick::ZERO.after(Duration::from_secs(5)));
    /// assert!(!SystemClock.try_sleep_at_once(Duration::from_secs(5)));
    /// ```
    fn try_sleep_at_once(&self, duration: Duration) -> bool {
        let _ = duration;
        false
    }
}

/// A cheap handle to a clock: the system's, or a user's behind one pointer.
///
/// Policies hold this instead of a bare `Arc<dyn Clock>`, so that the usual case is a static call.
#[derive(Clone, Debug, Default)]
pub struct SharedClock(Option<Arc<dyn Clock>>);

impl SharedClock {
    /// Wraps a clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::time::{ManualClock, SharedClock, Tick};
    /// use std::time::Duration;
    ///
    /// let manual = ManualClock::new();
    /// let clock = SharedClock::new(manual.clone());
    /// manual.advance(Duration::from_secs(1));
    /// assert_eq!(clock.now(), Tick::ZERO.after(Duration::from_secs(1)));
    /// ```
    pub fn new(clock: impl Clock) -> Self {
        Self(Some(Arc::new(clock)))
    }

    /// Returns the clock that holds where none is chosen: that of the test scope that this thread
    /// is in, or the machine's.
    #[inline]
    pub(crate) fn current() -> Self {
        scope::stored::<Self>().map_or_else(Self::default, |clock| (*clock).clone())
    }

    /// Returns this clock, or [`current`](Self::current) where none was chosen.
    #[inline]
    pub(crate) fn or_current(&self) -> Self {
        if self.is_system() {
            Self::current()
        } else {
            self.clone()
        }
    }

    /// Returns `true` if this is the machine's own clock, on which a wait of the operating system
    /// can be measured.
    pub(crate) fn is_system(&self) -> bool {
        self.0.is_none()
    }

    /// Returns the clock behind the handle, if it is a `C`.
    #[cfg(feature = "quanta")]
    pub(crate) fn downcast_ref<C: Clock>(&self) -> Option<&C> {
        let clock: &dyn Any = &**self.0.as_ref()?;
        clock.downcast_ref()
    }

    /// Returns the present tick.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::time::SharedClock;
    ///
    /// let clock = SharedClock::default(); // that of the machine
    /// let start = clock.now();
    /// assert!(clock.now() >= start);
    /// ```
    #[inline]
    #[must_use]
    pub fn now(&self) -> Tick {
        match &self.0 {
            None => SystemClock.now(),
            Some(clock) => clock.now(),
        }
    }

    /// Returns a tick that does not lie ahead of the present, by that reading.
    #[inline]
    pub(crate) fn read(&self, reading: Reading) -> Tick {
        match reading {
            Reading::Precise => self.now(),
            Reading::Coarse { .. } => self.coarse(),
        }
    }

    /// Returns the present tick by the coarse reading, where the clock has two.
    #[inline]
    pub(crate) fn coarse(&self) -> Tick {
        match &self.0 {
            None => system::coarse(),
            Some(clock) => super::reading::lagging(clock.now()),
        }
    }

    /// Returns `true` if a coarse reading may lag: clocks of users have one reading.
    #[inline]
    pub(crate) fn may_lag(&self, is_coarse: bool) -> bool {
        is_coarse && (self.is_system() || cfg!(test))
    }

    /// Returns a tick that does not lie behind the moment of a reading.
    pub(crate) fn not_behind(&self, read: Tick, is_coarse: bool) -> Tick {
        if self.may_lag(is_coarse) {
            Reading::of(Duration::MAX).ahead(read)
        } else {
            read
        }
    }

    /// Returns the precise tick at which `read` was read, or a later one.
    #[inline]
    pub(crate) fn precise(&self, read: Tick, is_coarse: bool) -> Tick {
        match &self.0 {
            Some(_) if cfg!(not(test)) => read,
            _ if is_coarse => self.now(),
            _ => read,
        }
    }

    /// Returns a tick that does not lie behind the present, by that reading: from here, what lasts
    /// for a time is never over too early.
    #[inline]
    pub(crate) fn read_ahead(&self, reading: Reading) -> Tick {
        match &self.0 {
            None => reading.ahead(self.read(reading)),
            Some(clock) => clock.now(),
        }
    }

    /// Blocks the calling thread for `duration`; a zero duration starts no timer.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::time::{ManualClock, SharedClock, Tick};
    /// use std::time::Duration;
    ///
    /// let clock = SharedClock::new(ManualClock::new());
    /// clock.sleep(Duration::from_secs(60));
    /// assert_eq!(clock.now(), Tick::ZERO.after(Duration::from_secs(60)));
    /// ```
    pub fn sleep(&self, duration: Duration) {
        match &self.0 {
            _ if duration.is_zero() => {}
            None => SystemClock.sleep(duration),
            Some(clock) => clock.sleep(duration),
        }
    }

    /// Returns the wall-clock time.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::time::{Clock, ManualClock, SharedClock};
    /// use std::time::Duration;
    ///
    /// let manual = ManualClock::new();
    /// let clock = SharedClock::new(manual.clone());
    /// manual.advance(Duration::from_secs(60));
    /// assert_eq!(clock.wall(), manual.wall());
    /// ```
    #[must_use]
    pub fn wall(&self) -> SystemTime {
        match &self.0 {
            None => SystemClock.wall(),
            Some(clock) => clock.wall(),
        }
    }

    /// Waits for `duration` without blocking the thread: on tokio's timer, or on a simulated clock
    /// at once.
    ///
    /// # Panics
    ///
    /// Like every timer of tokio, where no runtime with time enabled is entered.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the wait; nothing is left behind.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::time::{ManualClock, SharedClock, Tick};
    /// use std::time::Duration;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let clock = SharedClock::new(ManualClock::new());
    /// clock.sleep_async(Duration::from_secs(3600)).await; // simulated: an hour in no time
    /// assert_eq!(clock.now(), Tick::ZERO.after(Duration::from_secs(3600)));
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[cfg(feature = "async")]
    pub async fn sleep_async(&self, duration: Duration) {
        if !duration.is_zero() && !self.try_sleep_at_once(duration) {
            tokio::time::sleep(duration).await;
        }
    }

    /// Moves a simulated clock on by `duration`; returns `false` for a clock on which time passes by
    /// itself.
    pub(crate) fn try_sleep_at_once(&self, duration: Duration) -> bool {
        self.0
            .as_ref()
            .is_some_and(|clock| clock.try_sleep_at_once(duration))
    }
}
