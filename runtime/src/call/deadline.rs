//! Deadline of the call under way.

use super::current::CURRENT;
#[cfg(feature = "http-1")]
use crate::error::{ErrorCode, Rejection, Rejector};
use crate::time::{Reading, SharedClock, Tick};
#[cfg(feature = "http-1")]
use std::sync::Arc;
use std::{cell::RefCell, mem::ManuallyDrop, num::NonZeroU64, time::Duration};
#[cfg(feature = "axum")]
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// The time by which a call must end, on the clock of the guard that set it.
#[cfg_attr(
    not(feature = "async"),
    expect(unreachable_pub, reason = "the types of async guards show it")
)]
#[derive(Clone, Debug)]
pub struct Deadline {
    at: Tick,
    clock: SharedClock,
}

impl Deadline {
    pub(crate) fn new(at: Tick, clock: SharedClock) -> Self {
        Self { at, clock }
    }

    pub(crate) fn remaining(&self) -> Duration {
        self.at.since(self.now())
    }

    /// Returns the present tick of its clock.
    pub(super) fn now(&self) -> Tick {
        self.clock.now()
    }

    /// Returns by how much the deadline has passed; zero until then.
    #[inline]
    pub(super) fn overrun(&self, reading: Reading) -> Duration {
        self.clock.read(reading).since(self.at)
    }

    /// Returns the earlier of two deadlines. Ticks of different clocks do not compare; the
    /// remaining times do.
    pub(super) fn earlier(self, other: Self) -> Self {
        let other_is_earlier = if self.clock.is_system() && other.clock.is_system() {
            other.at < self.at
        } else {
            other.remaining() < self.remaining()
        };
        if other_is_earlier { other } else { self }
    }
}

/// The deadline of a thread as one word, never zero: the tick of one on the system's clock,
/// [`NO_DEADLINE`], or [`FOREIGN`].
pub(super) type DeadlineWord = NonZeroU64;

/// There is no deadline.
pub(super) const NO_DEADLINE: DeadlineWord = NonZeroU64::MAX;

/// The latest deadline on the system's clock: later ones are never reached.
const LATEST: DeadlineWord = NonZeroU64::new(u64::MAX - 2).unwrap();

/// The deadline is on another clock, and is the last of [`FOREIGN_DEADLINES`].
const FOREIGN: DeadlineWord = NonZeroU64::new(u64::MAX - 1).unwrap();

thread_local! {
    /// The deadlines on other clocks than the system's that were entered on this thread.
    static FOREIGN_DEADLINES: RefCell<Vec<Deadline>> = const { RefCell::new(Vec::new()) };
}

/// Returns how much time is left until the deadline of the guarded call under way; zero when it has
/// passed, `None` where there is no deadline.
///
/// Deadlines come from `max_elapsed` and `attempt_timeout` of retries, and from
/// [`Context::with_timeout`](super::Context::with_timeout). They pass down: the smallest of all
/// around the caller counts, and a retry does not wait beyond it.
///
/// # Examples
///
/// ```
/// use gardefou::{call, retry::Retry, time::ManualClock};
/// use std::time::Duration;
///
/// let clock = ManualClock::new();
/// let retry = Retry::builder().max_elapsed(Duration::from_secs(10)).clock(clock.clone()).build()?;
/// let left = retry.call(|| {
///     clock.advance(Duration::from_secs(4));
///     Ok::<_, String>(call::remaining())
/// });
/// assert_eq!(left, Ok(Some(Duration::from_secs(6))));
/// assert_eq!(call::remaining(), None);
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[must_use]
pub fn remaining() -> Option<Duration> {
    current().map(|deadline| deadline.remaining())
}

/// Makes the rejection of a call whose deadline has passed before it began; `name` is that of what
/// would have begun.
#[cfg(feature = "http-1")]
#[cold]
pub(crate) fn expired(name: &'static str) -> Rejection {
    Rejection::before_start(ErrorCode::TIMEOUT_ERROR, Arc::new(Expired(name)))
}

