//! Views of the errors of attempts.

use crate::{
    classify::Classified,
    error::{Rejection, View, carry_any},
};

/// A view of errors of type `E`. A trait and not a closure, so that futures which hold one are
/// `Send` for every lifetime.
pub trait AttemptView<E> {
    /// Classifies the error; `None` if it ends the call, whatever happened inside the attempt.
    fn classified(&self, error: &E) -> Option<Classified>;

    /// Returns the view of the error, for the span of the call; `None` if there is none.
    fn view<'a>(&'a self, error: &'a E) -> Option<View<'a>>;

    /// Makes an error of one that chaos injects.
    ///
    /// # Errors
    ///
    /// The rejection, where the type of errors cannot carry it.
    fn carry(&self, injected: Rejection) -> Result<E, Rejection>;
}

/// The view of errors that borrow nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct AnyError;

impl<E: 'static> AttemptView<E> for AnyError {
    fn classified(&self, error: &E) -> Option<Classified> {
        Some(View::from_any(error).classified())
    }

    fn view<'a>(&'a self, error: &'a E) -> Option<View<'a>> {
        Some(View::from_any(error))
    }

    fn carry(&self, injected: Rejection) -> Result<E, Rejection> {
        carry_any(injected)
    }
}
