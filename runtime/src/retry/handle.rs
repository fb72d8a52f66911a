//! Handle of a retry.

#[cfg(feature = "tower")]
use super::run::SuspendedRun;
use super::{config::RetryConfig, inner::Budgeted, run::Run, view::AnyError};
use crate::{
    budget::{Payer, RetryBudget},
    call::{Attempt, Frame},
    error::{Rejection, carry_any},
    outcome::succeeded,
};
#[cfg(feature = "async")]
use crate::{error::CarriesRejection, outcome::in_parts};
use std::{fmt, marker::PhantomData, ops::ControlFlow, sync::Arc, time::Duration};

/// Calls a function again when it fails, after a growing delay, as often and as long as configured.
///
/// Cheap to clone; clones share one configuration and one budget, and
/// [`with_budget`](Self::with_budget) replaces the latter. Each call is a series of its own.
///
/// Retried is every error, except one whose [class](crate::error::Class) is permanent and the
/// rejection of an inner policy (an open circuit), whatever error type it became; `retry_if`
/// replaces the class. Classes are seen on [`AppError`](crate::AppError), [`std::io::Error`],
/// [`Rejection`](crate::Rejection), boxed errors and types with codes ([`Coded`](crate::Coded)),
/// through their chains of sources; for any other type there is `retry_if`
/// ([`is_retryable`](super::is_retryable) reads the chain of any error). An error with a wait
/// (`retry_after()`) is obeyed: the wait is at least that long, and where that exceeds `max_delay`,
/// or the rest of `max_elapsed` or of the deadline of the call
/// ([`call::remaining`](crate::call::remaining)), the error is returned at once.
///
/// Each attempt runs in a frame of its own: inside it, [`call::attempt`](crate::call::attempt)
/// returns the attempt, and errors that are reported count only if no other attempt follows. A
/// retry inside an attempt of another one is logged once as a warning, with both places.
///
/// The last outcome is returned, untouched. An [`AppError`](crate::AppError) has the details
/// `attempts`, `elapsed` (seconds) and `earlier_errors` then: the texts of the errors before it, at
/// most 256 bytes each, and of more than eight the first one and the latest ones. For other types
/// there is [`FailedAttempt::earlier_errors`](super::FailedAttempt::earlier_errors).
///
/// `A` is whether attempts are limited in time: [`Untimed`], or [`Timed`] after
/// [`attempt_timeout`](super::RetryBuilder::attempt_timeout).
///
/// # Panics
///
/// A panic of the function, or of a predicate, goes through to the caller; it is not retried and
/// leaves nothing behind.
///
/// # Examples
///
/// ```
/// use gardefou::{retry::Retry, time::ManualClock};
///
/// let retry = Retry::builder().clock(ManualClock::new()).build()?;
/// let mut runs = 0;
/// let outcome = retry.call(|| {
///     runs += 1;
///     if runs < 3 { Err("busy") } else { Ok(runs) }
/// });
/// assert_eq!(outcome, Ok(3));
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[must_use = "a retry does nothing until something is called through it"]
pub struct Retry<A = Untimed> {
    budgeted: Budgeted,
    attempts: PhantomData<A>,
}

/// Attempts take as long as they take.
#[derive(Clone, Copy, Debug)]
pub enum Untimed {}

/// Attempts are cut off after `attempt_timeout`.
#[derive(Clone, Copy, Debug)]
pub enum Timed {}

