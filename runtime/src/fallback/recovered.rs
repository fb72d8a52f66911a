//! What a fallback function returns.

/// What a fallback function returns: a value, or a `Result`.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, fallback::{Fallback, Recovered}};
///
/// fn outcome(recovered: impl Recovered<u32, AppError>) -> Result<u32, AppError> {
///     recovered.outcome()
/// }
///
/// assert_eq!(outcome(3).unwrap(), 3);
/// assert_eq!(outcome(Ok(3)).unwrap(), 3);
/// assert!(outcome(Err(AppError::new(ErrorCode::FILE_NOT_FOUND_ERROR, "nothing cached"))).is_err());
/// ```
#[diagnostic::on_unimplemented(
    message = "a fallback returns the value of the function, or a `Result` of the function's type; this one returns `{Self}`",
    label = "returns `{Self}`"
)]
pub trait Recovered<T, E> {
    /// Returns the outcome in place of the failed one.
    ///
    /// # Errors
    ///
    /// That of a fallback that failed.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, fallback::Recovered};
    ///
    /// let outcome: Result<&str, AppError> = "cached".outcome();
    /// assert_eq!(outcome.unwrap(), "cached");
    /// ```
    fn outcome(self) -> Result<T, E>;
}

impl<T, E> Recovered<T, E> for T {
    #[inline]
    fn outcome(self) -> Result<T, E> {
        Ok(self)
    }
}

impl<T, E> Recovered<T, E> for Result<T, E> {
    #[inline]
    fn outcome(self) -> Self {
        self
    }
}
