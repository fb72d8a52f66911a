//! Handle of a breaker.

#[cfg(feature = "tower")]
use super::owned_call::OwnedCall;
use super::{
    classifier::{Classifier, ErrorClassifier},
    config::BreakerConfig,
    counters::Counter,
    permit::{Admitted, Permit, Refused},
    shell::{self, Shell},
    snapshot::BreakerSnapshot,
    sync_call,
};
use crate::{
    chaos,
    error::{CarriesRejection, Rejection},
    event::{CircuitState, Observer, Shown},
    time::Tick,
};
#[cfg(feature = "async")]
use crate::{chaos::Ahead, outcome::in_parts};
use std::{
    error::Error,
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

/// A circuit breaker: it counts the outcomes of calls, and when too many fail it rejects calls for
/// a while, so that callers do not wait for a callee that is down.
///
/// A handle is one pointer: clones are cheap and share everything.
///
/// # Examples
///
/// ```
/// use gardefou::breaker::{CircuitBreaker, CircuitState};
/// use std::io;
///
/// let breaker = CircuitBreaker::builder("payments").failure_threshold(2).build()?;
/// let pay = || Err::<(), _>(io::Error::other("no route"));
/// assert!(breaker.call(pay).is_err());
/// assert!(breaker.call(pay).is_err());
/// assert_eq!(breaker.state(), CircuitState::Open);
///
/// let rejected = breaker.call(|| Ok::<_, io::Error>(())).unwrap_err();
/// assert_eq!(rejected.to_string(), "circuit_breaker `payments` rejected the call; try again in 60.0s");
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct CircuitBreaker {
    shell: Arc<Shell>,
}

impl CircuitBreaker {
    pub(super) fn from_shell(shell: Shell) -> Self {
        Self {
            shell: Arc::new(shell),
        }
    }

    #[cfg(feature = "fleet")]
    pub(crate) fn from_shared(shell: Arc<Shell>) -> Self {
        Self { shell }
    }

    pub(crate) fn shell(&self) -> &Arc<Shell> {
        &self.shell
    }

    pub(super) fn downgrade(&self) -> Weak<Shell> {
        Arc::downgrade(&self.shell)
    }

    /// Returns how many handles there are, this one included.
    pub(super) fn handles(&self) -> usize {
        Arc::strong_count(&self.shell)
    }

    /// Returns `true` if the window holds no failure and no slow call.
    pub(super) fn is_window_clean_at(&self, now: Tick) -> bool {
        let tally = self.shell.read(|locked| locked.machine.tally_at(now));
        tally.failures == 0 && tally.slow == 0
    }

    /// Returns the breaker's identity.
    pub(crate) fn identity(&self) -> Identity {
        Identity(self.downgrade())
    }

    /// Returns how many calls succeeded and failed, without the restored counts of an earlier
    /// process.
    pub(crate) fn ended_here(&self) -> (u64, u64) {
        let shell = self.shell();
        let success = shell.counters.sum(Counter::Success);
        (success, shell.failures().0)
    }

    /// Keeps the breaker until the program ends, and returns it.
    ///
    /// A [`Rejection`] and a [`Permit`] refer to their breaker. They count that reference, unless the breaker
    /// stays: then threads that get them at the same time write nothing that they share. Attributes keep theirs.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breaker: &'static CircuitBreaker = CircuitBreaker::builder("payments").build()?.leak();
    /// breaker.force_open();
    /// assert_eq!(breaker.try_acquire().unwrap_err().name(), "payments");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn leak(self) -> &'static Self {
        self.keep();
        Box::leak(Box::new(self))
    }

    /// Keeps the breaker until the program ends: its rejections need not count how many refer to it.
    pub(crate) fn keep(&self) {
        self.shell.lasting.keep(&self.shell);
    }

    /// Returns the name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::builder(format!("shard-{}", 7)).build()?;
    /// assert_eq!(breaker.name(), "shard-7");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shell.name
    }

    /// Runs a function unless the circuit is open, and counts its outcome.
    ///
    /// `Ok` is a success. An error is a failure, unless it is known to be
    /// [permanent](crate::error::Class::Permanent) or an inner policy rejected the call: then it is
    /// ignored. [`ErrorClassifier`] classifies errors without a bound on their type;
    /// [`call_with`](Self::call_with) takes other classifiers. A panic is a failure and goes on.
    /// Where the same breaker is entered again inside, the innermost call counts.
    ///
    /// # Errors
    ///
    /// The errors of the function, unchanged, and the [`Rejection`] if it did not run.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, breaker::CircuitBreaker};
    ///
    /// let breaker = CircuitBreaker::builder("call-example").failure_threshold(1).build()?;
    /// let mistake = || Err::<(), _>(AppError::new(ErrorCode::API_REQUEST_ERROR, "no such field"));
    /// assert!(breaker.call(mistake).is_err());
    /// assert_eq!(breaker.call(|| Ok::<_, AppError>(5))?, 5, "a permanent error opens nothing");
    /// # Ok::<(), AppError>(())
    /// ```
    #[inline]
    pub fn call<T, E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
    {
        self.call_with(ErrorClassifier, f)
    }

    /// Runs a function unless the circuit is open, and counts its outcome by the verdict of
    /// `classifier`.
    ///
    /// # Errors
    ///
    /// The errors of the function, unchanged, and the [`Rejection`] if it did not run.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, breaker::{CircuitBreaker, FailurePredicate}};
    ///
    /// let breaker = CircuitBreaker::builder("call-with-example").failure_threshold(1).build()?;
    /// let empty = FailurePredicate(|page: &Result<String, AppError>| page.as_ref().is_ok_and(String::is_empty));
    /// assert_eq!(breaker.call_with(empty, || Ok(String::new()))?, "");
    /// assert!(breaker.call(|| Ok::<_, AppError>(())).is_err(), "an empty page opened the circuit");
    /// # Ok::<(), AppError>(())
    /// ```
    #[inline]
    pub fn call_with<T, E, C>(
        &self,
        classifier: C,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: CarriesRejection,
        C: Classifier<Result<T, E>>,
    {
        let shell = self.shell();
        shell.admit_then(
            |admission| {
                if chaos::is_on()
                    && let Err(injected) = sync_call::inject(shell, admission)
                {
                    return injected.into_result();
                }
                sync_call::run(shell, admission, classifier, f)
            },
            |denial| shell::denied(shell, denial),
        )
    }

    /// Runs a function unless the circuit is open, else the fallback `reject`, whose outcome is not
    /// counted and is returned as it is. It gets an error that chaos injects too, since the type of
    /// errors need not carry one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{ErrorClassifier, CircuitBreaker};
    ///
    /// let breaker = CircuitBreaker::builder("call-or-example").build()?;
    /// breaker.force_open();
    /// let price = breaker.call_or(ErrorClassifier, || Err::<u32, _>("not called"), |_rejection| Ok(7));
    /// assert_eq!(price, Ok(7), "the last known one");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[inline]
    pub fn call_or<T, E, C: Classifier<Result<T, E>>>(
        &self,
        classifier: C,
        f: impl FnOnce() -> Result<T, E>,
        reject: impl FnOnce(Rejection) -> Result<T, E>,
    ) -> Result<T, E> {
        let shell = self.shell();
        if chaos::is_on() {
            return match self.admit_blocking() {
                Ok(admitted) => admitted.run(classifier, f),
                Err(refused) => reject(refused.into_rejection()),
            };
        }
        shell.admit_then(
            |admission| sync_call::run(shell, admission, classifier, f),
            |denial| shell::reject_then(shell, denial, reject),
        )
    }

    /// Admits a blocking call or denies it.
    ///
    /// # Errors
    ///
    /// [`Refused`], when the call must not be made.
    #[doc(hidden)]
    #[inline]
    pub fn admit_blocking(&self) -> Result<Admitted<'_>, Refused<'_>> {
        let admitted = Admitted::admit_alone(&self.shell)?;
        if chaos::is_on() {
            return admitted.inject_blocking(&self.shell);
        }
        Ok(admitted)
    }

    /// Admits an async call or denies it.
    ///
    /// # Errors
    ///
    /// [`Refused`], when the call must not be made.
    #[cfg(feature = "async")]
    #[doc(hidden)]
    #[inline]
    pub fn admit(&self) -> Result<Admitted<'_>, Refused<'_>> {
        Admitted::admit(&self.shell)
    }

    /// Admits an async call or denies it, with a fault that another guard injects.
    #[cfg(feature = "async")]
    #[cold]
    pub(crate) fn admit_after(&self, ahead: Ahead) -> Result<Admitted<'_>, Refused<'_>> {
        if ahead.is_empty() {
            return self.admit();
        }
        Admitted::admit_alone(&self.shell).map(|admitted| admitted.after(ahead))
    }

    /// Refuses a call for an error that another guard injects.
    #[cold]
    pub(crate) fn refuse(&self, injected: Rejection) -> Refused<'_> {
        Refused::injected(&self.shell, injected)
    }

    /// Awaits a future unless the circuit is open, and counts its outcome as [`call`](Self::call)
    /// does.
    ///
    /// # Errors
    ///
    /// The errors of the future, unchanged, and the [`Rejection`] if it was not made.
    ///
    /// # Cancel safety
    ///
    /// A call that is dropped after it has been pending for `abandoned_after` counts as a failure
    /// if no other call of this breaker has succeeded meanwhile; every other dropped call counts as
    /// nothing. All give their slot back.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, breaker::CircuitBreaker};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), AppError> {
    /// let breaker = CircuitBreaker::builder("call-async-example").build()?;
    /// assert_eq!(breaker.call_async(|| async { Ok::<_, AppError>(5) }).await?, 5);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "async")]
    #[inline]
    pub fn call_async<T, E, F>(&self, f: impl FnOnce() -> F) -> impl Future<Output = Result<T, E>>
    where
        E: CarriesRejection + 'static,
        F: Future<Output = Result<T, E>>,
    {
        self.call_with_async(ErrorClassifier, f)
    }

    /// Awaits a future unless the circuit is open, and counts its outcome by the verdict of
    /// `classifier`.
    ///
    /// # Errors
    ///
    /// The errors of the future, unchanged, and the [`Rejection`] if it was not made.
    ///
    /// # Cancel safety
    ///
    /// As [`call_async`](Self::call_async).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, breaker::{CircuitBreaker, CircuitState, FailurePredicate}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), AppError> {
    /// let breaker = CircuitBreaker::builder("search").failure_threshold(1).build()?;
    /// let empty = FailurePredicate(|page: &Result<String, AppError>| page.as_ref().is_ok_and(String::is_empty));
    /// assert_eq!(breaker.call_with_async(empty, async || Ok(String::new())).await?, "");
    /// assert_eq!(breaker.state(), CircuitState::Open);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "async")]
    #[inline]
    pub async fn call_with_async<T, E, C, F>(
        &self,
        classifier: C,
        f: impl FnOnce() -> F,
    ) -> Result<T, E>
    where
        E: CarriesRejection,
        C: Classifier<Result<T, E>>,
        F: Future<Output = Result<T, E>>,
    {
        match self.admit() {
            Ok(admitted) => in_parts(admitted.guard_new(classifier, f).await),
            Err(refused) => refused.into_rejection().into_result(),
        }
    }

    /// Awaits a future unless the circuit is open, else the fallback that `reject` makes. The
    /// outcome of the fallback is not counted and is returned as it is.
    ///
    /// The fallback gets the [`Rejection`], whose [`cause`](Rejection::cause) is the failure that
    /// opened the circuit.
    ///
    /// # Cancel safety
    ///
    /// As [`call_async`](Self::call_async); dropped while it awaits the fallback, it drops that.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{ErrorClassifier, CircuitBreaker};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), gardefou::ConfigError> {
    /// let breaker = CircuitBreaker::builder("call-or-async-example").failure_threshold(1).build()?;
    /// let price = async || {
    ///     let fetch = async || Err::<String, _>(std::io::Error::other("no route"));
    ///     let kept = async |rejection: gardefou::Rejection| {
    ///         tokio::task::yield_now().await; // for example a look into a cache
    ///         Ok(format!("the last one, since {}", rejection.cause().unwrap_or_default()))
    ///     };
    ///     breaker.call_or_async(ErrorClassifier, fetch, kept).await
    /// };
    /// assert!(price().await.is_err());
    /// assert_eq!(price().await.unwrap(), "the last one, since no route");
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "async")]
    #[inline]
    pub async fn call_or_async<T, E, C, F, G>(
        &self,
        classifier: C,
        f: impl FnOnce() -> F,
        reject: impl FnOnce(Rejection) -> G,
    ) -> Result<T, E>
    where
        C: Classifier<Result<T, E>>,
        F: Future<Output = Result<T, E>>,
        G: Future<Output = Result<T, E>>,
    {
        match self.admit() {
            Ok(admitted) => in_parts(admitted.guard_new(classifier, f).await),
            Err(refused) => reject(refused.into_rejection()).await,
        }
    }

    /// Guards a future that is the call, and that the result holds together with the breaker.
    #[cfg(feature = "tower")]
    pub(crate) fn guard_owned<F, C>(&self, classifier: C, call: F) -> OwnedCall<F, C> {
        OwnedCall::new(Arc::clone(&self.shell), classifier, call)
    }

    /// Acquires the right to make one call, to be given back with a verdict.
    ///
    /// # Errors
    ///
    /// The [`Rejection`], when the call must not be made.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorCode, breaker::CircuitBreaker};
    ///
    /// let breaker = CircuitBreaker::builder("search").failure_threshold(1).build()?;
    /// breaker.try_acquire()?.failure();
    /// let rejection = breaker.try_acquire().unwrap_err();
    /// assert_eq!((rejection.name(), rejection.code()), ("search", ErrorCode::CIRCUIT_OPEN_ERROR));
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[inline(always)]
    pub fn try_acquire(&self) -> Result<Permit, Rejection> {
        // Not `admit_then`, whose closure would be a call that returns a permit in memory.
        let shell = &self.shell;
        let admission = match shell.admit_at_once() {
            Ok(admission) => admission,
            Err(word) => match shell.admit_slow(word) {
                Ok(admission) => admission,
                Err(denial) => return Err(shell::rejection(shell, denial)),
            },
        };
        Ok(Permit::new(shell, admission))
    }

    /// Returns the state as the next call would find it. Reading it changes nothing and takes no
    /// slot.
    ///
    /// Time alone moves an open breaker on: when its open time is over, this returns
    /// [`HalfOpen`](CircuitState::HalfOpen), although the change itself, and its event, come with
    /// the next call. In the same way a half-open one whose time is over is open again.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::{CircuitBreaker, CircuitState}, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let breaker = CircuitBreaker::builder("search").clock(clock.clone()).build()?;
    /// breaker.open_for(Duration::from_secs(5));
    /// assert_eq!(breaker.state(), CircuitState::Open);
    /// clock.advance(Duration::from_secs(5));
    /// assert_eq!(breaker.state(), CircuitState::HalfOpen);
    /// assert_eq!(breaker.snapshot().generation, 1, "no call has made the change yet");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn state(&self) -> CircuitState {
        let now = self.shell.clock.now();
        self.shell.read(|locked| locked.machine.view_at(now).state)
    }

    /// Returns everything that is known about the breaker at this moment. Reading it changes
    /// nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::builder("search").build()?;
    /// breaker.try_acquire()?.success();
    /// breaker.try_acquire()?.failure_because("no route");
    /// let snapshot = breaker.snapshot();
    /// assert_eq!((snapshot.counts.success, snapshot.counts.failure), (1, 1));
    /// assert_eq!(snapshot.last_failure.unwrap().cause.as_deref(), Some("no route"));
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> BreakerSnapshot {
        BreakerSnapshot::of(&self.shell)
    }

    /// Returns the configuration.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{BreakerConfig, CircuitBreaker};
    ///
    /// assert_eq!(CircuitBreaker::builder("search").build()?.config(), BreakerConfig::default());
    /// let breaker = CircuitBreaker::builder("search").failure_rate(0.3).build()?;
    /// assert_eq!((breaker.config().failure_threshold, breaker.config().min_calls), (None, 10));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn config(&self) -> BreakerConfig {
        self.shell.read(|locked| locked.machine.config().clone())
    }

    /// Rejects every call until [`reset`](Self::reset), [`disable`](Self::disable) or
    /// [`half_open`](Self::half_open).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, breaker::{CircuitBreaker, CircuitState}};
    ///
    /// let breaker = CircuitBreaker::builder("search").build()?;
    /// breaker.force_open();
    /// assert_eq!(breaker.state(), CircuitState::ForcedOpen);
    /// assert!(breaker.call(|| Ok::<_, AppError>(())).is_err());
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn force_open(&self) {
        let now = self.shell.clock.now();
        self.shell
            .step(|locked| ((), locked.machine.force_open_at(now)));
    }

    /// Admits every call and counts nothing until [`reset`](Self::reset) or
    /// [`force_open`](Self::force_open).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{CircuitBreaker, CircuitState};
    ///
    /// let breaker = CircuitBreaker::builder("search").failure_threshold(1).build()?;
    /// breaker.disable();
    /// breaker.try_acquire()?.failure();
    /// assert_eq!(breaker.state(), CircuitState::Disabled);
    /// assert_eq!(breaker.snapshot().counts.total(), 0);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn disable(&self) {
        let now = self.shell.clock.now();
        self.shell.step(|locked| ((), locked.disable_at(now)));
    }

    /// Closes the circuit and forgets past failures: failures in a row, window, grown open time.
    ///
    /// Calls that began before it are not counted. The counts of a snapshot go on.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{CircuitBreaker, CircuitState};
    ///
    /// let breaker = CircuitBreaker::builder("search").failure_threshold(2).build()?;
    /// breaker.try_acquire()?.failure();
    /// breaker.reset();
    /// breaker.try_acquire()?.failure();
    /// assert_eq!(breaker.state(), CircuitState::Closed, "the first failure is forgotten");
    /// assert_eq!(breaker.snapshot().counts.failure, 2);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn reset(&self) {
        let now = self.shell.clock.now();
        self.shell.step(|locked| ((), locked.machine.reset_at(now)));
    }

    /// Admits probes now instead of at the end of the open time.
    ///
    /// # Errors
    ///
    /// [`InvalidTransition`] when the breaker is closed or disabled, which stays as it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{CircuitBreaker, CircuitState};
    ///
    /// let breaker = CircuitBreaker::builder("half-open-example").build()?;
    /// assert!(breaker.half_open().is_err());
    /// breaker.force_open();
    /// breaker.half_open()?;
    /// assert_eq!(breaker.state(), CircuitState::HalfOpen);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn half_open(&self) -> Result<(), InvalidTransition> {
        let now = self.shell.clock.now();
        let done = self.shell.step(|locked| locked.machine.half_open_at(now));
        done.map_err(|from| InvalidTransition {
            from,
            to: CircuitState::HalfOpen,
        })
    }

    /// Opens the circuit for this long, or keeps an open one open for at least this long, for
    /// example for the `Retry-After` of a server. A breaker that is forced open or disabled stays
    /// so.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::CircuitBreaker, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::builder("search").clock(ManualClock::new()).build()?;
    /// breaker.open_for(Duration::from_secs(30));
    /// breaker.open_for(Duration::from_secs(10));
    /// let rejection = breaker.try_acquire().unwrap_err();
    /// assert_eq!(rejection.retry_after(), Some(Duration::from_secs(30)));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn open_for(&self, duration: Duration) {
        let now = self.shell.clock.now();
        self.shell
            .step(|locked| ((), locked.machine.open_for_at(now, duration)));
    }

    /// Restores the state of a snapshot, for example after a restart of the program.
    ///
    /// An open breaker stays open for the rest of its time (how much of it has passed since the
    /// snapshot is read from the wall clock), a half-open one probes at the next call, and the
    /// counts go on from those of the snapshot. The configuration stays that of this breaker, and
    /// the window starts empty.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::CircuitBreaker, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let before = CircuitBreaker::builder("search").clock(clock.clone()).build()?;
    /// before.open_for(Duration::from_secs(30));
    /// let stored = serde_json::to_string(&before.snapshot())?;
    ///
    /// clock.advance(Duration::from_secs(10));
    /// let after = CircuitBreaker::builder("search").clock(clock.clone()).build()?;
    /// after.restore(&serde_json::from_str(&stored)?);
    /// assert_eq!(after.snapshot().remaining, Some(Duration::from_secs(20)));
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn restore(&self, snapshot: &BreakerSnapshot) {
        snapshot.restore_into(&self.shell);
    }

    /// Subscribes an observer to this breaker's events.
    ///
    /// Events come one after another, in the order in which they happened, also when several
    /// threads cause them; the observer may call back into the breaker.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::CircuitBreaker, event::Event};
    /// use std::sync::{Arc, atomic::{AtomicUsize, Ordering}};
    ///
    /// let breaker = CircuitBreaker::builder("observe-example").build()?;
    /// let events = Arc::new(AtomicUsize::new(0));
    /// let counter = Arc::clone(&events);
    /// let subscription = breaker.observe(move |_: &Event<'_>| {
    ///     counter.fetch_add(1, Ordering::Relaxed);
    /// });
    /// breaker.force_open();
    /// drop(subscription);
    /// breaker.reset();
    /// assert_eq!(events.load(Ordering::Relaxed), 1);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn observe(&self, observer: impl Observer) -> BreakerSubscription {
        let id = self.shell.observers.add(Arc::new(observer));
        BreakerSubscription {
            breaker: self.downgrade(),
            id,
        }
    }
}

