//! The public handle of a shipper.

use super::{
    builder::{PostgresShipperBuilder, Settings},
    status::{ShipperStatus, Tracked},
    worker::Worker,
};
use crate::{config::DatabaseConfig, error::DatabaseError, sync::Mutex};
use gardefou::{
    health::{Check, CheckResult},
    monitor::journal::{JournalError, support::Maintenance},
    time::Timestamp,
};
use std::{
    fmt,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// Copies the records of the journal in a folder to a database, on a thread of its own.
///
/// The journal is that of this process, a [`FileJournal`], or of another one. No call waits for the
/// database: what reports an error appends it to the journal, and the shipper reads it from there
/// within a second. A database that is down, slow, stopped or wrong delays nothing but the shipper.
///
/// - *Exactly once.* Rows and the position behind them are one transaction. After any crash of either
///   side, the shipper goes on where the database was committed last; a record that is there already
///   is left out by its identity.
/// - *In order.* The column `seq` has the order of the lines of the journal; of two records of one
///   process, the later one never arrives before the earlier one.
/// - *Nothing is lost within the limits of the journal.* What its retention removed before it was
///   shipped is counted in [`ShipperStatus::lost`].
/// - Of several shippers of one folder, one ships, and another takes over when its process ends.
///
/// The folder is an instance of the fleet, under the identity in its file `instance.json`. Do not copy
/// that file to another machine.
///
/// [`FileJournal`]: gardefou::monitor::journal::FileJournal
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, ErrorSystem, monitor::journal::JournalConfig};
/// use gardefou_postgres::{DatabaseConfig, PostgresShipper};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = &std::env::temp_dir().join(format!("gardefou-postgres-doc-{}", std::process::id()));
/// let system = ErrorSystem::builder().journal(JournalConfig::builder(folder)).init()?;
/// let database = DatabaseConfig::builder("postgres://errors@localhost:1/errors").build()?;
/// let shipper = PostgresShipper::builder(folder, database).background(false).build()?;
///
/// gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
/// // Nothing listens there: the record waits in the journal.
/// assert!(shipper.ship().is_err());
/// assert!(shipper.status().last_error.unwrap().starts_with("cannot connect"));
/// # drop(shipper);
/// # system.shutdown();
/// # std::fs::remove_dir_all(folder)?;
/// # Ok(())
/// # }
/// ```
pub struct PostgresShipper {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    worker: Mutex<Worker>,
    tracked: Mutex<Tracked>,
    is_stopped: AtomicBool,
    maintenance: Maintenance,
}

