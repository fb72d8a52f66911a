//! The structured log, for those who ask for it.

use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// Writes the log to standard error, if the environment variable `RUST_LOG` asks for it, as `gardefou=debug` does.
pub(crate) fn show_where_asked() {
    let Some(filter) = std::env::var("RUST_LOG").ok().and_then(|filter| filter.parse::<Targets>().ok()) else { return };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    tracing_subscriber::registry().with(lines).with(filter).init();
}
