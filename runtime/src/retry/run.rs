//! One series of attempts, for a loop that stands in the caller's own code.

#[cfg(feature = "async")]
use super::watched::{AttemptFrame, Watched};
use super::{
    AnyError, ErrorView, FailedAttempt, Next,
    handle::Core,
    step::{Decision, Failure, Step},
};
use crate::{
    AppError,
    call::{self, Attempt, Deadline, EnteredAttempt, EnteredDeadline, Frame, Packed},
    error::{Class, ErrorRef, View, details},
    event::{
        self, LogLevel, RecordSlot, RetryEvent, RetryEventKind, StopReason, pending::Settlement,
    },
    time::Tick,
};
#[cfg(feature = "async")]
use crate::{
    call::EndedBy,
    error::{ErrorCode, Policy, Rejection},
};
use std::{
    any::Any,
    ops::ControlFlow,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
#[cfg(feature = "async")]
use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

/// One series of attempts: it is asked after each one what to do.
///
/// [`Retry::call`](super::Retry::call) and its kin are such a loop around a closure. Where a
/// closure is in the way (the attempts borrow mutably from what is around them, or leave by
/// `return`), the loop is written out.
///
/// While no attempt has failed, a run costs next to nothing: it reads no clock unless `max_elapsed`
/// is set, and draws no random number.
///
/// A loop in place may wait on anything between an attempt and [`after`](Self::after), so that it
/// knows the rejection of a policy further in only where the error shows it;
/// [`is_retryable`](super::is_retryable) looks down its chain of sources.
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
#[must_use = "a run does nothing until it is told of an outcome"]
pub struct Run<'r> {
    core: &'r Arc<Core>,
    /// `Tick::MAX` while that is not known.
    began: Tick,
    /// That of the attempt under way; a loop in place has none. Its note is that of the [`Step`].
    pub(super) frame: Frame,
}

#[cfg(feature = "async")]
type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The wait between two attempts, two words wide; what [`Run::wait_async`] returns.
#[cfg(feature = "async")]
#[must_use = "futures do nothing until they are awaited"]
pub struct Wait(Option<Timer>);

#[cfg(feature = "async")]
impl Future for Wait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.0
            .as_mut()
            .map_or(Poll::Ready(()), |timer| timer.as_mut().poll(context))
    }
}

#[cfg(feature = "async")]
impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").finish_non_exhaustive()
    }
}

impl<'r> Run<'r> {
    #[inline]
    pub(super) fn begin(core: &'r Arc<Core>) -> Self {
        let began = if core.has_opening {
            Self::open(core)
        } else {
            Tick::MAX
        };
        Self {
            core,
            began,
            frame: Frame::new(),
        }
    }

    /// Pays into the budget and takes the time, where either is asked for; out of line, for most
    /// retries have neither.
    #[inline(never)]
    fn open(core: &Core) -> Tick {
        if let Some(budget) = &core.budget {
            budget.deposit();
        }
        // A limit on the whole time counts the first attempt too; without one nobody asks when it
        // began.
        if core.config.max_elapsed.is_some() {
            core.clock().now()
        } else {
            Tick::MAX
        }
    }

    fn elapsed_at(&self, now: Tick) -> Duration {
        now.since(self.began)
    }

