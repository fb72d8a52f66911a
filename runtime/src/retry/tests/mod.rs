//! Decisions of a retry beside a model.

mod model;
