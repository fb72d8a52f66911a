//! Future of a call in its span.

use super::active::{ActiveSpan, CallEnd};
use crate::error::View;
use std::{
    mem,
    pin::Pin,
    task::{Context, Poll},
};

/// Begins the span of a call, when the call is polled first.
pub trait Begin {
    /// Returns the span; `None` if the call has none.
    fn begin(&self) -> Option<ActiveSpan>;
}

/// A view of errors of type `E`. A trait and not a closure, so that futures which hold one are
/// `Send` for every lifetime.
pub trait Viewing<E> {
    /// Returns the view of an error.
    fn view<'a>(&'a self, error: &'a E) -> View<'a>;
}

/// The view of errors that borrow nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AnyError;

impl<E: 'static> Viewing<E> for AnyError {
    fn view<'a>(&'a self, error: &'a E) -> View<'a> {
        View::from_any(error)
    }
}

pin_project_lite::pin_project! {
    /// A call that has a span, if it is asked for.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Traced<F, B, V> {
        // None once it was dropped, in the span.
        #[pin]
        inner: Option<F>,
        begin: B,
        view: V,
        stage: Stage,
    }

    impl<F, B, V> PinnedDrop for Traced<F, B, V> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Stage::Begun(mut active) = mem::replace(this.stage, Stage::Over) {
                {
                    let _entered = active.enter();
                    this.inner.set(None);
                }
                active.end(CallEnd::Cancelled);
            }
        }
    }
}

enum Stage {
    NotPolled,
    /// Polled, without a span.
    Plain,
    Begun(ActiveSpan),
    Over,
}

impl<F, B, V> Traced<F, B, V> {
    pub(crate) const fn new(inner: F, begin: B, view: V) -> Self {
        Self {
            inner: Some(inner),
            begin,
            view,
            stage: Stage::NotPolled,
        }
    }
}

impl<F, B, V, T, E> Future for Traced<F, B, V>
where
    F: Future<Output = Result<T, E>>,
    B: Begin,
    V: Viewing<E>,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let inner = this.inner.as_pin_mut();
        let inner = inner.expect("only a drop removes the future");
        if matches!(this.stage, Stage::NotPolled) {
            *this.stage = this.begin.begin().map_or(Stage::Plain, Stage::Begun);
        }
        let on_panic = OnPanic(this.stage);
        let polled = match &mut *on_panic.0 {
            Stage::Begun(active) => {
                let _entered = active.enter();
                inner.poll(cx)
            }
            _ => inner.poll(cx),
        };
        mem::forget(on_panic);
        if let Poll::Ready(outcome) = &polled
            && let Stage::Begun(active) = mem::replace(this.stage, Stage::Over)
        {
            active.end(CallEnd::of(outcome, this.view));
        }
        polled
    }
}

/// Ends the span of a call that panics in a poll. The future is dropped later, and elsewhere.
struct OnPanic<'a>(&'a mut Stage);

impl Drop for OnPanic<'_> {
    fn drop(&mut self) {
        if let Stage::Begun(active) = mem::replace(self.0, Stage::Over) {
            active.end(CallEnd::Panicked);
        }
    }
}
