//! The program, run on journals that were written by real journals, and on real sockets.

#![expect(clippy::unwrap_used, reason = "these helpers belong to tests")]

mod configuration;
mod database;
mod export;
mod fleet;
mod follow;
mod functions;
mod groups;
mod health;
mod hostile;
mod list;
mod memory;
#[cfg(unix)]
mod other_users;
mod service;
mod show;
mod stats;
mod terminal;
mod usage;

use gardefou::{
    AppError, ErrorCode,
    event::{Record, Severity},
    monitor::{
        ErrorMonitor, MonitorConfig,
        journal::{FileJournal, Journal, JournalConfig, MemoryJournal},
    },
    time::ManualClock,
};
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Output},
    sync::Arc,
    thread,
    time::Duration,
};

/// A journal in a folder of its own, and the program that reads it.
struct Fixture {
    root: tempfile::TempDir,
    clock: ManualClock,
    monitor: ErrorMonitor,
    journal: Arc<dyn Journal>,
}

/// What the program printed, and its exit status.
struct Printed {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Fixture {
    /// A journal of files on a manual clock, which begins at 2023-11-14T22:13:20Z.
    fn new() -> Self {
        Self::with(|folder, clock| {
            let config = JournalConfig::builder(folder)
                .background(false)
                .clock(clock.clone())
                .max_segment_bytes(16 * 1024);
            Arc::new(FileJournal::open(config.build().unwrap()))
        })
    }

    fn with(open: impl FnOnce(&Path, &ManualClock) -> Arc<dyn Journal>) -> Self {
        let root = tempfile::tempdir().unwrap();
        let clock = ManualClock::new();
        let journal = open(&root.path().join("journal"), &clock);
        let config = MonitorConfig::builder().clock(clock.clone());
        let monitor = ErrorMonitor::new(config.build().unwrap());
        monitor.set_journal(journal.clone());
        Self {
            root,
            clock,
            monitor,
            journal,
        }
    }

    /// Errors of two days, three codes, two operations and three levels.
    fn with_errors() -> Self {
        let fixture = Self::new();
        fixture.add("load", ErrorCode::SYNC_ERROR, Severity::Warning, "first");
        fixture.advance_hours(1);
        fixture.add(
            "load",
            ErrorCode::DB_WRITE_ERROR,
            Severity::Error,
            "disk full",
        );
        fixture.advance_hours(24);
        fixture.add(
            "save",
            ErrorCode::DB_WRITE_ERROR,
            Severity::Critical,
            "disk gone",
        );
        fixture.advance_hours(1);
        fixture.add("save", ErrorCode::TIMEOUT_ERROR, Severity::Error, "last");
        fixture
    }

    /// Ends the program that writes the journal.
    fn closed(self) -> Self {
        let Self {
            root,
            clock,
            monitor,
            journal,
        } = self;
        drop((monitor, journal));
        Self {
            journal: Arc::new(MemoryJournal::default()),
            monitor: ErrorMonitor::new(MonitorConfig::default()),
            root,
            clock,
        }
    }

    fn folder(&self) -> PathBuf {
        self.root.path().join("journal")
    }

    fn advance_hours(&self, hours: u64) {
        self.clock.advance(Duration::from_secs(hours * 3600));
    }

    /// Journals an error of an operation, and returns its record.
    fn add(&self, operation: &str, code: ErrorCode, level: Severity, message: &str) -> Record {
        let error = AppError::new(code, message);
        // A monitor makes the record, without a journal; the operation is not that of this code.
        let config = MonitorConfig::builder().clock(self.clock.clone());
        let maker = ErrorMonitor::new(config.build().unwrap());
        maker.record_at(level, &error);
        let mut record = maker.stats().recent_errors.remove(0);
        record.operation = operation.to_owned();
        record.details.insert("table".to_owned(), "clips".into());
        self.journal.append(&record).unwrap();
        self.journal.flush().unwrap();
        record
    }

    fn fail(&self, message: impl Into<String>) {
        let error = AppError::new(ErrorCode::SYNC_ERROR, message);
        self.monitor.record(&error);
    }

    /// Removes old files, as the thread of a journal does.
    fn maintain(&self) {
        let config = JournalConfig::builder(self.folder())
            .background(false)
            .clock(self.clock.clone())
            .max_segment_bytes(4096)
            .max_bytes(16 * 1024);
        let journal = FileJournal::open(config.build().unwrap());
        journal.maintain().unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(&["journal"]);
        command.args(arguments).arg("--journal").arg(self.folder());
        command
    }

    fn run(&self, arguments: &[&str]) -> Printed {
        printed(self.command(arguments))
    }

    /// Runs a command that must succeed without a word on the standard error.
    fn lines(&self, arguments: &[&str]) -> Vec<String> {
        let printed = self.run(arguments);
        assert_eq!((printed.status, &*printed.stderr), (0, ""), "{arguments:?}");
        printed.lines()
    }

    /// The messages that `list` prints, newest first.
    fn listed(&self, arguments: &[&str]) -> Vec<String> {
        let arguments = [&["list", "--json"], arguments].concat();
        let lines = self.lines(&arguments).into_iter();
        lines.map(|line| parsed(&line).message).collect()
    }
}

impl Printed {
    fn lines(&self) -> Vec<String> {
        self.stdout.lines().map(str::to_owned).collect()
    }
}

/// The program, in an environment without settings.
fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gardefou"));
    command.args(arguments);
    for name in ["GARDEFOU_JOURNAL", "NO_COLOR", "COLUMNS"] {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C.UTF-8");
    command
}

fn printed(mut command: Command) -> Printed {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    Printed {
        status: status.code().expect("an exit status"),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// Waits for the end of a child; returns its exit status and what it wrote to the standard error. One
/// that does not end within a minute is killed.
fn ended(mut child: Child) -> (Option<i32>, String) {
    for _ in 0..6000 {
        if child.try_wait().unwrap().is_some() {
            let output = child.wait_with_output().unwrap();
            let errors = String::from_utf8(output.stderr).unwrap();
            return (output.status.code(), errors);
        }
        thread::park_timeout(Duration::from_millis(10));
    }
    child.kill().unwrap();
    panic!("it did not end");
}

fn parsed(line: &str) -> Record {
    serde_json::from_str(line).unwrap()
}
