//! Permits: the right to make one call.

use super::{
    admission::{Admission, Denial},
    classifier::Classifier,
    shell::{self, Shell},
    sync_call,
};
#[cfg(feature = "async")]
use super::{async_call::Guarded, sync_call::OnPanic};
#[cfg(feature = "async")]
use crate::call::{Frame, Framed};
use crate::{
    call::DropReason,
    chaos::{self, Ahead},
    classify::Verdict,
    error::{PolicyRef, Rejection},
    time::Tick,
};
#[cfg(feature = "async")]
use crate::{chaos::After, error::Policy};
use std::{fmt, sync::Arc};

/// The right to make one call, to be given back with a verdict.
///
/// It belongs to the generation in which it was given: when the breaker has changed its state
/// meanwhile, the verdict changes nothing. Dropped without a verdict it gives its slot back and
/// counts as nothing, unless it is dropped by a panic, or was held for `abandoned_after` or longer
/// while no other call succeeded: then it counts as a failure.
///
/// # Examples
///
/// ```
/// use gardefou::breaker::CircuitBreaker;
///
/// let breaker = CircuitBreaker::builder("permit-example").build()?;
/// let permit = breaker.try_acquire()?;
/// permit.success();
/// drop(breaker.try_acquire()?);
/// assert_eq!(breaker.snapshot().counts.success, 1);
/// # Ok::<(), gardefou::AppError>(())
/// ```
#[must_use = "a permit that is dropped at once records no outcome"]
pub struct Permit {
    shell: PolicyRef<Shell>,
    /// Taken by the verdict.
    admission: Option<Admission>,
    /// When it was given, by the reading that does for the state: the coarse one lags.
    read: Tick,
    /// How many calls had succeeded by then, below [`IN_PANIC`]. One word: what is written in parts and moved
    /// as a whole makes the processor wait.
    successes: u64,
}

/// Marks a permit that was given while the thread was unwinding already.
const IN_PANIC: u64 = 1 << 32;

impl Permit {
    // In line, as all on the way of a success: a permit whose parts stay in registers is not written
    // in parts and moved as a whole, which costs more than all the rest.
    #[inline(always)]
    pub(super) fn new(shell: &Arc<Shell>, admission: Admission) -> Self {
        let read = shell.now_in(admission.word());
        let successes = shell.successes_from(admission, read);
        let in_panic = if std::thread::panicking() {
            IN_PANIC
        } else {
            0
        };
        Self {
            shell: shell.lasting.refer(shell),
            admission: Some(admission),
            read,
            successes: u64::from(successes) | in_panic,
        }
    }

    /// Records a success.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{CircuitBreaker, CircuitState};
    ///
    /// let breaker = CircuitBreaker::builder("search").build()?;
    /// breaker.force_open();
    /// breaker.half_open()?;
    /// breaker.try_acquire()?.success();
    /// assert_eq!(breaker.state(), CircuitState::Closed);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[inline(always)]
    pub fn success(mut self) {
        if let Some(admission) = self.admission.take() {
            self.shell.succeed(admission);
        }
    }

    /// Records a failure.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{CircuitBreaker, CircuitState};
    ///
    /// let breaker = CircuitBreaker::builder("search").failure_threshold(1).build()?;
    /// breaker.try_acquire()?.failure();
    /// assert_eq!(breaker.state(), CircuitState::Open);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn failure(self) {
        self.record(Verdict::Failure);
    }

    /// Records a failure with the text that rejections give as their cause if this failure opens
    /// the circuit. The text is cut to one line of 151 bytes; where it opens nothing it is written
    /// at most once a second.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::builder("search").failure_threshold(1).build()?;
    /// breaker.try_acquire()?.failure_because("no route to host");
    /// let rejection = breaker.try_acquire().unwrap_err();
    /// assert_eq!(rejection.cause().as_deref(), Some("no route to host"));
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn failure_because(mut self, cause: impl fmt::Display) {
        if let Some(admission) = self.admission.take() {
            let write = |out: &mut dyn fmt::Write| write!(out, "{cause}");
            self.shell.settle(admission, Verdict::Failure, write);
            self.shell.post_if_open();
        }
    }

    /// Records that the outcome shows nothing about the callee. [`record`](Self::record) takes
    /// [`Verdict::Answered`] for an outcome that shows at least that the callee answers.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::builder("search").build()?;
    /// breaker.try_acquire()?.failure();
    /// breaker.try_acquire()?.ignore();
    /// assert_eq!(breaker.snapshot().consecutive_failures, 1, "neither ended nor grown");
    /// assert_eq!(breaker.snapshot().counts.ignored, 1);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn ignore(self) {
        self.record(Verdict::Ignored);
    }

    /// Records a verdict.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::CircuitBreaker, classify::Verdict};
    ///
    /// let breaker = CircuitBreaker::builder("search").build()?;
    /// for status in [200, 404, 503] {
    ///     let verdict = match status {
    ///         500.. => Verdict::Failure,
    ///         400.. => Verdict::Answered,
    ///         _ => Verdict::Success,
    ///     };
    ///     breaker.try_acquire()?.record(verdict);
    /// }
    /// let counts = breaker.snapshot().counts;
    /// assert_eq!((counts.success, counts.ignored, counts.failure), (1, 1, 1));
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[inline]
    pub fn record(mut self, verdict: Verdict) {
        if let Some(admission) = self.admission.take() {
            self.shell.settle(admission, verdict, |_| Ok(()));
            if verdict == Verdict::Failure {
                self.shell.post_if_open();
            }
        }
    }
}

