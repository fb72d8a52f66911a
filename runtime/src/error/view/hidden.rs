//! Errors that another error hides.
//!
//! A wrapper whose `source()` is that of the error inside it (`#[error(transparent)]`, the boxes of
//! anyhow and eyre, `Arc`) is a level of the chain, and the error inside is none: it cannot be
//! downcast to. But its `source()` is called whenever that of the wrapper is. A walk therefore puts
//! a question on the thread before it calls `source()`, and an `AppError` or `Rejection` that is
//! asked for its source meanwhile answers it. The question lasts for that call alone; an error that
//! names the `AppError` as its source does not query it, so that each level answers for itself.
//!
//! `anyhow!(error)` and `eyre!(error)` keep an `AppError`, which is no `std::error::Error`, as a
//! value that only prints. It is found by printing it, in the same way: it answers, and nothing is
//! formatted.

use super::facts::{Facts, HasFacts, Query};
use crate::{error::AppError, panics};
use std::{
    cell::{Cell, RefCell},
    error::Error,
    fmt::{self, Write},
};

/// What a walk queries, and by which call.
#[derive(Clone, Copy)]
struct Question {
    query: Query,
    by: Call,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Call {
    Source,
    Display,
}

thread_local! {
    // Without destructors, so that they are plain loads and stores, also while a thread ends.
    static QUESTION: Cell<Option<Question>> = const { Cell::new(None) };
    static ANSWER: Cell<Option<Facts>> = const { Cell::new(None) };
    static SHARED: RefCell<Option<AppError>> = const { RefCell::new(None) };
}

/// Answers the query of a walk, if there is one, and returns `true` if so. Called by errors that
/// know facts.
#[inline]
pub(crate) fn answer(ours: &impl HasFacts, by: Call) -> bool {
    match QUESTION.get() {
        Some(question) if question.by == by => {
            // The outermost one answers.
            QUESTION.set(None);
            ANSWER.set(Some(ours.facts(question.query)));
            if let Query::Share = question.query {
                let _ = SHARED.try_with(|slot| slot.replace(ours.share()));
            }
            true
        }
        _ => false,
    }
}

/// Returns the source of an error, and the facts of what the error may hide.
pub(super) fn source_of<'a>(
    error: &'a (dyn Error + 'a),
    query: Query,
) -> (Option<&'a (dyn Error + 'static)>, Option<Facts>) {
    let (source, facts) = asking(
        Question {
            query,
            by: Call::Source,
        },
        || error.source(),
    );
    (source.flatten(), facts)
}

/// Looks for an `AppError` whose text the error has as its own.
pub(super) fn text_of(error: &(dyn Error + 'static), query: Query) -> Option<Facts> {
    asking(
        Question {
            query,
            by: Call::Display,
        },
        || write!(Nowhere, "{error}"),
    )
    .1
}

fn asking<R>(question: Question, call: impl FnOnce() -> R) -> (Option<R>, Option<Facts>) {
    let outer = QUESTION.replace(Some(question));
    // A foreign function that panics gives no answer.
    let returned = panics::catch(call).ok();
    QUESTION.set(outer);
    (returned, ANSWER.take())
}

/// Takes the error that the last answer to [`Query::Share`] left.
pub(super) fn take_shared() -> Option<AppError> {
    SHARED.try_with(RefCell::take).ok().flatten()
}

/// Takes texts and drops them.
struct Nowhere;

impl Write for Nowhere {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // The error prints its own text first: it is more than a box.
        if !text.is_empty() {
            QUESTION.set(None);
        }
        Ok(())
    }
}