impl Retry {
    /// Calls `op` until it succeeds or the retry gives up; blocks the thread between the calls.
    ///
    /// # Errors
    ///
    /// That of the last call.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, retry::Retry, time::ManualClock};
    ///
    /// let retry = Retry::builder().max_retries(2).clock(ManualClock::new()).build()?;
    /// let err = retry.call(|| Err::<(), _>(AppError::new(ErrorCode::DB_CONNECTION_ERROR, "refused"))).unwrap_err();
    /// assert!(err.is(ErrorCode::DB_CONNECTION_ERROR));
    /// assert_eq!(err.details()["attempts"], 3);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[inline]
    pub fn call<T, E: 'static>(&self, mut op: impl FnMut() -> Result<T, E>) -> Result<T, E> {
        self.call_with(|_| op())
    }

    /// As [`call`](Self::call), and passes the attempt to the function.
    ///
    /// # Errors
    ///
    /// That of the last call.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{retry::Retry, time::ManualClock};
    ///
    /// let hosts = ["a.example", "b.example", "c.example"];
    /// let retry = Retry::builder().max_attempts(3).clock(ManualClock::new()).build()?;
    /// let host = retry.call_with(|attempt| match hosts[attempt.index as usize] {
    ///     "c.example" => Ok("c.example"),
    ///     host => Err(host),
    /// });
    /// assert_eq!(host, Ok("c.example"));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[inline]
    pub fn call_with<T, E: 'static>(
        &self,
        op: impl FnMut(Attempt) -> Result<T, E>,
    ) -> Result<T, E> {
        self.call_as(carry_any, op)
    }

    /// As [`call`](Self::call), where a predicate on the whole outcome decides whether to call
    /// again: also after an `Ok`.
    ///
    /// The predicate takes the place of `retry_if` and of the class. When the attempts are used up,
    /// the last outcome comes back as it is.
    ///
    /// # Errors
    ///
    /// That of the last call.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{retry::Retry, time::ManualClock};
    ///
    /// let retry = Retry::builder().clock(ManualClock::new()).build()?;
    /// let mut states = ["pending", "pending", "done"].into_iter();
    /// let state = retry.call_while(|| states.next().ok_or("ended"), |state| *state == Ok("pending"));
    /// assert_eq!(state, Ok("done"));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[inline]
    pub fn call_while<T, E: 'static>(
        &self,
        mut op: impl FnMut() -> Result<T, E>,
        again: impl Fn(&Result<T, E>) -> bool,
    ) -> Result<T, E> {
        let mut run = self.start();
        loop {
            let retried = run.retried();
            let result = {
                let _entered = run.enter().scoped();
                retried.attempt(carry_any, &mut op)
            };
            match run.settle_while(result, &AnyError, &again) {
                ControlFlow::Break(result) => return result,
                ControlFlow::Continue(delay) => run.wait(delay),
            }
        }
    }

    /// As [`call_with`](Self::call_with); `carry` makes an error of one that chaos injects.
    #[inline]
    pub(crate) fn call_as<T, E: 'static>(
        &self,
        carry: impl Carry<E>,
        mut op: impl FnMut(Attempt) -> Result<T, E>,
    ) -> Result<T, E> {
        let Some((entered, retried, attempt)) = self.budgeted.enter_first() else {
            return series(&self.budgeted, carry, op);
        };
        let result = retried.attempt(carry, || op(attempt));
        let frame = entered.leave();
        match result {
            Ok(value) if !frame.has_contents() => {
                self.budgeted.counts.add_first_success();
                succeeded(value)
            }
            result => more_attempts(&self.budgeted, frame, result, carry, op),
        }
    }
}

