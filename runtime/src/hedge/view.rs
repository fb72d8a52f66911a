//! Views of the errors of attempts.

use crate::error::carry_any;
use crate::error::{Rejection, View};

/// A view of errors of type `E`. A trait and not a closure, so that futures which hold one are
/// `Send` for every lifetime.
pub trait AttemptView<E> {
    /// Returns the view of the error.
    fn view<'a>(&self, error: &'a E) -> View<'a>;

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
    fn view<'a>(&self, error: &'a E) -> View<'a> {
        View::from_any(error)
    }

    fn carry(&self, injected: Rejection) -> Result<E, Rejection> {
        carry_any(injected)
    }
}
