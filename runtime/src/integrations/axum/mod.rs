//! For the axum web framework (feature `axum`): a router that answers health probes.

mod probes;

pub use probes::{ProbeRouter, probes};
