//! Retention: keeps a database within its limits of size and age, in small steps between which
//! records are written.

use crate::{
    builder::Settings,
    rows::{count_abandoned, has_old_incoming, move_incoming},
};
use gardefou::time::Timestamp;
use rusqlite::Connection;
use std::{fs, path::Path};

/// How many rows, and how many pages, one step takes.
const ROWS: i64 = 200;
const PAGES: i64 = 512;
/// An error inside an attempt is settled within a minute. A full disk may delay the record.
const SETTLED_WITHIN_MILLIS: i64 = 3_600_000;

/// How large the log of changes grows before SQLite moves it into the database; the rows leave room
/// for it.
pub(crate) fn log_bytes(settings: &Settings) -> u64 {
    (settings.max_bytes / 8).clamp(128 * 1024, 4 << 20)
}

/// How large the log of changes grows at most, while another connection reads and keeps it from
/// being emptied. Beyond it records wait in memory; one more transaction is accepted.
pub(crate) fn max_log_bytes(settings: &Settings) -> u64 {
    (settings.max_bytes / 2).max(512 * 1024)
}

/// How large the rows may be.
pub(crate) fn row_bytes(settings: &Settings) -> u64 {
    settings.max_bytes - log_bytes(settings).min(settings.max_bytes / 4)
}

/// Removes some of the rows beyond the limits; returns `true` if there may be more. The newest
/// stays, whatever its size. Rows are removed by age only while the wall clock is steady.
pub(crate) fn remove_some(
    db: &Connection,
    settings: &Settings,
    wall: Timestamp,
    is_steady: bool,
) -> rusqlite::Result<bool> {
    let age = i64::try_from(settings.max_age.as_millis()).unwrap_or(i64::MAX);
    let oldest = wall.as_unix_millis().saturating_sub(age);
    count_abandoned(
        db,
        wall.as_unix_millis().saturating_sub(SETTLED_WITHIN_MILLIS),
    )?;
    if is_steady && has_old_incoming(db, oldest)? {
        move_incoming(db)?;
    }
    // A query first: the deletion would keep other processes from writing even if there is nothing
    // to delete.
    let has_old = "SELECT EXISTS (SELECT 1 FROM errors WHERE time <= ?1)";
    if is_steady && db.query_row(has_old, [oldest], |row| row.get(0))? {
        let some =
            "DELETE FROM errors WHERE seq IN (SELECT seq FROM errors WHERE time <= ?1 LIMIT ?2)";
        return Ok(db.execute(some, [oldest, ROWS])? > 0);
    }
    // Room for what is written until the next round, so that the file need not grow for it and
    // shrink again.
    let max_used = max_pages(db, settings)? / 8 * 7;
    if pragma(db, "page_count")? - pragma(db, "freelist_count")? <= max_used {
        return Ok(false);
    }
    let range = "SELECT coalesce(max(seq) - min(seq), 0) FROM errors";
    let tenth = db.query_row(range, [], |row| row.get::<_, i64>(0))? / 10;
    let some = "DELETE FROM errors WHERE seq IN (SELECT seq FROM errors ORDER BY seq LIMIT ?1)
                AND seq < (SELECT max(seq) FROM errors)";
    Ok(db.execute(some, [tenth.clamp(1, ROWS)])? > 0)
}

/// Releases some empty pages to the file system; returns `true` if there may be more.
///
/// A quarter of the file may stay empty: new records use it, and to take a page out of the middle
/// another one is written in its place.
pub(crate) fn shrink_some(db: &Connection, settings: &Settings) -> rusqlite::Result<bool> {
    let (pages, free) = (pragma(db, "page_count")?, pragma(db, "freelist_count")?);
    let excess = (pages - max_pages(db, settings)?)
        .max(free - pages / 4)
        .min(free);
    if excess <= 0 {
        return Ok(false);
    }
    run(
        db,
        &format!("PRAGMA incremental_vacuum({})", excess.min(PAGES)),
    )?;
    Ok(pragma(db, "freelist_count")? < free)
}

fn max_pages(db: &Connection, settings: &Settings) -> rusqlite::Result<i64> {
    Ok(i64::try_from(row_bytes(settings)).unwrap_or(i64::MAX) / pragma(db, "page_size")?.max(1))
}

/// Moves the log of changes into the database and empties it, if both together take more than they
/// may. While another process reads, that is left to the next time.
pub(crate) fn empty_log(db: &Connection, path: &Path, settings: &Settings) -> rusqlite::Result<()> {
    let log = log_size(path);
    if log > 0 && size(path).saturating_add(log) > settings.max_bytes {
        checkpoint(db)?;
    }
    Ok(())
}

/// Moves the log of changes into the database and empties it, unless another connection reads.
pub(crate) fn checkpoint(db: &Connection) -> rusqlite::Result<()> {
    run(db, "PRAGMA wal_checkpoint(TRUNCATE)")
}

