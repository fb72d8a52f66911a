//! Helpers of the tests of the error system.

use gardefou::event::names::TARGET_SYSTEM;
use gardefou_tests::testkit::log::capture;

/// Runs a function and returns the log lines of the error system on this thread, in the form
/// `LEVEL message; field=value; ..`.
pub(crate) fn logged(run: impl FnOnce()) -> Vec<String> {
    let ((), lines) = capture(|line| line.target() == TARGET_SYSTEM, run);
    lines.iter().map(|line| line.text_without("")).collect()
}
