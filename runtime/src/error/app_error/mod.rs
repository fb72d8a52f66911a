//! The error type of the library, and its conversions and forms.

mod convert;
mod error;
mod format;
mod inner;
mod json;
mod std_error;

pub use error::AppError;
pub(crate) use inner::{Inner, SharedError};
pub use json::InvalidErrorJson;
pub use std_error::StdError;

#[cfg(test)]
mod tests;
