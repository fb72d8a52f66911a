//! Tests of boundaries.

mod report;
