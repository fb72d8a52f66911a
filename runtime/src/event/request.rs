//! The request that the call under way serves.

use crate::call;
use serde_json::{Map, Value};
use std::sync::Arc;

/// What the records of errors show of the request in which they are reported: a value on the
/// context of the call.
#[derive(Debug)]
pub(crate) struct Request {
    /// The operation of errors that no guard reports, only the answer.
    operation: String,
    details: Map<String, Value>,
}

impl Request {
    pub(crate) fn new(operation: String, details: Map<String, Value>) -> Self {
        Self { operation, details }
    }

    /// Returns the request under way, where a server notes it.
    pub(crate) fn current() -> Option<Arc<Self>> {
        call::value()
    }

    pub(crate) fn operation(&self) -> &str {
        &self.operation
    }

    pub(super) fn details(&self) -> &Map<String, Value> {
        &self.details
    }
}
