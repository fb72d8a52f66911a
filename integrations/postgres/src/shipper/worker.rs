//! The turns of a shipper: connect, read, write, and pause after a failure.

use super::{
    builder::Settings,
    rows::{Known, Outcome, known, ship},
    status::Tracked,
};
use crate::{
    error::DatabaseError,
    schema::{add_days, drop_day, expire, migrate, prepare},
    session::Session,
    spool::{Limits, Position, Spool},
    sync::Mutex,
    values::{Day, id_text},
};
use gardefou::{
    event::names,
    monitor::journal::support::report_trouble,
    time::{Tick, Timestamp},
};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

/// What a shipper keeps from one turn to the next.
#[derive(Debug)]
pub(crate) struct Worker {
    spool: Option<Spool>,
    session: Option<Session>,
    /// As the database had it last; `None` after a failure, whose transaction may be committed.
    known: Option<Known>,
    /// The position that was known last, to tell what waits.
    position: Option<Position>,
    /// The day for which partitions were made.
    prepared: Option<Day>,
    /// When old days are to be removed; `None` until the day turns.
    removal_due: Option<Tick>,
    /// How many records the next batch takes: fewer after the server refused some, until the one at
    /// fault is alone.
    records: usize,
    /// Records that were refused, and none was shipped in between.
    refused_in_a_row: u32,
    failures: u32,
    not_before: Tick,
    /// What is to be logged once the worker is not locked any longer.
    log_lines: Vec<LogLine>,
}

