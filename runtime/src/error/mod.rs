//! The error model: codes, the one-word [`AppError`], rejections of policies, and the ways to
//! attach context.

mod app_error;
mod chain;
mod code;
mod code_registry;
mod coding;
mod config_error;
pub(crate) mod details;
mod error_codes;
mod id;
mod lasting;
mod macros;
pub(crate) mod problem;
pub(crate) mod redact;
mod rejection;
mod rejector;
mod result_ext;
mod retry_after;
pub(crate) mod view;

pub use app_error::{AppError, InvalidErrorJson, StdError};
#[doc(hidden)]
pub use code::standard;
pub use code::{Category, Class, CodeInfo, ErrorCode};
pub use code_registry::{CodeClash, code_clashes, registered_codes};
pub use coding::{Coded, CodedAs, Coding, CodingClash, MappedType, coding_clashes};
pub use config_error::{ConfigError, ConfigProblem};
pub use id::{ErrorId, InvalidErrorId};
pub(crate) use lasting::{Lasting, PolicyRef};
#[doc(hidden)]
pub use macros::__macros;
pub use problem::ProblemDetails;
pub use redact::{Redactor, RedactorInstalled, Sensitive};
pub(crate) use rejection::{CHAOS_DETAIL, RetryAfter, carry_any};
pub use rejection::{CarriesRejection, Policy, Rejection};
pub use rejector::Rejector;
pub use result_ext::{CodeExt, ConvertExt, ResultExt};
pub use retry_after::parse_retry_after;
pub use view::{ErrorRef, View, Viewable};

pub(crate) use app_error::SharedError;
pub(crate) use chain::{chain, distinct_texts};
pub(crate) use coding::BuiltIn;
#[cfg(feature = "reqwest-0_13")]
pub(crate) use coding::coding_of_status;