impl Drop for Permit {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(admission) = self.admission.take() {
            dropped(&self.shell, admission, self.read, self.successes);
        }
    }
}

/// Records the drop of a permit without a verdict.
#[cold]
#[inline(never)]
fn dropped(shell: &Shell, admission: Admission, read: Tick, successes: u64) {
    if std::thread::panicking() && successes & IN_PANIC == 0 {
        shell.fail_by_panic(admission);
    } else {
        let since = (shell.clock).not_behind(read, admission.word().is_coarse());
        shell.drop_pending(admission, since, successes as u32, DropReason::Caller);
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("breaker", &self.shell.name)
            .finish_non_exhaustive()
    }
}

/// The right to make one call that begins at once: a [`Permit`] that borrows the breaker and reads
/// no clock.
///
/// Dropped before the call begins it gives its slot back and counts as nothing.
#[must_use = "an admission that is dropped makes no call"]
pub struct Admitted<'a> {
    shell: &'a Shell,
    admission: Admission,
    /// What chaos injects before the call.
    ahead: Ahead,
}

/// A call that was not admitted, before its [`Rejection`] is made. Plain values, so that an
/// [`Admitted`] beside it in a `Result` stays in registers.
#[derive(Debug)]
#[must_use = "a refused call is answered by its rejection"]
pub struct Refused<'a> {
    shell: &'a Arc<Shell>,
    why: Why,
}

#[derive(Debug)]
enum Why {
    Denied(Denial),
    /// Chaos injected an error.
    Injected(chaos::Refusal),
}

impl<'a> Refused<'a> {
    #[inline]
    fn denied(shell: &'a Arc<Shell>, denial: Denial) -> Self {
        let why = Why::Denied(denial);
        Self { shell, why }
    }

    #[cfg_attr(
        not(feature = "chaos"),
        expect(unreachable_code, unused_variables, reason = "nothing is injected")
    )]
    #[cold]
    pub(super) fn injected(shell: &'a Arc<Shell>, injected: Rejection) -> Self {
        let why = Why::Injected(chaos::refusal(injected));
        Self { shell, why }
    }

    /// Makes the rejection.
    #[cold]
    #[must_use]
    pub fn into_rejection(self) -> Rejection {
        match self.why {
            Why::Denied(denial) => shell::rejection(self.shell, denial),
            Why::Injected(refusal) => chaos::rejection_of(refusal),
        }
    }
}