    /// Decides what comes after an attempt; the outcome is only looked at, except that an
    /// [`AppError`] that goes to the caller after several attempts gets the details `attempts`,
    /// `elapsed` (in seconds) and `earlier_errors`.
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
        self.after_seen(result, &AnyError, |_| None, false)
    }

    /// As [`after`](Self::after), where the caller's own view looks at the error and a predicate
    /// may decide; for generated code, whose errors may borrow.
    ///
    /// The predicate stands for `retry_if`: `None` leaves the decision to the configured predicates
    /// and the class.
    #[inline]
    fn after_seen<T, E, V: ErrorView<E>>(
        &mut self,
        result: &mut Result<T, E>,
        view: &V,
        retry_if: impl FnOnce(&E) -> Option<bool>,
        rejected: bool,
    ) -> Next {
        match result {
            Ok(_) => {
                if self.failed_attempts() != 0 {
                    self.recovered();
                }
                Next::Return
            }
            Err(error) => self.after_error(error, view, retry_if, rejected),
        }
    }

    /// As [`after`](Self::after), where the caller's own view looks at the error and a predicate
    /// may decide; for generated code, whose errors may borrow. The attempt was made between
    /// [`enter`](Self::enter) and the drop of what that returned, or by [`watch`](Self::watch).
    ///
    /// By value: an `Ok` then goes to the caller by its value alone, without the detour through
    /// memory that a reference to the whole outcome costs (ten times the rest, where `E` is large).
    #[doc(hidden)]
    #[inline]
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
            Err(mut error) => {
                let rejected = self.is_rejected();
                let next = self.after_error(&mut error, view, retry_if, rejected);
                self.end_attempt(next);
                match next {
                    Next::Return => ControlFlow::Break(Err(error)),
                    Next::Wait(delay) => ControlFlow::Continue(delay),
                }
            }
        }
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
        let rejected = result.is_err() && self.is_rejected();
        let next = self.after_while_seen(&mut result, view, again, rejected);
        self.end_attempt(next);
        match next {
            Next::Return => ControlFlow::Break(result),
            Next::Wait(delay) => ControlFlow::Continue(delay),
        }
    }

    /// Enters the frame of an attempt: what runs until the result is dropped is part of it.
    #[doc(hidden)]
    #[expect(
        clippy::inline_always,
        reason = "what it returns goes through memory otherwise, at twice the cost of a success"
    )]
    #[inline(always)]
    pub fn enter(&mut self) -> EnteredAttempt<'_> {
        let (core, index) = (&**self.core, self.failed_attempts());
        let deadline = if core.has_opening {
            limit_whole(core, self.began)
        } else {
            None
        };
        let entered =
            self.frame
                .enter_attempt(index, core.config.max_attempts.get(), core.place, deadline);
        if !entered.outer.is_none() {
            warn_of_nesting(core, entered.outer);
        }
        entered
    }

    /// Awaits an attempt in its frame.
    #[cfg(feature = "async")]
    #[doc(hidden)]
    #[inline]
    pub fn watch<F: Future>(&mut self, attempt: F) -> Watched<'_, 'r, F> {
        Watched { run: self, attempt }
    }

    /// The frame of an attempt whose guard enters it by itself.
    #[cfg(feature = "async")]
    #[doc(hidden)]
    #[inline]
    pub fn attempt_frame(&mut self) -> AttemptFrame<'_, 'r> {
        AttemptFrame(self)
    }

    /// Ends the series by an attempt that succeeded.
    #[inline]
    pub(super) fn succeeded(&mut self) {
        if self.frame.has_contents() {
            self.succeeded_after_all();
        }
    }

    #[cold]
    #[inline(never)]
    fn succeeded_after_all(&mut self) {
        if self.failed_attempts() != 0 {
            self.recovered();
        }
        self.frame.succeeded();
    }

    /// Returns `true` if a policy further in rejected the attempt that has just ended with an
    /// error.
    #[cold]
    fn is_rejected(&mut self) -> bool {
        self.frame
            .inside()
            .is_some_and(|inside| inside.rejection().is_some())
    }

    /// Ends the frame of an attempt that ended with an error.
    #[cold]
    fn end_attempt(&mut self, next: Next) {
        let Some(inside) = self.frame.end_use() else {
            return;
        };
        if let Next::Wait(_) = next {
            for held in inside.take_pending() {
                event::pending::settle(held, Settlement::Retried);
            }
            // What was reported or rejected inside has no say in the next attempt; what breakers
            // counted stays counted.
            inside.forget_errors();
        }
        inside.forward();
    }

    /// As [`after`](Self::after), where the predicate sees the whole outcome and says whether to
    /// call again, an `Ok` included.
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
        self.after_while_seen(result, &AnyError, again, false)
    }

    #[inline]
    fn after_while_seen<T, E, V: ErrorView<E>>(
        &mut self,
        result: &mut Result<T, E>,
        view: &V,
        again: impl FnOnce(&Result<T, E>) -> bool,
        rejected: bool,
    ) -> Next {
        let again = again(result);
        match result {
            Ok(_) if again => {
                let view = View::from_ref(ErrorRef::Display(&"the result was refused"));
                let seen = Seen {
                    view,
                    any: None,
                    retry_if: Some(true),
                    rejected: false,
                    is_value: true,
                };
                self.failed(seen, |_| None, |delay| delay).0
            }
            _ => self.after_seen(result, view, |_| Some(again), rejected),
        }
    }

    /// Blocks the thread for a delay that [`after`](Self::after) gave; a zero delay starts no
    /// timer.
    pub fn wait(&self, delay: Duration) {
        self.core.clock().sleep(delay);
    }

    /// Waits for a delay that [`after`](Self::after) gave, without blocking the thread; a zero
    /// delay starts no timer.
    ///
    /// # Panics
    ///
    /// Like every timer of tokio, where no runtime with time enabled is entered.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the wait; nothing is left behind.
    #[cfg(feature = "async")]
    pub fn wait_async(&self, delay: Duration) -> Wait {
        // Boxed, because who waits has no hurry, and a timer in place would make the future of
        // every caller larger.
        let timer = (!delay.is_zero()).then(|| {
            let clock = self.core.clock();
            Box::pin(async move { clock.sleep_async(delay).await }) as Timer
        });
        Wait(timer)
    }

    /// Returns how many attempts have failed so far.
    #[inline]
    #[must_use]
    pub fn failed_attempts(&self) -> u32 {
        Step::failed_by(self.frame.note())
    }

    /// Returns what the attempt that comes next, or that runs now, knows of itself.
    #[inline]
    #[must_use]
    pub fn attempt(&self) -> Attempt {
        Attempt::new(self.failed_attempts(), self.core.config.max_attempts.get())
    }

    /// Gives one attempt the time that the configuration allows it, where it limits that.
    ///
    /// The limit is `attempt_timeout`, or what is left of `max_elapsed` or of the deadline around
    /// the call where that is less. What runs in the attempt finds it as [`call::remaining`].
    ///
    /// # Errors
    ///
    /// A [`Rejection`] with code `TIMEOUT_ERROR` when the time is over; the future was dropped
    /// then.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the attempt.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorCode, retry::Retry};
    /// use std::{future::pending, time::Duration};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let retry = Retry::builder().attempt_timeout(Duration::from_secs(2)).build()?;
    /// let mut run = retry.start();
    /// let rejection = run.limit(pending::<()>()).await.unwrap_err();
    /// assert_eq!(rejection.code(), ErrorCode::TIMEOUT_ERROR);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// # }).unwrap();
    /// ```
    #[cfg(feature = "async")]
    pub async fn limit<F: Future>(&mut self, attempt: F) -> Result<F::Output, Rejection> {
        let Some(timeout) = self.core.config.attempt_timeout else {
            return Ok(self.watch(attempt).await);
        };
        let (clock, own) = (self.core.clock(), timeout);
        let whole = self
            .core
            .config
            .max_elapsed
            .map(|whole| whole.saturating_sub(self.elapsed_at(clock.now())));
        let timeout = own
            .min(whole.unwrap_or(own))
            .min(call::remaining().unwrap_or(own));
        // What was cut off after less than half of its limit says nothing about the callee.
        let why = if timeout >= own / 2 {
            EndedBy::TimedOut
        } else {
            EndedBy::CutShort
        };
        let deadline = Deadline::new(clock.now().after(timeout), clock);
        let limited = call::until(
            deadline,
            call::end_by(attempt, tokio::time::sleep(timeout), why),
        );
        let outcome = self.watch(limited).await;
        outcome.ok_or_else(|| self.timed_out())
    }

    #[cfg(feature = "async")]
    #[cold]
    fn timed_out(&self) -> Rejection {
        let core: Arc<Core> = Arc::clone(self.core);
        Rejection::new(Policy::Timeout, ErrorCode::TIMEOUT_ERROR, core, 0, None)
    }

    #[cold]
    fn after_error<E, V: ErrorView<E>>(
        &mut self,
        error: &mut E,
        view: &V,
        retry_if: impl FnOnce(&E) -> Option<bool>,
        rejected: bool,
    ) -> Next {
        let retry_if = retry_if(error);
        let seen = Seen {
            view: view.view(error),
            any: view.any(error),
            retry_if,
            rejected,
            is_value: false,
        };
        let own_delay = |attempt| view.own_delay(attempt, error);
        let (next, stop) = self.failed(seen, own_delay, |delay| view.wait(delay));
        if let Some(reason) = stop
            && let Some(app) = view.app_mut(error)
        {
            self.annotate(app, reason);
        }
        next
    }

    #[cold]
    #[inline(never)]
    fn failed(
        &mut self,
        seen: Seen<'_>,
        own_delay: impl FnOnce(Attempt) -> Option<Duration>,
        wait: impl FnOnce(Duration) -> Duration,
    ) -> (Next, Option<StopReason>) {
        let core = self.core;
        let now = core.clock().now();
        let hopeless = seen.hopeless(core);
        let attempt = self.attempt();
        // The user's code, which is asked only for a delay that can be used.
        let own_delay = (hopeless.is_none() && !attempt.is_last())
            .then(|| own_delay(attempt).or_else(|| core.hooks.delay(attempt, seen.any)))
            .flatten();
        let failure = Failure {
            hopeless,
            own_delay,
            retry_after: seen.view.retry_after(),
            remaining: call::remaining(),
        };
        let mut step = Step::resume(self.began, self.frame.note());
        let decision = step.after_failure_at(&core.config, failure, now);
        self.began = step.began();
        self.frame.set_note(step.note());
        let (next, stop) = match decision {
            // Asked last, so that a token is taken only for an attempt that is made.
            Decision::Retry(_)
                if core
                    .budget
                    .as_ref()
                    .is_some_and(|budget| !budget.try_withdraw()) =>
            {
                (Next::Return, Some(StopReason::Budget))
            }
            Decision::Retry(delay) => (Next::Wait(wait(delay)), None),
            Decision::Stop(reason) => (Next::Return, Some(reason)),
        };
        let (attempts, elapsed) = (step.failed(), step.elapsed_at(now));
        let max_attempts = core.config.max_attempts.get();
        core.hooks.tell(&FailedAttempt {
            name: &core.name,
            index: attempts - 1,
            max_attempts,
            next,
            stop,
            elapsed,
            error: seen.view.error(),
            earlier_errors: self.frame.texts(),
            any: seen.any,
        });
        let kind = match (next, stop) {
            (Next::Wait(delay), _) => RetryEventKind::Scheduled {
                delay,
                error: seen.view.error(),
            },
            (Next::Return, reason) => RetryEventKind::GaveUp {
                reason: reason.unwrap_or(StopReason::Exhausted),
                error: seen.view.error(),
            },
        };
        let event = RetryEvent {
            name: &core.name,
            attempts,
            max_attempts,
            elapsed,
            kind,
            record: RecordSlot::default(),
        };
        // A value that a predicate refuses is no failure: a loop that polls is not to fill the log.
        let level = core.log_level.unwrap_or(if seen.is_value {
            LogLevel::Debug
        } else {
            LogLevel::Warn
        });
        event::publish_retry(&event, level);
        // Where nobody sees it, none is made.
        let is_shown = core.hooks.are_set() || matches!(seen.view.error(), ErrorRef::App(_));
        if is_shown && !seen.is_value && matches!(next, Next::Wait(_)) {
            keep_text(self.frame.texts_mut(), &seen.view.error());
        }
        (next, stop)
    }

    #[cold]
    fn recovered(&self) {
        event::publish_retry(
            &RetryEvent {
                name: &self.core.name,
                attempts: self.failed_attempts().saturating_add(1),
                max_attempts: self.core.config.max_attempts.get(),
                elapsed: self.elapsed_at(self.core.clock().now()),
                kind: RetryEventKind::Succeeded,
                record: RecordSlot::default(),
            },
            LogLevel::Debug,
        );
    }

    /// Tells the reader of the last error what was tried.
    fn annotate(&self, error: &mut AppError, reason: StopReason) {
        let cut_short = matches!(
            reason,
            StopReason::Deadline | StopReason::RetryAfter | StopReason::Budget
        );
        if self.failed_attempts() < 2 && !cut_short {
            return;
        }
        let elapsed = self.elapsed_at(self.core.clock().now());
        error.add_detail("attempts", self.failed_attempts());
        error.add_detail("elapsed", elapsed.as_secs_f64());
        if !self.frame.texts().is_empty() {
            error.add_detail("earlier_errors", self.frame.texts());
        }
        if cut_short {
            error.add_detail("retry_stopped_by", reason.name());
        }
    }
}

