//! One series of attempts, for a loop in the caller's own code.
//!
//! `run/failure.rs` handles a failed attempt, `run/success.rs` one that succeeded.

mod failure;
mod success;

#[cfg(any(feature = "tower", feature = "reqwest-middleware"))]
pub(crate) use self::failure::FailedValue;
use self::failure::Inside;

use super::{
    hooks::Next,
    inner::{Budgeted, RetryInner},
    state::SeriesState,
    view::{AnyError, ErrorView},
};
#[cfg(feature = "async")]
use crate::chaos::Ahead;
use crate::{
    call::{Attempt, Deadline, EnteredAttempt, EnteredDeadline, EnteredFirst, Frame, PackedSeries},
    chaos,
    error::{Policy, Rejection},
    event::{self, pending::Settlement},
    span,
    time::Tick,
};
use std::{mem, ops::ControlFlow, sync::atomic::Ordering, time::Duration};

/// One series of attempts, which decides after each what to do next.
///
/// [`Retry::call`](super::Retry::call) and its kin are such a loop around a closure. Where a
/// closure is in the way (the attempts borrow mutably from their surroundings, or leave by
/// `return`), the loop is written out.
///
/// While no attempt has failed, a run costs next to nothing: it reads no clock unless `max_elapsed`
/// is set, draws no random number, and only reads its budget while that is full.
///
/// A loop in place may await anything between an attempt and [`after`](Self::after), so that it
/// recognises the rejection of an inner policy only where the error shows it;
/// [`is_retryable`](super::is_retryable) reads its chain of sources.
///
/// # Cancel safety
///
/// A run holds nothing that must be given back: drop it at any point.
///
/// # Examples
///
/// ```
/// use gardefou::retry::{Next, Retry};
/// use gardefou::time::ManualClock;
///
/// let retry = Retry::builder().max_retries(4).clock(ManualClock::new()).build()?;
/// let mut answers = ["busy", "busy", "done"].into_iter();
///
/// let mut run = retry.start();
/// let outcome = loop {
///     let answer = answers.next().unwrap();
///     let mut result = if answer == "done" { Ok(answer) } else { Err(answer) };
///     match run.after(&mut result) {
///         Next::Return => break result,
///         Next::Wait(delay) => run.wait(delay),
///     }
/// };
/// assert_eq!(outcome, Ok("done"));
/// assert_eq!(run.failed_attempts(), 2);
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Debug)]
#[must_use = "a run does nothing until it is given an outcome"]
pub struct Run<'r> {
    pub(super) retry: &'r Budgeted,
    /// `Tick::MAX` while that is not known.
    began: Tick,
    /// The frame of the attempt under way; a loop in place has none. Its note is that of the
    /// [`SeriesState`].
    pub(super) frame: Frame,
}

/// What a blocking attempt needs of its run.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Retried<'r>(&'r RetryInner);

impl Retried<'_> {
    /// Makes a blocking attempt in its frame, which is entered; `carry` makes an error of one that is
    /// injected.
    ///
    /// The caller enters the frame and leaves it, and looks at the result where it lies: on its way
    /// through a function that has something to do after the call it would be copied, all the bytes
    /// of the largest error, which were not written as they are read.
    #[inline(always)]
    pub(crate) fn attempt<T, E>(
        self,
        carry: impl FnOnce(Rejection) -> Result<E, Rejection>,
        op: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let Self(inner) = self;
        match chaos::blocking_as(Some(Policy::Retry), &inner.name, &inner.clock, carry) {
            Ok(()) => op(),
            Err(error) => Err(error),
        }
    }
}

/// A run without its retry: what a future that holds the retry keeps between two polls.
#[cfg(feature = "tower")]
#[derive(Debug)]
pub(crate) struct SuspendedRun {
    began: Tick,
    frame: Frame,
}

impl Budgeted {
    /// Enters the first attempt of a series whose time is not limited, where no other series is around
    /// it. Without an error it needs no [`Run`].
    #[inline(always)]
    pub(super) fn enter_first(&self) -> Option<(EnteredFirst, Retried<'_>, Attempt)> {
        let terms = self.terms.get();
        if terms.is_timed {
            return None;
        }
        let entered = EnteredFirst::enter(terms.first)?;
        if !self.budget.is_full() {
            self.budget.deposit();
        }
        let attempt = Attempt::new(0, terms.config.max_attempts.get());
        Some((entered, Retried(self), attempt))
    }
}

#[cfg(feature = "tower")]
impl SuspendedRun {
    /// Continues the run, with the retry that began it.
    pub(super) fn resume(self, retry: &Budgeted) -> Run<'_> {
        Run {
            retry,
            began: self.began,
            frame: self.frame,
        }
    }
}

