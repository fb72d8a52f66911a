//! Errors that another error hides.
//!
//! A wrapper whose `source()` is that of the error inside it (`#[error(transparent)]`, the boxes of anyhow and eyre, `Arc`)
//! is a level of the chain, and the error inside is none: it cannot be downcast to. But it is asked for its source whenever
//! the wrapper is. A walk therefore asks a question on the thread before it calls `source()`, and an `AppError` or
//! `Rejection` that is asked for its source meanwhile answers it. The question lasts for that call alone; an error that
//! names the `AppError` as its source does not ask it, so that each level answers for itself.

use super::walk::{Answers, Ask, Facts};
use crate::{error::app_error::Occurrence, panics};
use std::{
    cell::{Cell, RefCell},
    error::Error,
    sync::Arc,
};

thread_local! {
    // Without destructors, so that they are plain loads and stores, also while a thread ends.
    static QUESTION: Cell<Option<Ask>> = const { Cell::new(None) };
    static ANSWER: Cell<Option<Facts>> = const { Cell::new(None) };
    static OCCURRENCE: RefCell<Option<Arc<Occurrence>>> = const { RefCell::new(None) };
}

/// Answers the question of a walk, if there is one. Called by `source()` of those that know something.
#[inline]
pub(crate) fn answer(ours: &impl Answers) {
    // The outermost one answers: the question is taken.
    if let Some(ask) = QUESTION.take() {
        ANSWER.set(Some(ours.facts(ask)));
        if let Ask::Share = ask {
            let _ = OCCURRENCE.try_with(|slot| slot.replace(ours.occurrence()));
        }
    }
}

/// Asks for a source, and for what the error may hide.
pub(super) fn source_of<'a>(
    error: &'a (dyn Error + 'a),
    ask: Ask,
) -> (Option<&'a (dyn Error + 'static)>, Option<Facts>) {
    let outer = QUESTION.replace(Some(ask));
    // A `source()` that panics has nothing to say.
    let source = panics::catch(|| error.source()).ok().flatten();
    QUESTION.set(outer);
    (source, ANSWER.take())
}

/// Takes the event that the last answer to [`Ask::Share`] left.
pub(super) fn take_occurrence() -> Option<Arc<Occurrence>> {
    OCCURRENCE.try_with(RefCell::take).ok().flatten()
}
