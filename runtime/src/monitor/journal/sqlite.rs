//! The journal in an SQLite database, for stores too large to be read from end to end.

use super::{
    Counts, Cursor, Journal, JournalConfig, JournalError, JournalStatus, Page, Query, counts::DayCounts, line,
};
use crate::{
    event::names,
    monitor::{ErrorRecord, RecordKind},
    sync::Mutex,
    time::{Tick, Timestamp},
};
use rusqlite::{Connection, ErrorCode as SqliteCode, params, types::Value};
use std::{collections::VecDeque, fmt, fs, io, path::PathBuf, time::Duration};

/// A journal in the database `errors.sqlite` in a folder, indexed by code, operation and time.
///
/// It keeps the promises of [`FileJournal`](super::FileJournal): an acknowledged record survives the end of the
/// process, trouble with the disk or a locked database fails no call, processes may share the folder, and counts by
/// code and day survive retention. Of the [`JournalConfig`], the settings of segments and `background` mean nothing
/// here; old rows are removed while new ones are written. A file that is no database is put aside as
/// `errors.sqlite.damaged-<time>`.
///
/// One append costs tens of microseconds: for more than 10,000 errors a second use
/// [`FileJournal`](super::FileJournal).
pub struct SqliteJournal {
    config: JournalConfig,
    store: Mutex<Store>,
    status: Mutex<JournalStatus>,
}

#[derive(Default)]
struct Store {
    db: Option<Connection>,
    waiting: VecDeque<(ErrorRecord, String)>,
    waiting_bytes: usize,
    not_before: Tick,
    /// Appends since old rows were last looked for.
    appends: u32,
}

