//! Errors of journals.

use std::{error::Error, fmt, io};

/// The error of a journal that cannot be written or read.
#[derive(Debug)]
pub struct JournalError {
    action: &'static str,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "journal: cannot {}", self.action)
    }
}

impl Error for JournalError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.source.as_deref()?)
    }
}

impl JournalError {
    /// Makes an error from the action that failed, for example `append a record`, and its cause.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::monitor::journal::JournalError;
    /// use std::{error::Error, io};
    ///
    /// let err = JournalError::new("append a record", io::Error::from(io::ErrorKind::StorageFull));
    /// assert_eq!(err.to_string(), "journal: cannot append a record");
    /// assert!(err.source().is_some_and(|cause| cause.is::<io::Error>()));
    /// ```
    #[must_use]
    pub fn new(action: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            action,
            source: Some(source.into()),
        }
    }

    /// Makes the error for a record that is lost.
    pub(super) fn refused() -> Self {
        Self {
            action: "keep a record: those that wait take all of `buffer_bytes`",
            source: None,
        }
    }

    /// Makes the error for a record that waits until the journal tries again.
    pub(super) fn waiting() -> Self {
        Self {
            action: "write at present; the record waits",
            source: None,
        }
    }

    pub(super) fn io(action: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::new(action, source)
    }
}
