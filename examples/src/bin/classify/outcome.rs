//! What came of the work.

use crate::{
    analysis::{Class, Features},
    codes,
    folder::file_error,
    store::Count,
};
use gardefou::{AppError, ErrorCode, Rejection, Result};
use std::{fs, io, path::Path};

/// Everything that the report tells and the exit status follows from.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) classified: Vec<(String, Class, Features)>,
    /// How many of them were so long that only their beginning was heard.
    pub(crate) partly_heard: usize,
    pub(crate) isolated: Vec<Problem>,
    pub(crate) skipped: Vec<String>,
    pub(crate) stored: usize,
    pub(crate) not_stored: Vec<Problem>,
    /// Why there is no database, if there is none.
    pub(crate) no_store: Option<Problem>,
    pub(crate) rollback: Option<Rollback>,
    pub(crate) delivered: usize,
    /// Results that the service took only in the end, or not at all.
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

/// Says what went wrong and because of what; each source adds what has not been said yet.
pub(crate) fn with_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    // What SQLite says beneath its message is the number of it.
    while let Some(cause) = source.filter(|cause| !cause.is::<rusqlite::ffi::Error>()) {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
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
    /// Says how the work went, as an exit status; `well` tells whether all was well around it.
    pub(crate) fn exit_status(&self, well: bool) -> u8 {
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
        if as_expected && rolled_back && complete && some && well {
            codes::ALL_WELL
        } else {
            codes::NOT_ALL_WELL
        }
    }

    /// Tells whether the folder's list announces this failure.
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
    fn the_cause_is_told_once() {
        let error = AppError::new(ErrorCode::PERMISSION_ERROR, "a.wav may not be read")
            .with_source(io::Error::other("a.wav"));
        assert_eq!(with_cause(&*error), "a.wav may not be read");
        let error = AppError::new(ErrorCode::PERMISSION_ERROR, "it may not be read")
            .with_source(io::Error::other("a locked door"));
        assert_eq!(with_cause(&*error), "it may not be read: a locked door");
    }

    #[test]
    fn a_rejected_delivery_says_what_opened_the_circuit() {
        let breaker = CircuitBreaker::builder("told")
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
        let told = with_cause(&*rejected);
        assert!(
            told.ends_with("(the last failure: the service does not answer)"),
            "{told}"
        );
        assert_eq!(told.matches("rejected the call").count(), 1, "{told}");
    }
}
