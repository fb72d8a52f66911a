//! For the axum web framework (feature `axum`): errors and refusals as responses, and a router that
//! answers health probes.
//!
//! [`problems`] gives every refusal of a router one form, and every error its route and method. The
//! guide `docs/http.md` lists the treatment of each response.

mod deadlines;
mod handle_error;
#[cfg(feature = "health")]
mod probes;
mod problems;
mod refusal;
mod respond;
mod serving;

pub use deadlines::{deadlines, enter_deadline};
pub use handle_error::handle_error;
#[cfg(feature = "health")]
pub use probes::{ProbeRouter, probes};
pub use problems::{problem_details, problems};