/// How many earlier errors of a series are kept.
const MOST_EARLIER: usize = 8;
/// How many bytes of the text of each.
const MAX_EARLIER: usize = 256;

/// Keeps the text of an error that another attempt follows: of many errors the first one and the
/// latest ones.
fn keep_text(earlier: &mut Vec<String>, error: &ErrorRef<'_>) {
    if earlier.len() == MOST_EARLIER {
        earlier.remove(1);
    }
    let (mut text, is_cut) = details::display_head(error, MAX_EARLIER);
    if is_cut {
        text.push('…');
    }
    earlier.push(text);
}

/// Lets the attempts end with the time that the whole series has.
#[cold]
#[inline(never)]
fn limit_whole(core: &Core, began: Tick) -> Option<EnteredDeadline> {
    let until = began.after(core.config.max_elapsed?);
    Some(EnteredDeadline::enter(Deadline::new(until, core.clock())))
}

/// Says once that the attempts of this retry multiply with those of one around it.
#[cold]
#[inline(never)]
fn warn_of_nesting(core: &Core, outer: Packed) {
    let outer = outer.unpack();
    if core.config.max_attempts.get() < 2 || outer.max_attempts < 2 {
        return;
    }
    // Relaxed: of two that come at once, the exchange lets one through.
    if core.warned_of_nesting.load(Ordering::Relaxed)
        || core.warned_of_nesting.swap(true, Ordering::Relaxed)
    {
        return;
    }
    let most = u64::from(core.config.max_attempts.get()).saturating_mul(outer.max_attempts.into());
    event::retry::log_nested(&core.name, core.place, outer.place, most);
}

/// A failed attempt as the decision sees it.
#[derive(Clone, Copy)]
struct Seen<'a> {
    view: View<'a>,
    any: Option<&'a dyn Any>,
    retry_if: Option<bool>,
    /// Whether the attempt was rejected, as far as the error itself does not show it.
    rejected: bool,
    /// Whether the attempt succeeded, and a predicate refused its value.
    is_value: bool,
}

impl Seen<'_> {
    /// Why another try cannot help, if it cannot.
    fn hopeless(&self, core: &Core) -> Option<StopReason> {
        let classified = self.view.classified();
        if classified.rejected || self.rejected {
            // Whatever a predicate for the function's own errors says: the function did not run,
            // nor would it.
            return Some(StopReason::Rejected);
        }
        match self.retry_if.or_else(|| core.hooks.retry_if(self.any)) {
            Some(true) => None,
            Some(false) => Some(StopReason::Refused),
            None => (classified.class == Class::Permanent).then_some(StopReason::Permanent),
        }
    }
}