impl PostgresShipper {
    /// Starts from the defaults, for the journal in `folder`; see [`PostgresShipperBuilder`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_postgres::{DatabaseConfig, PostgresShipper};
    ///
    /// let database = DatabaseConfig::builder("postgres://db1/errors").build()?;
    /// let shipper = PostgresShipper::builder("no/such/folder", database).build()?;
    /// assert!(shipper.status().is_healthy());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn builder(folder: impl Into<PathBuf>, database: DatabaseConfig) -> PostgresShipperBuilder {
        PostgresShipperBuilder::new(folder.into(), database)
    }

    pub(crate) fn start(settings: Settings) -> Self {
        let inner = Arc::new(Inner {
            worker: Mutex::new(Worker::new(&settings)),
            tracked: Mutex::new(Tracked::default()),
            is_stopped: AtomicBool::new(false),
            maintenance: Maintenance::default(),
            settings,
        });
        if inner.settings.background {
            inner.maintenance.start(&inner, |inner: &Inner| {
                inner.work(|worker| {
                    worker.turn(&inner.settings, &inner.tracked, &inner.is_stopped);
                });
            });
            inner.maintenance.wake();
        }
        Self { inner }
    }

    /// Returns the folder.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_postgres::{DatabaseConfig, PostgresShipper};
    ///
    /// let database = DatabaseConfig::builder("postgres://db1/errors").build()?;
    /// let shipper = PostgresShipper::builder("no/such/folder", database).build()?;
    /// assert_eq!(shipper.folder().to_str(), Some("no/such/folder"));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.inner.settings.folder
    }

    /// Ships all records that were written to the journal before, also during a pause after a
    /// failure. Waits for the database, within its time limits: in an async program, call it where
    /// blocking is allowed.
    ///
    /// Returns at once where there is no folder, or another process ships it.
    ///
    /// # Errors
    ///
    /// The database cannot be written or the journal cannot be read; the records stay in the journal.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_postgres::{DatabaseConfig, PostgresShipper};
    ///
    /// let database = DatabaseConfig::builder("postgres://db1/errors").build()?;
    /// let shipper = PostgresShipper::builder("no/such/folder", database).background(false).build()?;
    /// assert!(shipper.ship().is_ok(), "there is nothing to ship");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn ship(&self) -> Result<(), JournalError> {
        let inner = &*self.inner;
        let ship =
            || inner.work(|worker| worker.ship(&inner.settings, &inner.tracked, &inner.is_stopped));
        // A thread that drives futures cannot wait for others.
        let shipped = thread::scope(|scope| {
            let spawned = thread::Builder::new().spawn_scoped(scope, ship)?;
            let lost = || DatabaseError::Lost("the shipper has panicked".to_owned());
            spawned.join().unwrap_or_else(|_| Err(lost()))
        });
        shipped.map_err(|err| JournalError::new("ship records", err))
    }

    /// Returns what was shipped and what waits, from memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_postgres::{DatabaseConfig, PostgresShipper};
    ///
    /// let database = DatabaseConfig::builder("postgres://db1/errors").build()?;
    /// let shipper = PostgresShipper::builder("no/such/folder", database).background(false).build()?;
    /// let status = shipper.status();
    /// assert_eq!((status.shipped, status.waiting_bytes), (0, None));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn status(&self) -> ShipperStatus {
        self.inner.status()
    }

    /// Returns a health check, `postgres-journal`, that warns while shipping fails, or old days cannot be removed. It
    /// reads the status, and waits for nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, Status};
    /// use gardefou_postgres::{DatabaseConfig, PostgresShipper};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let database = DatabaseConfig::builder("postgres://db1/errors").build()?;
    /// let shipper = PostgresShipper::builder("no/such/folder", database).background(false).build()?;
    /// let health = Health::default();
    /// health.register(shipper.health_check())?;
    /// assert_eq!(health.run_check("postgres-journal")?.status, Status::Pass);
    /// # Ok(())
    /// # }
    /// ```
    pub fn health_check(&self) -> Check {
        let inner = Arc::downgrade(&self.inner);
        Check::dependency("postgres-journal", move || health(&inner)).informational()
    }
}

fn health(inner: &Weak<Inner>) -> CheckResult {
    let Some(inner) = inner.upgrade() else {
        return CheckResult::warn("the shipper was dropped");
    };
    let status = inner.status();
    let result = match (&status.last_error, status.failing_since) {
        (Some(err), Some(since)) => {
            CheckResult::warn(format!("records wait in the journal since {since}: {err}"))
        }
        _ => match &status.removal_error {
            Some(err) => CheckResult::warn(format!("old days cannot be removed: {err}")),
            None => CheckResult::pass(),
        },
    };
    let seconds = status.lag.map(|lag| lag.as_secs());
    result
        .with_detail("shipped", status.shipped)
        .with_detail("lost", status.lost)
        .with_detail("refused", status.refused)
        .with_detail("waiting_bytes", status.waiting_bytes)
        .with_detail("lag_seconds", seconds)
}

impl Inner {
    /// Lets the worker do something, and logs what it notes after that.
    fn work<R>(&self, work: impl FnOnce(&mut Worker) -> R) -> R {
        let (result, log_lines) = {
            let mut worker = self.worker.lock();
            (work(&mut worker), worker.take_log())
        };
        // A log subscriber may call the shipper, and may panic.
        for line in log_lines {
            let _ = panic::catch_unwind(AssertUnwindSafe(|| line.log(&self.settings)));
        }
        result
    }

    fn status(&self) -> ShipperStatus {
        let now = Timestamp::from(self.settings.clock.wall());
        self.tracked.lock().status_at(now)
    }
}

impl Drop for PostgresShipper {
    fn drop(&mut self) {
        // What is not shipped stays in the journal: the next start goes on.
        self.inner.is_stopped.store(true, Ordering::Relaxed);
        self.inner.maintenance.stop();
    }
}

impl fmt::Debug for PostgresShipper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresShipper")
            .field("folder", &self.folder())
            .field("database", &self.inner.settings.database)
            .finish_non_exhaustive()
    }
}
