//! Lines on the standard error, for programs without a subscriber of `tracing`.

use super::{record::Record, text};
use crate::sync::global::Mutex;
use crate::{
    scope,
    time::{Clock, SystemClock, Tick},
};
use std::{
    fmt,
    io::{self, Write},
    sync::Arc,
    time::Duration,
};
use tracing::{Dispatch, dispatcher, subscriber::NoSubscriber};

/// Writes a line to the standard error.
pub(crate) fn to_stderr(line: fmt::Arguments<'_>) {
    // In one write, so that lines of threads and processes do not mix. `eprintln!` would panic when
    // the other end of the pipe is closed.
    let _ = io::stderr().write_all(format!("gardefou: {line}\n").as_bytes());
}

/// Returns `true` if this thread has no subscriber of `tracing` at all. A subscriber that filters a
/// line out hides it on purpose.
///
/// Inside a test scope it is `false`: the test reads the errors itself.
pub(super) fn has_no_subscriber() -> bool {
    !scope::is_entered() && dispatcher::get_default(Dispatch::is::<NoSubscriber>)
}

/// Writes an error to the standard error, at most [`MAX_LINES`] a minute; `record` runs only if the
/// error is written.
pub(super) fn show_error(record: impl FnOnce() -> Option<Arc<Record>>) {
    static LIMIT: Mutex<Limit> = Mutex::new(Limit {
        began: None,
        lines: 0,
        hidden: 0,
    });
    let turn = LIMIT.lock().take(SystemClock.now());
    let hidden = match turn {
        Turn::First => {
            to_stderr(format_args!(
                "no subscriber of `tracing` takes the log: errors are shown here, at most {MAX_LINES} a minute"
            ));
            0
        }
        Turn::Shown { hidden } => hidden,
        Turn::Hidden => return,
    };
    if hidden > 0 {
        to_stderr(format_args!("{hidden} more errors were not shown"));
    }
    let Some(record) = record() else { return };
    let (level, code, message) = (record.level.name(), &record.error_code, &record.message);
    let causes = record
        .chain
        .iter()
        .fold(String::new(), |causes, cause| causes + ": " + cause);
    let place = record
        .location
        .as_ref()
        .map(|place| format!(", {place}"))
        .unwrap_or_default();
    let text = text::bounded(&format_args!("{message}{causes}"), text::MAX_MESSAGE);
    to_stderr(format_args!(
        "{level} in {}: [{code}] {text} (id {}{place})",
        record.operation, record.id
    ));
}

const MAX_LINES: u32 = 20;
const PERIOD: Duration = Duration::from_secs(60);

/// How many errors were written since a minute began.
struct Limit {
    /// `None` before the first one.
    began: Option<Tick>,
    lines: u32,
    hidden: u64,
}

#[derive(Debug, PartialEq, Eq)]
enum Turn {
    First,
    /// May be written; `hidden` were not since the last one.
    Shown {
        hidden: u64,
    },
    Hidden,
}

impl Limit {
    fn take(&mut self, now: Tick) -> Turn {
        let is_first = self.began.is_none();
        if self.began.is_none_or(|began| now.since(began) >= PERIOD) {
            (self.began, self.lines) = (Some(now), 0);
        }
        if self.lines == MAX_LINES {
            self.hidden = self.hidden.saturating_add(1);
            return Turn::Hidden;
        }
        self.lines += 1;
        if is_first {
            Turn::First
        } else {
            Turn::Shown {
                hidden: std::mem::take(&mut self.hidden),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_errors_a_minute_are_written_and_the_rest_is_counted() {
        let mut limit = Limit {
            began: None,
            lines: 0,
            hidden: 0,
        };
        let at = |secs| Tick::ZERO.after(Duration::from_secs(secs));
        assert_eq!(limit.take(at(5)), Turn::First);
        assert!((1..20).all(|_| limit.take(at(5)) == Turn::Shown { hidden: 0 }));
        assert!((0..1000).all(|_| limit.take(at(64)) == Turn::Hidden));
        assert_eq!(limit.take(at(65)), Turn::Shown { hidden: 1000 });
        assert_eq!(limit.take(at(66)), Turn::Shown { hidden: 0 });
    }
}
