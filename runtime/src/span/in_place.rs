//! A span that a function enters in place.

use super::{
    active::{ActiveSpan, Around, CallEnd},
    attempts::NotedFailure,
};
use crate::error::View;
use std::thread;
#[cfg(feature = "async")]
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// A span that is entered in the middle of a function. When the function returns, it is dropped, and
/// ends with the failure that was noted, or else as succeeded.
///
/// In async code it must not stay entered while the function waits: each `.await` goes through
/// [`InSpan`].
#[derive(Debug)]
pub(crate) struct SpanInPlace {
    active: ActiveSpan,
    /// None while the span is left.
    around: Option<Around>,
    failure: Option<NotedFailure>,
    /// Whether the thread was unwinding when the call began.
    in_panic: bool,
}

impl SpanInPlace {
    pub(crate) fn enter(active: ActiveSpan) -> Self {
        let mut this = Self {
            active,
            around: None,
            failure: None,
            in_panic: thread::panicking(),
        };
        this.resume();
        this
    }

    fn resume(&mut self) {
        if self.around.is_none() {
            self.around = Some(self.active.begin_stay());
        }
    }

    fn leave(&mut self) {
        if let Some(around) = self.around.take() {
            self.active.end_stay(around);
        }
    }

    /// Notes how the call ends: with this error, or with a value.
    pub(crate) fn note(&mut self, error: Option<View<'_>>) {
        // What was reported inside is known to the frame once it is left.
        self.leave();
        self.failure = error.map(|view| self.active.noted(view));
        self.resume();
    }
}

impl Drop for SpanInPlace {
    fn drop(&mut self) {
        let is_entered = self.around.is_some();
        self.leave();
        // Else it panicked, or its future was dropped: the span ends so when it is dropped after this.
        if is_entered && (self.in_panic || !thread::panicking()) {
            let failure = self.failure.or_else(|| self.active.failure_of_retry());
            self.active
                .finish(failure.map_or(CallEnd::Succeeded, CallEnd::Noted));
        }
    }
}

/// Sees how a call ended by the output of a future. A trait and not a closure, so that futures which
/// hold one are `Send` for every lifetime.
#[cfg(feature = "async")]
pub trait Seen<O> {
    /// Notes it.
    fn note(&self, output: &O, note: impl FnOnce(Option<View<'_>>));
}

/// Sees nothing: another future, or the function itself, ends the call.
#[cfg(feature = "async")]
#[derive(Clone, Copy, Debug)]
pub struct Unseen;

#[cfg(feature = "async")]
impl<O> Seen<O> for Unseen {
    #[inline]
    fn note(&self, _: &O, _: impl FnOnce(Option<View<'_>>)) {}
}

#[cfg(feature = "async")]
pin_project_lite::pin_project! {
    /// A future in the span of the function that awaits it, if the call has one.
    ///
    /// The function has entered the span when it polls this first, and again when it continues.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct InSpan<'a, F, V> {
        span: &'a mut Option<Box<SpanInPlace>>,
        // None once it ended, or was dropped, in the span.
        #[pin]
        inner: Option<F>,
        seen: V,
    }

    impl<F, V> PinnedDrop for InSpan<'_, F, V> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(span) = this.span.as_deref_mut()
                && this.inner.is_some()
            {
                span.resume();
                this.inner.set(None);
                span.leave();
            }
        }
    }
}

#[cfg(feature = "async")]
impl<'a, F: Future, V: Seen<F::Output>> InSpan<'a, F, V> {
    #[inline]
    pub(crate) const fn new(span: &'a mut Option<Box<SpanInPlace>>, inner: F, seen: V) -> Self {
        Self {
            span,
            inner: Some(inner),
            seen,
        }
    }
}

#[cfg(feature = "async")]
impl<F: Future, V: Seen<F::Output>> Future for InSpan<'_, F, V> {
    type Output = F::Output;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        if this.span.is_some() {
            return poll_in(this.span, this.inner, this.seen, cx);
        }
        let inner = this.inner.as_mut().as_pin_mut();
        inner.expect("only a drop removes the future").poll(cx)
    }
}

/// Polls a future in the span.
#[cfg(feature = "async")]
#[cold]
#[inline(never)]
fn poll_in<F: Future, V: Seen<F::Output>>(
    span: &mut Option<Box<SpanInPlace>>,
    mut inner: Pin<&mut Option<F>>,
    seen: &V,
    cx: &mut Context<'_>,
) -> Poll<F::Output> {
    let span = span.as_deref_mut().expect("the call has a span");
    let future = inner.as_mut().as_pin_mut();
    let future = future.expect("only a drop or the end removes the future");
    span.resume();
    let polled = future.poll(cx);
    match &polled {
        Poll::Ready(output) => {
            inner.set(None);
            seen.note(output, |error| span.note(error));
        }
        Poll::Pending => span.leave(),
    }
    polled
}
