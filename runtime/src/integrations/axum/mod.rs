//! For the axum web framework (feature `axum`): a router that answers health probes, and errors as responses.

mod probes;
mod respond;

pub use probes::{ProbeRouter, probes};