/// A change from good to bad or back.
#[derive(Debug)]
pub(crate) enum LogLine {
    Trouble { error: String, what: &'static str },
    ShipsAgain { since: Timestamp },
}

impl LogLine {
    /// Logs it. Foreign code runs: no lock may be held.
    pub(crate) fn log(self, settings: &Settings) {
        match self {
            Self::Trouble { error, what } => report_trouble(&settings.folder, &error, what),
            Self::ShipsAgain { since } => tracing::info!(
                target: names::TARGET_JOURNAL, %since, "journal: shipping records to PostgreSQL again"
            ),
        }
    }
}

const BATCH_BYTES: usize = 8 << 20;
/// So many records in a row are at fault themselves; beyond that, it is the database.
const MAX_REFUSED_IN_A_ROW: u32 = 100;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// After this time, old days that could not be removed are tried again.
const REMOVAL_PAUSE: Duration = Duration::from_secs(60);

impl Worker {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            spool: None,
            session: None,
            known: None,
            position: None,
            prepared: None,
            removal_due: None,
            records: settings.batch_records,
            refused_in_a_row: 0,
            failures: 0,
            not_before: Tick::ZERO,
            log_lines: Vec::new(),
        }
    }

    /// Takes what is to be logged.
    pub(crate) fn take_log(&mut self) -> Vec<LogLine> {
        std::mem::take(&mut self.log_lines)
    }

    /// Ships all there is, unless a pause is under way.
    pub(crate) fn turn(
        &mut self,
        settings: &Settings,
        tracked: &Mutex<Tracked>,
        is_stopped: &AtomicBool,
    ) {
        if settings.clock.now() >= self.not_before {
            // The status shows a failure; a later turn tries again.
            let _ = self.ship(settings, tracked, is_stopped);
        }
    }

    /// Ships all there is, at once.
    pub(crate) fn ship(
        &mut self,
        settings: &Settings,
        tracked: &Mutex<Tracked>,
        is_stopped: &AtomicBool,
    ) -> Result<(), DatabaseError> {
        let was_open = self.session.is_some();
        let mut shipped = self.try_ship(settings, tracked, is_stopped);
        let is_stale =
            |err: &DatabaseError| matches!(err, DatabaseError::Lost(_) | DatabaseError::Sql { .. });
        if was_open && shipped.as_ref().is_err_and(is_stale) {
            // The server may have restarted since the last turn.
            self.disconnect();
            shipped = self.try_ship(settings, tracked, is_stopped);
        }
        if let Err(err) = &shipped {
            self.disconnect();
            self.failures = self.failures.saturating_add(1);
            let doubled = FIRST_PAUSE.saturating_mul(1 << (self.failures - 1).min(16));
            let pause = doubled.min(settings.max_pause);
            self.not_before = settings.clock.now().after(pause);
            self.report(settings, tracked, Some(err));
        } else {
            self.failures = 0;
            self.not_before = Tick::ZERO;
            self.report(settings, tracked, None);
        }
        // Also where the server refuses to write, for example because its disk is full.
        if matches!(shipped, Ok(()) | Err(DatabaseError::Sql { .. })) {
            self.remove_old_days(settings, tracked, is_stopped);
        }
        shipped
    }

    /// Removes the days beyond the retention, if that is due. A failure is shown by the status and tried
    /// again later: records are shipped meanwhile.
    fn remove_old_days(
        &mut self,
        settings: &Settings,
        tracked: &Mutex<Tracked>,
        is_stopped: &AtomicBool,
    ) {
        let now = settings.clock.now();
        if self.removal_due.is_none_or(|due| now < due) {
            return;
        }
        let removed = self.try_remove_old_days(settings, is_stopped);
        self.removal_due = match &removed {
            Ok(true) => None,
            // From its end: it may have taken long.
            Ok(false) | Err(_) => Some(settings.clock.now().after(REMOVAL_PAUSE)),
        };
        let failure = match removed {
            Ok(true) => None,
            Ok(false) => return, // another instance removes them
            Err(err) => {
                // It may be in the middle of a transaction.
                self.disconnect();
                Some(err)
            }
        };
        let text = failure.as_ref().map(ToString::to_string);
        let before = std::mem::replace(&mut tracked.lock().removal_error, text);
        if let (None, Some(err)) = (before, &failure) {
            self.log_lines.push(LogLine::Trouble {
                error: err.to_string(),
                what: "cannot remove old days from PostgreSQL; records are shipped meanwhile",
            });
        }
    }

    /// Returns `false` if it is not done.
    fn try_remove_old_days(
        &mut self,
        settings: &Settings,
        is_stopped: &AtomicBool,
    ) -> Result<bool, DatabaseError> {
        let schema = &settings.database.schema;
        let patience = settings.database.timeout / 8;
        let days = retention_days(settings);
        let session = opened(&mut self.session, &mut self.prepared, settings)?;
        let expired = session.run(async |client| expire(client, schema, days).await)?;
        for day in expired {
            if is_stopped.load(Ordering::Relaxed) {
                return Ok(false);
            }
            let drop = async |client: &mut _| drop_day(client, schema, day, patience).await;
            if !session.run(drop)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn disconnect(&mut self) {
        self.session = None;
        let known = self.known.take();
        self.position = known.map(|known| known.position).or(self.position.take());
    }

    fn try_ship(
        &mut self,
        settings: &Settings,
        tracked: &Mutex<Tracked>,
        is_stopped: &AtomicBool,
    ) -> Result<(), DatabaseError> {
        if self.spool.is_none() {
            self.spool = Spool::open(&settings.folder)?;
        }
        let Some(spool) = &self.spool else {
            return Ok(()); // nothing was written so far, or another process ships it
        };
        let instance = id_text(spool.identity.instance);
        tracked.lock().instance = Some(instance);
        let schema = &settings.database.schema;
        let session = opened(&mut self.session, &mut self.prepared, settings)?;
        if self.prepared.is_none() {
            self.prepared = Some(session.run(async |client| prepare(client, schema).await)?);
            self.removal_due.get_or_insert(settings.clock.now());
        }
        let mut is_added = false;
        while !is_stopped.load(Ordering::Relaxed) {
            let known = match &mut self.known {
                Some(known) => known,
                none => {
                    let identity = &spool.identity;
                    let read = session.run(async |client| known(client, schema, identity).await)?;
                    tracked.lock().totals = read.totals;
                    none.insert(read)
                }
            };
            let limits = Limits {
                records: self.records,
                bytes: BATCH_BYTES,
            };
            let batch = spool.next_batch(&known.position, limits)?;
            if batch.is_empty() {
                break;
            }
            // The one that is at fault, alone.
            let is_alone = batch.entries.len() == 1 && batch.torn == 0;
            let of = (&spool.identity, known.revision);
            let mut written =
                session.run(async |client| ship(client, schema, of, &batch, false).await);
            if written.as_ref().is_err_and(DatabaseError::is_of_data) {
                if !is_alone {
                    self.records = (batch.entries.len() / 2).max(1);
                    continue;
                }
                if self.refused_in_a_row >= MAX_REFUSED_IN_A_ROW
                    && let Err(err) = written
                {
                    return Err(DatabaseError::RefusesAll(err.to_string()));
                }
                self.refused_in_a_row += 1;
                written = session.run(async |client| ship(client, schema, of, &batch, true).await);
            } else if written.as_ref().is_err_and(DatabaseError::is_too_slow) {
                // Fewer records may be in time.
                self.records = (batch.entries.len() / 2).max(1);
            } else if written.is_ok() {
                self.refused_in_a_row = 0;
                self.records = (self.records * 2).min(settings.batch_records);
            }
            match written? {
                Outcome::Committed {
                    revision,
                    totals,
                    today,
                } => {
                    *known = Known {
                        revision,
                        position: batch.after,
                        totals,
                    };
                    tracked.lock().totals = totals;
                    is_added = false;
                    if self.prepared != Some(today) {
                        let run = async |client: &mut _| prepare(client, schema).await;
                        self.prepared = Some(session.run(run)?);
                        self.removal_due = Some(settings.clock.now());
                    }
                    if batch.is_last {
                        break;
                    }
                }
                Outcome::Moved => self.known = None,
                Outcome::Missing(days) => {
                    if std::mem::replace(&mut is_added, true) {
                        let day = days.first().map(|day| day.text()).unwrap_or_default();
                        return Err(DatabaseError::Lost(format!(
                            "the tables of {day} exist, and are not attached"
                        )));
                    }
                    session.run(async |client| add_days(client, schema, &days).await)?;
                }
            }
        }
        Ok(())
    }

    /// Updates the status after an attempt, and notes a change from good to bad or back.
    fn report(
        &mut self,
        settings: &Settings,
        tracked: &Mutex<Tracked>,
        failure: Option<&DatabaseError>,
    ) {
        let now = Timestamp::from(settings.clock.wall());
        let known = self.known.as_ref().map(|known| &known.position);
        let position = known.or(self.position.as_ref());
        let backlog = self.spool.as_ref().zip(position);
        let backlog = backlog.and_then(|(spool, position)| spool.backlog(position).ok());
        let mut status = tracked.lock();
        // After a failure, as it was known before.
        status.backlog = backlog.or(status.backlog);
        let before = status.failing_since;
        match failure {
            None => status.failing_since = None,
            Some(err) => {
                status.failing_since.get_or_insert(now);
                status.last_error = Some(err.to_string());
            }
        }
        drop(status);
        match (before, failure) {
            (None, Some(err)) => self.log_lines.push(LogLine::Trouble {
                error: err.to_string(),
                what: "cannot ship records to PostgreSQL; they stay in the journal",
            }),
            (Some(since), None) => self.log_lines.push(LogLine::ShipsAgain { since }),
            _ => {}
        }
    }
}

/// Returns the session; if there is none, opens one, makes the tables, and forgets what was prepared.
fn opened<'a>(
    session: &'a mut Option<Session>,
    prepared: &mut Option<Day>,
    settings: &Settings,
) -> Result<&'a mut Session, DatabaseError> {
    match session {
        Some(session) => Ok(session),
        none => {
            let schema = &settings.database.schema;
            let days = retention_days(settings);
            let mut session = Session::open(&settings.database)?;
            session.run(async |client| migrate(client, schema, days).await)?;
            *prepared = None;
            Ok(none.insert(session))
        }
    }
}

fn retention_days(settings: &Settings) -> i32 {
    i32::try_from(settings.retention_days).unwrap_or(i32::MAX)
}
