//! Async side of a run: awaited attempts, their time limit, and waits.

use super::{inner::RetryInner, run::Run};
use crate::{
    call::{Deadline, Frame, Framed, Granted, ScopedAttempt},
    chaos::{self, Faulty},
    error::{ErrorCode, Policy, Rejection},
};
use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The wait between two attempts, two words wide; what [`Run::wait_async`] returns.
#[must_use = "futures do nothing until they are awaited"]
pub struct Wait(Option<Timer>);

impl Future for Wait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.0
            .as_mut()
            .map_or(Poll::Ready(()), |timer| timer.as_mut().poll(context))
    }
}

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").finish_non_exhaustive()
    }
}

impl<'r> Run<'r> {
    /// Awaits an attempt in its frame.
    #[doc(hidden)]
    #[inline]
    pub fn watch<F: Future>(&mut self, attempt: F) -> Watched<'_, 'r, F> {
        Watched { run: self, attempt }
    }

    /// Awaits an attempt in its frame; `carry` makes an error of one that is injected.
    #[doc(hidden)]
    #[inline]
    pub(crate) fn watch_as<E, F: Future>(
        &mut self,
        carry: impl FnOnce(Rejection) -> Result<E, Rejection>,
        attempt: impl FnOnce() -> F,
    ) -> Watched<'_, 'r, Faulty<F, E>> {
        let (policy, inner) = (Some(Policy::Retry), self.retry);
        let attempt = chaos::faulty(policy, &inner.name, &inner.clock, carry, attempt);
        Watched { run: self, attempt }
    }

    /// Returns the frame of an attempt whose guard enters it by itself.
    #[doc(hidden)]
    #[inline]
    pub fn attempt_frame(&mut self) -> AttemptFrame<'_, 'r> {
        AttemptFrame(self)
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
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::Retry;
    /// use std::time::Duration;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let retry = Retry::builder().build()?;
    /// let start = tokio::time::Instant::now();
    /// retry.start().wait_async(Duration::from_secs(3)).await;
    /// assert_eq!(start.elapsed().as_secs(), 3);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// # }).unwrap();
    /// ```
    pub fn wait_async(&self, delay: Duration) -> Wait {
        // Boxed, because a wait is slow anyway, and a timer in place would make the future of every
        // caller larger.
        let timer = (!delay.is_zero()).then(|| {
            let clock = self.retry.clock();
            Box::pin(async move { clock.sleep_async(delay).await }) as Timer
        });
        Wait(timer)
    }

    /// Limits the time of one attempt, where the configuration does.
    ///
    /// The limit is `attempt_timeout`, or the rest of `max_elapsed` or of the deadline of the call
    /// if that is shorter. Within the attempt,
    /// [`call::remaining`](crate::call::remaining) returns it.
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
    pub async fn limit<F: Future>(&mut self, attempt: F) -> Result<F::Output, Rejection> {
        let attempt = self.inject()?.before(attempt);
        let Some(granted) = self.granted() else {
            return Ok(self.watch(attempt).await);
        };
        let limited = granted.limit(attempt);
        let outcome = self.watch(limited).await;
        outcome.ok_or_else(|| self.timed_out())
    }

    /// Returns what an attempt that begins now is granted; `None` where attempts are not limited.
    pub(crate) fn granted(&self) -> Option<Granted> {
        let timeout = self.retry.config().attempt_timeout?;
        let clock = self.retry.clock();
        let now = clock.now();
        let whole = match self.retry.config().max_elapsed {
            Some(whole) => whole.saturating_sub(self.elapsed_at(now)),
            None => Duration::MAX,
        };
        Some(Granted::at(now, timeout, whole, clock))
    }

    /// Makes the rejection of an attempt that was cut off.
    #[cold]
    pub(crate) fn timed_out(&self) -> Rejection {
        let inner: Arc<RetryInner> = Arc::clone(&self.retry.inner);
        Rejection::new(Policy::Timeout, ErrorCode::TIMEOUT_ERROR, inner, 0, None)
    }
}

pin_project_lite::pin_project! {
    /// An attempt whose frame is current during each poll.
    #[derive(Debug)]
    #[doc(hidden)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Watched<'a, 'r, F> {
        pub(super) run: &'a mut Run<'r>,
        #[pin]
        pub(super) attempt: F,
    }
}

impl<F: Future> Future for Watched<'_, '_, F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.run.enter().scoped();
        this.attempt.poll(cx)
    }
}

/// The frame of the attempt under way, for a guard that is the whole attempt.
#[derive(Debug)]
#[doc(hidden)]
pub struct AttemptFrame<'a, 'r>(pub(super) &'a mut Run<'r>);

impl Framed for AttemptFrame<'_, '_> {
    type Entered<'a>
        = ScopedAttempt<'a>
    where
        Self: 'a;

    #[inline]
    fn enter(&mut self) -> ScopedAttempt<'_> {
        self.0.enter().scoped()
    }

    #[inline]
    fn frame(&mut self) -> &mut Frame {
        &mut self.0.frame
    }

    fn post_open(&mut self, until: Option<Deadline>) {
        self.0.frame.add_open(until);
    }

    /// The run ends the frame, when it decides what comes next.
    #[inline]
    fn end(&mut self, _: bool) {}
}
