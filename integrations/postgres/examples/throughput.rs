//! How many records a second one spool ships.
//!
//! ```text
//! tests/real/postgres/run -- cargo run --release -p gardefou-postgres --example throughput
//! ```

use gardefou::{
    AppError, ErrorCode, ErrorSystem,
    monitor::journal::{Journal, JournalConfig},
    time::SharedClock,
};
use gardefou_postgres::{DatabaseConfig, PostgresShipper};
use std::{env, error::Error, sync::Arc};

const RECORDS: u64 = 200_000;

fn main() -> Result<(), Box<dyn Error>> {
    let url = env::var("GARDEFOU_POSTGRES_URL")
        .map_err(|_| "GARDEFOU_POSTGRES_URL must name a server")?;
    let folder = tempfile::tempdir()?;
    let config = JournalConfig::builder(folder.path()).max_bytes(1 << 30);
    let journal = Arc::new(gardefou::monitor::journal::FileJournal::open(
        config.build()?,
    ));
    let system = ErrorSystem::builder()
        .service("throughput")
        .journal_in(journal.clone())
        .init()?;
    for number in 0..RECORDS {
        let err = AppError::new(
            ErrorCode::DB_WRITE_ERROR,
            format!("disk quota of tenant {} exceeded", number % 1000),
        )
        .with_detail("table", "clips")
        .with_detail("attempted_bytes", number);
        gardefou::report(&err);
    }
    journal.flush()?;

    let schema = format!("throughput_{}", std::process::id());
    let database = DatabaseConfig::builder(url).schema(schema).build()?;
    let shipper = PostgresShipper::builder(folder.path(), database)
        .background(false)
        .build()?;
    let clock = SharedClock::default();
    let start = clock.now();
    shipper.ship()?;
    let seconds = clock.now().since(start).as_secs_f64();
    let shipped = shipper.status().shipped;
    let bytes: u64 = std::fs::read_dir(folder.path())?
        .filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len()))
        .sum();
    #[expect(clippy::cast_precision_loss, reason = "a figure to read")]
    let rate = shipped as f64 / seconds;
    #[expect(clippy::print_stdout, reason = "what the example is for")]
    {
        println!(
            "{shipped} records of {} bytes in {seconds:.2} s: {rate:.0} a second",
            bytes / RECORDS
        );
    }
    system.shutdown();
    Ok(())
}