#[cfg(feature = "async")]
impl Retry {
    /// Awaits the futures of `op` until one succeeds or the retry gives up.
    ///
    /// # Errors
    ///
    /// That of the last call.
    ///
    /// # Panics
    ///
    /// Where it must wait and no tokio runtime with time enabled is entered.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the attempt that runs, or ends the wait; no further attempt is
    /// made. A future that was never polled has called nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::Retry;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let retry = Retry::builder().build()?;
    /// let mut runs = 0;
    /// let outcome = retry
    ///     .call_async(|| {
    ///         runs += 1;
    ///         async move { if runs < 3 { Err("busy") } else { Ok(runs) } }
    ///     })
    ///     .await;
    /// assert_eq!(outcome, Ok(3));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// # }).unwrap();
    /// ```
    pub async fn call_async<T, E: 'static, F>(&self, mut op: impl FnMut() -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        in_parts(self.call_with_async(|_| op()).await)
    }

    /// As [`call_async`](Self::call_async), and passes the attempt to the function.
    ///
    /// # Errors
    ///
    /// That of the last call.
    ///
    /// # Panics
    ///
    /// As [`call_async`](Self::call_async).
    ///
    /// # Cancel safety
    ///
    /// As [`call_async`](Self::call_async).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::Retry;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let retry = Retry::builder().max_attempts(2).build()?;
    /// let outcome = retry.call_with_async(async |attempt| if attempt.is_last() { Ok(attempt.index) } else { Err(()) });
    /// assert_eq!(outcome.await, Ok(1));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// # }).unwrap();
    /// ```
    pub async fn call_with_async<T, E: 'static, F>(
        &self,
        op: impl FnMut(Attempt) -> F,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let (mut op, mut run) = (op, self.start());
        loop {
            let index = run.attempt();
            let error = match run.watch_as(carry_any::<E>, || op(index)).await {
                Ok(value) => {
                    run.succeeded();
                    return succeeded(value);
                }
                Err(error) => error,
            };
            match settle(&mut run, Err(error)) {
                ControlFlow::Break(result) => return result,
                ControlFlow::Continue(delay) => run.wait_async(delay).await,
            }
        }
    }

    /// As [`call_async`](Self::call_async), where a predicate on the whole outcome decides whether
    /// to call again.
    ///
    /// # Errors
    ///
    /// That of the last call.
    ///
    /// # Panics
    ///
    /// As [`call_async`](Self::call_async).
    ///
    /// # Cancel safety
    ///
    /// As [`call_async`](Self::call_async).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::Retry;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let retry = Retry::builder().build()?;
    /// let mut left = 3;
    /// let countdown = retry.call_while_async(
    ///     || {
    ///         left -= 1;
    ///         std::future::ready(Ok::<_, String>(left))
    ///     },
    ///     |result| *result != Ok(0),
    /// );
    /// assert_eq!(countdown.await, Ok(0));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// # }).unwrap();
    /// ```
    pub async fn call_while_async<T, E: 'static, F>(
        &self,
        mut op: impl FnMut() -> F,
        again: impl Fn(&Result<T, E>) -> bool,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        self.drive_async(
            |_| op(),
            |run, result| run.settle_while(result, &AnyError, &again),
        )
        .await
    }

    /// As [`call_async`](Self::call_async), and passes each attempt a state that it returns with
    /// its result: whatever the attempts borrow mutably, for example `&mut self`, which a closure
    /// cannot lend to the futures that it makes.
    ///
    /// The state is dropped with the call; to keep it, pass a reference.
    ///
    /// # Errors
    ///
    /// That of the last call.
    ///
    /// # Panics
    ///
    /// As [`call_async`](Self::call_async).
    ///
    /// # Cancel safety
    ///
    /// As [`call_async`](Self::call_async).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::Retry;
    ///
    /// struct Connection {
    ///     retry: Retry,
    ///     answers: Vec<Result<&'static str, &'static str>>,
    /// }
    ///
    /// impl Connection {
    ///     async fn read(&mut self) -> Result<&'static str, &'static str> {
    ///         self.answers.remove(0)
    ///     }
    ///
    ///     async fn read_again(&mut self) -> Result<&'static str, &'static str> {
    ///         let retry = self.retry.clone();
    ///         retry
    ///             .call_with_state_async(self, |connection| async move {
    ///                 let result = connection.read().await;
    ///                 (connection, result)
    ///             })
    ///             .await
    ///     }
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let answers = vec![Err("reset by peer"), Ok("hello"), Ok("unread")];
    /// let mut connection = Connection { retry: Retry::builder().build()?, answers };
    /// assert_eq!(connection.read_again().await, Ok("hello"));
    /// assert_eq!(connection.answers, [Ok("unread")]);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// # }).unwrap();
    /// ```
    pub async fn call_with_state_async<S, T, E: 'static, F>(
        &self,
        state: S,
        mut op: impl FnMut(S) -> F,
    ) -> Result<T, E>
    where
        F: Future<Output = (S, Result<T, E>)>,
    {
        let mut run = self.start();
        let mut state = state;
        loop {
            #[cfg(feature = "chaos")]
            let ahead = match run.inject_as(carry_any) {
                Ok(ahead) => ahead,
                Err(error) => match settle(&mut run, Err(error)) {
                    ControlFlow::Break(result) => return result,
                    ControlFlow::Continue(delay) => {
                        run.wait_async(delay).await;
                        continue;
                    }
                },
            };
            let attempt = op(state);
            #[cfg(feature = "chaos")]
            let attempt = ahead.before(attempt);
            let result;
            (state, result) = run.watch(attempt).await;
            match settle(&mut run, result) {
                ControlFlow::Break(result) => return result,
                ControlFlow::Continue(delay) => run.wait_async(delay).await,
            }
        }
    }

    async fn drive_async<'r, T, E: 'static, F>(
        &'r self,
        mut op: impl FnMut(Attempt) -> F,
        mut settle: impl FnMut(&mut Run<'r>, Result<T, E>) -> ControlFlow<Result<T, E>, Duration>,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let mut run = self.start();
        loop {
            let index = run.attempt();
            let result = run.watch_as(carry_any::<E>, || op(index)).await;
            match settle(&mut run, result) {
                ControlFlow::Break(result) => return result,
                ControlFlow::Continue(delay) => run.wait_async(delay).await,
            }
        }
    }
}

