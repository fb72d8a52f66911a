//! Observers, layers of the log, hooks and journals that report errors while they are called for
//! one.

use gardefou::{
    AppError, ErrorCode, error_monitor,
    event::{self, Event},
    monitor::{
        ErrorRecord,
        journal::{ErrorCounts, Journal, JournalError, JournalStatus, Page, Query},
    },
    report,
    testing::Scope,
};
use gardefou_tests::testkit::{
    child::in_own_process,
    log::{Line, Listener},
};
use std::{cell::Cell, sync::Arc};
use tracing::Level;

fn error() -> AppError {
    AppError::new(ErrorCode::SYNC_ERROR, "streams drifted apart")
}

thread_local! {
    /// How many errors the layer reports for each line on this thread.
    static PER_LINE: Cell<u32> = const { Cell::new(0) };
    static LINES: Cell<u32> = const { Cell::new(0) };
}

/// Sets the subscriber of the process, which reports errors for lines at level error. A subscriber
/// of one thread would not be called for the lines that it logs itself.
fn with_layer(per_line: u32) {
    PER_LINE.set(per_line);
    let each = |line: Line| {
        LINES.set(LINES.get() + 1);
        if line.level == Level::ERROR {
            (0..PER_LINE.get()).for_each(|_| report(&error()));
        }
    };
    Listener::new(|line| *line.level() <= Level::WARN, each).install();
}

fn total() -> u64 {
    error_monitor().stats().total_errors
}

#[test]
fn reports_of_an_observer_stop_at_depth_four() {
    Scope::new().run(|| {
        let subscription = event::subscribe(|_: &Event<'_>| report(&error()));
        report(&error());
        assert_eq!((total(), event::dropped()), (4, 1));
        drop(subscription);
        report(&error());
        assert_eq!(
            (total(), event::dropped()),
            (5, 1),
            "the levels are left again"
        );
    });
}

#[test]
fn records_by_hand_and_boundaries_of_an_observer_are_bounded() {
    Scope::new().run(|| {
        let _subscription = event::subscribe(|_: &Event<'_>| {
            let failed: gardefou::Result<()> =
                gardefou::boundary::error_boundary("observer", || Err(error()));
            assert!(failed.is_err());
        });
        report(&error());
        assert_eq!((total(), event::dropped()), (4, 1));
    });
    Scope::new().run(|| {
        let _subscription = event::subscribe(|_: &Event<'_>| {
            let _ = error_monitor().record(&error());
        });
        report(&error());
        assert!(
            total() >= 4 && total() <= 5 && event::dropped() >= 1,
            "{} {}",
            total(),
            event::dropped()
        );
    });
}

#[test]
fn reports_of_a_layer_stop_at_depth_four() {
    in_own_process(|| {
        with_layer(1);
        Scope::new().run(|| {
            LINES.set(0);
            report(&error());
            assert_eq!((total(), event::dropped()), (4, 1));
            // One more for the warning, which is logged once in the process.
            assert!((4..=5).contains(&LINES.get()), "{}", LINES.get());
        });
    });
}

/// Each level has two children, and no more.
#[test]
fn reports_of_a_layer_and_an_observer_together_are_bounded() {
    in_own_process(|| {
        with_layer(1);
        Scope::new().run(|| {
            let _subscription = event::subscribe(|_: &Event<'_>| report(&error()));
            report(&error());
            assert_eq!(
                total() + event::dropped(),
                31,
                "a tree of five levels: {} and {}",
                total(),
                event::dropped()
            );
            assert_eq!(total(), 15);
        });
    });
}

#[test]
fn panicking_observer_leaves_its_level() {
    Scope::new().run(|| {
        let _subscription = event::subscribe(|_: &Event<'_>| panic!("a faulty observer"));
        for _ in 0..20 {
            report(&error());
        }
        assert_eq!((total(), event::dropped()), (20, 0));
    });
}

/// A journal that reports each record.
#[derive(Debug)]
struct ReportingJournal;

impl Journal for ReportingJournal {
    fn append(&self, _: &ErrorRecord) -> Result<(), JournalError> {
        report(&error());
        Ok(())
    }
    fn query(&self, _: &Query) -> Result<Page, JournalError> {
        Err(JournalError::new("query", "nothing is kept"))
    }
    fn counts(&self) -> Result<ErrorCounts, JournalError> {
        Err(JournalError::new("count", "nothing is kept"))
    }
    fn flush(&self) -> Result<(), JournalError> {
        Ok(())
    }
    fn status(&self) -> JournalStatus {
        JournalStatus::default()
    }
}

#[test]
fn reports_of_a_journal_are_bounded() {
    Scope::new().run(|| {
        error_monitor().set_journal(Arc::new(ReportingJournal));
        report(&error());
        assert_eq!((total(), event::dropped()), (4, 1));
    });
}

/// On a thread with a small stack.
#[test]
fn bounded_depth_fits_into_a_small_stack() {
    let small = std::thread::Builder::new().stack_size(256 * 1024);
    let ran = small.spawn(|| {
        Scope::new().run(|| {
            let _subscription = event::subscribe(|_: &Event<'_>| report(&error()));
            report(&error());
            total()
        })
    });
    assert_eq!(ran.unwrap().join().unwrap(), 4);
}
