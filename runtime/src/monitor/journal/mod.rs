//! Journals: errors on disk that survive the process, and pages that neither skip nor repeat them.
//!
//! A ring in memory answers "what happens now". After an incident the questions are about last
//! night, and the process of last night was killed. A [`Journal`] keeps each error beyond the
//! process. The default one, [`FileJournal`], appends JSON Lines to numbered files:
//!
//! - each record is one line, and whole lines are one write to the end of the file, so that
//!   processes that share a folder do not mix their lines, and a process that is killed loses no
//!   record that it appended; the lines of threads that append at the same time are one write;
//! - a line that was torn all the same (a full disk, a machine that lost power) is skipped and
//!   counted in [`Page::torn`], and no other line is lost with it;
//! - files are closed by size and age and removed by total size and age, oldest first; the exact
//!   counts by code and day are kept: a file is counted after its last writer has left it, in
//!   whichever process that runs;
//! - a full disk, a vanished folder or a locked file never fails the caller: [`JournalStatus`]
//!   shows it, a bounded number of lines waits, and writing resumes by itself;
//! - an error inside an attempt of a retry has a line at once and another one when it is settled;
//!   readers join them to one record, and an error that was never settled reads as one that stands;
//! - other files in the folder are not touched, a file that was moved away is closed within a
//!   second, and a damaged `rollup.json` is put aside.
//!
//! Files need the feature `journal`; the trait and its types come with the monitor.
//!
//! On a file system without locks, lines are written but no file is removed: two processes could
//! not agree on one.
//!
//! # Examples
//!
//! ```
//! use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, journal::{FileJournal, JournalConfig, Query}}};
//! use std::sync::Arc;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("gardefou-doc-{}", std::process::id()));
//! let journal = FileJournal::open(JournalConfig::builder(&folder).build()?);
//! let monitor = ErrorMonitor::new(MonitorConfig::default());
//! monitor.set_journal(Arc::new(journal));
//! let id = monitor.record(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk quota exceeded"));
//!
//! let page = monitor.query(&Query::new().code(ErrorCode::DB_WRITE_ERROR).limit(50))?;
//! assert_eq!(page.records[0].id, id);
//! assert_eq!(monitor.counts()?.by_code["DB_WRITE_ERROR"], 1);
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok(())
//! # }
//! ```

mod api;
mod claims;
mod clock_jumps;
#[cfg(feature = "journal")]
mod commit_queue;
#[cfg(feature = "journal")]
mod config;
mod daily_counts;
mod error;
#[cfg(feature = "journal")]
mod file;
mod file_identity;
#[cfg(feature = "journal")]
mod file_state;
#[cfg(feature = "journal")]
mod group_commit;
#[cfg(feature = "journal")]
mod joins;
mod line;
#[cfg(feature = "journal")]
mod line_filter;
mod maintenance;
#[cfg(feature = "test-util")]
mod memory;
mod query;
#[cfg(feature = "journal")]
mod read_error;
#[cfg(feature = "journal")]
mod reader;
#[cfg(feature = "journal")]
mod removed_counts;
#[cfg(feature = "journal")]
mod retention;
#[cfg(feature = "journal")]
mod reverse_lines;
#[cfg(feature = "journal")]
mod scan;
#[cfg(feature = "journal")]
mod segments;
mod settling;
mod status;
#[cfg(feature = "journal")]
mod tail;
#[cfg(feature = "journal")]
mod tally;
#[cfg(feature = "journal")]
mod tally_cache;
#[cfg(feature = "journal")]
mod writer;
#[cfg(feature = "journal")]
mod written;

pub use api::Journal;
pub use claims::Claim;
#[cfg(feature = "journal")]
pub use config::{JournalConfig, JournalConfigBuilder};
pub use daily_counts::ErrorCounts;
pub use error::JournalError;
#[cfg(feature = "journal")]
pub use file::FileJournal;
#[cfg(feature = "test-util")]
pub use memory::MemoryJournal;
pub use query::{Cursor, InvalidCursor, Page, Query, QueryParts};
#[cfg(feature = "journal")]
pub use read_error::ReadError;
#[cfg(feature = "journal")]
pub use reader::{JournalReader, Records};
pub use status::JournalStatus;
#[cfg(feature = "journal")]
pub use tail::Tail;
#[cfg(feature = "journal")]
pub use written::{Line, Lines, Written, WrittenFile};

/// Parts of the journals of the library, for journals of your own.
///
/// A journal on another store answers queries with [`Query::parts`] and [`Query::matching`], reads
/// and writes records with `serde`, and claims with [`Claim::in_folder`] where processes share a
/// folder.
pub mod support {
    pub use super::{
        clock_jumps::JumpDetector,
        maintenance::Maintenance,
        settling::Unsettled,
        status::{StatusTracker, WriteOutcome, report_trouble},
    };
}
