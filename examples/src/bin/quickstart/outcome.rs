//! What came of the work.

use crate::{
    classify::{Class, Features},
    codes,
    store::Count,
};
use gardefou::AppError;
use std::{fs, path::Path};

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
        Self { name: name.to_owned(), number: code.number(), code: code.name(), message: error.to_string() }
    }
}

impl Outcome {
    /// Says how the work went, as an exit status; `well` tells whether all was well around it.
    pub(crate) fn exit_status(&self, well: bool) -> u8 {
        let failures = self.isolated.iter().map(|problem| (problem.name.as_str(), problem.code));
        let as_expected = same(failures, self.expected.iter().map(|(name, code)| (name.as_str(), code.as_str())));
        let rolled_back = self.rollback.as_ref().is_none_or(Rollback::left_no_trace);
        let complete = self.not_stored.is_empty() && self.no_store.is_none() && self.undelivered.is_empty();
        let some = !self.classified.is_empty();
        if as_expected && rolled_back && complete && some && well { codes::ALL_WELL } else { codes::NOT_ALL_WELL }
    }

    /// Tells whether the folder's list announces this failure.
    pub(crate) fn expects(&self, problem: &Problem) -> bool {
        self.expected.iter().any(|(name, code)| *name == problem.name && *code == problem.code)
    }

    /// Returns what the folder's list announces and what did not come.
    pub(crate) fn missing(&self) -> impl Iterator<Item = &(String, String)> {
        self.expected
            .iter()
            .filter(|(name, code)| !self.isolated.iter().any(|problem| problem.name == *name && problem.code == *code))
    }
}

impl Rollback {
    pub(crate) fn left_no_trace(&self) -> bool {
        self.before == self.after
    }
}

/// Reads the folder's list of failures that are expected; empty where there is none.
pub(crate) fn expected(folder: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(folder.join(EXPECTED)).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    // The code is the last word, so that names may hold spaces.
    let pairs = lines.filter_map(|line| line.trim().rsplit_once(char::is_whitespace));
    pairs.map(|(name, code)| (name.trim().to_owned(), code.to_owned())).collect()
}

pub(crate) const EXPECTED: &str = "EXPECTED.txt";

fn same<'a>(a: impl Iterator<Item = (&'a str, &'a str)>, b: impl Iterator<Item = (&'a str, &'a str)>) -> bool {
    let sorted = |mut all: Vec<_>| {
        all.sort_unstable();
        all
    };
    sorted(a.collect()) == sorted(b.collect())
}