#[cfg(feature = "http-1")]
#[derive(Debug)]
struct Expired(&'static str);

#[cfg(feature = "http-1")]
impl Rejector for Expired {
    fn name(&self) -> &str {
        self.0
    }

    fn cause(&self, _generation: u64) -> Option<String> {
        Some("the deadline of the call has passed".to_owned())
    }
}

/// Returns the deadline under way.
#[inline]
pub(super) fn current() -> Option<Deadline> {
    let word = CURRENT.with(|current| current.deadline.get());
    if word == NO_DEADLINE {
        None
    } else {
        read(word)
    }
}

#[cold]
fn read(word: DeadlineWord) -> Option<Deadline> {
    if word != FOREIGN {
        let at = Tick::from_nanos(word.get());
        return Some(Deadline::new(at, SharedClock::default()));
    }
    FOREIGN_DEADLINES
        .try_with(|deadlines| deadlines.borrow().last().cloned())
        .ok()
        .flatten()
}

/// A deadline of this thread, until this is dropped: guards are dropped in the reverse order of
/// their entering. It holds the deadline before it, in a whole word, also where there is none: a byte
/// that is copied as a part of a word makes the processor wait.
#[derive(Debug)]
#[must_use]
pub(crate) struct EnteredDeadline(DeadlineWord);

impl EnteredDeadline {
    /// Sets the deadline of this thread, unless there is an earlier one.
    #[inline]
    pub(crate) fn enter(deadline: Deadline) -> Self {
        Self::enter_alone(Some(match current() {
            None => deadline,
            Some(outer) => deadline.earlier(outer),
        }))
    }

    /// Replaces the deadline of this thread.
    #[inline]
    pub(crate) fn enter_alone(deadline: Option<Deadline>) -> Self {
        let word = match deadline {
            None => NO_DEADLINE,
            Some(deadline) if deadline.clock.is_system() => {
                let at = NonZeroU64::new(deadline.at.as_nanos());
                at.unwrap_or(NonZeroU64::MIN).min(LATEST)
            }
            Some(deadline) => push(deadline),
        };
        Self(CURRENT.with(|current| current.deadline.replace(word)))
    }

    /// Returns the deadline before it, for a holder that leaves this one by [`leave`].
    #[inline]
    pub(super) fn into_outer(self) -> DeadlineWord {
        ManuallyDrop::new(self).0
    }
}

/// Leaves the deadline that was entered last, and returns to the one before it.
#[inline]
pub(super) fn leave(outer: DeadlineWord) {
    if CURRENT.with(|current| current.deadline.replace(outer)) == FOREIGN {
        pop();
    }
}

#[cold]
#[inline(never)]
fn push(deadline: Deadline) -> DeadlineWord {
    // A thread that is ending has no deadlines any more.
    let pushed = FOREIGN_DEADLINES.try_with(|deadlines| deadlines.borrow_mut().push(deadline));
    if pushed.is_ok() { FOREIGN } else { NO_DEADLINE }
}

impl Drop for EnteredDeadline {
    #[inline]
    fn drop(&mut self) {
        leave(self.0);
    }
}

#[cold]
#[inline(never)]
fn pop() {
    let popped = FOREIGN_DEADLINES.try_with(|deadlines| deadlines.borrow_mut().pop());
    // Dropped after the borrow: the clock can be user code.
    drop(popped);
}

#[cfg(feature = "axum")]
pin_project_lite::pin_project! {
    /// A future with a deadline.
    #[must_use = "futures do nothing unless they are awaited"]
    pub(crate) struct Until<F> {
        deadline: Deadline,
        #[pin]
        future: F,
    }
}

#[cfg(feature = "axum")]
/// Sets a deadline during each poll of a future, unless there is an earlier one; it does not end the
/// future by itself.
pub(crate) fn until<F: Future>(deadline: Deadline, future: F) -> Until<F> {
    Until { deadline, future }
}

#[cfg(feature = "axum")]
impl<F: Future> Future for Until<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = EnteredDeadline::enter(this.deadline.clone());
        this.future.poll(cx)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::time::ManualClock;

    #[test]
    fn deadlines_compare_by_ticks_of_one_clock_and_by_remaining_time_of_others() {
        let in_seconds = |clock: &SharedClock, seconds: u64| {
            Deadline::new(
                clock.now().after(Duration::from_secs(seconds)),
                clock.clone(),
            )
        };
        let system = SharedClock::default();
        assert!(system.is_system());
        let [soon, late] = [10, 1000].map(|seconds| in_seconds(&system, seconds));
        assert_eq!(soon.clone().earlier(late.clone()).at, soon.at);
        assert_eq!(late.earlier(soon.clone()).at, soon.at);
        // Far ahead of every other clock.
        let manual = ManualClock::new();
        manual.advance(Duration::from_secs(1_000_000_000));
        let manual = SharedClock::new(manual);
        for (seconds, is_manual) in [(5, true), (1000, false)] {
            let other = in_seconds(&manual, seconds);
            assert_eq!(
                !soon.clone().earlier(other.clone()).clock.is_system(),
                is_manual
            );
            assert_eq!(!other.earlier(soon.clone()).clock.is_system(), is_manual);
        }
    }
}
