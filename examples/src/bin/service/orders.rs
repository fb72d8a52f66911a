//! The orders, in SQLite.

use crate::payments::Payments;
use gardefou::{
    AppError, ErrorCode, Result, ResultExt, enhanced_error_handling, transaction_boundary,
    with_circuit_breaker,
};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::task::block_in_place;

/// The table of orders; clones share one connection.
#[derive(Clone, Debug)]
pub(crate) struct Orders(Arc<Mutex<Connection>>);

/// One order.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) id: i64,
    pub(crate) item: String,
    pub(crate) cents: i64,
    pub(crate) state: String,
}

/// With a write-ahead log and this setting a commit waits for no disk.
const SCHEMA: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY, item TEXT NOT NULL, cents INTEGER NOT NULL CHECK (cents > 0), state TEXT NOT NULL
) STRICT;";

/// The public message for an order that cannot be paid.
const NOT_CHARGED: &str = "The order cannot be paid at present and was withdrawn: try again later.";

/// How long a statement waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_millis(200);

impl Orders {
    /// The circuit breaker that stands before the writing.
    pub(crate) const BREAKER: &str = "orders-db";

    /// Opens the database, or makes it.
    #[enhanced_error_handling(error_code = ErrorCode::DB_CONNECTION_ERROR)]
    pub(crate) fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Places an order: written, charged, marked as paid; withdrawn again if it cannot be charged,
    /// or if the client goes away meanwhile.
    pub(crate) async fn place(&self, item: &str, cents: i64, payments: &Payments) -> Result<Order> {
        // A client that goes away is a warning; anything worse was reported by a guard further in.
        transaction_boundary!("place-order", log_level = "warn", |tx| {
            // A statement may wait for a lock: meanwhile the requests of this worker go to another
            // one.
            let id = block_in_place(|| self.insert(item, cents))?;
            let orders = self.clone();
            tx.on_rollback("withdraw the order", move || orders.mark(id, "withdrawn"));
            payments
                .charge(id, cents)
                .await
                .map_err(|error| error.with_public_message(NOT_CHARGED))?;
            block_in_place(|| self.mark(id, "paid"))?;
            Order {
                id,
                item: item.to_owned(),
                cents,
                state: "paid".to_owned(),
            }
        })
    }

    /// Finds an order.
    pub(crate) fn find(&self, id: i64) -> Result<Order> {
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Order {
                id,
                item: row.get(0)?,
                cents: row.get(1)?,
                state: row.get(2)?,
            })
        };
        let sql = "SELECT item, cents, state FROM orders WHERE id = ?1";
        let found = self
            .lock()
            .query_row(sql, [id], read)
            .optional()
            .code(ErrorCode::DB_QUERY_ERROR)?;
        match found {
            Some(order) => Ok(order),
            None => {
                let error = AppError::new(
                    ErrorCode::FILE_NOT_FOUND_ERROR,
                    format!("there is no order {id}"),
                );
                Err(error
                    .with_detail("id", id)
                    .with_public_message(format!("There is no order {id}.")))
            }
        }
    }

    /// Counts the orders in each state.
    pub(crate) fn states(&self) -> Result<Vec<(String, i64)>> {
        let connection = self.lock();
        let mut statement = connection
            .prepare("SELECT state, count(*) FROM orders GROUP BY state ORDER BY state")
            .code(ErrorCode::DB_QUERY_ERROR)?;
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .code(ErrorCode::DB_QUERY_ERROR)?;
        rows.collect::<Result<_, _>>()
            .code(ErrorCode::DB_QUERY_ERROR)
    }

    /// Returns `Ok` if an order can be written: writes one and rolls it back.
    pub(crate) fn try_write(&self) -> Result<()> {
        let mut connection = self.lock();
        let attempt = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(write_error)?;
        attempt
            .execute(
                "INSERT INTO orders (item, cents, state) VALUES ('health check', 1, 'pending')",
                [],
            )
            .map_err(write_error)?;
        attempt.rollback().map_err(write_error)
    }

    #[enhanced_error_handling]
    #[with_circuit_breaker(
        name = Orders::BREAKER,
        failure_threshold = 10,
        recovery_timeout = "2s",
        timed = true
    )]
    fn insert(&self, item: &str, cents: i64) -> Result<i64> {
        let connection = self.lock();
        connection
            .execute(
                "INSERT INTO orders (item, cents, state) VALUES (?1, ?2, 'pending')",
                params![item, cents],
            )
            .map_err(write_error)?;
        Ok(connection.last_insert_rowid())
    }

    #[enhanced_error_handling]
    #[with_circuit_breaker(
        name = Orders::BREAKER,
        failure_threshold = 10,
        recovery_timeout = "2s",
        timed = true
    )]
    fn mark(&self, id: i64, state: &str) -> Result<()> {
        self.lock()
            .execute(
                "UPDATE orders SET state = ?2 WHERE id = ?1",
                params![id, state],
            )
            .map_err(write_error)?;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_error(error: rusqlite::Error) -> AppError {
    let code = match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::ConstraintViolation) => ErrorCode::DB_INTEGRITY_ERROR,
        _ => ErrorCode::DB_WRITE_ERROR,
    };
    AppError::new(code, "the order cannot be written").with_source(error)
}
