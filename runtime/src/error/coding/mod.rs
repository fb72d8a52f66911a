//! The mapping of error types to codes: declarations, the registry by type, and built-in mappings.

mod built_in;
mod coded;
#[cfg(any(feature = "hyper-1", feature = "reqwest-0_13"))]
mod http;
mod mapped_type;
mod registry;
#[cfg(feature = "sqlx-0_9")]
mod sqlx;

pub(crate) use built_in::BuiltIn;
pub use coded::{Coded, CodedAs, Coding};
#[cfg(feature = "reqwest-0_13")]
pub(crate) use http::of_status as coding_of_status;
pub use mapped_type::MappedType;
pub(crate) use mapped_type::contained;
pub use registry::{CodingClash, coding_clashes};
pub(crate) use registry::{RegisteredType, of_level, of_type};