impl<'r> Run<'r> {
    #[inline]
    pub(super) fn begin(retry: &'r Budgeted) -> Self {
        if !retry.budget.is_full() {
            retry.budget.deposit();
        }
        // A limit on the whole time includes the first attempt; where the series is not timed either,
        // the beginning is not needed.
        let began = if retry.terms.get().is_timed {
            read_clock(retry)
        } else {
            Tick::MAX
        };
        Self {
            retry,
            began,
            frame: Frame::new(),
        }
    }

    /// Continues a series whose first attempt was made in `frame`, and whose time is not limited.
    pub(super) fn from_first(retry: &'r Budgeted, frame: Frame) -> Self {
        Self {
            retry,
            began: Tick::MAX,
            frame,
        }
    }

    pub(super) fn elapsed_at(&self, now: Tick) -> Duration {
        now.since(self.began)
    }

    /// Decides what follows an attempt. The outcome is only read, except that an
    /// [`AppError`](crate::AppError) that is returned after several attempts gets the details
    /// `attempts`, `elapsed` (in seconds) and `earlier_errors`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, retry::{Next, Retry}};
    ///
    /// let retry = Retry::builder().build()?;
    /// let mut missing = Err::<(), _>(AppError::new(ErrorCode::FILE_NOT_FOUND_ERROR, "no such recording"));
    /// assert_eq!(retry.start().after(&mut missing), Next::Return);
    /// assert!(matches!(retry.start().after(&mut Err::<(), _>("busy")), Next::Wait(_)));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[inline]
    pub fn after<T, E: 'static>(&mut self, result: &mut Result<T, E>) -> Next {
        self.after_seen(result, &AnyError, |_| None, Inside::default())
    }

    /// As [`after`](Self::after), with the caller's own view of the error and a predicate in place
    /// of `retry_if`: `None` leaves the decision to the configured predicates and the class.
    #[inline]
    fn after_seen<T, E, V: ErrorView<E>>(
        &mut self,
        result: &mut Result<T, E>,
        view: &V,
        retry_if: impl FnOnce(&E) -> Option<bool>,
        inside: Inside,
    ) -> Next {
        match result {
            Ok(_) => {
                if self.failed_attempts() == 0 {
                    self.first_succeeded();
                } else {
                    *self = self.take().recovered();
                }
                Next::Return
            }
            Err(error) => {
                let (run, next) = self.take().after_error(error, view, retry_if, inside);
                *self = run;
                next
            }
        }
    }

    /// Takes the run out of its place, for what is rare: a run whose address is passed nowhere stays
    /// in registers.
    #[inline]
    fn take(&mut self) -> Self {
        Self {
            retry: self.retry,
            began: self.began,
            frame: mem::take(&mut self.frame),
        }
    }

    /// As [`after`](Self::after), with the caller's own view of the error and a predicate; for
    /// generated code, whose errors may borrow. The attempt was made between [`enter`](Self::enter)
    /// and the drop of its result, or by `watch`.
    ///
    /// By value: an `Ok` is then returned by its value alone, without the detour through memory
    /// that a reference to the whole outcome costs (ten times the rest, where `E` is large).
    #[doc(hidden)]
    #[expect(
        clippy::inline_always,
        reason = "the run would have to be in memory, and the result too"
    )]
    #[inline(always)]
    pub fn settle<T, E, V: ErrorView<E>>(
        &mut self,
        result: Result<T, E>,
        view: &V,
        retry_if: impl FnOnce(&E) -> Option<bool>,
    ) -> ControlFlow<Result<T, E>, Duration> {
        match result {
            Ok(value) => {
                self.succeeded();
                ControlFlow::Break(Ok(value))
            }
            Err(error) => {
                let (run, next) = self.take().settle_error(error, view, retry_if);
                *self = run;
                match next {
                    ControlFlow::Break(error) => ControlFlow::Break(Err(error)),
                    ControlFlow::Continue(delay) => ControlFlow::Continue(delay),
                }
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn settle_error<E, V: ErrorView<E>>(
        mut self,
        mut error: E,
        view: &V,
        retry_if: impl FnOnce(&E) -> Option<bool>,
    ) -> (Self, ControlFlow<E, Duration>) {
        let inside = self.inside();
        let next;
        (self, next) = self.after_error(&mut error, view, retry_if, inside);
        if cfg!(feature = "config-spans") && next == Next::Return {
            self.note_failure(&mut error, view);
        }
        self = self.end_attempt(next);
        let next = match next {
            Next::Return => ControlFlow::Break(error),
            Next::Wait(delay) => ControlFlow::Continue(delay),
        };
        (self, next)
    }

    /// As [`settle`](Self::settle), where a predicate on the whole outcome decides.
    #[doc(hidden)]
    #[inline]
    pub fn settle_while<T, E, V: ErrorView<E>>(
        &mut self,
        mut result: Result<T, E>,
        view: &V,
        again: impl FnOnce(&Result<T, E>) -> bool,
    ) -> ControlFlow<Result<T, E>, Duration> {
        let inside = if result.is_err() {
            self.inside()
        } else {
            Inside::default()
        };
        let next = self.after_while_seen(&mut result, view, again, inside);
        if cfg!(feature = "config-spans") && next == Next::Return {
            match &mut result {
                Ok(_) => span::note_end(None),
                Err(error) => self.note_failure(error, view),
            }
        }
        if self.frame.has_contents() {
            *self = self.take().end_attempt(next);
        }
        match next {
            Next::Return => ControlFlow::Break(result),
            Next::Wait(delay) => ControlFlow::Continue(delay),
        }
    }

    /// As [`settle`](Self::settle), where `failed` describes an `Ok` that is a failure nevertheless,
    /// for example the response of a server that is overloaded.
    #[cfg(any(feature = "tower", feature = "reqwest-middleware"))]
    pub(crate) fn settle_value<T, E: 'static>(
        &mut self,
        result: Result<T, E>,
        failed: Option<FailedValue<'_>>,
    ) -> ControlFlow<Result<T, E>, Duration> {
        match (result, failed) {
            (Ok(value), Some(failed)) => {
                let next;
                (*self, next) = self.take().after_failed_value(failed);
                match next {
                    Next::Return => ControlFlow::Break(Ok(value)),
                    Next::Wait(delay) => ControlFlow::Continue(delay),
                }
            }
            (result, _) => self.settle(result, &AnyError, |_| None),
        }
    }

    /// As [`settle`](Self::settle), where a predicate on the whole outcome decides.
    #[cfg(any(feature = "tower", feature = "reqwest-middleware"))]
    pub(crate) fn settle_if<T, E: 'static>(
        &mut self,
        result: Result<T, E>,
        again: impl FnOnce(&Result<T, E>) -> bool,
    ) -> ControlFlow<Result<T, E>, Duration> {
        self.settle_while(result, &AnyError, again)
    }

    /// Takes the run apart, for a future that holds the retry itself.
    #[cfg(feature = "tower")]
    pub(crate) fn suspend(self) -> SuspendedRun {
        SuspendedRun {
            began: self.began,
            frame: self.frame,
        }
    }

    /// Enters the frame of an attempt, until it is left or the result is dropped.
    #[doc(hidden)]
    #[expect(
        clippy::inline_always,
        reason = "the result goes through memory otherwise, at twice the cost of a success"
    )]
    #[inline(always)]
    pub fn enter(&mut self) -> EnteredAttempt<'_> {
        let (inner, index) = (&**self.retry, self.failed_attempts());
        let terms = inner.terms.get();
        let deadline = if terms.is_timed {
            limit_whole(inner, self.began)
        } else {
            None
        };
        self.frame
            .enter_attempt(terms.first, index, deadline, |outer| {
                warn_of_nesting(inner, outer);
            })
    }

    /// Injects the fault of a blocking attempt, if it gets one.
    #[cold]
    pub(crate) fn inject_blocking(&self) -> Result<(), Rejection> {
        chaos::blocking(Some(Policy::Retry), &self.retry.name, &self.retry.clock)
    }

    /// Draws the fault of an async attempt, if it gets one.
    #[cfg(feature = "async")]
    #[inline]
    pub(crate) fn inject(&self) -> Result<Ahead, Rejection> {
        chaos::begin(Some(Policy::Retry), &self.retry.name, &self.retry.clock)
    }

    /// As [`inject`](Self::inject); `carry` makes an error of one that is injected.
    #[cfg(all(feature = "async", feature = "chaos"))]
    pub(super) fn inject_as<E>(
        &self,
        carry: impl FnOnce(Rejection) -> Result<E, Rejection>,
    ) -> Result<Ahead, E> {
        chaos::begin_as(
            Some(Policy::Retry),
            &self.retry.name,
            &self.retry.clock,
            carry,
        )
    }

    /// Returns what a blocking attempt needs of the run, which lends its frame to it.
    #[doc(hidden)]
    #[inline(always)]
    pub fn retried(&self) -> Retried<'r> {
        Retried(self.retry)
    }

    /// Returns what policies rejected inside the attempt that has just ended with an error.
    #[cold]
    fn inside(&mut self) -> Inside {
        let Some(inbox) = self.frame.inbox() else {
            return Inside::default();
        };
        Inside {
            stops_retries: inbox.stops_retries(),
            retry_after: inbox.retry_after(),
        }
    }

    /// Ends the frame of an attempt that ended with an error.
    #[cold]
    #[inline(never)]
    fn end_attempt(mut self, next: Next) -> Self {
        let Some(inbox) = self.frame.end_use() else {
            return self;
        };
        if let Next::Wait(_) = next {
            for held in inbox.take_pending() {
                event::pending::settle(held, Settlement::Retried);
            }
            // Reports and rejections inside do not concern the next attempt; outcomes that breakers
            // counted stay counted.
            inbox.forget_errors();
        }
        inbox.forward();
        self
    }

    /// As [`after`](Self::after), where a predicate on the whole outcome, an `Ok` included, decides
    /// whether to call again.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::{Next, Retry};
    ///
    /// let retry = Retry::builder().build()?;
    /// let mut empty = Ok::<_, String>(Vec::<u8>::new());
    /// let next = retry.start().after_while(&mut empty, |result| matches!(result, Ok(page) if page.is_empty()));
    /// assert!(matches!(next, Next::Wait(_)));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[inline]
    pub fn after_while<T, E: 'static>(
        &mut self,
        result: &mut Result<T, E>,
        again: impl FnOnce(&Result<T, E>) -> bool,
    ) -> Next {
        self.after_while_seen(result, &AnyError, again, Inside::default())
    }

    #[inline]
    fn after_while_seen<T, E, V: ErrorView<E>>(
        &mut self,
        result: &mut Result<T, E>,
        view: &V,
        again: impl FnOnce(&Result<T, E>) -> bool,
        inside: Inside,
    ) -> Next {
        let again = again(result);
        match result {
            Ok(_) if again => {
                let (run, next) = self.take().after_refused_value();
                *self = run;
                next
            }
            _ => self.after_seen(result, view, |_| Some(again), inside),
        }
    }

    /// Blocks the thread for a delay that [`after`](Self::after) gave; a zero delay starts no
    /// timer.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{retry::Retry, time::{Clock, ManualClock}};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let start = clock.now();
    /// let retry = Retry::builder().clock(clock.clone()).build()?;
    /// retry.start().wait(Duration::from_secs(3));
    /// assert_eq!(clock.now().since(start), Duration::from_secs(3));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[inline]
    pub fn wait(&self, delay: Duration) {
        wait(self.retry, delay);
    }

    /// Returns how many attempts have failed so far.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::Retry;
    ///
    /// let retry = Retry::builder().build()?;
    /// let mut run = retry.start();
    /// assert_eq!(run.failed_attempts(), 0);
    /// let _ = run.after(&mut Err::<(), _>("busy"));
    /// assert_eq!(run.failed_attempts(), 1);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn failed_attempts(&self) -> u32 {
        SeriesState::failed_by(self.frame.note())
    }

    /// Returns the attempt that runs now, or that comes next.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::Retry;
    ///
    /// let retry = Retry::builder().max_attempts(2).build()?;
    /// let mut run = retry.start();
    /// assert_eq!((run.attempt().index, run.attempt().is_last()), (0, false));
    /// let _ = run.after(&mut Err::<(), _>("busy"));
    /// assert_eq!((run.attempt().index, run.attempt().is_last()), (1, true));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn attempt(&self) -> Attempt {
        Attempt::new(
            self.failed_attempts(),
            self.retry.config().max_attempts.get(),
        )
    }
}

