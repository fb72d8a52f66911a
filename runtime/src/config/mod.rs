//! `gardefou.toml`: settings of guards and of the error system by name, from a file and from the
//! environment.
//!
//! Attributes and builders state what a guard does. Operators want to change a limit without a new
//! build, open a circuit by hand, and know that a file is right before a service reads it. With the
//! feature `config`, [`ErrorSystemBuilder::config_file`](crate::system::ErrorSystemBuilder::config_file)
//! names a file whose settings replace those of the code, and environment variables replace those of
//! the file. The [guide](crate::guide::configuration) has every section.
//!
//! A file is checked as a whole, and every [`Problem`] is reported with its line.
//!
//! ```
//! use gardefou::system::ConfigFile;
//!
//! let err = ConfigFile::parse("gardefou.toml", "[breaker.payments]\nfailure_treshold = 3\nrecovery_timeout = 0").unwrap_err();
//! let texts: Vec<_> = err.problems().iter().map(|problem| problem.to_string()).collect();
//! assert_eq!(texts, [
//!     "gardefou.toml:2:1: `failure_treshold` is no setting of [breaker.*]; did you mean `failure_threshold`?",
//!     "gardefou.toml:3:20: `recovery_timeout` = 0ns: must be longer than zero",
//! ]);
//! ```

mod catalogue;
mod environment;
mod error;
mod problem;
mod reader;
mod schema;
mod source;
mod suggest;
mod value;

#[cfg(test)]
pub(crate) use catalogue::SYSTEM;
pub(crate) use catalogue::{VARIABLE_PREFIXES, is_live, setting_of};
pub(crate) use environment::read as read_variables;
pub use error::ConfigFileError;
pub use problem::Problem;
pub(crate) use reader::{FileVariable, located, of_guard, read};
pub use schema::json_schema;
pub(crate) use source::Source;
