//! The structured log, on request.

use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// Writes the log to standard error if the environment variable `RUST_LOG` is set, for example to
/// `gardefou=debug`.
///
/// # Errors
///
/// What is wrong with the variable; there is no log then.
pub(crate) fn init() -> Result<(), String> {
    let Some(filter) = std::env::var_os("RUST_LOG") else {
        // The report has every error. Without a subscriber they would go to the standard error as
        // well.
        tracing_subscriber::registry().with(LevelFilter::OFF).init();
        return Ok(());
    };
    let filter = filter
        .to_str()
        .and_then(|filter| filter.parse::<Targets>().ok());
    let filter = filter.ok_or("RUST_LOG is not a valid filter: write it as gardefou=debug")?;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false);
    tracing_subscriber::registry()
        .with(lines)
        .with(filter)
        .init();
    Ok(())
}
