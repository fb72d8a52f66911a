//! Parts of a journal that cannot be read: reported and counted, while the rest is read.

use crate::{output::Output, source::Problem};

/// Reports the first problems one by one, and the number of lines without a record at the end.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    seen: u64,
    torn: u64,
}

/// How many problems are reported one by one.
const MAX_REPORTED: u64 = 5;

impl Problems {
    /// Takes the next record, or reports the problem in its place.
    pub(crate) fn check<T>(&mut self, next: Result<T, Problem>, output: &mut Output) -> Option<T> {
        match next {
            Ok(record) => Some(record),
            Err(problem) => {
                self.seen += 1;
                self.torn += problem.torn;
                if self.seen <= MAX_REPORTED {
                    output.complain(&problem.text);
                }
                None
            }
        }
    }

    /// Reports how much was left out.
    pub(crate) fn finish(self, output: &mut Output) {
        match self.torn {
            0 => {}
            1 => output.complain("1 line without a record was left out"),
            torn => output.complain(&format!("{torn} lines without a record were left out")),
        }
        let others = self.seen.saturating_sub(MAX_REPORTED);
        if self.torn == 0 && others > 0 {
            output.complain(&format!("{others} further problems"));
        }
    }
}
