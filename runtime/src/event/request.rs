//! The request that the call under way serves.

use crate::call;
use serde_json::{Map, Value};
use std::sync::Arc;

/// What records show of the request in which an error is reported: a value of the call's context.
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

    /// Returns the request under way, if a server set one.
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
