//! The handle that users hold.

use super::{
    admitted,
    builder::BreakerBuilder,
    classifier::{Classifier, ErrorClassifier},
    config::BreakerConfig,
    observers::BreakerSubscription,
    permit::Permit,
    shared::Shared,
    snapshot::Snapshot,
    ticket::Denied,
};
use crate::{
    ConfigError, ErrorCode, Rejection,
    error::{CarriesRejection, ErrorId, Policy, Rejector},
    event::{CircuitState, Observer, Shown},
    time::Tick,
};
use std::{
    error::Error,
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

/// A circuit breaker: it counts what becomes of calls, and when too many fail it rejects them for a
/// while instead of letting callers wait for a callee that is down.
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
    shared: Arc<Shared>,
}

impl CircuitBreaker {
    /// Starts the description of a breaker of its own, which no registry knows.
    ///
    /// The name is 1 to 128 bytes of printable characters; that and all other rules are checked by
    /// [`build`](BreakerBuilder::build).
    #[track_caller]
    pub fn builder(name: impl Into<String>) -> BreakerBuilder {
        BreakerBuilder::new(name.into())
    }

    pub(super) fn of_shared(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
        }
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(super) fn downgrade(&self) -> Weak<Shared> {
        Arc::downgrade(&self.shared)
    }

    pub(super) fn upgrade(weak: &Weak<Shared>) -> Option<Self> {
        weak.upgrade().map(|shared| Self { shared })
    }

    /// Tells how many handles there are, this one included.
    pub(super) fn handles(&self) -> usize {
        Arc::strong_count(&self.shared)
    }

    /// Tells whether the window holds nothing against the callee.
    pub(super) fn is_window_clean_at(&self, now: Tick) -> bool {
        let tally = self.shared.read(|locked| locked.core.tally_at(now));
        tally.failures == 0 && tally.slow == 0
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Runs a function unless the circuit is open, and counts its outcome.
    ///
    /// `Ok` is a success. An error is a failure, unless it is known to be
    /// [permanent](crate::error::Class::Permanent) or a policy further in rejected the call: then
    /// it is ignored. What can be known about an error without a bound on its type is what
    /// [`ErrorClassifier`] sees; [`call_with`](Self::call_with) takes other classifiers. A panic is a
    /// failure and goes on. Where the same breaker is entered again inside, the innermost call
    /// counts.
    ///
    /// # Errors
    ///
    /// Those of the function, as they are, and the [`Rejection`] when it did not run.
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
    /// Those of the function, as they are, and the [`Rejection`] when it did not run.
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
    pub fn call_with<T, E, J>(
        &self,
        classifier: J,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: CarriesRejection,
        J: Classifier<Result<T, E>>,
    {
        let shared = self.shared();
        shared.admit_then(
            |ticket| admitted::run(shared, ticket, classifier, f),
            |denied| self.rejected(denied),
        )
    }

    /// Awaits a future unless the circuit is open, and counts what becomes of it as
    /// [`call`](Self::call) does.
    ///
    /// # Errors
    ///
    /// Those of the future, as they are, and the [`Rejection`] when it was not made.
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
    /// Those of the future, as they are, and the [`Rejection`] when it was not made.
    ///
    /// # Cancel safety
    ///
    /// As [`call_async`](Self::call_async).
    #[cfg(feature = "async")]
    #[inline]
    pub async fn call_with_async<T, E, J, F>(
        &self,
        classifier: J,
        f: impl FnOnce() -> F,
    ) -> Result<T, E>
    where
        E: CarriesRejection,
        J: Classifier<Result<T, E>>,
        F: Future<Output = Result<T, E>>,
    {
        match self.admit() {
            Ok(admitted) => admitted.guard_new(classifier, f).await,
            Err(refused) => refused.into_rejection().into_result(),
        }
    }

    /// Awaits a future unless the circuit is open, or else what stands in for it; the outcome of
    /// the latter counts for nothing and comes back as it is.
    ///
    /// What stands in sees the [`Rejection`], whose [`cause`](Rejection::cause) is the failure that
    /// opened the circuit.
    ///
    /// # Cancel safety
    ///
    /// As [`call_async`](Self::call_async); dropped while it awaits what stands in, it drops that.
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
    pub async fn call_or_async<T, E, J, F, G>(
        &self,
        classifier: J,
        f: impl FnOnce() -> F,
        reject: impl FnOnce(Rejection) -> G,
    ) -> Result<T, E>
    where
        J: Classifier<Result<T, E>>,
        F: Future<Output = Result<T, E>>,
        G: Future<Output = Result<T, E>>,
    {
        match self.admit() {
            Ok(admitted) => admitted.guard_new(classifier, f).await,
            Err(refused) => reject(refused.into_rejection()).await,
        }
    }

    /// Asks for the right to make one call, to be given back with a verdict.
    ///
    /// # Errors
    ///
    /// The [`Rejection`], when the call must not be made.
    pub fn try_acquire(&self) -> Result<Permit, Rejection> {
        match self.shared.admit() {
            Ok(ticket) => Ok(Permit::new(self.clone(), ticket)),
            Err(denied) => Err(self.rejection(denied)),
        }
    }

    /// Answers a call that was not admitted. In line, so that the result is written where the
    /// caller wants it.
    #[inline]
    fn rejected<T, E: CarriesRejection>(&self, denied: Denied) -> Result<T, E> {
        self.rejection(denied).into_result()
    }

    #[inline]
    pub(super) fn rejection(&self, denied: Denied) -> Rejection {
        let rejector: Arc<dyn Rejector> = Arc::<Shared>::clone(&self.shared);
        let (code, generation) = (ErrorCode::CIRCUIT_OPEN_ERROR, denied.generation);
        Rejection::new(
            Policy::CircuitBreaker,
            code,
            rejector,
            generation,
            denied.retry_after(),
        )
    }

    /// Returns the state as the next call would find it. Asking changes nothing and takes no slot.
    ///
    /// Time alone moves an open breaker on: when its open time is over, this returns
    /// [`HalfOpen`](CircuitState::HalfOpen), although the change itself, and its event, come with
    /// the next call. In the same way a half-open one whose time is over is open again.
    #[must_use]
    pub fn state(&self) -> CircuitState {
        let now = self.shared.clock.now();
        self.shared.read(|locked| locked.core.view_at(now).state)
    }

    /// Returns everything that is known about the breaker at this moment. Asking changes nothing.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.shared)
    }

    /// Returns the configuration.
    #[must_use]
    pub fn config(&self) -> BreakerConfig {
        self.shared.read(|locked| locked.core.config().clone())
    }

    /// Rejects every call until [`reset`](Self::reset), [`disable`](Self::disable) or
    /// [`half_open`](Self::half_open).
    pub fn force_open(&self) {
        let now = self.shared.clock.now();
        self.shared
            .step(|locked| ((), locked.core.force_open_at(now)));
    }

    /// Lets every call through and counts nothing until [`reset`](Self::reset) or
    /// [`force_open`](Self::force_open).
    pub fn disable(&self) {
        let now = self.shared.clock.now();
        self.shared.step(|locked| ((), locked.core.disable_at(now)));
    }

    /// Closes the circuit and forgets what was held against the callee: failures in a row, window,
    /// grown open time.
    ///
    /// Calls that began before it count for nothing. The counts of a snapshot go on.
    pub fn reset(&self) {
        let now = self.shared.clock.now();
        self.shared.step(|locked| ((), locked.core.reset_at(now)));
    }

    /// Lets probes through now instead of at the end of the open time.
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
        let now = self.shared.clock.now();
        let done = self.shared.step(|locked| locked.core.half_open_at(now));
        done.map_err(|from| InvalidTransition {
            from,
            to: CircuitState::HalfOpen,
        })
    }

