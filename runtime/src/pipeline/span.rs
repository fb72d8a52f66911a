//! Span of the calls of a pipeline.

use super::handle::Policies;
use crate::{
    error::redact,
    span::{ActiveSpan, Begin, Subject},
};

/// What the spans of a pipeline show.
#[derive(Debug)]
pub(crate) struct PipelineSpan {
    /// The name, redacted.
    name: Box<str>,
    /// The policy that makes the attempts of a call.
    attempts_of: Option<&'static str>,
}

impl PipelineSpan {
    pub(super) fn new(name: &str, policies: &Policies) -> Self {
        Self {
            name: redact::name(name).into(),
            attempts_of: if policies.retry.is_some() {
                Some("retry")
            } else {
                policies.has_hedge().then_some("hedge")
            },
        }
    }
}

#[cfg(feature = "tower")]
impl Begin for std::sync::Arc<PipelineSpan> {
    fn begin(&self) -> Option<ActiveSpan> {
        (&**self).begin()
    }
}

impl Begin for &PipelineSpan {
    #[cold]
    fn begin(&self) -> Option<ActiveSpan> {
        ActiveSpan::begin(Subject {
            guard: "pipeline",
            name: &self.name,
            function: None,
            attempts_of: self.attempts_of,
        })
    }
}
