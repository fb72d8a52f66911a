//! Monitors with a journal, on disk.

#[cfg(feature = "journal-sqlite")]
use gardefou::monitor::journal::SqliteJournal;
use gardefou::{
    monitor::{
        ErrorMonitor, MonitorConfig,
        journal::{FileJournal, Journal, JournalConfig, JournalConfigBuilder},
    },
    time::Clock,
};
use std::{path::Path, sync::Arc};

/// The kind of a journal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// JSON lines in files.
    Files,
    /// A database of SQLite.
    #[cfg(feature = "journal-sqlite")]
    Database,
}

impl Kind {
    /// Finds a kind by its name in `Debug`, with which a child process is started.
    pub fn from_name(name: &str) -> Self {
        match name {
            "Files" => Self::Files,
            #[cfg(feature = "journal-sqlite")]
            "Database" => Self::Database,
            _ => panic!("no journal is called {name}"),
        }
    }

    /// Opens a journal of this kind.
    pub fn open(self, config: JournalConfigBuilder) -> Arc<dyn Journal> {
        let config = config.build().unwrap();
        match self {
            Self::Files => Arc::new(FileJournal::open(config)),
            #[cfg(feature = "journal-sqlite")]
            Self::Database => Arc::new(SqliteJournal::open(config)),
        }
    }

    /// Runs one round of maintenance, as the thread of a journal does.
    pub fn maintain(self, config: JournalConfigBuilder) {
        let config = config.build().unwrap();
        match self {
            Self::Files => FileJournal::open(config).maintain().unwrap(),
            #[cfg(feature = "journal-sqlite")]
            Self::Database => SqliteJournal::open(config).maintain().unwrap(),
        }
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