pub(crate) fn log_size(path: &Path) -> u64 {
    size(&path.with_extension("sqlite-wal"))
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

fn pragma(db: &Connection, name: &str) -> rusqlite::Result<i64> {
    db.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
}

/// Runs a statement to its end, whatever it returns.
fn run(db: &Connection, sql: &str) -> rusqlite::Result<()> {
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SqliteJournal, database, incoming};
    use std::time::Duration;

    fn settings(max_bytes: u64) -> Settings {
        let builder = SqliteJournal::builder("x").max_bytes(max_bytes);
        builder.checked().unwrap()
    }

    /// All pages, and empty ones.
    fn pages(db: &Connection) -> (i64, i64) {
        (
            pragma(db, "page_count").unwrap(),
            pragma(db, "freelist_count").unwrap(),
        )
    }

    fn database(path: &Path, rows: usize, kept: usize) -> Connection {
        let db = Connection::open(path).unwrap();
        db.execute_batch("PRAGMA auto_vacuum = 2; CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB)")
            .unwrap();
        let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
                    INSERT INTO t SELECT i, zeroblob(4000) FROM n";
        db.execute(many, [rows as i64]).unwrap();
        db.execute("DELETE FROM t WHERE n > ?1", [kept as i64])
            .unwrap();
        db
    }

    #[test]
    fn quarter_of_the_file_may_stay_empty() {
        let place = tempfile::tempdir().unwrap();
        let db = database(&place.path().join("a"), 2000, 300);
        let (before, free) = pages(&db);
        assert!(free > before / 4 * 3, "{free} of {before}");
        let steps = (0..)
            .take_while(|_| shrink_some(&db, &settings(1 << 30)).unwrap())
            .count();
        let (after, free) = pages(&db);
        assert_eq!(free, after / 4, "of {after}");
        // Each step releases a bounded number of pages, the last ones the remainder.
        assert!((3..20).contains(&steps), "{steps} steps");
    }

    #[test]
    fn no_page_stays_empty_beyond_the_limit() {
        let place = tempfile::tempdir().unwrap();
        let db = database(&place.path().join("a"), 210, 150);
        assert!(pages(&db).1 > 0);
        while shrink_some(&db, &settings(512 << 10)).unwrap() {}
        assert_eq!(pages(&db).1, 0);
        // A step that releases nothing is the last one too.
        db.execute_batch("PRAGMA auto_vacuum = 0; VACUUM; DELETE FROM t WHERE n > 10")
            .unwrap();
        assert!(pages(&db).1 > 100);
        assert!(!shrink_some(&db, &settings(512 << 10)).unwrap());
    }

    fn records(times: impl IntoIterator<Item = (i64, usize)>) -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(database::SCHEMA).unwrap();
        db.execute_batch(incoming::SCHEMA).unwrap();
        let insert =
            "INSERT INTO errors (id, kind, time, level, code, operation, fingerprint, text, record)
                      VALUES ('', '', ?1, 0, '', '', '', '', zeroblob(?2))";
        for (time, bytes) in times {
            db.execute(insert, [time, bytes as i64]).unwrap();
        }
        db
    }

    fn remove(db: &Connection, settings: &Settings) -> Vec<i64> {
        let wall = Timestamp::from_unix_millis(1_800_000_000_000);
        let left = || {
            db.query_row("SELECT count(*) FROM errors", [], |row| row.get(0))
                .unwrap()
        };
        let mut steps = vec![left()];
        while remove_some(db, settings, wall, true).unwrap() {
            steps.push(left());
        }
        assert_eq!(
            steps.last(),
            Some(&left()),
            "the last step removed some rows"
        );
        steps
    }

    #[test]
    fn old_rows_are_removed_in_steps() {
        let limit = 1_800_000_000_000 - Duration::from_secs(7 * 86_400).as_millis() as i64;
        let times = (0..450)
            .map(|i| (limit - i, 0))
            .chain([(limit + 1, 0), (limit + 2, 0)]);
        assert_eq!(
            remove(&records(times), &settings(1 << 30)),
            [452, 252, 52, 2]
        );
    }

    #[test]
    fn newest_row_stays_whatever_its_size() {
        let now = 1_800_000_000_000;
        let steps = remove(
            &records([(now, 0), (now, 0), (now, 2_000_000)]),
            &settings(8 << 10),
        );
        assert_eq!(steps.last(), Some(&1));
    }

    #[test]
    fn log_of_changes_is_an_eighth_within_bounds() {
        let log = |max_bytes| {
            let settings = settings(max_bytes);
            (
                log_bytes(&settings),
                max_log_bytes(&settings),
                row_bytes(&settings),
            )
        };
        assert_eq!(log(8 << 10), (128 << 10, 512 << 10, 6 << 10));
        assert_eq!(log(2 << 20), (256 << 10, 1 << 20, (2 << 20) - (256 << 10)));
        assert_eq!(log(1 << 30), (4 << 20, 512 << 20, (1 << 30) - (4 << 20)));
    }
}
