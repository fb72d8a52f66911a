//! Time limit of a call: what a guard grants, and the future that ends at it.

#[cfg(feature = "async")]
use super::drop_reason::drop_for;
use super::{
    deadline::{self, Deadline, EnteredDeadline},
    drop_reason::DropReason,
    remaining,
};
use crate::time::{Reading, SharedClock, ShortStart, Tick};
use std::time::Duration;
#[cfg(feature = "async")]
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// The time that a guard grants a call: its own limit, or what remains until the deadline around it
/// if that is less.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) time: Duration,
    end: End,
}

/// The end of what is granted, and the start where the call is timed. All that a future keeps of it:
/// it is a part of the user's.
#[derive(Debug)]
struct End {
    deadline: Deadline,
    start: PackedStart,
    /// What the drop of a call shows that took longer.
    #[cfg_attr(
        not(feature = "async"),
        allow(dead_code, reason = "only futures are dropped before they are done")
    )]
    reason: DropReason,
}

/// The start of a call that is timed, where the struct around it has room anyway: zero where the call is
/// not timed, or else one more than its bits.
#[derive(Clone, Copy, Debug)]
struct PackedStart([u16; 3]);

const _: () = assert!(ShortStart::BITS < 48);

impl PackedStart {
    const NONE: Self = Self([0; 3]);

    fn new(start: ShortStart) -> Self {
        let bits = start.to_bits() + 1;
        Self([bits as u16, (bits >> 16) as u16, (bits >> 32) as u16])
    }

    fn get(self) -> Option<ShortStart> {
        let [low, middle, high] = self.0.map(u64::from);
        let bits = low | middle << 16 | high << 32;
        bits.checked_sub(1).map(ShortStart::from_bits)
    }
}

impl End {
    fn new(deadline: Deadline, reason: DropReason) -> Self {
        Self {
            deadline,
            start: PackedStart::NONE,
            reason,
        }
    }

    /// Returns how many nanoseconds a call took that is timed and ends now.
    #[inline]
    fn elapsed(&self) -> Option<u64> {
        let start = self.start.get()?;
        Some(start.elapsed_at(self.deadline.now()))
    }
}

impl Granted {
    /// Returns what is granted of the `own` limit of a guard to a call that begins now.
    #[inline]
    pub(crate) fn now(own: Duration, reading: Reading, clock: SharedClock) -> Self {
        if deadline::current().is_some() {
            return Self::at(clock.now(), own, Duration::MAX, clock);
        }
        Self {
            time: own,
            end: End::new(
                Deadline::new(clock.read_ahead(reading).after(own), clock),
                DropReason::TimedOut,
            ),
        }
    }

    /// Returns what is granted at `now` of the `own` limit of a guard, which is a part of something
    /// that has `whole` left; zero where that or the deadline around the call has passed.
    pub(crate) fn at(now: Tick, own: Duration, whole: Duration, clock: SharedClock) -> Self {
        let time = remaining().map_or(own, |rest| rest.min(own)).min(whole);
        // A call that was cut off before half of its limit shows nothing about the callee.
        let reason = if time >= own / 2 {
            DropReason::TimedOut
        } else {
            DropReason::CutShort
        };
        Self {
            time,
            end: End::new(Deadline::new(now.after(time), clock), reason),
        }
    }

    /// Times the call, which begins now.
    pub(crate) fn begin_timing(&mut self) {
        let now = self.end.deadline.now();
        self.end.start = PackedStart::new(ShortStart::at(now));
    }

    /// Returns how many nanoseconds a call took that is timed and ends now.
    #[inline]
    pub(crate) fn elapsed(&self) -> Option<u64> {
        self.end.elapsed()
    }

    /// Returns how long a call took that was granted this, if that is too long.
    #[inline]
    pub(crate) fn overrun(&self, reading: Reading) -> Option<Duration> {
        let overrun = self.end.deadline.overrun(reading);
        (!overrun.is_zero()).then(|| self.time.saturating_add(overrun))
    }

    /// Makes the deadline that of this thread, until the result is dropped.
    #[inline]
    pub(crate) fn enter(&self) -> EnteredDeadline {
        // What is granted ends no later than the deadline around it.
        EnteredDeadline::enter_alone(Some(self.end.deadline.clone()))
    }

    /// Ends a future when the granted time is over.
    #[cfg(feature = "async")]
    pub(crate) fn limit<F: Future>(self, future: F) -> Limited<F> {
        Limited {
            future: Some(future),
            timer: None,
            end: Some(self.end),
        }
    }
}

