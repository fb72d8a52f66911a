//! Error statistics: exact counts, sliding rates, groups and recent errors, in bounded memory; and
//! the journal.
//!
//! A log answers "what happened to this request"; it is bad at "how many of these per minute", and
//! worse while the disk is full. The monitor receives each error once, through the one reporting
//! path of boundaries, attributes and [`report`](crate::report), and answers from memory:
//! [`stats`](ErrorMonitor::stats) briefly, [`snapshot`](ErrorMonitor::snapshot) in full. Everything
//! is computed when it is read.
//!
//! # Examples
//!
//! ```
//! use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}};
//!
//! # fn main() -> Result<(), gardefou::ConfigError> {
//! let monitor = ErrorMonitor::new(MonitorConfig::builder().recent_events(2).build()?);
//! for port in [5432, 5433, 5434] {
//!     monitor.record(&AppError::new(ErrorCode::DB_CONNECTION_ERROR, format!("no database at port {port}")));
//! }
//! let snapshot = monitor.snapshot();
//! assert_eq!((snapshot.total_errors, snapshot.retained), (3, 2));
//! assert_eq!(snapshot.groups.len(), 1, "one problem, three messages");
//! assert_eq!(snapshot.rates.last_minute, 3);
//! # Ok(())
//! # }
//! ```

mod batch;
mod config;
mod handle;
mod heavy_hitters;
pub mod journal;
mod openings;
mod reading;
mod recent;
mod recordable;
mod retries;
mod serialize;
mod shards;

mod stats;
mod table;
mod tables;
#[cfg(test)]
mod tests;
#[cfg(feature = "tracing-subscriber")]
mod tracing_layer;
mod window;

pub use crate::event::{
    Fingerprint, Origin, Record as ErrorRecord, RecordAction, RecordKind, RecordState,
};
pub use config::{MonitorConfig, MonitorConfigBuilder};
pub use handle::{ErrorMonitor, error_monitor};
pub use recordable::Recordable;
pub use retries::{RetryOutcome, RetrySnapshot};
pub use stats::{
    CodeSnapshot, ErrorStats, GroupSnapshot, LevelCounts, MonitorSnapshot, OperationSnapshot,
};
pub use table::OTHER;
#[cfg(feature = "tracing-subscriber")]
pub use tracing_layer::TracingLayer;
pub use window::Rates;

pub(crate) use handle::{configure, started};