#[cold]
#[inline(never)]
fn wait(inner: &RetryInner, delay: Duration) {
    inner.clock().sleep(delay);
}

/// Reads when a series begins; out of line, because most retries do not need it.
#[inline(never)]
fn read_clock(inner: &RetryInner) -> Tick {
    inner.clock().now()
}

/// Limits the attempts to the rest of `max_elapsed`.
#[cold]
#[inline(never)]
fn limit_whole(inner: &RetryInner, began: Tick) -> Option<EnteredDeadline> {
    let until = began.after(inner.config().max_elapsed?);
    Some(EnteredDeadline::enter(Deadline::new(until, inner.clock())))
}

/// Warns once that the attempts of this retry multiply with those of an outer one.
#[cold]
#[inline(never)]
fn warn_of_nesting(inner: &RetryInner, outer: PackedSeries) {
    let (outer, terms) = (outer.unpack(), inner.terms.get());
    if terms.config.max_attempts.get() < 2 || outer.max_attempts < 2 {
        return;
    }
    // Relaxed: of two that come at once, the exchange lets one through.
    if inner.warned_of_nesting.load(Ordering::Relaxed)
        || inner.warned_of_nesting.swap(true, Ordering::Relaxed)
    {
        return;
    }
    let most = u64::from(terms.config.max_attempts.get()).saturating_mul(outer.max_attempts.into());
    let place = terms.first.unpack().place;
    event::retry::log_nested(&inner.name, place, outer.place, most);
}
