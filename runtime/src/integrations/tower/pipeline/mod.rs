//! Layer of a pipeline.

mod attempts;
mod future;
mod layer;
mod optional;

pub use future::PipelineFuture;
pub use layer::{PipelineLayer, PipelineService};
