//! Context of the guarded call under way.
//!
//! A guard that must know what happens inside it enters a *frame*: an identity that is current
//! while the body runs. In sync code the frame is current for the body; in async code it is current
//! during each poll and not in between, so that interleaved tasks on one thread cannot be mixed up,
//! and a future that moves to another thread takes its frame along. Inner guards send messages to
//! the frame around them: an error that they reported, a rejection, an outcome that a
//! breaker counted. Work that is spawned starts without a frame unless a [`Context`] is passed on.
//!
//! Public are how much time [remains](remaining), which [attempt] runs, the [values](value) that
//! were attached to the context, and the [`Context`] itself. The guide `docs/exactness.md`
//! describes what follows for errors, retries and breakers, and what stays ambiguous.
//!
//! # Examples
//!
//! ```
//! use gardefou::{call, retry::Retry, time::ManualClock};
//!
//! let retry = Retry::builder().max_retries(2).clock(ManualClock::new()).build()?;
//! let mut seen = Vec::new();
//! let outcome = retry.call(|| {
//!     let attempt = call::attempt().unwrap();
//!     seen.push(attempt.index);
//!     if attempt.is_last() { Ok("done") } else { Err("busy") }
//! });
//! assert_eq!((outcome, seen), (Ok("done"), vec![0, 1, 2]));
//! assert_eq!(call::attempt(), None, "no retry is under way");
//! # Ok::<(), gardefou::ConfigError>(())
//! ```

mod attempt;
mod context;
mod current;
mod deadline;
#[cfg_attr(
    not(feature = "async"),
    allow(dead_code, reason = "only futures are dropped before they are done")
)]
mod drop_reason;
mod first_attempt;
mod frame;
mod inbox;
mod limit;
mod mailbox;
mod probe_slots;
mod reported;
mod series;
mod values;
pub mod wire;

pub use attempt::{Attempt, attempt};
pub use context::{Context, InCall, WithContext};
pub use deadline::remaining;
pub use values::value;

pub(crate) use attempt::{packed_series, series};
#[cfg(feature = "async")]
pub(crate) use current::current_frame;
pub(crate) use current::{
    Conversion, Mark, RejectionNumber, Since, is_in_call, is_latest, mark, post_late, post_open,
    post_pending, post_reported, record_outcome, since,
};
#[cfg(feature = "http-1")]
pub(crate) use deadline::expired;
#[cfg(feature = "axum")]
pub(crate) use deadline::until;
pub(crate) use deadline::{Deadline, EnteredDeadline};
pub(crate) use drop_reason::DropReason;
#[cfg(feature = "async")]
pub(crate) use drop_reason::drop_for;
#[cfg(feature = "async")]
pub(crate) use drop_reason::drop_reason;
pub(crate) use first_attempt::EnteredFirst;
pub(crate) use frame::{EnteredAttempt, Frame, InPlace, Suspended};
#[cfg(feature = "async")]
pub(crate) use frame::{Framed, ScopedAttempt};
pub(crate) use inbox::Inbox;
pub(crate) use limit::Granted;
#[cfg(feature = "async")]
pub(crate) use limit::Limited;
pub(crate) use probe_slots::{HeldSlot, hold_slot, slot_of};
pub(crate) use reported::{Marked, Reported};
pub(crate) use series::PackedSeries;
#[cfg(feature = "axum")]
pub(crate) use values::EnteredValues;
pub(crate) use values::{Values, bind, bound};

#[cfg(test)]
mod tests;
