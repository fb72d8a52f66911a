//! The journal and sqlx in one program, and in one database: sqlx reads what the journal wrote.

use gardefou::{
    AppError, ErrorCode,
    monitor::{ErrorMonitor, MonitorConfig, journal::Journal},
};
use gardefou_sqlite::SqliteJournal;
use sqlx::{Connection, SqliteConnection};
use std::{error::Error, sync::Arc};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let journal = Arc::new(SqliteJournal::builder(folder.path()).build()?);
    let monitor = ErrorMonitor::new(MonitorConfig::default());
    monitor.set_journal(journal.clone());
    let error = AppError::new(ErrorCode::DB_WRITE_ERROR, "disk quota exceeded");
    let id = monitor.record(&error).to_string();
    journal.flush()?;

    let url = format!("sqlite://{}", folder.path().join("errors.sqlite").display());
    let mut database = SqliteConnection::connect(&url).await?;
    let select = "SELECT id, code FROM errors";
    let rows: Vec<(String, String)> = sqlx::query_as(select).fetch_all(&mut database).await?;
    assert_eq!(rows, [(id, "DB_WRITE_ERROR".to_owned())]);
    println!("sqlx reads what the journal wrote");
    Ok(())
}