const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);
/// How long another process may hold the database before a record waits in memory instead of its caller here.
const BUSY: Duration = Duration::from_millis(5);
const APPENDS_BETWEEN_REMOVALS: u32 = 512;
const SCHEMA: &str = "
    PRAGMA auto_vacuum = INCREMENTAL;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS errors (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, kind TEXT NOT NULL, time INTEGER NOT NULL,
        level INTEGER NOT NULL, code TEXT NOT NULL, operation TEXT NOT NULL, fingerprint TEXT NOT NULL,
        text TEXT NOT NULL, record TEXT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS errors_by_id ON errors (id);
    CREATE INDEX IF NOT EXISTS errors_by_code ON errors (code, seq);
    CREATE INDEX IF NOT EXISTS errors_by_operation ON errors (operation, seq);
    CREATE INDEX IF NOT EXISTS errors_by_time ON errors (time);
    CREATE TABLE IF NOT EXISTS counts (
        day TEXT NOT NULL, code TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (day, code)
    ) WITHOUT ROWID;
";

impl SqliteJournal {
    /// Makes a journal; its folder and database are made with the first record.
    #[must_use]
    pub fn open(config: JournalConfig) -> Self {
        Self { config, store: Mutex::default(), status: Mutex::default() }
    }

    /// Removes rows by size and age; appending does so now and then.
    ///
    /// # Errors
    ///
    /// The database cannot be written now.
    pub fn maintain(&self) -> Result<(), JournalError> {
        let wall = Timestamp::from(self.config.clock.wall());
        let mut store = self.store.lock();
        store.with_db(&self.config, wall, |db| remove_old(db, &self.config, wall)).map_err(failed("remove old records"))
    }

    fn write_waiting(&self, records: u64) -> Result<(), JournalError> {
        let (now, wall) = (self.config.clock.now(), Timestamp::from(self.config.clock.wall()));
        let mut store = self.store.lock();
        if store.waiting.is_empty() {
            return Ok(());
        }
        if now < store.not_before {
            drop(store);
            self.status.lock().failed += records;
            return Err(JournalError::waiting());
        }
        let written = store.write(&self.config, wall);
        if written.is_err() {
            store.not_before = now.after(PAUSE_AFTER_FAILURE);
        }
        drop(store);
        self.settle(written, wall, records)
    }

    fn settle(&self, written: rusqlite::Result<u64>, wall: Timestamp, records: u64) -> Result<(), JournalError> {
        let mut status = self.status.lock();
        match written {
            Ok(lines) => {
                status.written += lines;
                let resumed = status.failing_since.take();
                drop(status);
                if let Some(since) = resumed {
                    tracing::info!(target: names::TARGET_JOURNAL, %since, "journal: writing again");
                }
                Ok(())
            }
            Err(err) => {
                status.failed += records;
                let is_new = status.failing_since.is_none();
                status.failing_since.get_or_insert(wall);
                status.last_error = Some(err.to_string());
                drop(status);
                if is_new {
                    tracing::error!(
                        target: names::TARGET_JOURNAL,
                        folder = %self.config.folder.display(),
                        error = %err,
                        "journal: cannot write; errors wait in memory"
                    );
                }
                Err(JournalError::new("append a record", err))
            }
        }
    }
}

impl Journal for SqliteJournal {
    fn append(&self, record: &ErrorRecord) -> Result<(), JournalError> {
        let json = String::from_utf8(line::encode(record)).unwrap_or_default();
        let mut store = self.store.lock();
        let fits = store.waiting.is_empty() || store.waiting_bytes + json.len() <= self.config.buffer_bytes;
        if !fits {
            drop(store);
            let mut status = self.status.lock();
            status.failed += 1;
            status.lost += 1;
            return Err(JournalError::waiting());
        }
        store.waiting_bytes += json.len();
        store.waiting.push_back((record.clone(), json));
        let is_urgent = record.is_urgent(self.config.inline_level);
        let is_full = store.waiting_bytes >= self.config.buffer_bytes / 2;
        drop(store);
        if is_urgent || is_full { self.write_waiting(1) } else { Ok(()) }
    }

    fn query(&self, query: &Query) -> Result<Page, JournalError> {
        let _ = self.write_waiting(0);
        let wall = Timestamp::from(self.config.clock.wall());
        let mut store = self.store.lock();
        store.with_db(&self.config, wall, |db| page(db, query)).map_err(failed("read records"))
    }

    fn counts(&self) -> Result<Counts, JournalError> {
        let _ = self.write_waiting(0);
        let wall = Timestamp::from(self.config.clock.wall());
        let mut store = self.store.lock();
        store.with_db(&self.config, wall, counts).map_err(failed("count records"))
    }

    fn flush(&self) -> Result<(), JournalError> {
        self.write_waiting(0)
    }

    fn status(&self) -> JournalStatus {
        let waiting = self.store.lock().waiting.len() as u64;
        JournalStatus { waiting, ..self.status.lock().clone() }
    }
}

impl Drop for SqliteJournal {
    fn drop(&mut self) {
        let _ = self.write_waiting(0);
    }
}

impl Store {
    /// Writes all records that wait, in one transaction.
    fn write(&mut self, config: &JournalConfig, wall: Timestamp) -> rusqlite::Result<u64> {
        self.appends += 1;
        let is_time = self.appends.is_multiple_of(APPENDS_BETWEEN_REMOVALS);
        let waiting = std::mem::take(&mut self.waiting);
        let written = self.with_db(config, wall, |db| {
            insert(db, &waiting)?;
            if is_time { remove_old(db, config, wall) } else { Ok(()) }
        });
        match written {
            Ok(()) => {
                self.waiting_bytes = 0;
                Ok(waiting.len() as u64)
            }
            Err(err) => {
                self.waiting = waiting;
                Err(err)
            }
        }
    }

    fn with_db<T>(
        &mut self,
        config: &JournalConfig,
        wall: Timestamp,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let path = config.folder.join("errors.sqlite");
        // A database that was removed while it was open would take records and lose them.
        let mut db = match self.db.take() {
            Some(db) if path.exists() => db,
            _ => open(&path, wall)?,
        };
        let done = work(&mut db);
        if done.is_ok() {
            self.db = Some(db);
        }
        done
    }
}

fn open(path: &PathBuf, wall: Timestamp) -> rusqlite::Result<Connection> {
    match try_open(path) {
        Err(err) if is_damaged(&err) => {
            let aside = path.with_extension(format!("sqlite.damaged-{}", wall.as_unix_millis()));
            if fs::rename(path, &aside).is_err() {
                return Err(err);
            }
            tracing::error!(
                target: names::TARGET_JOURNAL,
                file = %aside.display(),
                error = %err,
                "journal: a damaged database was put aside"
            );
            try_open(path)
        }
        opened => opened,
    }
}

fn try_open(path: &PathBuf) -> rusqlite::Result<Connection> {
    let folder = path.parent().map(fs::create_dir_all).unwrap_or(Ok(()));
    folder.map_err(|err: io::Error| rusqlite::Error::ToSqlConversionFailure(Box::new(err)))?;
    let db = Connection::open(path)?;
    db.busy_timeout(BUSY)?;
    db.execute_batch(SCHEMA)?;
    Ok(db)
}

fn is_damaged(err: &rusqlite::Error) -> bool {
    matches!(err.sqlite_error_code(), Some(SqliteCode::NotADatabase | SqliteCode::DatabaseCorrupt))
}

fn insert(db: &mut Connection, records: &VecDeque<(ErrorRecord, String)>) -> rusqlite::Result<()> {
    let transaction = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    {
        let mut insert = transaction.prepare_cached(
            "INSERT INTO errors (id, kind, time, level, code, operation, fingerprint, text, record)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        let mut count = transaction.prepare_cached(
            "INSERT INTO counts (day, code, n) VALUES (?1, ?2, 1) ON CONFLICT (day, code) DO UPDATE SET n = n + 1",
        )?;
        for (record, json) in records {
            let text = std::iter::once(&record.message).chain(&record.chain).map(String::as_str).collect::<Vec<_>>();
            insert.execute(params![
                record.id.to_string(),
                record.kind.name(),
                record.timestamp.as_unix_millis(),
                record.level as u8,
                record.error_code,
                record.operation,
                record.fingerprint.to_string(),
                text.join("\n"),
                json.trim_end(),
            ])?;
            if record.kind == RecordKind::Error {
                count.execute(params![record.timestamp.day(), record.error_code])?;
            }
        }
    }
    transaction.commit()
}

fn page(db: &mut Connection, query: &Query) -> rusqlite::Result<Page> {
    let mut conditions = vec!["kind = ?"];
    let mut values: Vec<Value> = vec![query.kind.name().to_owned().into()];
    let mut add = |condition: &'static str, value: Option<Value>| {
        if let Some(value) = value {
            conditions.push(condition);
            values.push(value);
        }
    };
    let position = |cursor: Cursor| i64::try_from(cursor.position()).unwrap_or(i64::MAX);
    add("seq < ?", query.after.map(|cursor| position(cursor).into()));
    add("id = ?", query.id.map(|id| id.to_string().into()));
    add("code = ?", query.code.clone().map(Into::into));
    add("level >= ?", query.min_level.map(|level| i64::from(level as u8).into()));
    add("operation = ?", query.operation.clone().map(Into::into));
    add("fingerprint = ?", query.fingerprint.map(|fingerprint| fingerprint.to_string().into()));
    add("time >= ?", query.since.map(|time| time.as_unix_millis().into()));
    add("time < ?", query.until.map(|time| time.as_unix_millis().into()));
    add("instr(text, ?) > 0", query.text.clone().map(Into::into));
    // One more than fits tells whether there is a next page. The limit is 1,000 at most.
    let sql = format!(
        "SELECT seq, record FROM errors WHERE {} ORDER BY seq DESC LIMIT {}",
        conditions.join(" AND "),
        query.limit + 1
    );
    let mut select = db.prepare_cached(&sql)?;
    let mut rows = select.query(rusqlite::params_from_iter(values))?;
    let (mut page, mut last) = (Page::new(Vec::new(), None), None);
    let mut seen = 0;
    while let Some(row) = rows.next()? {
        if seen == query.limit {
            page.next = last;
            break;
        }
        seen += 1;
        let seq: i64 = row.get(0)?;
        last = Some(Cursor::new(0, u64::try_from(seq).unwrap_or_default()));
        match line::decode(row.get_ref(1)?.as_bytes().unwrap_or_default()) {
            Ok(found) => page.records.push(found.record),
            Err(line::Torn) => page.torn += 1,
        }
    }
    Ok(page)
}

