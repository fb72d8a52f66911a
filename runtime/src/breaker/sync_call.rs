//! Synchronous call under a breaker.

use super::{admission::Admission, classifier::Classifier, shell::Shell};
use crate::{
    call::{self, Mark, Since},
    chaos,
    classify::Verdict,
    error::{Policy, Rejection},
};

/// Makes a call that was admitted.
#[inline]
#[expect(
    clippy::needless_pass_by_value,
    reason = "a classifier is a copy or a closure, and ends with its call"
)]
pub(super) fn run<T, E, C: Classifier<Result<T, E>>>(
    shell: &Shell,
    admission: Admission,
    classifier: C,
    f: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let on_panic = OnPanic {
        shell,
        admission,
        mark: Some(call::mark()),
    };
    // Known to be none on the fast path.
    let held = if admission.word().is_plainly_closed() {
        None
    } else {
        shell.hold_slot(admission, None)
    };
    let outcome = f();
    drop(held);
    let verdict = classifier.verdict(&outcome);
    let mark = on_panic.defuse();
    let is_plain = mark.is_none_or(call::is_latest);
    // By variants, not as a whole: the function wrote the result in parts, and a copy that reads it
    // whole right after makes the processor wait for longer than all the rest takes.
    match outcome {
        Ok(value) if is_plain && verdict == Verdict::Success => {
            succeed(shell, admission);
            Ok(value)
        }
        Err(error) if is_plain && verdict == Verdict::Failure && fail_noted(shell, admission) => {
            Err(error)
        }
        Ok(value) => settle_since(shell, admission, verdict, &classifier, Ok(value), mark),
        Err(error) => settle_since(shell, admission, verdict, &classifier, Err(error), mark),
    }
}

/// Records the success of a call inside of which nothing happened that concerns its breaker.
#[inline]
pub(super) fn succeed(shell: &Shell, admission: Admission) {
    if !shell.succeed_at_once(admission) {
        succeed_noted(shell, admission);
    }
}

/// Records a success, so that an outer call of the same breaker does not count it again.
#[inline(never)]
fn succeed_noted(shell: &Shell, admission: Admission) {
    shell.succeed(admission);
    call::record_outcome(shell.address());
}

/// Notes a failure that opens nothing by far, inside of which nothing happened that concerns its
/// breaker; returns `false` for any other, which is not recorded yet.
#[inline(never)]
fn fail_noted(shell: &Shell, admission: Admission) -> bool {
    let is_noted = shell.fail_at_once(admission);
    if is_noted {
        call::record_outcome(shell.address());
    }
    is_noted
}

#[cold]
#[inline(never)]
fn settle_since<T, E, C: Classifier<Result<T, E>>>(
    shell: &Shell,
    admission: Admission,
    verdict: Verdict,
    classifier: &C,
    outcome: Result<T, E>,
    mark: Option<Mark>,
) -> Result<T, E> {
    let inside = mark.map_or(Since::default(), |mark| call::since(mark, shell.address()));
    settle(shell, admission, verdict, classifier, &outcome, inside);
    if outcome.is_err() {
        shell.post_if_open();
    }
    outcome
}

/// Records a verdict, in view of what happened inside the call.
#[cold]
#[inline(never)]
pub(super) fn settle<T, E, C: Classifier<Result<T, E>>>(
    shell: &Shell,
    admission: Admission,
    verdict: Verdict,
    classifier: &C,
    outcome: &Result<T, E>,
    inside: Since,
) {
    if inside.recorded {
        // Of nested calls of one breaker the innermost one counts.
        shell.release(admission);
    } else if inside.rejected && outcome.is_err() {
        shell.settle(admission, Verdict::Ignored, |_| Ok(()));
    } else if inside.late && verdict == Verdict::Success {
        shell.succeed_late(admission);
        call::record_outcome(shell.address());
    } else {
        shell.settle(admission, verdict, |out| {
            classifier.write_cause(outcome, out)
        });
        if matches!(verdict, Verdict::Success | Verdict::Failure) {
            call::record_outcome(shell.address());
        }
    }
}

/// Injects the fault of an admitted call, if it gets one, and records that.
///
/// # Errors
///
/// An injected error: the call is over.
#[cold]
#[inline(never)]
pub(super) fn inject(shell: &Shell, admission: Admission) -> Result<(), Rejection> {
    let on_panic = OnPanic {
        shell,
        admission,
        mark: None,
    };
    let injected = chaos::blocking(Some(Policy::CircuitBreaker), &shell.name, &shell.clock);
    on_panic.defuse();
    injected.inspect_err(|rejection| fail_injected(shell, admission, rejection))
}

/// Records an injected error as a failure.
#[cold]
pub(super) fn fail_injected(shell: &Shell, admission: Admission, injected: &Rejection) {
    shell.settle(admission, Verdict::Failure, |out| write!(out, "{injected}"));
    call::record_outcome(shell.address());
}

/// Records a panic that passes through as a failure.
pub(super) struct OnPanic<'a> {
    pub(super) shell: &'a Shell,
    pub(super) admission: Admission,
    pub(super) mark: Option<Mark>,
}

impl OnPanic<'_> {
    /// Defuses the guard: the call did not panic.
    #[inline]
    pub(super) fn defuse(self) -> Option<Mark> {
        let mark = self.mark;
        std::mem::forget(self);
        mark
    }
}

impl Drop for OnPanic<'_> {
    // In line and by value, so that the admission stays in registers.
    #[inline]
    fn drop(&mut self) {
        fail_by_panic_since(self.shell, self.admission, self.mark);
    }
}

#[cold]
#[inline(never)]
fn fail_by_panic_since(shell: &Shell, admission: Admission, mark: Option<Mark>) {
    let inside = mark.map_or(Since::default(), |mark| call::since(mark, shell.address()));
    fail_by_panic(shell, admission, inside);
    // A boundary around it can turn the panic into an error.
    shell.post_if_open();
}

/// Records a panic as a failure, unless an inner call of the same breaker did.
#[cold]
pub(super) fn fail_by_panic(shell: &Shell, admission: Admission, inside: Since) {
    if inside.recorded {
        shell.release(admission);
    } else {
        shell.fail_by_panic(admission);
        call::record_outcome(shell.address());
    }
}
