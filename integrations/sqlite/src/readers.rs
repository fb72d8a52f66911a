//! Connections for queries, beside the one that writes: a slow query delays no record.

use crate::{database::wait_for_others, file_identity::FileIdentity, sync::Mutex};
use rusqlite::{Connection, OpenFlags, config::DbConfig};
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Idle connections to a database, one for each query at a time.
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<(Connection, Option<FileIdentity>)>>,
}

/// How many idle connections are kept.
const MAX_IDLE: usize = 4;

impl Readers {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            idle: Mutex::default(),
        }
    }

    /// Queries an existing database.
    pub(crate) fn query<T>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        // Not in the match below, where the lock would be held to the end of it.
        let idle = self.idle.lock().pop();
        let (db, identity) = match idle {
            Some((db, identity)) if identity == FileIdentity::at(&self.path) => (db, identity),
            _ => {
                let db = open(&self.path)?;
                (db, FileIdentity::at(&self.path))
            }
        };
        let answer = query(&db)?;
        let mut idle = self.idle.lock();
        if idle.len() < MAX_IDLE {
            idle.push((db, identity));
        }
        Ok(answer)
    }

    /// Queries the database without the shared memory beside it, for which a full disk has no room.
    /// No other connection can be open.
    pub(crate) fn query_exclusively<T>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.close();
        let db = open(&self.path)?;
        db.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
        query(&db)
    }

    /// Closes the connections that are idle.
    pub(crate) fn close(&self) {
        let idle = std::mem::take(&mut *self.idle.lock());
        drop(idle);
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readers")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Opens an existing database. The first read writes to it if its log of changes was left behind.
fn open(path: &Path) -> rusqlite::Result<Connection> {
    #[allow(
        unused_mut,
        reason = "up to rusqlite 0.40, setting a handler takes a shared reference"
    )]
    let mut db = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    db.busy_handler(Some(wait_for_others))?;
    // The connection that writes checkpoints at the end; if it cannot, there may be no room for it.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(db)
}
