//! Parts of a journal that cannot be read: reported and counted, while the rest is read.

use crate::{output::Output, run::Outcome, source::Problem};

/// Reports the first problems one by one, and the numbers of all at the end.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    reported: u64,
    /// Lines without a record.
    torn: u64,
    /// Files that could not be read.
    unreadable: u64,
}

/// How many problems are reported one by one.
const MAX_REPORTED: u64 = 5;

impl Problems {
    /// Takes the next record, or reports the problem in its place.
    pub(crate) fn check<T>(&mut self, next: Result<T, Problem>, output: &mut Output) -> Option<T> {
        let problem = match next {
            Ok(record) => return Some(record),
            Err(problem) => problem,
        };
        self.torn += problem.torn;
        self.unreadable += u64::from(problem.torn == 0);
        if self.reported < MAX_REPORTED {
            self.reported += 1;
            output.complain(&problem.text);
        }
        None
    }

    /// Reports how much was left out; a journal that was read as far as it holds records leaves the
    /// outcome as it is.
    pub(crate) fn finish(self, outcome: Outcome, output: &mut Output) -> Outcome {
        let plural = |n: u64| if n == 1 { "" } else { "s" };
        if self.torn > 0 {
            let (n, s) = (self.torn, plural(self.torn));
            output.complain(&format!("{n} line{s} without a record left out"));
        }
        if self.unreadable == 0 {
            return outcome;
        }
        let (n, s) = (self.unreadable, plural(self.unreadable));
        output.complain(&format!("{n} part{s} of the journal could not be read"));
        Outcome::Incomplete
    }
}