fn counts(db: &mut Connection) -> rusqlite::Result<Counts> {
    let mut select = db.prepare_cached("SELECT day, code, n FROM counts")?;
    let mut rows = select.query([])?;
    let mut sum = DayCounts::default();
    while let Some(row) = rows.next()? {
        let count: i64 = row.get(2)?;
        sum.add_many(row.get(0)?, &row.get::<_, String>(1)?, u64::try_from(count).unwrap_or_default());
    }
    Ok(sum.summed())
}

fn remove_old(db: &mut Connection, config: &JournalConfig, wall: Timestamp) -> rusqlite::Result<()> {
    let age = i64::try_from(config.max_age.as_millis()).unwrap_or(i64::MAX);
    db.execute("DELETE FROM errors WHERE time <= ?1", [wall.as_unix_millis().saturating_sub(age)])?;
    let page_size: i64 = db.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    let max_pages = i64::try_from(config.max_bytes).unwrap_or(i64::MAX) / page_size.max(1);
    let used = |db: &Connection| -> rusqlite::Result<i64> {
        let all: i64 = db.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        let free: i64 = db.query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
        Ok(all - free)
    };
    while used(db)? > max_pages {
        // A tenth at a time, of which nothing is left in the end but the newest.
        let removed = db.execute(
            "DELETE FROM errors WHERE seq <= (SELECT min(seq) + (max(seq) - min(seq)) / 10 FROM errors)
             AND seq < (SELECT max(seq) FROM errors)",
            [],
        )?;
        if removed == 0 {
            break;
        }
    }
    let mut vacuum = db.prepare("PRAGMA incremental_vacuum")?;
    let mut rows = vacuum.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

fn failed(action: &'static str) -> impl Fn(rusqlite::Error) -> JournalError {
    move |err| JournalError::new(action, err)
}

impl fmt::Debug for SqliteJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteJournal").field("folder", &self.config.folder).finish_non_exhaustive()
    }
}
