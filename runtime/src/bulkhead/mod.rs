//! Bulkheads: a limit on how many calls run at once, so that one slow callee does not take all
//! threads, connections and memory of its callers.
//!
//! When a callee slows down, calls to it pile up: with 100 calls a second and 5 s per call there
//! are 500 of them, each with its buffers and its connection, and calls to other callees find none
//! left. A bulkhead admits a fixed number at a time and rejects the rest at once, or lets them wait
//! for a bounded time in a bounded queue.
//!
//! [`Bulkhead`] is the handle, [`BulkheadPermit`] the right to one call, [`bulkheads`] the registry of
//! named ones, and `#[bulkhead]` the usual way to use them. A limit that adapts to the callee is
//! [`BulkheadBuilder::adaptive`].

mod adaptive;
mod admission;
mod aimd;
#[cfg(feature = "async")]
mod async_call;
#[cfg(feature = "async")]
mod async_wait;
mod blocking;
mod builder;
mod config;
#[cfg(feature = "config")]
mod configurable;
mod handle;
mod held;
mod inner;
mod kept;
mod keyed;
#[cfg(feature = "tower")]
mod owned_call;
mod permit;
mod queue;
mod reading;
mod registry;
mod snapshot;
mod state_word;
#[cfg(test)]
mod tests;
mod ticket;

pub use builder::BulkheadBuilder;
pub use config::BulkheadConfig;
pub use handle::Bulkhead;
#[cfg(feature = "tower")]
pub(crate) use owned_call::OwnedCall;
pub use permit::BulkheadPermit;
pub(crate) use reading::BulkheadReading;
pub use registry::{BulkheadRegistry, bulkheads};
pub use snapshot::{BulkheadSnapshot, RejectedCalls};