    /// Opens the circuit for this long, or keeps an open one open for at least this long, as a
    /// server that answers with `Retry-After` asks. A breaker that is forced open or disabled stays
    /// so.
    pub fn open_for(&self, duration: Duration) {
        let now = self.shared.clock.now();
        self.shared
            .step(|locked| ((), locked.core.open_for_at(now, duration)));
    }

    /// Changes the configuration of the living breaker. State, counts, calls in flight and as much
    /// of the window as fits are kept; an open time that runs already ends when it was to end.
    ///
    /// The settings that `change` makes replace earlier ones; all others stay, and those that were
    /// never set follow their defaults, for example `max_recovery_timeout` follows
    /// `recovery_timeout`. Of two windows the last one holds.
    /// [`no_window`](BreakerBuilder::no_window), [`no_slow_call`](BreakerBuilder::no_slow_call) and
    /// [`no_failure_threshold`](BreakerBuilder::no_failure_threshold) take back; a
    /// [`control`](BreakerBuilder::control) is joined. Name, clock and seed cannot be changed.
    ///
    /// `change` runs under no lock, and its result is applied in one step: of two threads that
    /// change different settings at once neither undoes what the other did, nor does a change
    /// within a change.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with every rule that the result breaks, and for a clock or a seed; the
    /// breaker then goes on as it was.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::builder("reconfigure-example").build()?;
    /// breaker.reconfigure(|now| now.failure_threshold(3))?;
    /// assert_eq!(breaker.config().failure_threshold, Some(3));
    /// assert_eq!(breaker.reconfigure(|now| now.failure_threshold(0)).unwrap_err().field(), "failure_threshold");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn reconfigure(
        &self,
        change: impl FnOnce(BreakerBuilder) -> BreakerBuilder,
    ) -> Result<(), ConfigError> {
        change(BreakerBuilder::of_change(self.name().to_owned())).apply_to(self)
    }

    /// Goes on where the breaker of a snapshot stopped, for example after a restart of the program.
    ///
    /// An open breaker stays open for the rest of its time (how much of it has passed since the
    /// snapshot is read from the wall clock), a half-open one probes at the next call, and the
    /// counts go on from those of the snapshot. The configuration stays that of this breaker, and
    /// the window starts empty.
    pub fn restore(&self, snapshot: &Snapshot) {
        snapshot.restore_into(&self.shared);
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
        let id = self.shared.observers.add(Arc::new(observer));
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

impl Rejector for Shared {
    fn name(&self) -> &str {
        &self.name
    }

    fn cause(&self, generation: u64) -> Option<String> {
        self.read(|locked| locked.cause_in(generation).map(str::to_owned))
    }

    fn state(&self, generation: u64) -> Option<&'static str> {
        self.read(|locked| {
            if locked.core.generation() == generation {
                return Some(locked.core.phase().state().name());
            }
            // It has gone on since; what rejects in a generation that is over is an opening.
            locked
                .opening_in(generation)
                .map(|_| CircuitState::Open.name())
        })
    }

    fn opening(&self, generation: u64) -> Option<ErrorId> {
        Shared::opening(self, generation)
    }
}

/// A change of state that a breaker cannot make by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidTransition {
    /// The state in which the breaker is, and stays.
    pub from: CircuitState,
    /// The state that was asked for.
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
