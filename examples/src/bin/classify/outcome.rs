//! The outcome of a run.

use crate::{
    analysis::{Class, Features},
    codes,
    folder::file_error,
    store::Count,
};
use gardefou::{AppError, ErrorCode, Rejection, Result};
use std::{fs, io, path::Path};

/// The contents of the report, from which the exit status follows.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) classified: Vec<(String, Class, Features)>,
    /// How many of them were so long that only their beginning was read.
    pub(crate) partly_read: usize,
    pub(crate) isolated: Vec<Problem>,
    pub(crate) skipped: Vec<String>,
    pub(crate) stored: usize,
    pub(crate) not_stored: Vec<Problem>,
    /// Why there is no database, if there is none.
    pub(crate) no_store: Option<Problem>,
    pub(crate) rollback: Option<Rollback>,
    pub(crate) delivered: usize,
    /// Results that the service accepted late or not at all.
    pub(crate) waited: usize,
    pub(crate) undelivered: Vec<Problem>,
    /// Names and codes of the failures that the folder's list announces.
    pub(crate) expected: Vec<(String, String)>,
    /// Why that list could not be read, if it is there and could not.
    pub(crate) no_list: Option<Problem>,
}

/// One failure: what it happened to, with which code, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) name: String,
    pub(crate) number: u32,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

/// A transaction that was refused part-way through.
#[derive(Debug)]
pub(crate) struct Rollback {
    pub(crate) problem: Problem,
    pub(crate) class: Class,
    pub(crate) before: Count,
    /// How high the total of the class stood when the database refused.
    pub(crate) inside: Option<i64>,
    pub(crate) after: Count,
}

impl Problem {
    pub(crate) fn new(name: &str, error: &AppError) -> Self {
        let code = error.code();
        Self {
            name: name.to_owned(),
            number: code.number(),
            code: code.name(),
            message: with_cause(&**error),
        }
    }
}

/// Returns the message of an error and of its sources; a text that occurs before is left out.
pub(crate) fn with_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    // The innermost source of an SQLite error repeats its number.
    while let Some(cause) = source.filter(|cause| !cause.is::<rusqlite::ffi::Error>()) {
        let message = cause.to_string();
        if !text.contains(&message) {
            text = format!("{text}: {message}");
        }
        // An open circuit knows what opened it.
        if let Some(because) = cause.downcast_ref::<Rejection>().and_then(Rejection::cause) {
            text = format!("{text} (the last failure: {because})");
        }
        source = cause.source();
    }
    text
}

impl Outcome {
    /// Returns the exit status; `healthy` is `true` if health checks and journal are in order.
    pub(crate) fn exit_status(&self, healthy: bool) -> u8 {
        let failures = self
            .isolated
            .iter()
            .map(|problem| (problem.name.as_str(), problem.code));
        let as_expected = same(
            failures,
            self.expected
                .iter()
                .map(|(name, code)| (name.as_str(), code.as_str())),
        );
        let rolled_back = self.rollback.as_ref().is_none_or(Rollback::left_no_trace);
        let complete = self.no_list.is_none()
            && self.not_stored.is_empty()
            && self.no_store.is_none()
            && self.undelivered.is_empty();
        let some = !self.classified.is_empty() || !self.isolated.is_empty();
        if as_expected && rolled_back && complete && some && healthy {
            codes::ALL_WELL
        } else {
            codes::NOT_ALL_WELL
        }
    }

    /// Returns `true` if the folder's list announces this failure.
    pub(crate) fn expects(&self, problem: &Problem) -> bool {
        self.expected
            .iter()
            .any(|(name, code)| *name == problem.name && *code == problem.code)
    }

    /// Returns what the folder's list announces and what did not come.
    pub(crate) fn missing(&self) -> impl Iterator<Item = &(String, String)> {
        self.expected.iter().filter(|(name, code)| {
            !self
                .isolated
                .iter()
                .any(|problem| problem.name == *name && problem.code == *code)
        })
    }
}

impl Rollback {
    pub(crate) fn left_no_trace(&self) -> bool {
        self.before == self.after
    }
}

/// Reads the folder's list of failures that are expected; empty where there is none.
pub(crate) fn expected(folder: &Path) -> Result<Vec<(String, String)>> {
    let path = folder.join(EXPECTED);
    if fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(AppError::new(
            ErrorCode::CONFIG_ERROR,
            "the list of expected failures is not a regular file",
        ));
    }
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(file_error(error, &path)),
    };
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    // The code is the last word, so that names may hold spaces.
    let pairs = lines.filter_map(|line| line.trim().rsplit_once(char::is_whitespace));
    Ok(pairs
        .map(|(name, code)| (name.trim().to_owned(), code.to_owned()))
        .collect())
}

pub(crate) const EXPECTED: &str = "EXPECTED.txt";

fn same<'a>(
    a: impl Iterator<Item = (&'a str, &'a str)>,
    b: impl Iterator<Item = (&'a str, &'a str)>,
) -> bool {
    let sorted = |mut all: Vec<_>| {
        all.sort_unstable();
        all
    };
    sorted(a.collect()) == sorted(b.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use gardefou::breaker::CircuitBreaker;

    #[test]
    fn cause_is_shown_once() {
        let error = AppError::new(ErrorCode::PERMISSION_ERROR, "a.wav may not be read")
            .with_source(io::Error::other("a.wav"));
        assert_eq!(with_cause(&*error), "a.wav may not be read");
        let error = AppError::new(ErrorCode::PERMISSION_ERROR, "it may not be read")
            .with_source(io::Error::other("a locked door"));
        assert_eq!(with_cause(&*error), "it may not be read: a locked door");
    }

    #[test]
    fn rejected_delivery_shows_the_cause_of_the_opening() {
        let breaker = CircuitBreaker::builder("rejecting")
            .failure_threshold(1)
            .build()
            .unwrap();
        let _ = breaker.call(|| {
            Err::<(), _>(AppError::new(
                ErrorCode::TIMEOUT_ERROR,
                "the service does not answer",
            ))
        });
        let rejected: AppError = breaker.try_acquire().unwrap_err().into();
        let shown = with_cause(&*rejected);
        assert!(
            shown.ends_with("(the last failure: the service does not answer)"),
            "{shown}"
        );
        assert_eq!(shown.matches("rejected the call").count(), 1, "{shown}");
    }
}
