//! Monitors with a journal, on disk.

use gardefou::{
    monitor::{
        ErrorMonitor, MonitorConfig,
        journal::{FileJournal, Journal, JournalConfig, JournalConfigBuilder},
    },
    time::{Clock, ManualClock},
};
use gardefou_sqlite::{SqliteJournal, SqliteJournalBuilder};
use std::{path::Path, sync::Arc};

/// The kind of a journal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// JSON lines in files.
    Files,
    /// A database of SQLite.
    Database,
}

/// Settings of a journal of any kind.
#[derive(Clone, Debug)]
pub struct Settings {
    files: JournalConfigBuilder,
    database: SqliteJournalBuilder,
}

impl Settings {
    /// Starts from the defaults of both kinds.
    pub fn new(folder: impl AsRef<Path>) -> Self {
        Self {
            files: JournalConfig::builder(folder.as_ref()),
            database: SqliteJournal::builder(folder.as_ref()),
        }
    }

    /// Starts from files of 16 KiB, without a maintenance thread, on a manual clock.
    pub fn small(folder: impl AsRef<Path>, clock: &ManualClock) -> Self {
        let Self { files, database } = Self::new(folder);
        let files = files.background(false).clock(clock.clone());
        let database = database.background(false).clock(clock.clone());
        Self { files, database }.max_segment_bytes(16 * 1024)
    }

    /// Sets the size of files, for which a database has no setting.
    pub fn max_segment_bytes(self, bytes: u64) -> Self {
        let files = self.files.max_segment_bytes(bytes);
        Self { files, ..self }
    }

    /// Sets the size of all files together, or of the database.
    pub fn max_bytes(self, bytes: u64) -> Self {
        Self {
            files: self.files.max_bytes(bytes),
            database: self.database.max_bytes(bytes),
        }
    }

    /// Sets how many bytes of records may wait in memory.
    pub fn buffer_bytes(self, bytes: usize) -> Self {
        Self {
            files: self.files.buffer_bytes(bytes),
            database: self.database.buffer_bytes(bytes),
        }
    }
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Files, Self::Database];

    /// Finds a kind by its name in `Debug`, with which a child process is started.
    pub fn from_name(name: &str) -> Self {
        let all = Self::ALL.into_iter();
        let mut found = all.filter(|kind| format!("{kind:?}") == name);
        found.next().expect("the name of a kind")
    }

    /// Opens a journal of this kind.
    pub fn open(self, settings: Settings) -> Arc<dyn Journal> {
        match self {
            Self::Files => Arc::new(FileJournal::open(settings.files.build().unwrap())),
            Self::Database => Arc::new(settings.database.build().unwrap()),
        }
    }

    /// Runs one round of maintenance, as the thread of a journal does.
    pub fn maintain(self, settings: Settings) {
        let maintained = match self {
            Self::Files => FileJournal::open(settings.files.build().unwrap()).maintain(),
            Self::Database => settings.database.build().unwrap().maintain(),
        };
        maintained.unwrap();
    }
}

/// Opens a journal of files in a folder, on a clock and without a maintenance thread.
pub fn files(folder: &Path, clock: impl Clock) -> Arc<FileJournal> {
    let config = JournalConfig::builder(folder)
        .background(false)
        .clock(clock)
        .build()
        .unwrap();
    Arc::new(FileJournal::open(config))
}

/// Makes a monitor on a clock that writes to a journal.
pub fn monitor(journal: Arc<dyn Journal>, clock: impl Clock) -> ErrorMonitor {
    let config = MonitorConfig::builder().clock(clock).build().unwrap();
    let monitor = ErrorMonitor::new(config);
    monitor.set_journal(journal);
    monitor
}