impl fmt::Debug for CircuitBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker")
            .field("name", &Shown(self.name()))
            .field("state", &self.state())
            .finish()
    }
}

/// Keeps an observer of one breaker subscribed; dropping it ends that.
#[derive(Debug)]
#[must_use = "dropping a subscription ends it"]
pub struct BreakerSubscription {
    breaker: Weak<Shell>,
    id: usize,
}

impl BreakerSubscription {
    /// Keeps the observer subscribed for as long as the breaker lives.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::CircuitBreaker, event::Event};
    /// use std::sync::{Arc, atomic::{AtomicUsize, Ordering}};
    ///
    /// let events = Arc::new(AtomicUsize::new(0));
    /// let counter = Arc::clone(&events);
    /// let breaker = CircuitBreaker::builder("search").build()?;
    /// breaker
    ///     .observe(move |_: &Event<'_>| { counter.fetch_add(1, Ordering::Relaxed); })
    ///     .forever();
    /// breaker.force_open();
    /// assert_eq!(events.load(Ordering::Relaxed), 1);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn forever(self) {
        std::mem::forget(self);
    }
}

impl Drop for BreakerSubscription {
    fn drop(&mut self) {
        if let Some(breaker) = self.breaker.upgrade() {
            breaker.observers.remove(self.id);
        }
    }
}

/// The identity of a breaker among those that had one name; it keeps none alive.
#[derive(Clone, Debug)]
pub(crate) struct Identity(Weak<Shell>);

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0)
    }
}

/// A change of state that a breaker cannot make by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidTransition {
    /// The state in which the breaker is, and stays.
    pub from: CircuitState,
    /// The requested state.
    pub to: CircuitState,
}

impl fmt::Display for InvalidTransition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a {} circuit breaker cannot be made {}",
            self.from, self.to
        )
    }
}

impl Error for InvalidTransition {}
