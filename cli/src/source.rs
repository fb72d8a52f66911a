//! The journal that is read: a folder of JSON lines, an SQLite database, or the PostgreSQL database of
//! a fleet.

use crate::run::{Failure, chain};
use gardefou::{
    event::Record,
    monitor::journal::{JournalReader, Query, ReadError, Tail},
    time::Timestamp,
};
#[cfg(feature = "postgres")]
use gardefou_postgres::{DatabaseConfig, PostgresReader, PostgresTail};
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
    #[cfg(feature = "postgres")]
    Fleet(PostgresReader),
}

/// A journal that is followed.
#[derive(Debug)]
pub(crate) enum Following {
    Files(Tail),
    #[cfg(feature = "sqlite")]
    Database(SqliteTail),
    #[cfg(feature = "postgres")]
    Fleet(PostgresTail),
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
    /// Opens the journal at a path or URL, and returns it with what is odd about it.
    pub(crate) fn open(
        path: Option<&Path>,
        schema: &str,
    ) -> Result<(Self, Option<String>), Failure> {
        let path = path.ok_or_else(|| {
            Failure::new("`--journal` is missing: it, or the variable GARDEFOU_JOURNAL, must name the folder of a journal")
        })?;
        if let Some(url) = path.to_str().filter(|path| is_url(path)) {
            return Ok((Self::fleet(url, schema)?, None));
        }
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

    /// Connects to the database of a fleet. No error shows the URL, which can hold a password.
    #[cfg(feature = "postgres")]
    fn fleet(url: &str, schema: &str) -> Result<Self, Failure> {
        let database = DatabaseConfig::builder(url).schema(schema).build();
        let database = database.map_err(|err| Failure::new(format!("`--journal`: {err}")))?;
        let address = database.to_string();
        let opened = PostgresReader::connect(database);
        opened
            .map(Self::Fleet)
            .map_err(|err| Failure::new(format!("`--journal {address}`: {}", chain(&err))))
    }

    #[cfg(not(feature = "postgres"))]
    fn fleet(_: &str, _: &str) -> Result<Self, Failure> {
        Err(Failure::new(
            "`--journal postgres://..` needs the feature `postgres`, without which this program was built",
        ))
    }

    /// Returns the database of a fleet, which answers some questions itself.
    #[cfg(feature = "postgres")]
    pub(crate) fn as_fleet(&self) -> Option<&PostgresReader> {
        match self {
            Self::Fleet(reader) => Some(reader),
            _ => None,
        }
    }

    pub(crate) fn newest_first(&self, query: &Query) -> Result<Records<'_>, Failure> {
        match self {
            Self::Files(reader) => of_files(reader.newest_first(query)),
            #[cfg(feature = "sqlite")]
            Self::Database(reader) => Ok(paged::newest_first(query, |query| reader.query(query))),
            #[cfg(feature = "postgres")]
            Self::Fleet(reader) => Ok(paged::newest_first(query, |query| reader.query(query))),
        }
    }

    pub(crate) fn oldest_first(&self, query: &Query) -> Result<Records<'_>, Failure> {
        match self {
            Self::Files(reader) => of_files(reader.oldest_first(query)),
            #[cfg(feature = "sqlite")]
            Self::Database(reader) => Ok(paged::oldest_first(query, |query, after| {
                reader.query_from(query, after)
            })),
            #[cfg(feature = "postgres")]
            Self::Fleet(reader) => Ok(paged::oldest_first(query, |query, after| {
                reader.query_from(query, after)
            })),
        }
    }

    pub(crate) fn follow(self, query: &Query) -> Result<Following, Failure> {
        let following = match self {
            Self::Files(reader) => reader.follow(query).map(Following::Files),
            #[cfg(feature = "sqlite")]
            Self::Database(reader) => reader.follow(query).map(Following::Database),
            #[cfg(feature = "postgres")]
            Self::Fleet(reader) => reader.follow(query).map(Following::Fleet),
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
            Self::Database(tail) => paged::next(tail.take_torn(), || tail.next_at(now)),
            #[cfg(feature = "postgres")]
            Self::Fleet(tail) => paged::next(tail.take_torn(), || tail.next_at(now)),
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

/// Returns `true` for a URL of PostgreSQL.
fn is_url(path: &str) -> bool {
    path.starts_with("postgres://") || path.starts_with("postgresql://")
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod paged {
    //! Records of a database, page by page.

    use super::{Problem, Records, chain};
    use gardefou::{
        event::Record,
        monitor::journal::{Cursor, JournalError, Page, Query},
    };
    use std::{collections::VecDeque, iter};

    /// How many rows are in memory at a time.
    const ROWS: usize = 200;

    pub(super) fn newest_first<'a>(
        query: &Query,
        read: impl Fn(&Query) -> Result<Page, JournalError> + 'a,
    ) -> Records<'a> {
        let mut query = query.clone().limit(ROWS);
        records(move || {
            let page = read(&query)?;
            let next = page.next.map(|next| query = query.clone().after(next));
            Ok((page, next.is_some()))
        })
    }

    pub(super) fn oldest_first<'a>(
        query: &Query,
        read: impl Fn(&Query, Cursor) -> Result<Page, JournalError> + 'a,
    ) -> Records<'a> {
        let query = query.clone().limit(ROWS);
        let mut after = Cursor::new(0, 0);
        records(move || {
            let page = read(&query, after)?;
            let next = page.next.map(|next| after = next);
            Ok((page, next.is_some()))
        })
    }

    /// Returns the records of pages; `next` returns a page, and whether there is another one.
    fn records<'a>(
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

    /// Returns the next record of a tail that has passed over so many rows.
    pub(super) fn next(
        passed: u64,
        next: impl FnOnce() -> Option<Result<Record, JournalError>>,
    ) -> Option<Result<Record, Problem>> {
        if let Some(problem) = torn(passed) {
            return Some(Err(problem));
        }
        Some(next()?.map_err(|err| failed(&err)))
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