impl<'a> Admitted<'a> {
    /// Admits an async call or denies it, and draws its fault.
    #[cfg(feature = "async")]
    #[inline]
    pub(super) fn admit(shell: &'a Arc<Shell>) -> Result<Self, Refused<'a>> {
        let admitted = Self::admit_alone(shell)?;
        if chaos::is_on() {
            return admitted.inject(shell);
        }
        Ok(admitted)
    }

    /// Admits a call or denies it, and injects nothing.
    #[inline]
    pub(super) fn admit_alone(shell: &'a Arc<Shell>) -> Result<Self, Refused<'a>> {
        match shell.admit() {
            Ok(admission) => Ok(Self::new(shell, admission)),
            Err(denial) => Err(Refused::denied(shell, denial)),
        }
    }

    #[inline]
    fn new(shell: &'a Shell, admission: Admission) -> Self {
        Self {
            shell,
            admission,
            ahead: Ahead::default(),
        }
    }

    #[cfg(feature = "async")]
    #[cold]
    pub(super) fn after(mut self, ahead: Ahead) -> Self {
        self.ahead = ahead;
        self
    }

    pub(super) fn into_parts(mut self) -> (&'a Shell, Admission, Ahead) {
        let parts = (self.shell, self.admission, std::mem::take(&mut self.ahead));
        std::mem::forget(self);
        parts
    }

    /// Injects the fault of a blocking call, if it gets one.
    #[cold]
    pub(super) fn inject_blocking(self, breaker: &'a Arc<Shell>) -> Result<Self, Refused<'a>> {
        let (shell, admission, _) = self.into_parts();
        match sync_call::inject(shell, admission) {
            Ok(()) => Ok(Self::new(shell, admission)),
            Err(injected) => Err(Refused::injected(breaker, injected)),
        }
    }

    /// Draws the fault of an async call, if it gets one.
    #[cfg(feature = "async")]
    #[cold]
    fn inject(self, breaker: &'a Arc<Shell>) -> Result<Self, Refused<'a>> {
        let (shell, admission, _) = self.into_parts();
        match chaos::begin(Some(Policy::CircuitBreaker), &shell.name, &shell.clock) {
            Ok(ahead) => Ok(Self {
                ahead,
                ..Self::new(shell, admission)
            }),
            Err(injected) => {
                sync_call::fail_injected(shell, admission, &injected);
                Err(Refused::injected(breaker, injected))
            }
        }
    }

    /// Makes the call.
    #[inline]
    pub fn run<T, E, C: Classifier<Result<T, E>>>(
        self,
        classifier: C,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let (shell, admission, _) = self.into_parts();
        sync_call::run(shell, admission, classifier, f)
    }

    /// Makes the future that is the call, and wraps it.
    #[cfg(feature = "async")]
    #[inline]
    pub(super) fn guard_new<F, C>(
        self,
        classifier: C,
        f: impl FnOnce() -> F,
    ) -> Guarded<'a, After<F>, C> {
        let (shell, admission, ahead) = self.into_parts();
        let on_panic = OnPanic {
            shell,
            admission,
            mark: None,
        };
        let inner = f();
        on_panic.defuse();
        let inner = ahead.before(inner);
        Guarded::new(shell, admission, classifier, inner, Frame::new())
    }

    /// Wraps the future that is the call.
    #[cfg(feature = "async")]
    #[inline]
    pub fn guard<F, C>(self, classifier: C, inner: F) -> Guarded<'a, After<F>, C> {
        self.guard_in(Frame::new(), classifier, inner)
    }

    /// Wraps the future that is the call in the frame that `place` has already.
    #[cfg(feature = "async")]
    #[inline]
    pub fn guard_in<F, C, P: Framed>(
        self,
        place: P,
        classifier: C,
        inner: F,
    ) -> Guarded<'a, After<F>, C, P> {
        let (shell, admission, ahead) = self.into_parts();
        Guarded::new(shell, admission, classifier, ahead.before(inner), place)
    }
}

impl Drop for Admitted<'_> {
    #[cold]
    fn drop(&mut self) {
        self.shell.release(self.admission);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use crate::breaker::{CircuitBreaker, CircuitState};

    #[test]
    fn permit_of_a_kept_breaker_counts_no_reference_and_outlives_every_handle_of_another() {
        let built = |name: &str| {
            CircuitBreaker::builder(name)
                .failure_threshold(1)
                .build()
                .unwrap()
        };
        let kept: &'static CircuitBreaker = built("permit-kept").leak();
        let handles = kept.handles();
        let permit = kept.try_acquire().unwrap();
        assert_eq!(kept.handles(), handles);
        std::thread::spawn(move || permit.failure()).join().unwrap();
        assert_eq!(kept.state(), CircuitState::Open);

        let counted = built("permit-counted");
        let (permit, shell) = (counted.try_acquire().unwrap(), counted.downgrade());
        assert_eq!(counted.handles(), 2);
        drop(counted);
        permit.failure();
        assert!(shell.upgrade().is_none(), "nothing else keeps it");
    }
}