/// The timer of a future that runs in one task with it: it fires although the future used up what
/// tokio lets a task do in one poll.
#[cfg(feature = "async")]
type Timer = tokio::task::Unconstrained<tokio::time::Sleep>;

#[cfg(feature = "async")]
pin_project_lite::pin_project! {
    /// A future that is dropped at its deadline, which is the deadline of the call during each poll.
    ///
    /// The future is polled before the timer, which is made when the future is first pending: one
    /// that is ready at once needs none, and an output is never discarded.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Limited<F> {
        #[pin]
        future: Option<F>,
        #[pin]
        timer: Option<Timer>,
        // `None` until the first poll asks for it.
        end: Option<End>,
    }
}

#[cfg(feature = "async")]
impl<F> Limited<F> {
    /// Makes a future whose first poll asks what it is granted, by `poll_granted`.
    #[inline]
    pub(crate) fn new(future: F) -> Self {
        Self {
            future: Some(future),
            timer: None,
            end: None,
        }
    }

    /// Returns how many nanoseconds a call took that is timed and ends now.
    #[inline]
    pub(crate) fn elapsed(&self) -> Option<u64> {
        self.end.as_ref()?.elapsed()
    }

    /// Makes a future that also returns how many nanoseconds a call took that is timed.
    #[inline]
    pub(crate) fn with_elapsed(self) -> WithElapsed<F> {
        WithElapsed { limited: self }
    }
}

#[cfg(feature = "async")]
impl<F: Future> Limited<F> {
    /// Polls the future. `grant` is called by the first poll, right before the future is polled;
    /// `over` makes the error of a future that was dropped.
    #[inline]
    pub(crate) fn poll_granted<R>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        grant: impl FnOnce(Pin<&mut F>) -> Result<Granted, R>,
        over: impl FnOnce() -> R,
    ) -> Poll<Result<F::Output, R>> {
        let mut this = self.project();
        if let Some(mut future) = this.future.as_mut().as_pin_mut() {
            let end = match this.end {
                Some(end) => end,
                None => this.end.insert(grant(future.as_mut())?.end),
            };
            let _entered = EnteredDeadline::enter(end.deadline.clone());
            if let Poll::Ready(output) = future.poll(cx) {
                return Poll::Ready(Ok(output));
            }
        }
        let Some(end) = this.end else {
            return Poll::Pending;
        };
        if this.timer.is_none() {
            let sleep = tokio::time::sleep(end.deadline.remaining());
            this.timer.set(Some(tokio::task::unconstrained(sleep)));
        }
        let is_over = match this.timer.as_mut().as_pin_mut() {
            Some(timer) => timer.poll(cx).is_ready(),
            None => false,
        };
        if !is_over {
            return Poll::Pending;
        }
        drop_for(end.reason, || this.future.set(None));
        Poll::Ready(Err(over()))
    }
}

#[cfg(feature = "async")]
impl<F: Future> Future for Limited<F> {
    /// `None` if the future was dropped.
    type Output = Option<F::Output>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_granted(cx, |_| Err(()), || ()).map(Result::ok)
    }
}

#[cfg(feature = "async")]
pin_project_lite::pin_project! {
    /// A [`Limited`] that also returns how many nanoseconds a call took that is timed.
    #[must_use = "futures do nothing unless they are awaited"]
    pub(crate) struct WithElapsed<F> {
        #[pin]
        limited: Limited<F>,
    }
}

#[cfg(feature = "async")]
impl<F: Future> Future for WithElapsed<F> {
    type Output = (Option<F::Output>, Option<u64>);

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut limited = self.project().limited;
        let polled = limited.as_mut().poll(cx);
        polled.map(|output| (output, limited.elapsed()))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn start_of_a_timed_call_takes_no_room() {
        assert_eq!(size_of::<End>(), size_of::<(Deadline, DropReason)>());
        assert_eq!(size_of::<Option<End>>(), size_of::<End>());
    }

    #[test]
    fn packed_start_is_that_which_was_packed() {
        assert_eq!(PackedStart::NONE.get(), None);
        for bits in [0, 1, 0xFFFF, 0x10_0000, 0x1234_5678_9ABC, u64::MAX] {
            let start = ShortStart::from_bits(bits);
            assert_eq!(PackedStart::new(start).get(), Some(start), "{bits:x}");
        }
    }
}
