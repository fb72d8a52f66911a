//! Records: the owned, bounded and redacted form of events that log, monitor, journal and alerts
//! show.
//!
//! An event borrows its cause and ends with the call that emits it. A [`Record`] is owned, bounded
//! and without secrets. It is made at most once per event and monitor, and only if an observer asks
//! for it: see [`Event::record`](super::Event::record).

pub(crate) mod cell;
pub(super) mod context;
pub(crate) mod fingerprint;
mod from_json;
mod origin;
#[expect(
    clippy::module_inception,
    reason = "the file of the type that the folder is named after"
)]
pub(super) mod record;
#[cfg(feature = "tracing-subscriber")]
mod span;
pub(super) mod text;

pub use context::{ErrorContext, set_error_context};
pub use fingerprint::{FINGERPRINT_DETAIL, Fingerprint, InvalidFingerprint};
pub use origin::Origin;
pub use record::{Record, RecordKind, RecordState};
#[cfg(feature = "tracing-subscriber")]
pub use span::SpanFields;
#[cfg(all(feature = "monitor", feature = "tracing-subscriber"))]
pub(crate) use span::log_fields;

pub(crate) use from_json::Versioned;
pub(crate) use text::{MAX_NAME, chain_of, details_of, details_within, type_of};