#[cfg(feature = "async")]
impl Retry<Timed> {
    /// Awaits the futures of `op`, each for at most `attempt_timeout`, until one succeeds or the
    /// retry gives up.
    ///
    /// # Errors
    ///
    /// That of the last call; where that was cut off, a [`Rejection`](crate::Rejection) with code
    /// `TIMEOUT_ERROR` turned into `E`.
    ///
    /// # Panics
    ///
    /// Where no tokio runtime with time enabled is entered.
    ///
    /// # Cancel safety
    ///
    /// As [`Retry::call_async`](Retry::<Untimed>::call_async).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, retry::Retry};
    /// use std::time::Duration;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let retry = Retry::builder().attempt_timeout(Duration::from_secs(1)).build()?;
    /// let mut runs = 0;
    /// let outcome = retry
    ///     .call_async(|| {
    ///         runs += 1;
    ///         let hangs = runs < 3;
    ///         async move {
    ///             if hangs {
    ///                 std::future::pending::<()>().await;
    ///             }
    ///             Ok::<_, AppError>("at last")
    ///         }
    ///     })
    ///     .await;
    /// assert_eq!(outcome.unwrap(), "at last");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// # }).unwrap();
    /// ```
    pub async fn call_async<T, E, F>(&self, mut op: impl FnMut() -> F) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
        F: Future<Output = Result<T, E>>,
    {
        self.call_with_async(|_| op()).await
    }

    /// As `call_async`, and passes the attempt to the function.
    ///
    /// # Errors
    ///
    /// That of the last call; where that was cut off, a [`Rejection`](crate::Rejection) with code
    /// `TIMEOUT_ERROR` turned into `E`.
    ///
    /// # Panics
    ///
    /// Where no tokio runtime with time enabled is entered.
    ///
    /// # Cancel safety
    ///
    /// As [`Retry::call_async`](Retry::<Untimed>::call_async).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, retry::Retry};
    /// use std::{future::pending, time::Duration};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let retry = Retry::builder().attempt_timeout(Duration::from_secs(1)).build()?;
    /// let outcome = retry.call_with_async(async |attempt| match attempt.index {
    ///     0 => pending::<Result<&str, AppError>>().await,
    ///     _ => Ok("from the replica"),
    /// });
    /// assert_eq!(outcome.await.unwrap(), "from the replica");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// # }).unwrap();
    /// ```
    pub async fn call_with_async<T, E, F>(&self, mut op: impl FnMut(Attempt) -> F) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
        F: Future<Output = Result<T, E>>,
    {
        let mut run = self.start();
        loop {
            let attempt = op(run.attempt());
            let outcome = run.limit(attempt).await;
            match settle(
                &mut run,
                outcome.unwrap_or_else(|cut_off| Err(cut_off.into())),
            ) {
                ControlFlow::Break(result) => return result,
                ControlFlow::Continue(delay) => run.wait_async(delay).await,
            }
        }
    }
}

/// What makes an error of a rejection that chaos injects.
pub(crate) trait Carry<E>: Fn(Rejection) -> Result<E, Rejection> + Copy {}

impl<E, C: Fn(Rejection) -> Result<E, Rejection> + Copy> Carry<E> for C {}

/// Makes all attempts of a series.
#[cold]
#[inline(never)]
fn series<T, E: 'static>(
    retry: &Budgeted,
    carry: impl Carry<E>,
    op: impl FnMut(Attempt) -> Result<T, E>,
) -> Result<T, E> {
    attempts(Run::begin(retry), carry, op)
}

#[inline]
fn attempts<T, E: 'static>(
    mut run: Run<'_>,
    carry: impl Carry<E>,
    mut op: impl FnMut(Attempt) -> Result<T, E>,
) -> Result<T, E> {
    loop {
        let (retried, attempt) = (run.retried(), run.attempt());
        let entered = run.enter();
        let result = retried.attempt(carry, || op(attempt));
        entered.leave();
        let result = match result {
            Ok(value) => {
                run.succeeded();
                return succeeded(value);
            }
            Err(error) => Err(error),
        };
        // An outcome that is not returned is dropped in there, before the wait.
        match settle(&mut run, result) {
            ControlFlow::Break(result) => return result,
            ControlFlow::Continue(delay) => run.wait(delay),
        }
    }
}

