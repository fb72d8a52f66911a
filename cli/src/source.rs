//! The journal that is read: a folder of JSON lines, or an SQLite database.

use crate::run::{Failure, chain};
use gardefou::{
    event::Record,
    monitor::journal::{JournalReader, Query, ReadError, Tail},
    time::Timestamp,
};
#[cfg(feature = "sqlite")]
use gardefou_sqlite::{SqliteReader, SqliteTail};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// An open journal.
#[derive(Debug)]
pub(crate) enum Source {
    Files(JournalReader),
    #[cfg(feature = "sqlite")]
    Database(SqliteReader),
}

/// A journal that is followed.
#[derive(Debug)]
pub(crate) enum Following {
    Files(Tail),
    #[cfg(feature = "sqlite")]
    Database(SqliteTail),
}

/// What hinders the reading of a part of the journal; the rest is read.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) text: String,
    /// How many lines or rows hold no record; 0 where something else failed.
    pub(crate) torn: u64,
}

/// Records, one by one.
pub(crate) type Records<'a> = Box<dyn Iterator<Item = Result<Record, Problem>> + 'a>;

const DATABASE: &str = "errors.sqlite";

impl Source {
    /// Opens the journal at a path, and returns it with what is odd about it.
    pub(crate) fn open(path: Option<&Path>) -> Result<(Self, Option<String>), Failure> {
        let path = path.ok_or_else(|| {
            Failure::new("`--journal` is missing: it, or the variable GARDEFOU_JOURNAL, must name the folder of a journal")
        })?;
        let failed = |why: String| Failure::new(format!("`--journal {}`: {why}", path.display()));
        let metadata = fs::metadata(path).map_err(|err| match err.kind() {
            io::ErrorKind::NotFound => failed("there is no such folder or file".to_owned()),
            _ => failed(err.to_string()),
        })?;
        if !metadata.is_dir() {
            return Ok((Self::database(path)?, None));
        }
        let reader = JournalReader::open(path).map_err(|err| failed(chain(&err)))?;
        let database = path.join(DATABASE);
        Ok(match (has_lines(path), database.is_file()) {
            (false, true) => (Self::database(&database)?, None),
            (true, true) => {
                let note = format!(
                    "{} has files and a database: the files are read; name {DATABASE} in it to read the database",
                    path.display()
                );
                (Self::Files(reader), Some(note))
            }
            (true, false) => (Self::Files(reader), None),
            (false, false) => {
                let note = format!("{} has no files of a journal so far", path.display());
                (Self::Files(reader), Some(note))
            }
        })
    }

    #[cfg(feature = "sqlite")]
    fn database(path: &Path) -> Result<Self, Failure> {
        let opened = SqliteReader::open(path);
        opened.map(Self::Database).map_err(|err| {
            let (path, why) = (path.display(), chain(&err));
            Failure::new(format!(
                "`--journal {path}`: no journal in an SQLite database: {why}"
            ))
        })
    }

    #[cfg(not(feature = "sqlite"))]
    fn database(path: &Path) -> Result<Self, Failure> {
        let path = path.display();
        Err(Failure::new(format!(
            "`--journal {path}`: a database needs the feature `sqlite`, without which this program was built"
        )))
    }

