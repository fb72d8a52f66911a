//! The results, in an SQLite database.

use crate::{
    analysis::{Class, Features},
    folder::printable,
};
use gardefou::{
    AppError, ErrorCode, Result, enhanced_error_handling, ensure, transaction_boundary,
};
use gardefou_examples::place;
use rusqlite::{Connection, ErrorCode as SqliteCode, OpenFlags, TransactionBehavior, params};
use std::{fs, io, path::Path, time::Duration};

/// The results of one run in the database.
#[derive(Debug)]
pub(crate) struct Store {
    connection: Connection,
    run: i64,
}

/// How many rows a run has, and how many recordings of a class its totals count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) rows: i64,
    pub(crate) total: i64,
}

/// The detail with the total inside a transaction that was then rolled back.
pub(crate) const TOTAL_INSIDE: &str = "total_inside";

/// How long a statement waits for another program that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(3);

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS runs (
        id INTEGER PRIMARY KEY, folder TEXT NOT NULL, started TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
    ) STRICT;
    CREATE TABLE IF NOT EXISTS recordings (
        run INTEGER NOT NULL REFERENCES runs, name TEXT NOT NULL, class TEXT NOT NULL,
        seconds REAL NOT NULL, level_dbfs REAL NOT NULL, crossings_per_second REAL NOT NULL,
        UNIQUE (run, name)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS totals (
        run INTEGER NOT NULL REFERENCES runs, class TEXT NOT NULL, recordings INTEGER NOT NULL,
        PRIMARY KEY (run, class)
    ) STRICT;";

impl Store {
    /// Opens the database, or makes it, and begins a run.
    #[enhanced_error_handling(error_code = ErrorCode::DB_CONNECTION_ERROR)]
    pub(crate) fn open(path: &Path, folder: &str) -> Result<Self> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| folder_error(error, parent))?;
        }
        refuse_read_only(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let begin = || {
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.execute_batch(SCHEMA)?;
            connection.execute("INSERT INTO runs (folder) VALUES (?1)", [folder])?;
            let run = connection.last_insert_rowid();
            Ok(Self { connection, run })
        };
        begin().map_err(|error| {
            write_error(error, |text| {
                format!("{text}{}", owner_note(path, "--database or --out"))
            })
        })
    }

    /// Stores one result: raises the total of its class and adds its row, both or neither.
    pub(crate) fn add(&self, name: &str, class: Class, features: &Features) -> Result<()> {
        const RAISE: &str = "INSERT INTO totals VALUES (?1, ?2, 1)
            ON CONFLICT DO UPDATE SET recordings = recordings + 1 RETURNING recordings";
        const ADD: &str = "INSERT INTO recordings VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let (database, run) = (&self.connection, self.run);
        let Features {
            seconds,
            level_dbfs,
            crossings_per_second,
            ..
        } = features;

        transaction_boundary!("store-result", |tx| {
            database
                .execute_batch("BEGIN IMMEDIATE")
                .map_err(database_error)?;
            tx.on_rollback("undo what was written", || roll_back(database));
            let total: i64 = database
                .query_row(RAISE, params![run, class.name()], |row| row.get(0))
                .map_err(database_error)?;
            database
                .execute(
                    ADD,
                    params![
                        run,
                        name,
                        class.name(),
                        seconds,
                        level_dbfs,
                        crossings_per_second
                    ],
                )
                .map_err(|error| database_error(error).with_detail(TOTAL_INSIDE, total))?;
            database.execute_batch("COMMIT").map_err(database_error)?;
        })
    }

    /// Returns the number of this run's rows and its total of one class.
    pub(crate) fn count(&self, class: Class) -> Result<Count> {
        let sql = "SELECT (SELECT count(*) FROM recordings WHERE run = ?1),
                          (SELECT coalesce(sum(recordings), 0) FROM totals WHERE run = ?1 AND class = ?2)";
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Count {
                rows: row.get(0)?,
                total: row.get(1)?,
            })
        };
        self.connection
            .query_row(sql, params![self.run, class.name()], read)
            .map_err(database_error)
    }
}

/// An administrator may write to files that are marked read-only; the mark is meant all the same.
fn refuse_read_only(path: &Path) -> Result<()> {
    let marked = fs::metadata(path).is_ok_and(|metadata| metadata.permissions().readonly());
    ensure!(
        !marked,
        ErrorCode::PERMISSION_ERROR,
        "the database is marked read-only"
    );
    Ok(())
}

/// Undoes an open transaction; after some failures SQLite has done so by itself.
fn roll_back(database: &Connection) -> rusqlite::Result<()> {
    if database.is_autocommit() {
        Ok(())
    } else {
        database.execute_batch("ROLLBACK")
    }
}

/// Returns the error for a folder that cannot be made, with the file in its place if there is one.
fn folder_error(error: io::Error, folder: &Path) -> AppError {
    if let Some(file) = folder.ancestors().find(|path| path.is_file()) {
        let message = format!("{} is a file: a folder is needed there", printable(file));
        return AppError::new(ErrorCode::DB_CONNECTION_ERROR, message);
    }
    let message = format!(
        "the folder {} cannot be made{}",
        printable(folder),
        owner_note(folder, "--out")
    );
    AppError::new(ErrorCode::DB_CONNECTION_ERROR, message).with_source(error)
}

/// Returns a note about the owner of a path, if that is another user, with the option that names
/// another path.
pub(crate) fn owner_note(path: &Path, option: &str) -> String {
    let note =
        |owner| format!("; it belongs to the user {owner}: name another place with {option}");
    place::foreign_owner(path).map(note).unwrap_or_default()
}

/// Returns `Ok` if results can be stored: writes a row and rolls it back.
pub(crate) fn is_writable(path: &Path) -> Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let try_it = || {
        let mut connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        let attempt = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        attempt.execute("INSERT INTO runs (folder) VALUES ('health check')", [])?;
        attempt.rollback()
    };
    refuse_read_only(path).and_then(|()| try_it().map_err(database_error))
}

/// Returns an error with the code for the kind of a database failure.
fn database_error(error: rusqlite::Error) -> AppError {
    write_error(error, |text| text)
}

fn write_error(error: rusqlite::Error, text: impl FnOnce(String) -> String) -> AppError {
    let code = match error.sqlite_error_code() {
        Some(SqliteCode::ConstraintViolation) => ErrorCode::DB_INTEGRITY_ERROR,
        Some(SqliteCode::ReadOnly | SqliteCode::DiskFull | SqliteCode::SystemIoFailure) => {
            ErrorCode::DB_WRITE_ERROR
        }
        Some(SqliteCode::CannotOpen | SqliteCode::NotADatabase | SqliteCode::DatabaseCorrupt) => {
            ErrorCode::DB_CONNECTION_ERROR
        }
        Some(SqliteCode::DatabaseBusy | SqliteCode::DatabaseLocked) => {
            ErrorCode::RESOURCE_BUSY_ERROR
        }
        Some(SqliteCode::PermissionDenied) => ErrorCode::PERMISSION_ERROR,
        _ => ErrorCode::DB_QUERY_ERROR,
    };
    AppError::new(code, text(error.to_string())).with_source(error)
}