/// Settles the first attempt of a series, and makes those after it.
#[cold]
#[inline(never)]
fn more_attempts<T, E: 'static>(
    retry: &Budgeted,
    frame: Frame,
    first: Result<T, E>,
    carry: impl Carry<E>,
    op: impl FnMut(Attempt) -> Result<T, E>,
) -> Result<T, E> {
    let mut run = Run::from_first(retry, frame);
    match settle(&mut run, first) {
        ControlFlow::Break(result) => result,
        ControlFlow::Continue(delay) => {
            run.wait(delay);
            attempts(run, carry, op)
        }
    }
}

#[inline]
pub(crate) fn settle<T, E: 'static>(
    run: &mut Run<'_>,
    result: Result<T, E>,
) -> ControlFlow<Result<T, E>, Duration> {
    run.settle(result, &AnyError, |_| None)
}

impl<A> Retry<A> {
    pub(super) fn new(budgeted: Budgeted) -> Self {
        Self {
            budgeted,
            attempts: PhantomData,
        }
    }

    /// Starts a series of attempts in a loop of the caller's own; see [`Run`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::{Next, Retry};
    ///
    /// let retry = Retry::builder().max_retries(1).build()?;
    /// let (mut first, mut second) = (retry.start(), retry.start());
    /// assert!(matches!(first.after(&mut Err::<(), _>("busy")), Next::Wait(_)));
    /// assert_eq!(first.after(&mut Err::<(), _>("busy")), Next::Return);
    /// assert!(matches!(second.after(&mut Err::<(), _>("busy")), Next::Wait(_)), "a series of its own");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[inline]
    pub fn start(&self) -> Run<'_> {
        Run::begin(&self.budgeted)
    }

    /// Continues a series that [`Run::suspend`] took apart.
    #[cfg(feature = "tower")]
    pub(crate) fn resume(&self, run: SuspendedRun) -> Run<'_> {
        run.resume(&self.budgeted)
    }

    /// Returns the name that logs and events show.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::Retry;
    ///
    /// let retry = Retry::builder().name("fetch-page").build()?;
    /// assert_eq!(retry.name(), "fetch-page");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.budgeted.name
    }

    /// Returns the configuration.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::{Retry, RetryConfig};
    ///
    /// assert_eq!(Retry::builder().build()?.config(), &RetryConfig::default());
    /// assert_eq!(Retry::builder().max_retries(0).build()?.config().max_attempts.get(), 1);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn config(&self) -> &RetryConfig {
        self.budgeted.config()
    }

    /// Returns the budget on which a call of this thread draws, if the retry has one: inside of a
    /// test scope, the scope's in place of the default one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::{Retry, RetryBudget, RetryBudgetConfig};
    ///
    /// let budget = RetryBudget::builder().build()?;
    /// assert!(Retry::builder().budget(&budget).build()?.budget().unwrap().is_same_as(&budget));
    /// assert_eq!(Retry::builder().build()?.budget().unwrap().config(), &RetryBudgetConfig::default());
    /// assert!(Retry::builder().budget(false).build()?.budget().is_none());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn budget(&self) -> Option<RetryBudget> {
        self.budgeted.budget.budget()
    }

    /// Returns this retry with another budget, for example that of a tenant. It costs two counts of
    /// handles, allocates nothing, and shares the rest with this one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{retry::{Retry, RetryBudget}, time::ManualClock};
    ///
    /// let tenants = RetryBudget::builder().burst(1).floor(0).build_keyed()?;
    /// let retry = Retry::builder().max_retries(5).clock(ManualClock::new()).build()?;
    /// let mut runs = 0;
    /// let outcome = retry.with_budget(tenants.get("acme")).call(|| { runs += 1; Err::<(), _>("down") });
    /// assert_eq!((outcome, runs), (Err("down"), 2));
    /// assert_eq!(tenants.get("globex").available(), 1, "it has its own");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[inline]
    pub fn with_budget(&self, budget: RetryBudget) -> Self {
        Self::new(Budgeted {
            inner: Arc::clone(&self.budgeted.inner),
            budget: Payer::from_budget(budget),
        })
    }

    /// Erases whether attempts are timed, for generated code, whose loops call [`Run::limit`]
    /// themselves.
    #[doc(hidden)]
    pub fn erased(self) -> Retry {
        Retry::new(self.budgeted)
    }
}

impl<A> Clone for Retry<A> {
    fn clone(&self) -> Self {
        Self::new(self.budgeted.clone())
    }
}

impl<A> fmt::Debug for Retry<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.budgeted, f)
    }
}
