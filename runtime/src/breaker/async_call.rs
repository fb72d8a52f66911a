//! Asynchronous call under a breaker.

use super::{
    admission::Admission,
    classifier::Classifier,
    shell::Shell,
    sync_call::{fail_by_panic, settle, succeed},
};
use crate::{
    call::{self, Frame, Framed, Since},
    classify::Verdict,
    outcome::in_parts,
};
use std::{
    future::Future,
    ops::Deref,
    pin::Pin,
    task::{Context, Poll},
};

pin_project_lite::pin_project! {
    /// A future that was admitted, and records its outcome, its panic or its drop.
    ///
    /// It boxes nothing and adds a few words to the future inside. A future that is ready at once
    /// reads no clock.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Guarded<'a, F, C, P: Framed = Frame> {
        #[pin]
        inner: F,
        classifier: C,
        // Taken by the verdict.
        shell: Option<&'a Shell>,
        // Notes when the inner future was first seen pending.
        admission: Admission,
        place: P,
    }

    impl<F, C, P: Framed> PinnedDrop for Guarded<'_, F, C, P> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            drop_call(this.shell, *this.admission, this.place);
        }
    }
}

impl<'a, F, C, P: Framed> Guarded<'a, F, C, P> {
    pub(super) fn new(
        shell: &'a Shell,
        admission: Admission,
        classifier: C,
        inner: F,
        place: P,
    ) -> Self {
        Self {
            inner,
            classifier,
            shell: Some(shell),
            admission,
            place,
        }
    }
}

impl<T, E, F, C, P> Future for Guarded<'_, F, C, P>
where
    F: Future<Output = Result<T, E>>,
    C: Classifier<Result<T, E>>,
    P: Framed,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        poll_call(
            this.shell,
            this.admission,
            this.place,
            this.classifier,
            this.inner,
            cx,
        )
    }
}

/// Polls an admitted call; `shell` is taken by the verdict.
#[inline]
pub(super) fn poll_call<T, E, F, C, P, H>(
    shell: &mut Option<H>,
    admission: &mut Admission,
    place: &mut P,
    classifier: &C,
    inner: Pin<&mut F>,
    cx: &mut Context<'_>,
) -> Poll<Result<T, E>>
where
    F: Future<Output = Result<T, E>>,
    C: Classifier<Result<T, E>>,
    P: Framed,
    H: Deref<Target = Shell>,
{
    let on_panic = OnPollPanic {
        shell,
        admission: *admission,
        place,
    };
    let polled = {
        let _entered = on_panic.place.enter();
        let _held = match on_panic.shell.as_deref() {
            Some(shell) if on_panic.admission.is_probe() => {
                shell.hold_slot(on_panic.admission, Some(call::current_frame()))
            }
            _ => None,
        };
        inner.poll(cx)
    };
    let outcome = match polled {
        Poll::Ready(outcome) => in_parts(outcome),
        Poll::Pending => {
            if let Some(shell) = on_panic.shell.as_deref() {
                shell.note_pending(admission);
            }
            std::mem::forget(on_panic);
            return Poll::Pending;
        }
    };
    let verdict = classifier.verdict(&outcome);
    let shell = on_panic.shell.take();
    std::mem::forget(on_panic);
    if let Some(shell) = shell.as_deref() {
        let admission = shell.take_pending(*admission).0;
        if verdict == Verdict::Success && place.frame().is_empty() {
            succeed(shell, admission);
        } else {
            let inside = inside(place.frame(), shell);
            settle(shell, admission, verdict, classifier, &outcome, inside);
            // A value that is a failure ends the series of a retry around it too.
            if outcome.is_err() || verdict == Verdict::Failure {
                post_if_open(place, shell);
            }
        }
        place.end(outcome.is_ok());
    }
    Poll::Ready(in_parts(outcome))
}

/// Records the drop of an admitted call that has no verdict yet.
pub(super) fn drop_call<P, H>(shell: &mut Option<H>, admission: Admission, place: &mut P)
where
    P: Framed,
    H: Deref<Target = Shell>,
{
    if let Some(shell) = shell.take() {
        if inside(place.frame(), &shell).recorded {
            shell.release(admission);
        } else if shell.drop_future(admission, call::drop_reason()) {
            call::record_outcome(shell.address());
            post_if_open(place, &shell);
        }
    }
}

/// Returns what happened inside a call that concerns its breaker.
fn inside(frame: &mut Frame, shell: &Shell) -> Since {
    let Some(inside) = frame.inbox() else {
        return Since::default();
    };
    Since {
        rejected: inside.rejection().is_some(),
        recorded: inside.has_recorded(shell.address()),
        late: inside.is_late(),
    }
}

/// Posts to the frame around a call that it has failed, if the circuit is open.
#[cold]
fn post_if_open(place: &mut impl Framed, shell: &Shell) {
    if let Some(until) = shell.open_until() {
        place.post_open(until);
    }
}

/// Records a panic of the inner future, or of the classifier, as a failure.
struct OnPollPanic<'p, P: Framed, H: Deref<Target = Shell>> {
    shell: &'p mut Option<H>,
    admission: Admission,
    place: &'p mut P,
}

impl<P: Framed, H: Deref<Target = Shell>> Drop for OnPollPanic<'_, P, H> {
    #[cold]
    fn drop(&mut self) {
        if let Some(shell) = self.shell.take() {
            let inside = inside(self.place.frame(), &shell);
            fail_by_panic(&shell, shell.take_pending(self.admission).0, inside);
            post_if_open(self.place, &shell);
        }
    }
}