    pub(crate) fn newest_first(&self, query: &Query) -> Result<Records<'_>, Failure> {
        match self {
            Self::Files(reader) => of_files(reader.newest_first(query)),
            #[cfg(feature = "sqlite")]
            Self::Database(reader) => {
                let mut query = query.clone().limit(database::ROWS);
                Ok(database::records(move || {
                    let page = reader.query(&query)?;
                    let next = page.next.map(|next| query = query.clone().after(next));
                    Ok((page, next.is_some()))
                }))
            }
        }
    }

    pub(crate) fn oldest_first(&self, query: &Query) -> Result<Records<'_>, Failure> {
        match self {
            Self::Files(reader) => of_files(reader.oldest_first(query)),
            #[cfg(feature = "sqlite")]
            Self::Database(reader) => {
                let query = query.clone().limit(database::ROWS);
                let mut after = gardefou::monitor::journal::Cursor::new(0, 0);
                Ok(database::records(move || {
                    let page = reader.query_from(&query, after)?;
                    let next = page.next.map(|next| after = next);
                    Ok((page, next.is_some()))
                }))
            }
        }
    }

    pub(crate) fn follow(self, query: &Query) -> Result<Following, Failure> {
        let following = match self {
            Self::Files(reader) => reader.follow(query).map(Following::Files),
            #[cfg(feature = "sqlite")]
            Self::Database(reader) => reader.follow(query).map(Following::Database),
        };
        following.map_err(|err| Failure::from_error(&err))
    }
}

impl Following {
    /// Returns the next record, or `None` where there is nothing new at present.
    pub(crate) fn next_at(&mut self, now: Timestamp) -> Option<Result<Record, Problem>> {
        match self {
            Self::Files(tail) => Some(tail.next_at(now)?.map_err(Problem::from)),
            #[cfg(feature = "sqlite")]
            Self::Database(tail) => database::next_of_tail(tail, now),
        }
    }
}

impl From<ReadError> for Problem {
    fn from(err: ReadError) -> Self {
        Self {
            text: chain(&err),
            torn: err.is_torn().into(),
        }
    }
}

fn of_files(
    records: Result<
        gardefou::monitor::journal::Records<'_>,
        gardefou::monitor::journal::JournalError,
    >,
) -> Result<Records<'_>, Failure> {
    let records = records.map_err(|err| Failure::from_error(&err))?;
    Ok(Box::new(records.map(|next| next.map_err(Problem::from))))
}

/// Returns `true` if a folder has a file of JSON lines.
fn has_lines(folder: &Path) -> bool {
    let is_one = |path: PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("errors-") && name.ends_with(".jsonl")
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(is_one)
}

#[cfg(feature = "sqlite")]
mod database {
    //! Records of a database, page by page.

    use super::{Problem, Records, chain};
    use gardefou::{
        event::Record,
        monitor::journal::{JournalError, Page},
        time::Timestamp,
    };
    use gardefou_sqlite::SqliteTail;
    use std::{collections::VecDeque, iter};

    /// How many rows are in memory at a time.
    pub(super) const ROWS: usize = 200;

    /// Returns the records of pages; `next` returns a page, and whether there is another one.
    pub(super) fn records<'a>(
        mut next: impl FnMut() -> Result<(Page, bool), JournalError> + 'a,
    ) -> Records<'a> {
        let (mut ready, mut is_more) = (VecDeque::new(), true);
        Box::new(iter::from_fn(move || {
            loop {
                if let Some(found) = ready.pop_front() {
                    return Some(found);
                }
                if !is_more {
                    return None;
                }
                match next() {
                    Ok((page, more)) => {
                        is_more = more;
                        ready.extend(torn(page.torn).map(Err));
                        ready.extend(page.records.into_iter().map(Ok));
                    }
                    Err(err) => {
                        is_more = false;
                        return Some(Err(failed(&err)));
                    }
                }
            }
        }))
    }

    pub(super) fn next_of_tail(
        tail: &mut SqliteTail,
        now: Timestamp,
    ) -> Option<Result<Record, Problem>> {
        if let Some(problem) = torn(tail.take_torn()) {
            return Some(Err(problem));
        }
        Some(tail.next_at(now)?.map_err(|err| failed(&err)))
    }

    fn torn(rows: u64) -> Option<Problem> {
        (rows > 0).then(|| Problem {
            text: format!("{rows} rows of the database hold no record"),
            torn: rows,
        })
    }

    fn failed(err: &JournalError) -> Problem {
        Problem {
            text: chain(err),
            torn: 0,
        }
    }
}
